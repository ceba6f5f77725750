"""Methods that rearrange: shape, order of axes, splitting. No element changes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops import shape as shaping
from ..ops.reduce import normalize_dim, normalize_dims
from .base import Base
from .size import Size

if TYPE_CHECKING:
    from ..tensor import Tensor


class Shaping(Base):
    """Shape and axes. Sizes can be given one by one or as one tuple, as in PyTorch."""

    __slots__ = ()

    @property
    def shape(self) -> Size:
        """The sizes of the axes, a tuple; `.shape.numel()` multiplies them."""
        return Size(self._data.shape)

    @property
    def ndim(self) -> int:
        """How many axes."""
        return self.data.ndim

    @property
    def T(self) -> Tensor:
        """The axes in reverse order; the transpose of a matrix."""
        return self.permute(*reversed(range(self.data.ndim)))

    @property
    def mT(self) -> Tensor:
        """The last two axes exchanged."""
        return self.transpose(-2, -1)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one axis."""
        shape = self._data.shape
        return Size(shape) if dim is None else shape[normalize_dim("size", dim, len(shape))]

    def dim(self) -> int:
        """How many axes."""
        return self.data.ndim

    def numel(self) -> int:
        """How many elements."""
        return self.data.size

    nelement = numel

    def is_contiguous(self) -> bool:
        """Always True: how the elements lie in memory is no concern of the user."""
        return True

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements in another shape; one size may be -1 and is worked out."""
        return self._apply(shaping.reshape, self, shape=flat(shape))

    view = reshape

    def view_as(self, other: Tensor) -> Tensor:
        """This tensor in the shape of `other`."""
        return self.reshape(other.data.shape)

    reshape_as = view_as

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """Axes start_dim..end_dim become one: (N, C, H, W) -> (N, C*H*W) with start_dim=1."""
        shape = self.data.shape
        if not shape:
            return self.reshape(1)
        start = normalize_dim("flatten", start_dim, len(shape))
        end = normalize_dim("flatten", end_dim, len(shape))
        if start > end:
            raise ValueError(f"flatten: start_dim {start_dim} stands after end_dim {end_dim}")
        middle = math.prod(shape[start : end + 1])
        return self.reshape(*shape[:start], middle, *shape[end + 1 :])

    def unflatten(self, dim: int, sizes: tuple[int, ...]) -> Tensor:
        """One axis becomes several: the inverse of flatten. One size may be -1."""
        shape = self.data.shape
        axis = normalize_dim("unflatten", dim, len(shape))
        sizes = shaping.fill_in("unflatten", shape[axis : axis + 1], tuple(sizes))
        return self.reshape(*shape[:axis], *sizes, *shape[axis + 1 :])

    def permute(self, *dims: Any) -> Tensor:
        """The axes in the order of `dims`: permute(0, 2, 3, 1) makes NHWC of NCHW."""
        return self._apply(shaping.permute, self, dims=flat(dims))

    def transpose(self, dim0: int, dim1: int) -> Tensor:
        """Exchange two axes."""
        axes = list(range(self.data.ndim))
        a, b = (normalize_dim("transpose", d, self.data.ndim) for d in (dim0, dim1))
        axes[a], axes[b] = axes[b], axes[a]
        return self.permute(*axes)

    swapaxes = transpose

    def movedim(self, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> Tensor:
        """Move axes to other places; the others keep their order."""
        ndim = self.data.ndim
        old = normalize_dims("movedim", source, ndim)
        new = normalize_dims("movedim", destination, ndim)
        if len(old) != len(new):
            raise ValueError(
                f"movedim: as many destinations as sources are needed, got {source} and "
                f"{destination}"
            )
        axes = [axis for axis in range(ndim) if axis not in old]
        for place, axis in sorted(zip(new, old, strict=True)):
            axes.insert(place, axis)
        return self.permute(axes)

    def t(self) -> Tensor:
        """The transpose of a matrix; a vector as it is."""
        if self.data.ndim > 2:
            raise ValueError(
                f"t: is for matrices, this tensor has shape {self.data.shape}; use .mT"
            )
        return self.T

    def squeeze(self, dim: int | tuple[int, ...] | None = None) -> Tensor:
        """Drop axes of size 1: all, or those in `dim`; an axis in `dim` of another size stays."""
        shape = self.data.shape
        dims = normalize_dims("squeeze", dim, len(shape))
        return self.reshape(tuple(n for i, n in enumerate(shape) if n != 1 or i not in dims))

    def unsqueeze(self, dim: int) -> Tensor:
        """Insert an axis of size 1 at `dim`."""
        shape = list(self.data.shape)
        axis = normalize_dim("unsqueeze", dim, len(shape) + 1)
        shape.insert(axis, 1)
        return self.reshape(tuple(shape))

    def expand(self, *shape: Any) -> Tensor:
        """Repeat axes of size 1 to `shape` without copying; -1 keeps a size."""
        return self._apply(shaping.expand, self, shape=flat(shape))

    def expand_as(self, other: Tensor) -> Tensor:
        """Expanded to the shape of `other`."""
        return self.expand(other.data.shape)

    def repeat(self, *repeats: Any) -> Tensor:
        """Tile: the whole tensor `repeats[i]` times along axis i."""
        repeats = flat(repeats)
        new = len(repeats) - self.data.ndim
        if new < 0:
            raise ValueError(
                f"repeat: one number for each axis of {self.data.shape} is needed, got {repeats}"
            )
        shape = (1,) * new + self.data.shape
        paired = [size for n in shape for size in (1, n)]
        tiled = [size for r, n in zip(repeats, shape, strict=True) for size in (r, n)]
        total = [r * n for r, n in zip(repeats, shape, strict=True)]
        return self.reshape(paired).expand(tiled).reshape(total)

    def tile(self, *dims: Any) -> Tensor:
        """The whole tensor `dims[i]` times along axis i, as `repeat`; axes not named once."""
        dims = flat(dims)
        return self.repeat((1,) * (self.data.ndim - len(dims)) + dims)

    def flip(self, *dims: Any) -> Tensor:
        """Reverse the order along `dims`."""
        return self._apply(shaping.flip, self, dims=flat(dims))

    def roll(self, shifts: Any, dims: Any = None) -> Tensor:
        """Shift along `dims` (or in reading order); what leaves one end comes back at the other."""
        return self._apply(shaping.roll, self, shifts=shifts, dims=dims)

    def narrow(self, dim: int, start: int, length: int) -> Tensor:
        """`length` slices along `dim` from `start` on."""
        axis = normalize_dim("narrow", dim, self.data.ndim)
        if not 0 <= start <= start + length <= self.data.shape[axis]:
            raise IndexError(
                f"narrow: {start}..{start + length} is not within axis {dim} of {self.data.shape}"
            )
        return self[(slice(None),) * axis + (slice(start, start + length),)]  # type: ignore[index]

    def split(self, split_size: int | list[int], dim: int = 0) -> tuple[Tensor, ...]:
        """Pieces along `dim` of `split_size` each (the last may be smaller), or of listed sizes."""
        axis = normalize_dim("split", dim, self.data.ndim)
        total = self.data.shape[axis]
        if isinstance(split_size, int):
            if split_size < 1:
                raise ValueError(f"split: split_size must be at least 1, got {split_size}")
            sizes = [min(split_size, total - i) for i in range(0, total, split_size)] or [0]
        else:
            sizes = list(split_size)
        if sum(sizes) != total:
            raise ValueError(
                f"split: the sizes {sizes} do not add up to axis {dim}, which is {total}"
            )
        starts = np.cumsum([0, *sizes])[:-1]
        return tuple(self.narrow(axis, int(s), n) for s, n in zip(starts, sizes, strict=True))

    def chunk(self, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        """At most `chunks` pieces of equal size along `dim`; the last may be smaller."""
        if chunks < 1:
            raise ValueError(f"chunk: chunks must be at least 1, got {chunks}")
        return self.split(-(-self.size(dim) // chunks) or 1, dim)

    def unbind(self, dim: int = 0) -> tuple[Tensor, ...]:
        """The slices along `dim`, that axis gone."""
        axis = normalize_dim("unbind", dim, self.data.ndim)
        before = (slice(None),) * axis
        return tuple(self[(*before, i)] for i in range(self.data.shape[axis]))  # type: ignore[index]


def flat(sizes: tuple) -> tuple[int, ...]:
    """(2, 3) from f(2, 3) as well as from f((2, 3))."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    return tuple(int(n) for n in sizes)
