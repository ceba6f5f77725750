"""Filters as a convolution layer: to stay as they are, or as a start for learning."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Literal

import numpy as np

from ..nn import Conv2d
from ..nn.conv import PaddingMode
from .filtering import check_kernel


def as_conv2d(
    kernel: Any,
    channels: int = 1,
    padding: int | tuple[int, ...] | Literal["same", "valid"] = "same",
    padding_mode: PaddingMode = "reflect",
    trainable: bool = False,
) -> Conv2d:
    """A Conv2d without bias whose weight is the kernel, or a list of kernels of one size.

    (N, channels, H, W) -> (N, channels * kernels, H, W): every kernel on every channel by itself
    (`groups=channels`), the results of the first channel first. With one kernel the layer computes
    `apply(x, kernel)`. `state_dict` holds the "weight" (channels * kernels, 1, kh, kw), as that of
    any Conv2d. It is frozen (`requires_grad` is False); `trainable=True` makes it a start for
    learning. `padding` and `padding_mode` are Conv2d's.
    """
    if not isinstance(channels, Integral) or isinstance(channels, bool) or channels < 1:
        raise ValueError(
            f"as_conv2d: channels must be a whole number of at least 1, got {channels!r}"
        )
    weights = np.stack(_kernels(kernel))  # (kernels, kh, kw)
    conv = Conv2d(
        channels,
        channels * len(weights),
        weights.shape[1:],
        padding=padding,
        groups=channels,
        bias=False,
        padding_mode=padding_mode,
    )
    conv.weight.data[...] = np.tile(weights, (channels, 1, 1))[:, None]
    conv.weight.requires_grad = trainable
    return conv


def _kernels(kernel: Any) -> list[np.ndarray]:
    """One kernel, a list of them, or an array (kernels, kh, kw), as a list."""
    listed = isinstance(kernel, (list, tuple)) and len(kernel) > 0
    several = callable(kernel[0]) or np.ndim(kernel[0]) == 2 if listed else np.ndim(kernel) == 3
    kernels = [check_kernel("as_conv2d", one) for one in (kernel if several else [kernel])]
    shapes = [one.shape for one in kernels]
    if len(set(shapes)) > 1:
        raise ValueError(
            f"as_conv2d: all kernels of a layer must have one size, got {shapes}; np.pad the "
            "smaller ones with zeros, the same number on all sides"
        )
    return kernels
