"""Assignment 2: results worked out by hand. Run `python test_visible.py`, or pytest."""

import numpy as np
from solution import conv


def run(x, w, b=None, *, stride=(1, 1), padding=((0, 0), (0, 0))):
    """Call conv with x and w as pictures: one image, one channel, one kernel."""
    x, w = (np.array(array, float)[None, None] for array in (x, w))
    return conv(x, w, b, stride=stride, padding=padding, dilation=(1, 1), groups=1)


def test_sobel_on_nine_pixels():
    y, _ = run([[10, 20, 30], [40, 50, 60], [70, 80, 90]], [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    assert np.array_equal(y, [[[[80]]]])


def test_the_output_of_a_3x4_image_and_a_2x2_kernel_is_2x3():
    y, _ = run(np.ones((3, 4)), np.ones((2, 2)))
    assert y.shape == (1, 1, 2, 3)
    assert np.array_equal(y, np.full((1, 1, 2, 3), 4))


def test_stride_skips():
    y, _ = run([[1, 2, 3, 4, 5]], [[10]], stride=(1, 2))
    assert np.array_equal(y, [[[[10, 30, 50]]]])


def test_padding_is_zero():
    y, _ = run([[1, 2, 3]], [[1, 10, 100]], padding=((0, 0), (1, 1)))
    assert np.array_equal(y, [[[[210, 321, 32]]]])


def test_a_bias_for_each_kernel():
    y, _ = run([[1, 2]], [[1]], np.array([5.0]))
    assert np.array_equal(y, [[[[6, 7]]]])


def test_channels_are_summed():
    x, w = np.array([1.0, 2.0]).reshape(1, 2, 1, 1), np.array([[10.0, 20.0], [0.0, 1.0]])
    options = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}
    y, _ = conv(x, w.reshape(2, 2, 1, 1), None, **options)
    assert np.array_equal(y.ravel(), [50, 2])


def test_the_way_back_by_hand():
    _, backward = run([[1, 2, 3]], [[10, 20]])
    dx, dw, db = backward(np.array([[[[1.0, 100.0]]]]))
    assert np.array_equal(dx.ravel(), [10, 1020, 2000])
    assert np.array_equal(dw.ravel(), [201, 302])
    assert db is None or np.array_equal(db, [101])


def test_db_is_the_sum_over_each_channel():
    _, backward = run([[1, 2, 3]], [[10, 20]], np.array([0.0]))
    _, _, db = backward(np.array([[[[1.0, 100.0]]]]))
    assert np.array_equal(db, [101])


def test_pixels_that_no_window_reaches_have_gradient_0():
    _, backward = run([[1, 2, 3, 4]], [[10]], stride=(1, 3))
    dx, _, _ = backward(np.array([[[[1.0, 2.0]]]]))
    assert np.array_equal(dx.ravel(), [10, 0, 0, 20])


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("passed:", name)
