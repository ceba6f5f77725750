"""Gradients by central differences: the judge of every way back.

For y = f(x) and a fixed random cotangent c, the gradient that backward must give is
d sum(c * y) / dx. Each element of x is moved up and down a little and the sum is compared. Inputs
are float64 and keep away from kinks (where f is not differentiable) by more than the step.
"""

import numpy as np

import minigrad as mg
from minigrad import Tensor, writes

STEP = 1e-6


def outputs(result):
    """The floating point results as a list: some functions return several Tensors."""
    results = result if isinstance(result, (tuple, list)) else [result]
    return [y for y in results if y.dtype.kind == "f"]


def cotangents(result, seed=0):
    """One fixed random array for each result."""
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(y.shape)) for y in outputs(result)]


def is_float(x):
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def as_tensors(arrays, grad_for=None):
    """The arrays as Tensors; those that hold floats (or only number `grad_for`) require grad."""
    return [
        Tensor(x, requires_grad=is_float(x) and grad_for in (None, i))
        if isinstance(x, np.ndarray)
        else x
        for i, x in enumerate(arrays)
    ]


def backward_gradients(f, arrays, cots=None, grad_for=None):
    """What backward() gives: one array for each input, None for those without a gradient."""
    tensors = as_tensors(arrays, grad_for)
    result = f(*tensors)
    total = 0
    for y, c in zip(outputs(result), cots or cotangents(result), strict=True):
        if y.requires_grad:
            total = total + (y * Tensor(c.astype(y.dtype))).sum()
    total.backward()
    return [x.grad.data if isinstance(x, Tensor) and x.grad is not None else None for x in tensors]


def numerical_gradient(f, arrays, i, cots=None):
    """The gradient by input `i`, one central difference for each of its elements."""
    arrays = list(arrays)
    x = arrays[i] = np.array(arrays[i])  # a copy that may be written to, in any memory order
    dx = np.zeros(x.shape)

    def value():
        with mg.no_grad():
            result = f(*as_tensors(arrays))
        given = cots or cotangents(result)
        return sum(np.sum(y.data * c) for y, c in zip(outputs(result), given, strict=True))

    for at in np.ndindex(x.shape):
        middle = x[at]
        x[at] = middle + STEP
        above = value()
        x[at] = middle - STEP
        below = value()
        x[at] = middle
        dx[at] = (above - below) / (2 * STEP)
    return dx


def check_gradients(f, *arrays, rtol=2e-6, atol=2e-7):
    """Every element of every float input's gradient, against central differences."""
    found = backward_gradients(f, arrays)
    for i, x in enumerate(arrays):
        if is_float(x):
            assert found[i] is not None, f"input {i} of shape {x.shape} got no gradient"
            expected = numerical_gradient(f, arrays, i)
            np.testing.assert_allclose(found[i], expected, rtol, atol, err_msg=f"input {i}")


def kept_arrays(backward):
    """The arrays that a way back sees as its free variables, views as the arrays they look at."""
    owners = {}
    for array in writes.kept_arrays(backward):
        while isinstance(array.base, np.ndarray):
            array = array.base
        owners[id(array)] = array
    return list(owners.values())
