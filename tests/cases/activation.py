"""The bends between the layers: formulas from the papers, one line each."""

# ruff: noqa: E501 (a row of a table is a line)

import math

import numpy as np

import minigrad as mg
from minigrad import Tensor
from minigrad.nn import functional as F

from .arithmetic import erf
from .table import bent, case, normal


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.where(x > 0, x, 0)


def leaky_relu(x, negative_slope=0.01):
    return np.where(x > 0, x, negative_slope * x)


def prelu(x, weight):
    slope = weight if weight.size == 1 else weight.reshape(-1, *[1] * (x.ndim - 2))
    return np.where(x > 0, x, slope * x)


def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * (np.exp(x) - 1))


def gelu(x, approximate="none"):
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def softplus(x, beta=1.0, threshold=20.0):
    return np.where(beta * x > threshold, x, np.log(1 + np.exp(beta * x)) / beta)


def hardsigmoid(x):
    return np.clip(x + 3, 0, 6) / 6


def softmax(x, dim):
    return np.exp(x) / np.exp(x).sum(axis=dim, keepdims=True)


def seeded(dropout):
    """A dropout that drops the same elements each time."""

    def call(x, p):
        mg.manual_seed(3)
        return dropout(x, p)

    return call


def dropped(dropout):
    """What the seeded dropout makes of ones is what it multiplies every x by."""
    return lambda x, p: x * seeded(dropout)(mg.ones(x.shape, dtype=x.dtype), p).data


CASES = [
    case("F.relu", F.relu, relu, bent(3, 4)),
    case("Tensor.relu", Tensor.relu, relu, bent(2, 3, 2)),
    case("F.relu6", F.relu6, lambda x: np.clip(x, 0, 6), bent(3, 4) * 4),
    case("F.leaky_relu", F.leaky_relu, leaky_relu, bent(3, 4)),
    case("F.leaky_relu", F.leaky_relu, leaky_relu, bent(3, 4), negative_slope=0.3),
    case("F.prelu", F.prelu, prelu, bent(3, 4), np.array([0.25])),
    case("F.prelu", F.prelu, prelu, bent(2, 3, 2, 2), normal(3)),
    case("F.prelu", F.prelu, prelu, bent(4, 3), normal(3)),
    case("F.elu", F.elu, elu, bent(3, 4)),
    case("F.elu", F.elu, elu, bent(3, 4), alpha=0.4),
    case("F.gelu", F.gelu, gelu, normal(3, 4) * 2),
    case("F.gelu", F.gelu, gelu, normal(3, 4) * 2, approximate="tanh"),
    case("F.silu", F.silu, lambda x: x * sigmoid(x), normal(3, 4) * 3),
    case("F.sigmoid", F.sigmoid, sigmoid, normal(3, 4) * 3),
    case("Tensor.sigmoid", Tensor.sigmoid, sigmoid, normal(3)),
    case("F.tanh", F.tanh, np.tanh, normal(3, 4)),
    case("Tensor.tanh", Tensor.tanh, np.tanh, normal(3)),
    case("F.softplus", F.softplus, softplus, normal(3, 4)),
    case("F.softplus", F.softplus, softplus, normal(3, 4) * 4, beta=2.0, threshold=3.0),
    case("F.mish", F.mish, lambda x: x * np.tanh(softplus(x)), normal(3, 4) * 2),
    case("F.hardsigmoid", F.hardsigmoid, hardsigmoid, bent(3, 4) * 1.7),
    case("F.hardswish", F.hardswish, lambda x: x * hardsigmoid(x), bent(3, 4) * 1.7),
    case("F.hardtanh", F.hardtanh, lambda x: np.clip(x, -1, 1), bent(3, 4) * 1.3),
    case("F.hardtanh", F.hardtanh, lambda x, min_val, max_val: np.clip(x, min_val, max_val),
         bent(3, 4), min_val=-2.0, max_val=0.1),
    case("F.softmax", F.softmax, softmax, normal(3, 4), dim=1),
    case("F.softmax", F.softmax, softmax, normal(2, 3, 2), dim=-2),
    case("Tensor.softmax", Tensor.softmax, softmax, normal(3, 4), dim=-1),
    case("F.log_softmax", F.log_softmax, lambda x, dim: np.log(softmax(x, dim)), normal(3, 4), dim=1),
    case("Tensor.log_softmax", Tensor.log_softmax, lambda x, dim: np.log(softmax(x, dim)),
         normal(2, 3, 2), dim=0, batch=()),
    case("F.dropout", F.dropout, lambda x, p: x.copy(), normal(3, 4), p=0.0),
    case("F.dropout", F.dropout, lambda x, **_: x.copy(), normal(3, 4), training=False),
    case("F.dropout", F.dropout, lambda x, p: np.zeros(x.shape), normal(3, 4), p=1.0),
    *(
        case(f"F.{f.__name__}", seeded(f), dropped(f), normal(*shape), p=0.4, empty=False)
        for f, shape in [
            (F.dropout, (4, 5)),
            (F.dropout1d, (2, 3, 4)),
            (F.dropout2d, (2, 3, 2, 2)),
            (F.dropout3d, (2, 3, 2, 1, 2)),
        ]
    ),
    case("F.normalize", F.normalize,
         lambda x: x / np.sqrt((x * x).sum(1, keepdims=True)), normal(3, 4)),
]  # fmt: skip
