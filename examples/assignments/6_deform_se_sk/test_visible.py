"""Assignment 6: results worked out by hand. Run `python test_visible.py`, or pytest."""

import numpy as np
from solution import SEBlock, SKBlock, deform_conv2d

import minigrad as mg

FOUR = np.array([[[[1.0, 2.0], [3.0, 5.0]]]])
ONE_POINT = {"stride": (2, 2), "padding": (0, 0), "dilation": (1, 1)}  # of a 2x2 image


def numbers(*values):
    """(1, values, 1, 1)."""
    return np.array(values, float).reshape(1, -1, 1, 1)


def sample(x, *offset):
    """x (1, 1, 2, 2) at (0, 0) + offset."""
    y, _ = deform_conv2d(x, numbers(*offset), numbers(1), **ONE_POINT)
    return y.item()


def test_a_point_in_the_square_between_four_pixels():
    assert sample(FOUR, 0.5, 0.5) == (1 + 2 + 3 + 5) / 4
    assert sample(FOUR, 0.5, 0.25) == 2.375


def test_beyond_the_image_pixels_are_0_each_for_itself():
    assert sample(FOUR, -0.5, 0.25) == 0.5 * (0.75 * 1 + 0.25 * 2)
    assert sample(FOUR, 0.25, 1.5) == 0.5 * (0.75 * 2 + 0.25 * 5)
    assert sample(FOUR, -2.5, 0.5) == sample(FOUR, 0.5, 7.5) == 0


def test_y_comes_before_x_and_taps_in_the_order_of_the_kernel():
    x = np.arange(12.0).reshape(1, 1, 3, 4)  # 4 a row, 1 a column
    offset = np.zeros((1, 4, 3, 3))  # a kernel 1x2: y and x of its first tap, then of its second
    offset[:, 3] = 0.5
    w = np.array([[[[0.0, 1.0]]]])
    options = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}
    y, _ = deform_conv2d(x, offset, w, **options)
    assert np.array_equal(y[0, 0, 0, :2], [1.5, 2.5])


def test_bias_and_mask():
    y, _ = deform_conv2d(
        FOUR, numbers(0.5, 0.25), numbers(10), np.array([3.0]), numbers(2), **ONE_POINT
    )
    assert y.item() == 50.5


def test_the_way_back_by_hand():
    offset, mask = numbers(0.5, 0.25), numbers(2)
    _, backward = deform_conv2d(FOUR, offset, numbers(10), np.zeros(1), mask, **ONE_POINT)
    dx, doffset, dw, db, dmask = backward(numbers(1))
    assert np.array_equal(dx, [[[[7.5, 2.5], [7.5, 2.5]]]])
    assert np.array_equal(doffset, numbers(45, 30))
    assert (dw.item(), db.item(), dmask.item()) == (4.75, 1, 23.75)


def test_two_offset_groups():
    x = np.concatenate([FOUR, FOUR], axis=1)
    offset = numbers(0.5, 0.5, 0.5, 0.25)  # of the first channel, of the second
    y, _ = deform_conv2d(x, offset, numbers(1, 100), **ONE_POINT)
    assert y.item() == 2.75 + 237.5


def test_squeeze_and_excitation_by_hand():
    block = SEBlock(2, reduction=2).double()
    block.fc1.weight.data[...] = [[1, 1]]
    block.fc2.weight.data[...] = [[0.25], [-0.25]]
    x = mg.tensor(np.array([[[0.0, 2.0], [3.0, 3.0]]]))  # channel means 1 and 3
    s = 1 / (1 + np.exp([-1.0, 1.0]))
    assert np.allclose(block(x).detach().numpy(), x.numpy() * s[:, None])


def test_of_alike_branches_each_counts_half():
    block = SKBlock(2, groups=1, minimum_width=4).double().eval()
    block.select.weight.data[...] = 0
    x = mg.tensor(np.random.default_rng(0).normal(size=(3, 2, 4, 4)))
    near, far = (branch(x).detach().numpy() for branch in block.branches)
    assert np.allclose(block(x).detach().numpy(), (near + far) / 2)


def test_a_gradient_arrives_at_every_parameter():
    for block in SEBlock(4, reduction=2), SKBlock(4, groups=2, minimum_width=4):
        x = mg.tensor(np.random.default_rng(0).normal(size=(3, 4, 5, 5)), requires_grad=True)
        (block.double()(x) ** 2).sum().backward()
        assert x.grad is not None
        assert all(parameter.grad is not None for parameter in block.parameters())


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("passed:", name)
