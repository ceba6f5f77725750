"""Convolutions, and the linear layer's product."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops import conv as ops
from ...ops import index, linalg
from ...tensor import Tensor, apply
from .shapes import batched, sizes
from .vision import pad

Padding = int | tuple[int, ...] | str


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ weight.T + bias: (*, in) -> (*, out) with weight (out, in) and bias (out,)."""
    return apply(linalg.linear, input, weight, bias)


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """Row `i` of `weight` (rows, features) for each index i; `padding_idx` gets no gradient."""
    return apply(index.embedding, weight, index=input.data, padding_idx=padding_idx)


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Padding = 0,
    dilation: Any = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> Tensor:
    """(N, C, L) -> (N, O, L') with weight (O, C/groups, k). Options as in `conv2d`."""
    return _conv(1, input, weight, bias, stride, padding, dilation, groups, padding_mode)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Padding = 0,
    dilation: Any = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> Tensor:
    """(N, C, H, W) -> (N, O, H', W') with weight (O, C/groups, kh, kw) and bias (O,).

    H' = floor((H + 2 padding - dilation (kh - 1) - 1) / stride) + 1, or ceil(H / stride) for
    padding="same"; "valid" pads nothing. Where "same" needs an odd number of pixels, the odd one
    goes to the bottom and to the right. A batch axis may be missing.

    >>> image = mg.tensor([[10.0, 20.0, 30.0], [40.0, 50.0, 60.0], [70.0, 80.0, 90.0]])
    >>> sobel = mg.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    >>> F.conv2d(image.view(1, 1, 3, 3), sobel.view(1, 1, 3, 3)).item()
    80.0
    """
    return _conv(2, input, weight, bias, stride, padding, dilation, groups, padding_mode)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Padding = 0,
    dilation: Any = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> Tensor:
    """(N, C, D, H, W) -> (N, O, D', H', W') with weight (O, C/groups, kd, kh, kw)."""
    return _conv(3, input, weight, bias, stride, padding, dilation, groups, padding_mode)


def _conv(
    n: int,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Padding,
    dilation: Any,
    groups: int,
    padding_mode: str,
) -> Tensor:
    name = f"conv{n}d"
    x, single = batched(name, x, n)
    if not isinstance(groups, (int, np.integer)) or groups < 1:
        raise ValueError(f"{name}: groups must be a whole number of at least 1, got {groups!r}")
    if weight.ndim == n + 2 and weight.shape[0] % groups == 0:  # else the op says what is wrong
        _check_channels(name, x.shape[1:] if single else x.shape, weight.shape, groups)
    strides, dilations = (
        sizes(name, "stride", stride, n, 1),
        sizes(name, "dilation", dilation, n, 1),
    )
    pairs = padding_pairs(name, padding, x.shape[2:], weight.shape[2:], strides, dilations)
    if padding_mode != "zeros":
        for axis in zip(x.shape[2:], weight.shape[2:], strides, pairs, dilations, strict=False):
            ops.conv_size(name, *axis)
        flat = tuple(amount for pair in reversed(pairs) for amount in pair)
        x, pairs = pad(x, flat, mode=padding_mode), ((0, 0),) * n
    y = apply(
        ops.conv, x, weight, bias, stride=strides, padding=pairs, dilation=dilations, groups=groups
    )
    return y[0] if single else y


def _check_channels(
    name: str, shape: tuple[int, ...], weight: tuple[int, ...], groups: int
) -> None:
    """Refuse a weight for other channels; before padding, so that `shape` is the user's."""
    outputs, each, *kernel = weight
    channels = shape[-len(kernel) - 1]
    if each * groups == channels:
        return
    edit = f"choose groups among the divisors of {channels}"
    if channels % groups == 0:
        edit = f"it should be {(outputs, channels // groups, *kernel)}"
        if each and channels % each == 0 and outputs % (channels // each) == 0:
            edit += f", or write groups={channels // each}"
    if len(shape) < len(weight) and each * groups == 1:
        edit += "; for a batch of one channel write x.unsqueeze(1)"
    raise ValueError(
        f"{name}: input of shape {shape} has {channels} channels, the weight of shape {weight} "
        f"expects {each * groups}; {edit}"
    )


def padding_pairs(
    name: str,
    padding: Padding,
    size: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[tuple[int, int], ...]:
    """(before, after) for each spatial axis."""
    if padding == "valid":
        return ((0, 0),) * len(size)
    if padding == "same":
        pairs = []
        for n, k, s, d in zip(size, kernel, stride, dilation, strict=False):  # the op checks them
            total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
            pairs.append((total // 2, total - total // 2))
        return tuple(pairs)
    if isinstance(padding, str):
        raise ValueError(
            f'{name}: padding must be a number, one for each axis, "same" or "valid", '
            f"got {padding!r}"
        )
    return tuple((p, p) for p in sizes(name, "padding", padding, len(size), 0))
