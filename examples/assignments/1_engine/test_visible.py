"""Assignment 1: results worked out by hand. Run `python test_visible.py`, or pytest."""

import numpy as np
from solution import add, matmul, mul, unbroadcast, walk_back

from minigrad import Tensor
from minigrad.graph import Node


def leaf(value):
    return Tensor(np.array([value]), requires_grad=True)


def step(*slopes_and_inputs):
    """A Node; each input comes with the slope that its gradient is multiplied by."""
    slopes, inputs = zip(*slopes_and_inputs, strict=True)

    def step_backward(dz):
        return tuple(slope * dz for slope in slopes)

    return Node(step_backward, inputs, (1,))


def walked(start, seed=1.0):
    """The gradient of each leaf, and the nodes in the order in which they were yielded."""
    gradients, nodes = {}, []
    for node, _ in walk_back(start, np.array([seed]), False, gradients.__setitem__):
        nodes.append(node)
    return gradients, nodes


def test_what_was_repeated_is_summed():
    dz = np.array([[1.0, 2, 3], [4, 5, 6]])
    assert np.array_equal(unbroadcast(dz, (2, 1)), [[6], [15]])
    assert np.array_equal(unbroadcast(dz, (3,)), [5, 7, 9])
    assert np.array_equal(unbroadcast(dz, (1, 3)), [[5, 7, 9]])
    assert np.array_equal(unbroadcast(dz, ()), 21)
    assert np.array_equal(unbroadcast(dz, (2, 3)), dz)


def test_add():
    z, backward = add(np.array([[1.0], [2.0]]), np.array([10.0, 20, 30]))
    dx, dy = backward(np.array([[1.0, 2, 3], [4, 5, 6]]))
    assert np.array_equal(z, [[11, 21, 31], [12, 22, 32]])
    assert np.array_equal(dx, [[6], [15]])
    assert np.array_equal(dy, [5, 7, 9])


def test_mul():
    z, backward = mul(np.array([2.0, 3.0]), np.array([10.0, 100.0]))
    dx, dy = backward(np.array([1.0, 2.0]))
    assert np.array_equal(z, [20, 300])
    assert np.array_equal(dx, [10, 200])
    assert np.array_equal(dy, [2, 6])


def test_matmul():
    z, backward = matmul(np.array([[1.0, 2], [3, 4]]), np.array([[5.0], [6.0]]))
    dx, dy = backward(np.array([[1.0], [10.0]]))
    assert np.array_equal(z, [[17], [39]])
    assert np.array_equal(dx, [[5, 6], [50, 60]])
    assert np.array_equal(dy, [[31], [42]])


def test_a_chain_multiplies_its_slopes():
    a = leaf(0.0)
    u = step((2, a))
    v = step((3, u))
    gradients, nodes = walked(v, seed=10.0)
    assert gradients[a].tolist() == [60]
    assert nodes == [v, u]


def test_two_ways_to_a_leaf_add_up():
    a, b = leaf(2.0), leaf(3.0)
    u = step((3.0, a), (2.0, b))  # a * b
    v = step((1.0, u), (1.0, a))  # u + a
    gradients, _ = walked(v)
    assert (gradients[a].tolist(), gradients[b].tolist()) == ([4], [2])


def test_a_diamond():
    a = leaf(1.0)
    u = step((1, a))
    v, w = step((2, u)), step((3, u))
    p, q = step((2, u), (1, v)), step((3, u), (1, w))  # u * v and u * w
    gradients, nodes = walked(step((1, p), (1, q)))
    assert gradients[a].tolist() == [10]
    assert len(nodes) == 6
    assert nodes[-1] is u


def test_none_needs_no_gradient():
    a = leaf(1.0)
    gradients, _ = walked(step((5, a), (7, None)))
    assert list(gradients) == [a]
    assert gradients[a].tolist() == [5]


def test_a_leaf_as_the_start():
    a = leaf(1.0)
    gradients, nodes = walked(a, seed=3.0)
    assert gradients[a].tolist() == [3]
    assert nodes == []


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("passed:", name)
