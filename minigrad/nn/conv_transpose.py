"""Transposed convolution layers in one, two and three dimensions, over one base."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ..ops.conv import conv_transpose_size
from ..tensor import Tensor
from . import functional as F
from .arguments import choice
from .conv import ConvNd
from .functional.conv_transpose import check_added, cut_off
from .functional.shapes import AXES, sizes


class ConvTransposeNd(ConvNd):
    """What ConvTranspose1d, 2d and 3d share. K stands for the kernel's sizes, one a dimension.

    `weight` is (in_channels, out_channels / groups, *K), `bias` (out_channels,); both start
    uniform in ±1 / sqrt(out_channels / groups * prod(K)). An output axis has
    (size - 1) stride - 2 padding + dilation (K - 1) + 1 + output_padding elements.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | Literal["same", "valid"] = 0,
        output_padding: int | tuple[int, ...] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | tuple[int, ...] = 1,
        padding_mode: Literal["zeros"] = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        choice(type(self).__name__, "padding_mode", padding_mode, ["zeros"])
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        )
        name = type(self).__name__
        least = 1 - max(self.stride)
        self.output_padding = sizes(name, "output_padding", output_padding, self._dims, least)
        check_added(name, self.output_padding, self.stride, self.dilation, self.padding)
        self.to(device=device, dtype=dtype)

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.in_channels, self.out_channels // self.groups, *self.kernel_size)

    def forward(self, x: Tensor, output_size: int | Sequence[int] | None = None) -> Tensor:
        """(N, in_channels, *sizes) -> (N, out_channels, *new sizes).

        A stride above 1 makes several sizes of a convolution's input equal in its output;
        `output_size` (*new sizes, or a whole shape) says which of them is meant, instead of
        `output_padding`.
        """
        self._check(x)
        added = self.output_padding if output_size is None else self._added(x, output_size)
        return self._conv(
            x,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            added,
            self.groups,
            self.dilation,
        )

    def _added(self, x: Tensor, output_size: int | Sequence[int]) -> tuple[int, ...]:
        """The output_padding that leads to `output_size`."""
        n, name = self._dims, type(self).__name__
        if isinstance(output_size, Tensor):
            raise TypeError(f"{name}: output_size must be sizes, got a Tensor; write its .shape")
        if isinstance(output_size, Sequence) and len(output_size) == n + 2:  # a whole shape
            output_size = output_size[2:]
        wanted = sizes(name, "output_size", output_size, n, 1)
        plain = self._output_size(x.shape[-n:], (0,) * n)
        first = [1 - s if self.padding == "same" else 0 for s in self.stride]
        least = [size + f for size, f in zip(plain, first, strict=True)]
        most = [m + s - 1 for m, s in zip(least, self.stride, strict=True)]
        if any(not low <= w <= high for low, w, high in zip(least, wanted, most, strict=True)):
            axes = AXES[n].split(", ")
            can = ", ".join(
                f"{axis} {low}" if low == high else f"{axis} {low} to {high}"
                for axis, low, high in zip(axes, least, most, strict=True)
            )
            raise ValueError(
                f"{name}: output_size {wanted} cannot be reached from an input of size "
                f"{tuple(x.shape[-n:])}; with this stride, kernel and padding it can be {can}"
            )
        return tuple(w - size for w, size in zip(wanted, plain, strict=True))

    def _output_size(
        self, size: tuple[int, ...], added: tuple[int, ...] | None = None
    ) -> tuple[int, ...]:
        name, added = type(self).__name__, self.output_padding if added is None else added
        window = self.kernel_size, self.stride, self.dilation
        cut = cut_off(name, self.padding, *window, added)
        if self.padding == "same":
            added = (0,) * self._dims
        axes = zip(size, self.kernel_size, self.stride, cut, self.dilation, added, strict=True)
        return tuple(conv_transpose_size(name, *axis) for axis in axes)

    def _multiply_adds(self, x: Tensor, output: Tensor) -> int:
        return x.numel() * self.weight[0].numel()


class ConvTranspose1d(ConvTransposeNd):
    """Transposed convolution along one axis: (N, in_channels, L) -> (N, out_channels, L')."""

    _dims = 1
    _conv = staticmethod(F.conv_transpose1d)


class ConvTranspose2d(ConvTransposeNd):
    """Transposed convolution over images: (N, in_channels, H, W) -> (N, out_channels, H', W').

    A learned enlargement: with kernel_size=4, stride=2, padding=1 (or padding="same", stride=2) the
    map doubles. `ConvTranspose` is the same class.

    >>> nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1)(mg.zeros(1, 16, 7, 7)).shape
    (1, 8, 14, 14)
    """

    _dims = 2
    _conv = staticmethod(F.conv_transpose2d)


class ConvTranspose3d(ConvTransposeNd):
    """Transposed convolution over volumes: (N, in_channels, D, H, W) -> (N, out_channels, ...)."""

    _dims = 3
    _conv = staticmethod(F.conv_transpose3d)


ConvTranspose = ConvTranspose2d
