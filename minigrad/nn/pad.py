"""Layers that add a rim to a map."""

from __future__ import annotations

from typing import ClassVar

from ..tensor import Tensor
from . import functional as F
from .layer import Layer


class PadNd(Layer):
    """What all of them share. `padding` is one int for all sides, or a width for each.

    The widths count from the last axis back: left, right, top, bottom, front, back. A negative
    width cuts off.
    """

    _dims: ClassVar[int]
    _mode: ClassVar[str] = "constant"

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        super().__init__()
        widths = padding if isinstance(padding, (tuple, list)) else (padding,) * 2 * self._dims
        if len(widths) != 2 * self._dims:
            raise ValueError(
                f"{type(self).__name__}: padding must be one int or {2 * self._dims} ints, "
                f"got {tuple(widths)}"
            )
        self.padding = tuple(widths)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *sizes) -> (N, C, *greater sizes)."""
        return F.pad(x, self.padding, self._mode)

    def extra_repr(self) -> str:
        """The widths."""
        return str(self.padding)


class ConstantPadNd(PadNd):
    """A rim of one value."""

    def __init__(self, padding: int | tuple[int, ...], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *sizes) -> (N, C, *greater sizes)."""
        return F.pad(x, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The widths and the value."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(ConstantPadNd):
    """Surround (N, C, L) with `value`."""

    _dims = 1


class ConstantPad2d(ConstantPadNd):
    """Surround (N, C, H, W) with `value`."""

    _dims = 2


class ConstantPad3d(ConstantPadNd):
    """Surround (N, C, D, H, W) with `value`."""

    _dims = 3


class ZeroPad1d(PadNd):
    """Surround (N, C, L) with zeros."""

    _dims = 1


class ZeroPad2d(PadNd):
    """Surround (N, C, H, W) with zeros."""

    _dims = 2


class ZeroPad3d(PadNd):
    """Surround (N, C, D, H, W) with zeros."""

    _dims = 3


class ReflectionPad1d(PadNd):
    """Surround (N, C, L) with the mirrored map, its edge not repeated."""

    _dims = 1
    _mode = "reflect"


class ReflectionPad2d(PadNd):
    """Surround (N, C, H, W) with the mirrored map, its edge not repeated."""

    _dims = 2
    _mode = "reflect"


class ReflectionPad3d(PadNd):
    """Surround (N, C, D, H, W) with the mirrored map, its edge not repeated."""

    _dims = 3
    _mode = "reflect"


class ReplicationPad1d(PadNd):
    """Surround (N, C, L) with copies of the edge."""

    _dims = 1
    _mode = "replicate"


class ReplicationPad2d(PadNd):
    """Surround (N, C, H, W) with copies of the edge."""

    _dims = 2
    _mode = "replicate"


class ReplicationPad3d(PadNd):
    """Surround (N, C, D, H, W) with copies of the edge."""

    _dims = 3
    _mode = "replicate"


class CircularPad1d(PadNd):
    """Surround (N, C, L) with the map from the other side."""

    _dims = 1
    _mode = "circular"


class CircularPad2d(PadNd):
    """Surround (N, C, H, W) with the map from the other side."""

    _dims = 2
    _mode = "circular"


class CircularPad3d(PadNd):
    """Surround (N, C, D, H, W) with the map from the other side."""

    _dims = 3
    _mode = "circular"
