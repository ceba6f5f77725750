"""Assignment 5: results worked out by hand. Run `python test_visible.py`, or pytest."""

import numpy as np
from solution import DepthwiseSeparable, conv, conv_transpose

import minigrad as mg
from minigrad import nn

PLAIN = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}
PLAIN_TRANSPOSE = {**PLAIN, "output_padding": (0, 0)}


def picture(rows):
    """(1, 1, H, W)."""
    return np.array(rows, float)[None, None]


def pixels(values):
    """One image of one pixel, with a channel for each value: (1, C, 1, 1)."""
    return np.array(values, float).reshape(1, -1, 1, 1)


def test_dilation_leaves_pixels_out():
    y, _ = conv(picture([[1, 2, 3, 4, 5]]), picture([[1, 10]]), **{**PLAIN, "dilation": (1, 2)})
    assert np.array_equal(y, picture([[31, 42, 53]]))


def test_a_3x3_kernel_at_dilation_2_covers_5x5():
    y, _ = conv(np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3)), **{**PLAIN, "dilation": (2, 2)})
    assert np.array_equal(y, [[[[9]]]])


def test_two_groups_see_their_own_channels():
    w = np.array([[1.0, 10], [1, 10]]).reshape(2, 2, 1, 1)
    y, _ = conv(pixels([1, 2, 3, 4]), w, **{**PLAIN, "groups": 2})
    assert np.array_equal(y.ravel(), [21, 43])


def test_depthwise_with_two_maps_for_each_channel():
    w = np.array([1.0, 10, 100, 1000]).reshape(4, 1, 1, 1)
    y, _ = conv(pixels([1, 2]), w, **{**PLAIN, "groups": 2})
    assert np.array_equal(y.ravel(), [1, 10, 200, 2000])


def test_the_way_back_with_dilation():
    _, backward = conv(picture([[1, 2, 3]]), picture([[10, 20]]), **{**PLAIN, "dilation": (1, 2)})
    dx, dw, _ = backward(picture([[2]]))
    assert np.array_equal(dx.ravel(), [20, 0, 40])
    assert np.array_equal(dw.ravel(), [2, 6])


def test_the_way_back_with_groups():
    w = np.array([[1.0, 10], [1, 10]]).reshape(2, 2, 1, 1)
    _, backward = conv(pixels([1, 2, 3, 4]), w, np.zeros(2), **{**PLAIN, "groups": 2})
    dx, dw, db = backward(pixels([1, 100]))
    assert np.array_equal(dx.ravel(), [1, 10, 100, 1000])
    assert np.array_equal(dw[:, :, 0, 0], [[1, 2], [300, 400]])
    assert np.array_equal(db, [1, 100])


def test_transposed_kernels_are_laid_down_and_overlap():
    for stride, expected in (1, [10, 21, 2]), (2, [10, 1, 20, 2]), (3, [10, 1, 0, 20, 2]):
        options = {**PLAIN_TRANSPOSE, "stride": (1, stride)}
        y, _ = conv_transpose(picture([[1, 2]]), picture([[10, 1]]), **options)
        assert np.array_equal(y, picture([expected])), f"stride {stride}"


def test_transposed_padding_cuts_and_output_padding_adds():
    options = {**PLAIN_TRANSPOSE, "stride": (1, 2), "output_padding": (0, 1)}
    y, _ = conv_transpose(picture([[1, 2]]), picture([[10]]), np.array([5.0]), **options)
    assert np.array_equal(y, picture([[15, 5, 25, 5]]))
    options = {**PLAIN_TRANSPOSE, "padding": ((0, 0), (1, 0))}
    y, _ = conv_transpose(picture([[1, 2]]), picture([[10, 1]]), **options)
    assert np.array_equal(y, picture([[21, 2]]))


def test_the_way_back_of_the_transposed_one():
    options = {**PLAIN_TRANSPOSE, "stride": (1, 2)}
    _, backward = conv_transpose(picture([[1, 2]]), picture([[10, 1]]), np.zeros(1), **options)
    dx, dw, db = backward(picture([[1, 2, 3, 4]]))
    assert np.array_equal(dx.ravel(), [12, 34])
    assert np.array_equal(dw.ravel(), [7, 10])
    assert np.array_equal(db, [10])


def test_separable_has_288_and_2048_weights():
    layer = DepthwiseSeparable(32, 64, 3, bias=False)
    assert [p.numel() for p in layer.parameters()] == [288, 2048]


def test_separable_by_hand():
    x = mg.tensor(pixels([1, 1]))
    for activation, expected in (None, 2 * 10 - 3 * 100), (nn.ReLU, 2 * 10):
        layer = DepthwiseSeparable(2, 1, 1, bias=False, activation=activation).double()
        layer.depthwise.weight.data[...] = np.reshape([2, -3], (2, 1, 1, 1))
        layer.pointwise.weight.data[...] = np.reshape([10, 100], (1, 2, 1, 1))
        assert layer(x).item() == expected


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("passed:", name)
