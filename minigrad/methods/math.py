"""Methods that work element by element, and products of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops import activation, arithmetic, compare, elementwise, linalg
from .base import DEFAULT_FLOAT, Base, cast, number_kind
from .comparisons import operands

if TYPE_CHECKING:
    from ..tensor import Tensor


class Math(Base):
    """Functions of one element, and of pairs of elements."""

    __slots__ = ()

    def _float(self) -> Tensor:
        """This tensor, integers as floats: log, exp and their like have no integer result."""
        return cast(self, self.data.dtype if self.data.dtype.kind == "f" else DEFAULT_FLOAT)

    def add(self, other: Any, *, alpha: float = 1) -> Tensor:
        """Return self + alpha * other."""
        return self + (other if alpha == 1 else other * alpha)

    def sub(self, other: Any, *, alpha: float = 1) -> Tensor:
        """Return self - alpha * other."""
        return self - (other if alpha == 1 else other * alpha)

    def mul(self, other: Any) -> Tensor:
        """Return self * other."""
        return self * other

    def div(self, other: Any) -> Tensor:
        """Return self / other; integers are divided as floats."""
        return self / other

    def pow(self, exponent: Any) -> Tensor:
        """Return self ** exponent."""
        return self**exponent

    def neg(self) -> Tensor:
        """Return -self."""
        return self._apply(elementwise.neg, self)

    def exp(self) -> Tensor:
        """e to the power of each element."""
        return self._apply(elementwise.exp, self._float())

    def log(self) -> Tensor:
        """Natural logarithm."""
        return self._apply(elementwise.log, self._float())

    def log1p(self) -> Tensor:
        """log(1 + x), exact for small x."""
        return self._apply(elementwise.log1p, self._float())

    def sqrt(self) -> Tensor:
        """Square root."""
        return self._apply(elementwise.sqrt, self._float())

    def rsqrt(self) -> Tensor:
        """1 / sqrt(x)."""
        return self.sqrt() ** -1

    def square(self) -> Tensor:
        """x * x."""
        return self._apply(arithmetic.mul, self, self)

    def reciprocal(self) -> Tensor:
        """1 / x."""
        return self._apply(arithmetic.div, 1.0, self._float())

    def abs(self) -> Tensor:
        """Absolute value; slope 0 at 0."""
        return self._apply(elementwise.abs, self)

    def sin(self) -> Tensor:
        """Sine of x in radians."""
        return self._apply(elementwise.sin, self._float())

    def cos(self) -> Tensor:
        """Cosine of x in radians."""
        return self._apply(elementwise.cos, self._float())

    def erf(self) -> Tensor:
        """The error function."""
        return self._apply(elementwise.erf, self._float())

    def sign(self) -> Tensor:
        """-1, 0 or 1."""
        return self._apply(elementwise.sign, self)

    def floor(self) -> Tensor:
        """The largest whole number not above x."""
        return self._apply(elementwise.floor, self)

    def ceil(self) -> Tensor:
        """The smallest whole number not below x."""
        return self._apply(elementwise.ceil, self)

    def round(self) -> Tensor:
        """The nearest whole number; halves go to the even one."""
        return self._apply(elementwise.round, self)

    def clip(self, min: float | None = None, max: float | None = None) -> Tensor:
        """Limit to min..max; slope 1 inside and on the border."""
        for bound in (min, max):
            if bound is not None and number_kind(bound) is None:
                raise TypeError(
                    f"clip: min and max are numbers, got {type(bound).__name__}; write "
                    "x.maximum(low).minimum(high) for bounds that are tensors"
                )
        return self._apply(elementwise.clip, self, low=min, high=max)

    clamp = clip

    def maximum(self, other: Any) -> Tensor:
        """The larger of two, element by element; a tie shares the gradient."""
        return self._apply(arithmetic.maximum, *operands("maximum", self, other))

    def minimum(self, other: Any) -> Tensor:
        """The smaller of two, element by element; a tie shares the gradient."""
        return self._apply(arithmetic.minimum, *operands("minimum", self, other))

    def where(self, condition: Any, other: Any) -> Tensor:
        """This tensor where `condition` holds, else `other`."""
        x, y = operands("where", self, other)
        return self._apply(arithmetic.where, condition, x, y)

    def masked_fill(self, mask: Any, value: float) -> Tensor:
        """`value` where `mask` holds, else this tensor."""
        return self.where(self._apply(compare.logical_not, mask), value)

    def matmul(self, other: Any) -> Tensor:
        """Matrix product over the last two axes; leading axes broadcast."""
        if not isinstance(other, (Base, np.ndarray)):
            raise TypeError(f"matmul: expected a tensor, got {type(other).__name__}")
        return self._apply(linalg.matmul, self, other)

    mm = bmm = dot = matmul

    def relu(self) -> Tensor:
        """max(x, 0)."""
        return self._apply(activation.relu, self)

    def sigmoid(self) -> Tensor:
        """1 / (1 + exp(-x))."""
        return self._apply(activation.sigmoid, self._float())

    def tanh(self) -> Tensor:
        """Hyperbolic tangent."""
        return self._apply(activation.tanh, self._float())

    def softmax(self, dim: int) -> Tensor:
        """exp(x) scaled to sum to 1 along `dim`."""
        return self._apply(activation.softmax, self._float(), dim=dim)

    def log_softmax(self, dim: int) -> Tensor:
        """log(softmax(x)) without overflow."""
        return self._apply(activation.log_softmax, self._float(), dim=dim)
