"""Dropout: in training, set some values to zero and scale up the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from ..tensor import Tensor
from . import functional as F
from .arguments import number
from .layer import Layer


class DropoutNd(Layer):
    """What all of them share: with probability `p` a value becomes 0, else it is / (1 - p).

    In evaluation nothing changes. `inplace` is accepted and changes nothing.
    Srivastava et al., Dropout, 2014.
    """

    _shown = ("p", "inplace")

    _drop: ClassVar[Callable[..., Tensor]]

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        self.p, self.inplace = number(self, "p", p, 0, 1), inplace

    def forward(self, x: Tensor) -> Tensor:
        """Drop in training; the shape stays."""
        return self._drop(x, self.p, self.training)


class Dropout(DropoutNd):
    """Drop single values of a tensor of any shape.

    >>> nn.Dropout(0.5).eval()(mg.ones(3)).tolist()
    [1.0, 1.0, 1.0]
    >>> sorted(set(nn.Dropout(0.5)(mg.ones(100)).tolist()))
    [0.0, 2.0]
    """

    _drop = staticmethod(F.dropout)


class Dropout1d(DropoutNd):
    """Drop whole channels of (N, C, L)."""

    _drop = staticmethod(F.dropout1d)


class Dropout2d(DropoutNd):
    """Drop whole channels of (N, C, H, W)."""

    _drop = staticmethod(F.dropout2d)


class Dropout3d(DropoutNd):
    """Drop whole channels of (N, C, D, H, W)."""

    _drop = staticmethod(F.dropout3d)
