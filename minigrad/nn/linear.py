"""Linear, and the layers that only change the shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensor import Tensor
from . import functional as F
from . import init
from .arguments import whole
from .layer import Layer
from .parameter import Parameter


class Identity(Layer):
    """Its input, unchanged; takes any arguments, so that it can stand in for any layer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return x


class Linear(Layer):
    """x @ weight.T + bias: (..., in_features) -> (..., out_features).

    `weight` is (out_features, in_features), `bias` (out_features,); both start uniform in
    ±1 / sqrt(in_features).

    >>> nn.Linear(784, 10)(mg.zeros(32, 784)).shape
    (32, 10)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in_features = whole(self, "in_features", in_features)
        self.out_features = whole(self, "out_features", out_features)
        self.weight = Parameter(np.empty((self.out_features, self.in_features), np.float32))
        self.bias = Parameter(np.empty(self.out_features, np.float32)) if bias else None
        self.reset_parameters()
        self.to(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.default_(self.weight, self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., out_features)."""
        return F.linear(x, self.weight, self.bias)

    def _hint(self, x: Tensor) -> str:
        if x.ndim == 0 or x.shape[-1] == self.in_features:
            return ""
        features = math.prod(x.shape[1:])
        if x.ndim == 1 and x.shape[0] % self.in_features == 0:
            return "; write x.flatten(1), which keeps the batch axis"
        if x.ndim > 1 and features == self.in_features:
            return "; write nn.Flatten() before this layer, or x.flatten(1)"
        if x.ndim > 3:
            return f"; write nn.Flatten() before it and Linear({features}, {self.out_features})"
        return f"; write Linear({x.shape[-1]}, {self.out_features})"

    def _multiply_adds(self, x: Tensor, output: Tensor) -> int:
        return output.numel() * self.in_features

    def extra_repr(self) -> str:
        """Sizes, and whether there is a bias."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Flatten(Layer):
    """Axes start_dim..end_dim become one: (N, C, H, W) -> (N, C*H*W) by default.

    >>> nn.Flatten()(mg.zeros(32, 16, 5, 5)).shape
    (32, 400)
    """

    _shown = ("start_dim", "end_dim")

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Tensor) -> Tensor:
        """(N, ...) -> (N, product of the others) by default."""
        return x.flatten(self.start_dim, self.end_dim)


class Unflatten(Layer):
    """One axis becomes several: `Unflatten(1, (16, 5, 5))` is (N, 400) -> (N, 16, 5, 5)."""

    _shown = ("dim", "unflattened_size")

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, x: Tensor) -> Tensor:
        """(..., product of sizes, ...) -> (..., *sizes, ...)."""
        return x.unflatten(self.dim, self.unflattened_size)
