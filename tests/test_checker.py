"""The gradient checker itself: it passes what is right and catches planted mistakes."""

import numpy as np
import pytest
from numerical import check_gradients, numerical_gradient

import minigrad as mg

rng = np.random.default_rng(0)
X, Y, ROW = rng.standard_normal((3, 3)), rng.standard_normal((3, 3)), rng.standard_normal(3)


def op(forward, backward):
    """An op from a formula and what it takes for the formula's gradient."""

    def planted(*arrays):
        return forward(*arrays), lambda dz: backward(dz, *arrays)

    return lambda *tensors: mg.apply(planted, *tensors)


RIGHT = {
    "a product": (op(lambda x, y: x * y, lambda dz, x, y: (dz * y, dz * x)), (X, Y)),
    "a matrix product": (op(lambda x, y: x @ y, lambda dz, x, y: (dz @ y.T, x.T @ dz)), (X, Y)),
    "a broadcast sum": (op(lambda x, y: x + y, lambda dz, x, y: (dz, dz.sum(0))), (X, ROW)),
    "a shift": (op(lambda x: np.roll(x, 1, 0), lambda dz, x: (np.roll(dz, -1, 0),)), (X,)),
    "a mean": (op(lambda x: x.mean(0), lambda dz, x: (np.tile(dz / 3, (3, 1)),)), (X,)),
}

WRONG = {
    "a factor of two": (op(lambda x: x**2, lambda dz, x: (dz * x,)), (X,)),
    "a factor of 1.0001": (op(lambda x: x**2, lambda dz, x: (dz * 2.0002 * x,)), (X,)),
    "a sign": (op(lambda x, y: x - y, lambda dz, x, y: (dz, dz)), (X, Y)),
    "a transpose": (op(lambda x: x.T.copy(), lambda dz, x: (dz,)), (X,)),
    "factors exchanged": (op(lambda x, y: x * y, lambda dz, x, y: (dz * x, dz * y)), (X, Y)),
    "a matrix not transposed": (op(np.matmul, lambda dz, x, y: (dz @ y, x.T @ dz)), (X, Y)),
    "a shift the wrong way": (op(lambda x: np.roll(x, 1), lambda dz, _: (np.roll(dz, 1),)), (X,)),
    "a shift by one element": (op(lambda x: x * 3, lambda dz, x: (np.roll(dz, 1) * 3,)), (X,)),
    "one element lost": (op(lambda x: 3 * x, lambda dz, x: (dz * (3 - (x == X[2, 1])),)), (X,)),
    "another axis": (op(lambda x: x.sum(0), lambda dz, x: (np.tile(dz, (3, 1)).T,)), (X,)),
    "the gradient that arrives ignored": (op(np.exp, lambda dz, x: (np.exp(x),)), (X,)),
    "a constant added": (op(np.exp, lambda dz, x: (dz * np.exp(x) + 1e-4,)), (X,)),
    "no gradient": (op(np.exp, lambda dz, x: (0 * dz,)), (X,)),
    "the slope at another point": (op(np.sin, lambda dz, x: (dz * np.cos(x + 1e-3),)), (X,)),
    "a missing cross term": (
        op(lambda x: x / np.linalg.norm(x), lambda dz, x: (dz / np.linalg.norm(x),)), (X,)
    ),
    "nan": (op(np.exp, lambda dz, x: (dz * np.nan,)), (X,)),
}  # fmt: skip


@pytest.mark.parametrize(("f", "inputs"), RIGHT.values(), ids=RIGHT)
def test_what_is_right_passes(f, inputs):
    check_gradients(f, *inputs)


@pytest.mark.parametrize(("f", "inputs"), WRONG.values(), ids=WRONG)
def test_a_planted_mistake_is_caught(f, inputs):
    with pytest.raises(AssertionError):
        check_gradients(f, *inputs)


def test_a_forgotten_unbroadcast_is_caught_by_the_engine():
    f = op(lambda x, y: x + y, lambda dz, x, y: (dz, dz))
    with pytest.raises(
        RuntimeError, match=r"gradient of shape \(3, 3\) for its input 1 of shape \(3,\)"
    ):
        check_gradients(f, X, ROW)


def test_a_forgotten_input_is_caught():
    with pytest.raises(AssertionError, match=r"input 1 of shape .* got no gradient"):
        check_gradients(lambda x, y: x * y.detach(), X, Y)


@pytest.mark.parametrize(
    "x", [X.T, X[::2, ::-1], np.broadcast_to(ROW, (2, 3))], ids=["T", "strided", "repeated"]
)
def test_each_element_is_moved_however_the_input_lies_in_memory(x):
    c = np.arange(1.0, x.size + 1).reshape(x.shape)
    found = numerical_gradient(lambda t: t * t, [x], 0, [c])
    np.testing.assert_allclose(found, 2 * x * c, rtol=1e-6, atol=1e-9)
    check_gradients(lambda t: t * t, x)


def test_the_inputs_are_left_as_they_were():
    x = X.copy()
    numerical_gradient(lambda t: t.exp(), [x], 0)
    assert (x == X).all()
