"""Assignment 3: results worked out by hand. Run `python test_visible.py`, or pytest."""

import numpy as np
from solution import avg_pool, batch_norm, cross_entropy, max_pool

PICTURE = [[1, 2, 5, 3], [4, 0, 1, 1], [7, 1, 2, 8], [0, 6, 9, 4]]
ONE_BY_TWO = {"kernel_size": (1, 2), "stride": (1, 1), "padding": (0, 0)}
TWO_BY_TWO = {"kernel_size": (2, 2), "stride": (2, 2), "padding": (0, 0)}
PADDED = {"kernel_size": (1, 3), "stride": (1, 1), "padding": (0, 1)}


def picture(rows):
    """One image with one channel."""
    return np.array(rows, float)[None, None]


def test_the_largest_of_each_window_and_where_its_gradient_goes():
    y, backward = max_pool(picture(PICTURE), **TWO_BY_TWO, dilation=(1, 1))
    assert np.array_equal(y, picture([[4, 5], [7, 9]]))
    (dx,) = backward(picture([[10, 20], [30, 40]]))
    expected = [[0, 0, 20, 0], [10, 0, 0, 0], [30, 0, 0, 0], [0, 0, 40, 0]]
    assert np.array_equal(dx, picture(expected))


def test_a_pixel_that_wins_twice_gets_both_gradients():
    y, backward = max_pool(picture([[1, 3, 2]]), **ONE_BY_TWO, dilation=(1, 1))
    assert np.array_equal(y, picture([[3, 3]]))
    (dx,) = backward(picture([[1, 10]]))
    assert np.array_equal(dx, picture([[0, 11, 0]]))


def test_padding_never_wins():
    y, _ = max_pool(picture([[-3, -2, -5]]), **PADDED, dilation=(1, 1))
    assert np.array_equal(y, picture([[-2, -2, -2]]))


def test_the_mean_of_each_window_and_its_shares():
    y, backward = avg_pool(picture(PICTURE), **TWO_BY_TWO)
    assert np.allclose(y, picture([[1.75, 2.5], [3.5, 5.75]]))
    (dx,) = backward(picture([[4, 8], [12, 16]]))
    assert np.allclose(dx, picture([[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]))


def test_padding_counts_as_zeros_in_the_mean():
    y, backward = avg_pool(picture([[3, 6, 9]]), **PADDED)
    assert np.allclose(y, picture([[3, 6, 5]]))
    (dx,) = backward(picture([[3, 30, 300]]))
    assert np.allclose(dx, picture([[11, 111, 110]]))


def test_batch_norm_in_training():
    told = []
    y, backward = batch_norm(
        picture([[1, 1, 5, 5]]), np.array([10.0]), np.array([3.0]), eps=0.0,
        report=lambda mean, var: told.append((mean, var)),
    )  # fmt: skip
    assert np.allclose(y, picture([[-7, -7, 13, 13]]))
    assert np.allclose(told, [([3], [4])])
    dx, dw, db = backward(picture([[1, 2, 3, 6]]))
    assert np.allclose(db, [12])
    assert np.allclose(dw, [6])
    assert np.allclose(dx, picture([[-2.5, 2.5, -7.5, 7.5]]))


def test_each_channel_is_normalised_by_itself():
    x = np.array([[1.0, 100.0], [3.0, 500.0]]).reshape(2, 2, 1, 1)
    y, _ = batch_norm(x, np.ones(2), np.zeros(2), eps=0.0)
    assert np.allclose(y.reshape(2, 2), [[-1, -1], [1, 1]])


def test_batch_norm_in_evaluation():
    y, backward = batch_norm(
        picture([[5, 7]]), np.array([10.0]), np.array([3.0]), eps=1.0,
        mean=np.array([1.0]), var=np.array([3.0]),
    )  # fmt: skip
    assert np.allclose(y, picture([[23, 33]]))
    dx, dw, db = backward(picture([[1, 2]]))
    assert np.allclose(dx, picture([[5, 10]]))
    assert np.allclose(dw, [1 * 2 + 2 * 3])
    assert np.allclose(db, [3])


def test_cross_entropy_of_two_samples():
    x = np.log([[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]])
    target = np.array([1, 0])
    losses, _ = cross_entropy(x, target, reduction="none")
    assert np.allclose(losses, [np.log(2), np.log(4)])
    total, _ = cross_entropy(x, target, reduction="sum")
    assert np.allclose(total, np.log(8))
    y, backward = cross_entropy(x, target)
    assert np.allclose(y, np.log(8) / 2)
    dx = backward(np.array(1.0))[0]
    assert np.allclose(dx, [[0.125, -0.25, 0.125], [-0.375, 0.25, 0.125]])


def test_scores_of_a_thousand_do_not_overflow():
    x, target = np.array([[1000.0, 0.0], [-1000.0, 0.0]]), np.array([1, 1])
    losses, backward = cross_entropy(x, target, reduction="none")
    assert np.allclose(losses, [1000, 0])
    dx = backward(np.array([1.0, 1.0]))[0]
    assert np.allclose(dx, [[1, -1], [0, 0]])


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("passed:", name)
