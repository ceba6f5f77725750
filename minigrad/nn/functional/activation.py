"""Activations and dropout. `inplace` is accepted and has no effect: results are always new."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import random
from ...methods.base import need_float
from ...ops import activation as ops
from ...tensor import Tensor, apply


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    return apply(ops.relu, input)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """X limited to 0..6."""
    return hardtanh(input, 0.0, 6.0)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """X above 0, negative_slope * x below."""
    return apply(ops.leaky_relu, need_float("leaky_relu", input), negative_slope=negative_slope)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Leaky ReLU with learned slopes: `weight` is (1,) or (C,) for an input (N, C, *)."""
    return apply(ops.prelu, need_float("prelu", input), weight)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """X above 0, alpha * (exp(x) - 1) below."""
    return apply(ops.elu, need_float("elu", input), alpha=alpha)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """X times the normal distribution's cumulative probability of x; "tanh" approximates it."""
    return apply(ops.gelu, need_float("gelu", input), approximate=approximate)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """X * sigmoid(x)."""
    return apply(ops.silu, need_float("silu", input))


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return input.tanh()


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta x)) / beta; x itself where beta x > threshold."""
    return apply(ops.softplus, need_float("softplus", input), beta=beta, threshold=threshold)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """X * tanh(softplus(x))."""
    return apply(ops.mish, need_float("mish", input))


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """x/6 + 1/2 limited to 0..1."""
    return apply(ops.hardsigmoid, need_float("hardsigmoid", input))


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """X * hardsigmoid(x)."""
    return apply(ops.hardswish, need_float("hardswish", input))


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """X limited to min_val..max_val."""
    return apply(ops.hardtanh, input, min_val=min_val, max_val=max_val)


def softmax(input: Tensor, dim: int | None = None) -> Tensor:
    """exp(x) scaled to sum to 1 along `dim`.

    >>> F.softmax(mg.tensor([[5.0, 5.0]]), dim=1).tolist()
    [[0.5, 0.5]]
    """
    return need_float("softmax", input).softmax(_needed("softmax", dim))


def log_softmax(input: Tensor, dim: int | None = None) -> Tensor:
    """log(softmax(x)) without overflow."""
    return need_float("log_softmax", input).log_softmax(_needed("log_softmax", dim))


def _needed(name: str, dim: int | None) -> int:
    if dim is None:
        raise TypeError(f"{name}: say along which axis, for example {name}(x, dim=1) for classes")
    return dim


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, zero each element with probability p and scale the rest by 1 / (1 - p)."""
    return _dropout("dropout", input, input.shape, p, training)


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """In training, zero whole channels of (N, C, L) with probability p and scale the rest."""
    return _dropout_channels("dropout1d", input, 3, p, training)


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """In training, zero whole channels of (N, C, H, W) with probability p and scale the rest."""
    return _dropout_channels("dropout2d", input, 4, p, training)


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """In training, zero whole channels of (N, C, D, H, W) with probability p and scale the rest."""
    return _dropout_channels("dropout3d", input, 5, p, training)


def _dropout_channels(name: str, x: Tensor, ndim: int, p: float, training: bool) -> Tensor:
    if x.ndim not in (ndim - 1, ndim):
        raise ValueError(f"{name}: input must have {ndim} axes (or {ndim - 1}), got {x.shape}")
    spatial = ndim - 2
    shape = x.shape[: x.ndim - spatial] + (1,) * spatial
    return _dropout(name, x, shape, p, training)


def _dropout(name: str, x: Tensor, shape: tuple[int, ...], p: float, training: bool) -> Tensor:
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: p is a probability in 0..1, got {p}")
    need_float(name, x)
    if not training or p == 0:
        return x
    mask: Any = random.generator("dropout").random(shape, np.float32) >= p
    return apply(ops.dropout, x, mask=mask, p=p)
