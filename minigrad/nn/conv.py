"""Convolution layers in one, two and three dimensions, over one base."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np

from ..ops.conv import conv_size
from ..tensor import Tensor
from . import functional as F
from . import init
from .arguments import choice, divides, whole
from .functional.conv import padding_pairs
from .functional.shapes import batched, sizes
from .layer import Layer
from .parameter import Parameter

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class ConvNd(Layer):
    """What Conv1d, Conv2d and Conv3d share. K stands for the kernel's sizes, one a dimension.

    `weight` is (out_channels, in_channels / groups, *K), `bias` (out_channels,); both start
    uniform in ±1 / sqrt(in_channels / groups * prod(K)). An output axis has
    floor((size + 2 padding - dilation (K - 1) - 1) / stride) + 1 elements.

    padding="same" gives ceil(size / stride) elements for any kernel, stride and dilation. Where it
    needs an odd number of pixels, the odd one goes behind (to the bottom and to the right), as in
    TensorFlow; padding="valid" adds none.
    """

    _conv: ClassVar[Callable[..., Tensor]]
    _dims: ClassVar[int]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | Literal["same", "valid"] = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        n, name = self._dims, type(self).__name__
        self.in_channels = whole(self, "in_channels", in_channels)
        self.out_channels = whole(self, "out_channels", out_channels)
        self.kernel_size = sizes(name, "kernel_size", kernel_size, n, 1)
        self.stride = sizes(name, "stride", stride, n, 1)
        self.dilation = sizes(name, "dilation", dilation, n, 1)
        self.groups = whole(self, "groups", groups)
        divides(self, self.groups, in_channels=self.in_channels, out_channels=self.out_channels)
        self.padding: tuple[int, ...] | str = (
            choice(name, "padding", padding, ["same", "valid"])
            if isinstance(padding, str)
            else sizes(name, "padding", padding, n, 0)
        )
        self.padding_mode = choice(name, "padding_mode", padding_mode, PADDING_MODES)
        self.weight = Parameter(np.empty(self._weight_shape(), np.float32))
        self.bias = Parameter(np.empty(self.out_channels, np.float32)) if bias else None
        self.reset_parameters()
        self.to(device=device, dtype=dtype)

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.default_(self.weight, self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, *sizes) -> (N, out_channels, *new sizes)."""
        self._check(x)
        return self._conv(
            x,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
            self.padding_mode,
        )

    def _output_size(self, size: tuple[int, ...]) -> tuple[int, ...]:
        window = self.kernel_size, self.stride, self.dilation
        pairs = padding_pairs(type(self).__name__, self.padding, size, *window)
        axes = zip(size, self.kernel_size, self.stride, pairs, self.dilation, strict=True)
        return tuple(conv_size(type(self).__name__, *axis) for axis in axes)

    def _check(self, x: Tensor) -> None:
        """Refuse an input of other axes or channels, before anything is done to it."""
        wanted = self.in_channels
        channels = batched(f"conv{self._dims}d", x, self._dims)[0].shape[1]
        if channels != wanted:
            raise ValueError(
                f"input of shape {x.shape} has {channels} channels, expected in_channels={wanted}; "
                f"write in_channels={channels}, or let the layer before give {wanted}"
            )

    def _hint(self, x: Tensor) -> str:
        lead = x.ndim - self._dims - 1  # 1 with a batch axis, 0 without
        if lead not in (0, 1) or x.shape[lead] == self.in_channels:
            return ""
        if x.shape[-1] == self.in_channels:
            axes = (*range(lead), x.ndim - 1, *range(lead, x.ndim - 1))
            edit = "x.mT" if self._dims == 1 else f"x.permute{axes}"
            return f"; if the channels come last, write {edit}"
        if lead == 0 and self.in_channels == 1:
            return "; if it is a batch of one channel, write x.unsqueeze(1)"
        return ""

    def _multiply_adds(self, x: Tensor, output: Tensor) -> int:
        return output.numel() * self.weight[0].numel()

    def extra_repr(self) -> str:
        """Sizes, and the options that differ from their defaults."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        text += f", stride={self.stride}"
        zeros, ones = (0,) * self._dims, (1,) * self._dims
        defaults = {"padding": zeros, "dilation": ones, "output_padding": zeros, "groups": 1}
        for name, default in defaults.items():
            if getattr(self, name, default) != default:
                text += f", {name}={getattr(self, name)}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class Conv1d(ConvNd):
    """Cross-correlation along one axis: (N, in_channels, L) -> (N, out_channels, L').

    >>> nn.Conv1d(8, 16, kernel_size=3, padding=1)(mg.zeros(4, 8, 100)).shape
    (4, 16, 100)
    """

    _dims = 1
    _conv = staticmethod(F.conv1d)


class Conv2d(ConvNd):
    """Cross-correlation over images: (N, in_channels, H, W) -> (N, out_channels, H', W').

    `groups=in_channels` is a depthwise convolution: each channel has kernels of its own.

    >>> conv = nn.Conv2d(3, 16, kernel_size=5, stride=2, padding=2)
    >>> conv(mg.zeros(8, 3, 32, 32)).shape, conv.weight.shape
    ((8, 16, 16, 16), (16, 3, 5, 5))
    """

    _dims = 2
    _conv = staticmethod(F.conv2d)


class Conv3d(ConvNd):
    """Cross-correlation over volumes: (N, in_channels, D, H, W) -> (N, out_channels, ...)."""

    _dims = 3
    _conv = staticmethod(F.conv3d)
