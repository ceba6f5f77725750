"""The operators: + - * / ** @ // %, comparisons, indexing, and what Python asks of a number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops import arithmetic, compare, elementwise, index, linalg
from ..writes import take_in
from .base import Base, match

if TYPE_CHECKING:
    from ..tensor import Tensor


class Operators(Base):
    """Python's operators on Tensors, with NumPy's broadcasting."""

    __slots__ = ()
    __hash__ = object.__hash__  # by identity: == compares elements

    def _binary(self, op: Any, other: Any, reflected: bool = False, lowest: str = "b") -> Any:
        x, y = match(self, other, lowest)
        if y is NotImplemented:
            return NotImplemented
        return self._apply(op, y, x) if reflected else self._apply(op, x, y)

    def __add__(self, other: Any) -> Tensor:
        return self._binary(arithmetic.add, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Tensor:
        return self._binary(arithmetic.sub, other)

    def __rsub__(self, other: Any) -> Tensor:
        return self._binary(arithmetic.sub, other, reflected=True)

    def __mul__(self, other: Any) -> Tensor:
        return self._binary(arithmetic.mul, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tensor:
        return self._binary(arithmetic.div, other, lowest="f")

    def __rtruediv__(self, other: Any) -> Tensor:
        return self._binary(arithmetic.div, other, reflected=True, lowest="f")

    def __pow__(self, other: Any) -> Tensor:
        return self._binary(arithmetic.pow, other)

    def __rpow__(self, other: Any) -> Tensor:
        return self._binary(arithmetic.pow, other, reflected=True)

    def __floordiv__(self, other: Any) -> Tensor:
        return self._binary(compare.floor_divide, other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return self._binary(compare.floor_divide, other, reflected=True)

    def __mod__(self, other: Any) -> Tensor:
        return self._binary(compare.remainder, other)

    def __rmod__(self, other: Any) -> Tensor:
        return self._binary(compare.remainder, other, reflected=True)

    def __matmul__(self, other: Any) -> Tensor:
        if not isinstance(other, (Base, np.ndarray)):
            return NotImplemented
        return self._apply(linalg.matmul, self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        if not isinstance(other, np.ndarray):
            return NotImplemented
        return self._apply(linalg.matmul, other, self)

    def __neg__(self) -> Tensor:
        return self._apply(elementwise.neg, self)

    def __abs__(self) -> Tensor:
        return self._apply(elementwise.abs, self)

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]
        return self._binary(compare.equal, other)

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        return self._binary(compare.not_equal, other)

    def __lt__(self, other: Any) -> Tensor:
        return self._binary(compare.less, other)

    def __le__(self, other: Any) -> Tensor:
        return self._binary(compare.less_equal, other)

    def __gt__(self, other: Any) -> Tensor:
        return self._binary(compare.greater, other)

    def __ge__(self, other: Any) -> Tensor:
        return self._binary(compare.greater_equal, other)

    def __and__(self, other: Any) -> Tensor:
        return self._binary(compare.bitwise_and, other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Tensor:
        return self._binary(compare.bitwise_or, other)

    __ror__ = __or__

    def __xor__(self, other: Any) -> Tensor:
        return self._binary(compare.bitwise_xor, other)

    __rxor__ = __xor__

    def __invert__(self) -> Tensor:
        return self._apply(compare.bitwise_not, self)

    def __getitem__(self, key: Any) -> Tensor:
        return self._apply(index.getitem, self, index=as_index(key))

    def __len__(self) -> int:
        if self.data.ndim == 0:
            raise TypeError("len() of a tensor without axes")
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        if self.data.ndim == 0:
            raise TypeError("iteration over a tensor without axes; .item() gives its value")
        return (self[i] for i in range(len(self.data)))

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(self.data == (value.data if isinstance(value, Base) else value)))

    def __bool__(self) -> bool:
        if self.data.size != 1:
            raise RuntimeError(
                f"the truth of a tensor of shape {self.data.shape} is ambiguous; "
                "write (...).any() or (...).all()"
            )
        return bool(self.data.item())

    def __float__(self) -> float:
        return float(self._only_element("float()"))

    def __int__(self) -> int:
        return int(self._only_element("int()"))

    def __index__(self) -> int:
        if self.data.dtype.kind not in "iu":
            raise TypeError(f"only integer tensors can be an index, this one is {self.data.dtype}")
        return int(self._only_element("an index"))

    def __format__(self, spec: str) -> str:
        if self.data.ndim and spec:
            raise TypeError(
                f"a tensor of shape {self.data.shape} cannot be written as {spec!r}, only one "
                "number can; write .item(), or reduce it first, for example with .mean()"
            )
        return str(self) if self.data.ndim else format(self.data.item(), spec)

    def _only_element(self, purpose: str) -> Any:
        if self.data.size != 1:
            raise RuntimeError(
                f"a tensor of shape {self.data.shape} cannot become a number for {purpose}: "
                "it needs exactly one element; reduce it first, for example with .mean()"
            )
        return self.data.item()


def as_index(key: Any) -> Any:
    """An index as NumPy takes it: Tensors, lists and ranges become arrays."""
    parts = tuple(map(_as_part, key if isinstance(key, tuple) else (key,)))
    if all(isinstance(part, int) for part in parts):
        return (*parts, ...)  # a view, where NumPy would copy a single element
    return parts


def _as_part(key: Any) -> Any:
    if isinstance(key, Base):
        key = key.data
    elif isinstance(key, (list, range)):
        key = np.asarray(key, np.intp if len(key) == 0 else None)
    elif isinstance(key, np.ndarray):
        take_in(key, "an index")
    if isinstance(key, (np.integer, np.ndarray)) and key.ndim == 0 and key.dtype.kind in "iu":
        return int(key)
    if isinstance(key, slice):
        return slice(*(None if v is None else int(v) for v in (key.start, key.stop, key.step)))
    if isinstance(key, np.ndarray) and key.dtype.kind not in "iub":
        raise IndexError(f"an index must hold integers or booleans, got {key.dtype}")
    return key
