"""Normalisation layers' functions, and `normalize`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...methods.base import need_float
from ...ops import norm as ops
from ...tensor import Tensor, apply


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel of (N, C, *).

    In training (or without running statistics) by the batch's own mean and variance, which then
    enter the running ones with weight `momentum`; otherwise by the running ones.
    """
    values = {
        "running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias
    }  # fmt: skip
    channels = _check_channels("batch_norm", input, "num_features", values)
    if running_mean is not None and running_var is not None and not training:
        statistics = {"mean": running_mean.data, "var": running_var.data}
        return apply(ops.batch_norm, input, weight, bias, eps=eps, **statistics)

    count = input.numel() // channels
    if count <= 1:
        raise ValueError(
            f"batch_norm: training needs more than one value for each channel, the input has shape "
            f"{input.shape}; use a larger batch (DataLoader(..., drop_last=True)), or model.eval()"
        )

    def report(mean: np.ndarray, var: np.ndarray) -> None:
        if running_mean is not None:
            _move(running_mean, mean, momentum)
        if running_var is not None:
            _move(running_var, var * (count / (count - 1)), momentum)  # the unbiased one

    return apply(ops.batch_norm, input, weight, bias, eps=eps, report=report)


def _move(running: Tensor, now: np.ndarray, momentum: float) -> None:
    """Move a running statistic towards the batch's, in place."""
    running.data[...] = (1 - momentum) * running.data + momentum * now
    running.written("batch_norm in training")


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise over the last axes, whose sizes are `normalized_shape`."""
    shape = tuple(normalized_shape)
    need_float("layer_norm", input)
    if not shape or input.shape[-len(shape) :] != shape:
        raise ValueError(
            f"layer_norm: input of shape {input.shape} does not end in normalized_shape {shape}"
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and value.shape != shape:
            raise ValueError(f"layer_norm: {name} must have shape {shape}, got {value.shape}")
    return apply(ops.layer_norm, input, weight, bias, axes=len(shape), eps=eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each group of channels of each image of (N, C, *)."""
    values = {"weight": weight, "bias": bias}
    if num_groups < 1 or _check_channels("group_norm", input, "num_channels", values) % num_groups:
        raise ValueError(
            f"group_norm: num_groups={num_groups} must divide the channels, axis 1 of the input "
            f"{input.shape}"
        )
    return apply(ops.group_norm, input, weight, bias, groups=num_groups, eps=eps)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel of each image of (N, C, *S).

    With use_input_stats=False by the running statistics; otherwise by the image's own, whose mean
    over the batch enters the running ones with weight `momentum`.
    """
    values = {
        "running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias
    }  # fmt: skip
    channels = _check_channels("instance_norm", input, "num_features", values)
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    count = math.prod(input.shape[2:])
    if count <= 1:
        raise ValueError(
            f"instance_norm: needs more than one position in each channel, got {input.shape}"
        )
    axes = tuple(range(2, input.ndim))
    with np.errstate(all="ignore"):
        if running_mean is not None:
            _move(running_mean, input.data.mean(axis=axes).mean(axis=0), momentum)
        if running_var is not None:
            _move(running_var, input.data.var(axis=axes, ddof=1).mean(axis=0), momentum)
    return apply(ops.group_norm, input, weight, bias, groups=channels, eps=eps)


def _check_channels(name: str, x: Tensor, argument: str, values: dict[str, Tensor | None]) -> int:
    """The number of channels of x, after making sure that `values` have one number for each."""
    if need_float(name, x).ndim < 2:
        raise ValueError(f"{name}: input must be (N, C) or (N, C, ...), got {x.shape}")
    channels = x.shape[1]
    for what, value in values.items():
        if value is not None and value.shape != (channels,):
            raise ValueError(
                f"{name}: input of shape {x.shape} has {channels} channels, {what} has "
                f"{value.numel()}; write {argument}={channels}"
            )
    return channels


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Scale the vectors along `dim` to p-norm 1 (those shorter than eps less)."""
    return input / input.norm(p, dim, keepdim=True).clip(min=eps)
