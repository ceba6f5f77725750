"""Methods that pick elements: by index, by mask, along diagonals, each value once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops import compare
from ..ops import index as indexing
from ..ops import shape as shaping
from ..ops.reduce import normalize_dim
from ..writes import take_in
from .base import Base

if TYPE_CHECKING:
    from ..tensor import Tensor


class Picking(Base):
    """Elements by their places, and places by their elements."""

    __slots__ = ()

    def gather(self, dim: int, index: Any) -> Tensor:
        """Pick along `dim` by an integer tensor with as many axes: y[i][j] = x[index[i][j]][j]."""
        return self._apply(indexing.gather, self, index=as_array(index), dim=dim)

    def scatter_add(self, dim: int, index: Any, src: Tensor) -> Tensor:
        """A copy with src[i][j] added at [index[i][j]][j] (dim 0)."""
        return self._apply(indexing.scatter_add, self, src, index=as_array(index), dim=dim)

    def index_select(self, dim: int, index: Any) -> Tensor:
        """Whole slices along `dim`, in the order of the 1-D integer tensor `index`."""
        before = (slice(None),) * normalize_dim("index_select", dim, self.data.ndim)
        return self[(*before, index)]  # type: ignore[index]

    def select(self, dim: int, index: int) -> Tensor:
        """The slice at `index` along `dim`, that axis gone."""
        before = (slice(None),) * normalize_dim("select", dim, self.data.ndim)
        return self[(*before, index)]  # type: ignore[index]

    def unfold(self, dimension: int, size: int, step: int) -> Tensor:
        """Windows of `size` along `dimension`, every `step`: a new last axis holds their elements.

        Axis `dimension` then counts the windows: floor((L - size) / step) + 1 of them.
        """
        axis = normalize_dim("unfold", dimension, self.data.ndim)
        length = self.data.shape[axis]
        if not 1 <= size <= length or step < 1:
            raise ValueError(
                f"unfold: size must be from 1 to {length}, the size of axis {dimension} of "
                f"{self.data.shape}, and step at least 1; got size={size}, step={step}"
            )
        places = np.arange(0, length - size + 1, step)[:, None] + np.arange(size)
        windows = self[(slice(None),) * axis + (places,)]  # type: ignore[index]
        return windows.movedim(axis + 1, -1)

    def repeat_interleave(self, repeats: Any, dim: int | None = None) -> Tensor:
        """Each slice along `dim` `repeats` times in a row: [a, b] -> [a, a, b, b].

        `repeats`: one number, or a number for each slice. Without `dim`, of the flattened tensor.
        """
        if dim is None:
            return self.reshape(-1).repeat_interleave(repeats, 0)  # type: ignore[attr-defined]
        size = self.data.shape[normalize_dim("repeat_interleave", dim, self.data.ndim)]
        times = as_array(repeats)
        whole = times.dtype.kind in "iu" and (times >= 0).all()
        if not whole or times.shape not in ((), (1,), (size,)):
            raise ValueError(
                f"repeat_interleave: repeats must be a whole number, or one for each of the {size} "
                f"slices of axis {dim}, got {repeats!r}"
            )
        return self.index_select(dim, np.repeat(np.arange(size), times))

    def masked_select(self, mask: Any) -> Tensor:
        """The elements where `mask` holds, as a vector in reading order."""
        mask = as_array(mask)
        if mask.dtype != bool:
            raise TypeError(
                f"masked_select: the mask must hold booleans, got {mask.dtype}; write mask.bool(), "
                "or compare: x > 0"
            )
        shape = np.broadcast_shapes(self.data.shape, mask.shape)
        return self.expand(shape)[np.broadcast_to(mask, shape)]  # type: ignore[attr-defined]

    def nonzero(self, as_tuple: bool = False) -> Any:
        """Where the elements are that are not zero: (how many, axes), a row for each.

        With `as_tuple=True` a vector of indices for each axis: x[x.nonzero(as_tuple=True)].
        """
        places = self._apply(compare.nonzero, self)
        return places.unbind(1) if as_tuple else places

    def unique(
        self,
        sorted: bool = True,
        return_inverse: bool = False,
        return_counts: bool = False,
        dim: int | None = None,
    ) -> Any:
        """Each value once, in order; with `dim`, each slice along it.

        With `return_inverse` also where each element went, and with `return_counts` also how often
        each value was there: a tuple then.
        """
        wanted = ["values"] + ["inverse"] * return_inverse + ["counts"] * return_counts
        parts = tuple(self._apply(compare.unique, self, dim=dim, give=part) for part in wanted)
        return parts if len(parts) > 1 else parts[0]

    def bincount(self, weights: Any = None, minlength: int = 0) -> Tensor:
        """How often each whole number 0, 1, 2 ... stands in this vector, or the sum of its weights.

        The result is as long as the largest number asks for, and at least `minlength`.
        """
        return self._apply(compare.bincount, self, weights, minlength=minlength)

    def diagonal(self, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
        """The elements [i, i + offset] of axes `dim1` and `dim2`, as a last axis."""
        x = self.movedim((dim1, dim2), (-2, -1))  # type: ignore[attr-defined]
        rows, columns = x.shape[-2:]
        i = np.arange(max(0, -offset), min(rows, columns - offset))
        return x[..., i, i + offset]

    def diag(self, diagonal: int = 0) -> Tensor:
        """The diagonal of a matrix (N, M); of a vector (N,), the matrix with it on the diagonal.

        `diagonal` above 0 is one above the main diagonal, below 0 one below.
        """
        if self.data.ndim == 2:
            return self.diagonal(diagonal)
        if self.data.ndim != 1:
            raise ValueError(
                f"diag: expected a vector or a matrix, got shape {self.data.shape}; x.diagonal() "
                "takes more axes"
            )
        beside, n = abs(diagonal), len(self.data)
        longer = self._apply(shaping.pad, self, padding=[(max(diagonal, 0), max(-diagonal, 0))])
        return longer.expand(n + beside, -1).where(np.eye(n + beside, k=diagonal, dtype=bool), 0)

    def trace(self) -> Tensor:
        """The sum of the diagonal of a matrix."""
        if self.data.ndim != 2:
            raise ValueError(f"trace: expected a matrix, got shape {self.data.shape}")
        return self.diagonal().sum()

    def tril(self, diagonal: int = 0) -> Tensor:
        """The lower triangle of matrices (..., N, M), 0 above `diagonal`."""
        return self._triangle("tril", lambda rows, columns: np.tri(rows, columns, diagonal, bool))

    def triu(self, diagonal: int = 0) -> Tensor:
        """The upper triangle of matrices (..., N, M), 0 below `diagonal`."""
        return self._triangle(
            "triu", lambda rows, columns: ~np.tri(rows, columns, diagonal - 1, bool)
        )

    def _triangle(self, name: str, mask: Any) -> Tensor:
        if self.data.ndim < 2:
            raise ValueError(f"{name}: expected matrices (..., N, M), got shape {self.data.shape}")
        return self.where(mask(*self.data.shape[-2:]), 0)  # type: ignore[attr-defined]

    def outer(self, other: Any) -> Tensor:
        """The matrix of all products of two vectors: (N,) and (M,) -> (N, M)."""
        if self.data.ndim != 1 or not isinstance(other, Base) or other._data.ndim != 1:
            raise ValueError(
                f"outer: expected two vectors, got shapes {self.data.shape} and {np.shape(other)}"
            )
        return self.unsqueeze(1) * other  # type: ignore[attr-defined]


def as_array(index: Any) -> np.ndarray:
    """The array of a Tensor; anything else as NumPy makes an array of it."""
    if isinstance(index, Base):
        return index.data
    if isinstance(index, np.ndarray):
        take_in(index, "an index")
    return np.asarray(index)
