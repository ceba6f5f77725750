"""The few methods that write into a tensor. Their names end in _, and they return the tensor.

They are for parameters (under `no_grad`) and for data, not for the middle of a computation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops.index import places
from ..writes import written
from .base import Base, number_kind
from .operators import as_index

if TYPE_CHECKING:
    from ..tensor import Tensor


class InPlace(Base):
    """Writing into the array itself; each write bumps the version that `backward` checks."""

    __slots__: tuple[str, ...] = ()

    def check_writable(self, what: str) -> None:
        """Refuse to write where it cannot be, or where it would make a gradient wrong."""
        if not self._data.flags.writeable:
            raise RuntimeError(
                f"{what}: the memory of this tensor is read-only, as after expand(), where one "
                "number stands for many elements; write x = x.clone() first"
            )
        if self._node is not None:
            raise RuntimeError(
                f"{what}: this tensor was computed by {self._node}, and writing into it would make "
                "its gradient wrong; write x = x + 1 in place of x.add_(1), or x.detach() first"
            )
        if self._is_recording():
            raise RuntimeError(
                f"{what}: a leaf that requires grad cannot be written in place while results are "
                "recorded; put the line inside `with minigrad.no_grad():`"
            )

    def _write(self, name: str, value: Any, at: Any = ...) -> Tensor:
        """self[at] = value."""
        self.check_writable(name)
        value = plain(value)
        try:
            place = self._data[at]  # a view, or a copy where `at` lists elements
            with np.errstate(all="ignore"):
                self._data[at] = value
        except IndexError as error:
            raise IndexError(f"{name}: a tensor of shape {self.data.shape}: {error}") from None
        except ValueError:
            raise ValueError(
                f"{name}: a value of shape {np.shape(value)} does not fit into the place of shape "
                f"{place.shape}"
            ) from None
        is_view = np.may_share_memory(place, self._data) or not place.size
        written(place if is_view else self._data, name)
        return self  # type: ignore[return-value]

    def _update(self, name: str, ufunc: np.ufunc, other: Any) -> Tensor:
        """self = ufunc(self, other), in the same memory."""
        self.check_writable(name)
        other = plain(other)
        try:
            with np.errstate(all="ignore"):
                ufunc(self._data, other, out=self._data)
        except TypeError:
            raise TypeError(
                f"{name}: the result is no {self.data.dtype}; write x = x.float() first"
            ) from None
        except ValueError:
            raise ValueError(
                f"{name}: {np.shape(other)} does not fit onto a tensor of shape {self.data.shape}, "
                "which keeps its shape"
            ) from None
        self.written(name)
        return self  # type: ignore[return-value]

    def __iadd__(self, other: Any) -> Tensor:
        return self.add_(other) if self._is_parameter() else self + other

    def __isub__(self, other: Any) -> Tensor:
        return self.sub_(other) if self._is_parameter() else self - other

    def __imul__(self, other: Any) -> Tensor:
        return self.mul_(other) if self._is_parameter() else self * other

    def __itruediv__(self, other: Any) -> Tensor:
        return self.div_(other) if self._is_parameter() else self / other

    def _is_parameter(self) -> bool:
        """A leaf that requires grad: `w -= lr * w.grad` must change w, not make another tensor."""
        return self._requires_grad and self._node is None

    def __setitem__(self, key: Any, value: Any) -> None:
        self._write("x[...] = ...", value, as_index(key))

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad`."""
        self.requires_grad = requires_grad
        return self  # type: ignore[return-value]

    def copy_(self, source: Any) -> Tensor:
        """Take the values of `source`."""
        return self._write("copy_", source)

    def fill_(self, value: float) -> Tensor:
        """Set every element to `value`."""
        return self._write("fill_", value)

    def zero_(self) -> Tensor:
        """Set every element to 0."""
        return self._write("zero_", 0)

    def add_(self, other: Any, *, alpha: float = 1) -> Tensor:
        """self += alpha * other, in place."""
        return self._update("add_", np.add, alpha * plain(other))

    def sub_(self, other: Any, *, alpha: float = 1) -> Tensor:
        """self -= alpha * other, in place."""
        return self._update("sub_", np.subtract, alpha * plain(other))

    def mul_(self, other: Any) -> Tensor:
        """self *= other, in place."""
        return self._update("mul_", np.multiply, other)

    def div_(self, other: Any) -> Tensor:
        """self /= other, in place."""
        return self._update("div_", np.divide, other)

    def masked_fill_(self, mask: Any, value: float) -> Tensor:
        """Set the elements where `mask` holds to `value`."""
        mask = np.asarray(plain(mask))
        if mask.dtype != bool:
            raise TypeError(
                f"masked_fill_: the mask must hold booleans, got {mask.dtype}; write mask.bool()"
            )
        try:
            return self._write("masked_fill_", value, np.broadcast_to(mask, self._data.shape))
        except ValueError:
            raise ValueError(
                f"masked_fill_: a mask of shape {mask.shape} does not fit onto a tensor of shape "
                f"{self.data.shape}"
            ) from None

    def scatter_(self, dim: int, index: Any, src: Any = None, *, value: Any = None) -> Tensor:
        """self[index[i][j]][j] = src[i][j] (dim 0), or the one number `value`: makes one-hots.

        `torch.zeros(n, 10).scatter_(1, labels.unsqueeze(1), 1)`.
        """
        if (src is None) == (value is None):
            raise TypeError(
                "scatter_: give either src, a tensor, or value, a number; for example 1"
            )
        index = np.atleast_1d(plain(index))  # one label has no axis
        at = places("scatter_", self._data, index, dim)
        source = plain(value if src is None else src)
        if np.ndim(source):
            source = source[tuple(map(slice, index.shape))]
        return self._write("scatter_", source, at)

    def clamp_(self, min: float | None = None, max: float | None = None) -> Tensor:
        """Limit to min..max, in place."""
        return self._write("clamp_", np.clip(self.data, min, max))


def plain(value: Any) -> Any:
    """The array of a Tensor; numbers and arrays as they are."""
    if isinstance(value, Base):
        return value.data
    if isinstance(value, np.ndarray) or number_kind(value) is not None:
        return value
    raise TypeError(f"expected a tensor or a number, got {type(value).__name__}")
