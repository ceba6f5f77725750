"""Two operands, and functions of one element."""

import math

import numpy as np

import minigrad as mg
from minigrad import Tensor

from .table import bent, case, distinct, normal, positive

erf = np.vectorize(math.erf, otypes=[float])


def both(name, call, formula, x, y, **options):
    """A case where both operands have the batch axis."""
    return case(name, call, formula, x, y, batch=(0, 1), **options)


OPERATORS = [
    both("Tensor.__add__", lambda x, y: x + y, np.add, normal(3, 4), normal(3, 4)),
    case("Tensor.__add__", lambda x, y: x + y, np.add, normal(3, 4), normal(4)),
    case("Tensor.__add__", lambda x, y: x + y, np.add, normal(3, 1, 2), normal(4, 1)),
    case("Tensor.__add__", lambda x, y: x + y, np.add, normal(3, 4), normal()),
    case("Tensor.__add__", lambda x: x + 2, lambda x: x + 2, normal(3, 4)),
    case("Tensor.__radd__", lambda x: 2 + x, lambda x: x + 2, normal(3)),
    both("Tensor.__sub__", lambda x, y: x - y, np.subtract, normal(3, 4), normal(3, 4)),
    case("Tensor.__sub__", lambda x, y: x - y, np.subtract, normal(3, 1), normal(1, 4)),
    case("Tensor.__rsub__", lambda x: 2 - x, lambda x: 2 - x, normal(3)),
    both("Tensor.__mul__", lambda x, y: x * y, np.multiply, normal(3, 4), normal(3, 4)),
    case("Tensor.__mul__", lambda x, y: x * y, np.multiply, normal(3, 4), normal(1, 1)),
    case("Tensor.__rmul__", lambda x: 0.5 * x, lambda x: x / 2, normal(3)),
    both("Tensor.__truediv__", lambda x, y: x / y, np.divide, normal(3, 4), bent(3, 4)),
    case("Tensor.__truediv__", lambda x, y: x / y, np.divide, normal(3, 4), bent(4)),
    case("Tensor.__rtruediv__", lambda x: 2 / x, lambda x: 2 / x, bent(3, 2)),
    case("Tensor.__pow__", lambda x: x**2, np.square, normal(3, 4)),
    case("Tensor.__pow__", lambda x: x**3, lambda x: x * x * x, normal(3)),
    case("Tensor.__pow__", lambda x: x**-1.5, lambda x: 1 / (x * np.sqrt(x)), positive(3)),
    case("Tensor.__pow__", lambda x: x**0, lambda x: np.ones(x.shape), normal(3)),
    both("Tensor.__pow__", lambda x, y: x**y, np.power, positive(3, 2), normal(3, 2)),
    case("Tensor.__pow__", lambda x, y: x**y, np.power, positive(3, 2), normal(2)),
    case("Tensor.__rpow__", lambda x: 2**x, np.exp2, normal(3)),
    case("Tensor.__neg__", lambda x: -x, np.negative, normal(3)),
    case("Tensor.__abs__", abs, np.abs, bent(3)),
    case("Tensor.__matmul__", lambda x, y: x @ y, np.matmul, normal(3, 4), normal(4, 2)),
    case(
        "Tensor.__rmatmul__",
        lambda y: np.arange(12).reshape(3, 4).astype(y.dtype) @ y,
        lambda y: np.arange(12).reshape(3, 4).astype(y.dtype) @ y,
        normal(4, 2),
        batch=(),
    ),
]

BINARY = [
    case(
        "Tensor.add", Tensor.add, lambda x, y, alpha: x + alpha * y, normal(3), normal(1), alpha=3
    ),
    case(
        "Tensor.sub", Tensor.sub, lambda x, y, alpha: x - alpha * y, normal(3), normal(1), alpha=3
    ),
    both("Tensor.mul", Tensor.mul, np.multiply, normal(3), normal(3)),
    both("Tensor.div", Tensor.div, np.divide, normal(3), bent(3)),
    both("Tensor.pow", Tensor.pow, np.power, positive(3), normal(3)),
    both("Tensor.maximum", Tensor.maximum, np.maximum, distinct(3, 4), distinct(3, 4)[::-1] + 0.04),
    case("Tensor.maximum", Tensor.maximum, np.maximum, distinct(3, 4), np.float64(0.5)),
    both("Tensor.minimum", Tensor.minimum, np.minimum, distinct(3, 4), distinct(3, 4)[::-1] + 0.04),
    case("Tensor.minimum", Tensor.minimum, np.minimum, distinct(3, 4), distinct(4) + 0.04),
    case(
        "Tensor.where",
        lambda x, y: x.where(np.array([True, False, True, True]), y),
        lambda x, y: np.where([True, False, True, True], x, y),
        normal(3, 4),
        normal(4),
    ),
    case(
        "mg.where",
        lambda x, y: mg.where(mg.tensor([[True], [False]]), x, y),
        lambda x, y: np.where([[True], [False]], x, y),
        normal(3),
        normal(2, 1),
        batch=(),
    ),
    case("mg.where", lambda x: mg.where(x > 0, x, 0.5), lambda x: np.where(x > 0, x, 0.5), bent(3)),
    case("mg.where", lambda x: mg.where(x > 0, 0.5, x), lambda x: np.where(x > 0, 0.5, x), bent(3)),
    case(
        "Tensor.masked_fill",
        lambda x: x.masked_fill(x > 0, -1.0),
        lambda x: np.where(x > 0, -1.0, x),
        bent(3, 4),
    ),
]

ELEMENTWISE = [
    case("Tensor.neg", Tensor.neg, np.negative, normal(3, 4)),
    case("Tensor.exp", Tensor.exp, np.exp, normal(3, 4)),
    case("Tensor.log", Tensor.log, np.log, positive(3, 4)),
    case("Tensor.log1p", Tensor.log1p, np.log1p, positive(3, 4)),
    case("Tensor.sqrt", Tensor.sqrt, np.sqrt, positive(3, 4)),
    case("Tensor.rsqrt", Tensor.rsqrt, lambda x: 1 / np.sqrt(x), positive(3, 4)),
    case("Tensor.square", Tensor.square, np.square, normal(3, 4)),
    case("Tensor.reciprocal", Tensor.reciprocal, np.reciprocal, bent(3, 4)),
    case("Tensor.abs", Tensor.abs, np.abs, bent(3, 4)),
    case("Tensor.sin", Tensor.sin, np.sin, normal(3, 4)),
    case("Tensor.cos", Tensor.cos, np.cos, normal(3, 4)),
    case("Tensor.erf", Tensor.erf, erf, normal(3, 4)),
    case("Tensor.erf", Tensor.erf, erf, np.linspace(-7, 7, 57)),
    case("Tensor.sign", Tensor.sign, np.sign, bent(3, 4)),
    case("Tensor.floor", Tensor.floor, np.floor, normal(3, 4)),
    case("Tensor.ceil", Tensor.ceil, np.ceil, normal(3, 4)),
    case("Tensor.round", Tensor.round, np.round, normal(3, 4)),
    case("Tensor.clip", Tensor.clip, lambda x, min, max: np.minimum(np.maximum(x, min), max),
         distinct(5, 6), min=-0.7, max=1.1),
    case("Tensor.clip", Tensor.clip, lambda x, min: np.maximum(x, min), bent(5), min=0.0),
    case("Tensor.clamp", Tensor.clamp, lambda x, max: np.minimum(x, max), bent(5), max=0.0),
    case("Tensor.clone", Tensor.clone, np.copy, normal(3, 4)),
]  # fmt: skip

CASES = OPERATORS + BINARY + ELEMENTWISE
