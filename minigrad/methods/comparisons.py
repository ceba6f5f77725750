"""Methods that compare and that combine truth values. Their results are booleans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops import compare
from .base import Base, match

if TYPE_CHECKING:
    from ..tensor import Tensor


class Comparisons(Base):
    """Comparisons element by element under their names, and of whole tensors."""

    __slots__ = ()

    def eq(self, other: Any) -> Tensor:
        """self == other, element by element."""
        return self == other

    def ne(self, other: Any) -> Tensor:
        """self != other, element by element."""
        return self != other

    def lt(self, other: Any) -> Tensor:
        """self < other, element by element."""
        return self < other

    def le(self, other: Any) -> Tensor:
        """self <= other, element by element."""
        return self <= other

    def gt(self, other: Any) -> Tensor:
        """self > other, element by element."""
        return self > other

    def ge(self, other: Any) -> Tensor:
        """self >= other, element by element."""
        return self >= other

    def isclose(
        self, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
    ) -> Tensor:
        """|self - other| <= atol + rtol |other|, element by element."""
        x, y = operands("isclose", self, other)
        return self._apply(compare.isclose, x, y, rtol=rtol, atol=atol, equal_nan=equal_nan)

    def allclose(
        self, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
    ) -> bool:
        """Whether |self - other| <= atol + rtol |other| everywhere."""
        return bool(self.isclose(other, rtol, atol, equal_nan).all())

    def equal(self, other: Any) -> bool:
        """Whether the other tensor has the same shape and the same values."""
        if not isinstance(other, Base):
            raise TypeError(
                f"equal: expected a tensor, got {type(other).__name__}; x.eq(other) compares "
                "element by element"
            )
        return np.array_equal(self._data, other._data)

    def logical_not(self) -> Tensor:
        """True where x is zero or False."""
        return self._apply(compare.logical_not, self)

    def logical_and(self, other: Any) -> Tensor:
        """True where both are true (not zero)."""
        return self._apply(compare.logical_and, *operands("logical_and", self, other))

    def logical_or(self, other: Any) -> Tensor:
        """True where one at least is true (not zero)."""
        return self._apply(compare.logical_or, *operands("logical_or", self, other))

    def logical_xor(self, other: Any) -> Tensor:
        """True where exactly one is true (not zero)."""
        return self._apply(compare.logical_xor, *operands("logical_xor", self, other))

    def isnan(self) -> Tensor:
        """True where x is not a number."""
        return self._apply(compare.isnan, self)

    def isinf(self) -> Tensor:
        """True where x is infinite."""
        return self._apply(compare.isinf, self)

    def isfinite(self) -> Tensor:
        """True where x is neither nan nor infinite."""
        return self._apply(compare.isfinite, self)


def operands(name: str, x: Any, other: Any) -> tuple[Any, Any]:
    """Two operands of one dtype; refuses what is nothing to calculate with."""
    x, y = match(x, other)
    if y is NotImplemented:
        raise TypeError(f"{name}: expected a tensor or a number, got {type(other).__name__}")
    return x, y
