"""Activations as layers. All but PReLU hold nothing to train; the shape always stays.

`inplace` is accepted and changes nothing: minigrad never overwrites an input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..tensor import Tensor
from . import functional as F
from . import init
from .arguments import choice, whole
from .layer import Layer
from .parameter import Parameter


class Activation(Layer):
    """What the activations without settings share."""

    _function: ClassVar[Callable[..., Tensor]]

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return self._function(x)


class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    _function = staticmethod(F.sigmoid)


class Tanh(Activation):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x))."""

    _function = staticmethod(F.tanh)


class InplaceActivation(Activation):
    """What the activations share that take PyTorch's argument `inplace`."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


class Hardswish(InplaceActivation):
    """x relu6(x + 3) / 6, the cheap SiLU of MobileNetV3."""

    _function = staticmethod(F.hardswish)


class Hardsigmoid(InplaceActivation):
    """relu6(x + 3) / 6, the cheap sigmoid of MobileNetV3."""

    _function = staticmethod(F.hardsigmoid)


class InplaceShown(InplaceActivation):
    """What the activations share that also print `inplace=True`."""

    def extra_repr(self) -> str:
        """Settings, and `inplace` if it was asked for."""
        settings = super().extra_repr()
        return ", ".join(filter(None, [settings, "inplace=True" if self.inplace else ""]))


class ReLU(InplaceShown):
    """max(x, 0)."""

    _function = staticmethod(F.relu)


class ReLU6(InplaceShown):
    """min(max(x, 0), 6)."""

    _function = staticmethod(F.relu6)


class SiLU(InplaceShown):
    """x sigmoid(x), also called swish."""

    _function = staticmethod(F.silu)


class Mish(InplaceShown):
    """x tanh(softplus(x))."""

    _function = staticmethod(F.mish)


class LeakyReLU(InplaceShown):
    """x above 0, negative_slope x below."""

    _shown = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return F.leaky_relu(x, self.negative_slope)


class ELU(InplaceShown):
    """x above 0, alpha (exp(x) - 1) below."""

    _shown = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return F.elu(x, self.alpha)


class Hardtanh(InplaceShown):
    """x clipped to min_val..max_val."""

    _shown = ("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        if not min_val < max_val:
            raise ValueError(f"Hardtanh: min_val={min_val} must be below max_val={max_val}")
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return F.hardtanh(x, self.min_val, self.max_val)


class PReLU(Layer):
    """x above 0, weight x below; one learned slope, or one a channel (axis 1).

    He et al., Delving deep into rectifiers, 2015.
    """

    _shown = ("num_parameters",)

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = whole(self, "num_parameters", num_parameters)
        self.init = init
        self.weight = Parameter(np.empty(self.num_parameters, np.float32))
        self.reset_parameters()
        self.to(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Set the slopes to the value of `init`."""
        init.constant_(self.weight, self.init)

    def forward(self, x: Tensor) -> Tensor:
        """(N, num_parameters, ...), or any shape with one slope."""
        return F.prelu(x, self.weight)


class GELU(Layer):
    """x Phi(x), Phi the normal distribution function; `approximate="tanh"` is a close formula."""

    _shown = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = choice("GELU", "approximate", approximate, ("none", "tanh"))

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return F.gelu(x, approximate=self.approximate)


class Softplus(Layer):
    """log(1 + exp(beta x)) / beta; x itself where beta x is above `threshold`."""

    _shown = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return F.softplus(x, self.beta, self.threshold)


class Softmax(Layer):
    """exp(x) / sum(exp(x)) along `dim`: positive, and summing to 1."""

    _shown = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return F.softmax(x, dim=self.dim)


class LogSoftmax(Layer):
    """log(softmax(x)) along `dim`, computed without taking the log of a small number."""

    _shown = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return F.log_softmax(x, dim=self.dim)
