"""Deformable convolution."""

from __future__ import annotations

from typing import Any

from ...methods.base import need_float, need_tensor
from ...ops import deform as ops
from ...tensor import Tensor, apply
from .shapes import sizes


def deform_conv2d(
    input: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = (1, 1),
    padding: Any = (0, 0),
    dilation: Any = (1, 1),
    mask: Tensor | None = None,
) -> Tensor:
    """(N, C, H, W) -> (N, O, H', W') with weight (O, C/groups, kh, kw): torchvision's function.

    A convolution whose taps read the input at places of their own. `offset` is
    (N, 2 * offset_groups * kh * kw, H', W'): how many pixels each tap moves, y and x of the first
    tap, of the second, ... Between pixels the input is bilinear, outside it is 0. `mask`
    (N, offset_groups * kh * kw, H', W') weighs what each tap reads. The groups follow from the
    weight's shape, the offset groups from the offset's. An offset of nan gives nan.

    Dai et al. 2017, section 2.1; the mask: Zhu et al. 2019, section 3.2.
    """
    name = "deform_conv2d"
    options = {
        "stride": sizes(name, "stride", stride, 2, 1),
        "padding": sizes(name, "padding", padding, 2, 0),
        "dilation": sizes(name, "dilation", dilation, 2, 1),
    }
    return apply(
        ops.deform_conv2d,
        need_float(name, input),
        need_tensor(name, offset),
        weight,
        bias,
        mask,
        **options,
    )
