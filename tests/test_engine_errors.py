"""backward() refused: what is wrong, where, and the edit that mends it."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.nn import functional as F


def leaf(*values):
    return mg.tensor(list(values), requires_grad=True)


def test_backward_twice_names_the_line_of_the_freed_op():
    x = leaf(1.0, 2.0)
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(
        RuntimeError,
        match=r"second time through <sum at test_engine_errors.py:\d+>.*retain_graph=True",
    ):
        loss.backward()
    assert x.grad.tolist() == [2, 4]


def test_backward_into_a_part_that_another_backward_freed():
    x = leaf(3.0)
    shared = x * x
    first, second = shared + 1, shared + 2
    first.backward()
    with pytest.raises(RuntimeError, match="second time through <mul at test_engine_errors"):
        second.backward()
    assert x.grad.tolist() == [6]  # nothing half added


def test_backward_of_many_elements_needs_a_gradient():
    y = leaf(1.0, 2.0) * 2
    with pytest.raises(
        RuntimeError,
        match=r"implied only for one element, this tensor has shape \(2,\); write loss.sum\(\)",
    ):
        y.backward()


@pytest.mark.parametrize("gradient", [mg.ones(3), np.ones((2, 1)), 1.0, mg.ones(1, 2)])
def test_the_gradient_passed_has_the_shape_of_the_tensor(gradient):
    y = leaf(1.0, 2.0) * 2
    with pytest.raises(
        RuntimeError, match=r"backward: gradient has shape .*, the tensor has shape \(2,\)"
    ):
        y.backward(gradient)


@pytest.mark.parametrize(
    "make",
    [
        lambda: mg.tensor(1.0),
        lambda: leaf(1.0).detach(),
        lambda: (leaf(1.0) > 0).float(),
        lambda: leaf(1.0).argmax().float(),
        lambda: mg.no_grad(lambda: leaf(1.0) * 2)(),
    ],
)
def test_backward_from_what_requires_no_gradient(make):
    with pytest.raises(
        RuntimeError, match=r"backward: this tensor does not require grad.*no_grad\(\)"
    ):
        make().backward()


def test_an_op_whose_gradient_has_the_wrong_shape_is_named():
    def forgets_to_unbroadcast(x, y):
        def forgets_to_unbroadcast_backward(dz):
            return dz, dz

        return x + y, forgets_to_unbroadcast_backward

    z = mg.apply(forgets_to_unbroadcast, mg.ones(3, 2, requires_grad=True), leaf(1.0, 2.0))
    message = (
        r"forgets_to_unbroadcast_backward returned a gradient of shape \(3, 2\) for its input 1 of "
        r"shape \(2,\) \(made at test_engine_errors.py:\d+\).*sum over the axes"
    )
    with pytest.raises(RuntimeError, match=message):
        z.sum().backward()


def test_an_input_that_has_no_derivative_is_named():
    x, weight = mg.zeros(2, 3, requires_grad=True), mg.ones(3, requires_grad=True)
    loss = F.cross_entropy(x, mg.tensor([0, 1]), weight)
    with pytest.raises(
        RuntimeError,
        match=r"<cross_entropy at test_engine_errors.py:\d+> has no derivative by its input 2",
    ):
        loss.backward()
    assert x.grad is None


def test_an_op_that_gets_something_else_than_a_tensor_says_so():
    with pytest.raises(
        TypeError, match=r"expected a Tensor, got a list; write minigrad.tensor\(\.\.\.\)"
    ):
        F.relu([1.0, 2.0])
