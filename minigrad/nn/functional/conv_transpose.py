"""Transposed convolutions: the way back of a convolution, used as a way forward."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops import conv as ops
from ...tensor import Tensor, apply
from .conv import Padding
from .shapes import AXES, batched, sizes


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Padding = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """(N, C, L) -> (N, O, L') with weight (C, O/groups, k). Options as in `conv_transpose2d`."""
    return _transposed(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Padding = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """(N, C, H, W) -> (N, O, H', W') with weight (C, O/groups, kh, kw) and bias (O,).

    Each input pixel lays down the kernel times its value, `stride` pixels from its neighbour's, and
    what overlaps adds up. `padding` is cut off each side of the result, `output_padding` adds to
    the bottom and the right of it:
    H' = (H - 1) stride + dilation (kh - 1) + 1 - 2 padding + output_padding.

    It is the input gradient of `conv2d` with the same weight and options (Dumoulin & Visin, A guide
    to convolution arithmetic for deep learning, 2016, section 4). padding="same" makes it that of
    a "same" convolution: H' = H stride + output_padding, and output_padding, from 1 - stride to 0,
    chooses among the sizes that such a convolution makes H. A batch axis may be missing.
    """
    return _transposed(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Padding = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """(N, C, D, H, W) -> (N, O, D', H', W') with weight (C, O/groups, kd, kh, kw)."""
    return _transposed(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def _transposed(
    n: int,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Padding,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Tensor:
    name = f"conv_transpose{n}d"
    x, single = batched(name, x, n)
    if not isinstance(groups, (int, np.integer)) or groups < 1:
        raise ValueError(f"{name}: groups must be a whole number of at least 1, got {groups!r}")
    strides = sizes(name, "stride", stride, n, 1)
    dilations = sizes(name, "dilation", dilation, n, 1)
    added = sizes(name, "output_padding", output_padding, n, 1 - max(strides))
    check_added(name, added, strides, dilations, padding)
    cut = cut_off(name, padding, weight.shape[2:], strides, dilations, added)
    y = apply(
        ops.conv_transpose,
        x,
        weight,
        bias,
        stride=strides,
        padding=cut,
        output_padding=(0,) * n if padding == "same" else added,
        dilation=dilations,
        groups=groups,
    )
    return y[0] if single else y


def check_added(
    name: str,
    added: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    padding: Padding,
) -> None:
    """Refuse an output_padding that leads to a size which no convolution makes into this one."""
    for a, s, d in zip(added, stride, dilation, strict=True):
        low, high = (1 - s, 0) if padding == "same" else (0, max(s, d) - 1)
        if not low <= a <= high:
            raise ValueError(
                f"{name}: output_padding must be from {low} to {high} with stride {s}, dilation "
                f"{d} and padding {padding!r}, got {a}; it only chooses among the sizes that this "
                "stride makes equal"
            )


def cut_off(
    name: str,
    padding: Padding,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    added: tuple[int, ...],
) -> tuple[tuple[int, int], ...]:
    """How much `padding` cuts off the output, (before, after) for each axis; below 0 it adds.

    With "same" that is what the convolution pads whose input has `added` more than size * stride.
    """
    n = len(stride)
    if padding == "valid":
        return ((0, 0),) * n
    if padding == "same":
        axes = zip(kernel, stride, dilation, added, strict=False)  # the op checks the kernel
        over = [d * (k - 1) + 1 - s - a for k, s, d, a in axes]
        return tuple((max(o, 0) // 2, o - max(o, 0) // 2) for o in over)
    if isinstance(padding, str):
        raise ValueError(
            f'{name}: padding must be a number, one for each axis ({AXES[n]}), "same" or "valid", '
            f"got {padding!r}"
        )
    return tuple((p, p) for p in sizes(name, "padding", padding, n, 0))
