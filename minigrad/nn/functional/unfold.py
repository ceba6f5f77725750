"""Windows as columns and back: a convolution is `weight.view(O, -1) @ unfold(x, k)`."""

from __future__ import annotations

from typing import Any

from ...methods.base import need_tensor
from ...ops import unfold as ops
from ...tensor import Tensor, apply
from .shapes import batched, sizes


def unfold(
    input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """The window at each place as a column (im2col): (N, C, H, W) -> (N, C * kh * kw, L).

    L = windows down * windows across. A single image (C, H, W) gives (C * kh * kw, L).
    """
    x, single = batched("unfold", input, 2)
    y = apply(ops.unfold, x, **geometry("unfold", kernel_size, dilation, padding, stride))
    return y[0] if single else y


def fold(
    input: Tensor,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Tensor:
    """Columns put back where `unfold` took them: (N, C * kh * kw, L) -> (N, C, *output_size).

    Where windows overlap their values are added, so it is the transpose of `unfold`, and not its
    inverse. A single (C * kh * kw, L) gives (C, *output_size).
    """
    single = need_tensor("fold", input).ndim == 2
    x = input.unsqueeze(0) if single else input
    if x.ndim != 3:
        raise ValueError(f"fold: expected an input (N, C * kh * kw, L), got shape {input.shape}")
    size = sizes("fold", "output_size", output_size, 2, 1)
    options = geometry("fold", kernel_size, dilation, padding, stride)
    y = apply(ops.fold, x, output_size=size, **options)
    return y[0] if single else y


def geometry(name: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> dict:
    """The four settings as checked pairs (down, across)."""
    return {
        "kernel_size": sizes(name, "kernel_size", kernel_size, 2, 1),
        "dilation": sizes(name, "dilation", dilation, 2, 1),
        "padding": sizes(name, "padding", padding, 2, 0),
        "stride": sizes(name, "stride", stride, 2, 1),
    }
