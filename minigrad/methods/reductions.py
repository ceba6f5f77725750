"""Methods that reduce axes, sort, and search.

`dim` is an axis, several, or None for all; `keepdim` keeps a reduced axis at size 1. NumPy's names
for the two, `axis` and `keepdims`, are taken as well, as PyTorch takes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..ops import compare, reduce
from .base import Base, need_float, numpy_names
from .picking import Picking

if TYPE_CHECKING:
    from ..tensor import Tensor

Dims = int | tuple[int, ...] | list[int] | None


class ValuesIndices(NamedTuple):
    """What max, min, sort and topk return along an axis: the values, and where they stood."""

    values: Tensor
    indices: Tensor


class Reductions(Picking):
    """Sums, means, extremes, norms; sorting and searching."""

    __slots__ = ()

    @numpy_names
    def sum(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The sum along `dim`."""
        return self._apply(reduce.sum, self, dim=dim, keepdim=keepdim)

    @numpy_names
    def mean(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The mean along `dim`."""
        return self._apply(reduce.mean, need_float("mean", self), dim=dim, keepdim=keepdim)

    @numpy_names
    def var(
        self,
        dim: Dims = None,
        unbiased: bool = True,
        keepdim: bool = False,
        *,
        correction: float | None = None,
    ) -> Tensor:
        """The variance along `dim`, over (count - correction); unbiased=False is correction=0."""
        correction = int(unbiased) if correction is None else correction
        x = need_float("var", self)
        return self._apply(reduce.var, x, dim=dim, correction=correction, keepdim=keepdim)

    @numpy_names
    def std(
        self,
        dim: Dims = None,
        unbiased: bool = True,
        keepdim: bool = False,
        *,
        correction: float | None = None,
    ) -> Tensor:
        """The standard deviation along `dim`, the square root of `var`."""
        correction = int(unbiased) if correction is None else correction
        x = need_float("std", self)
        return self._apply(reduce.std, x, dim=dim, correction=correction, keepdim=keepdim)

    @numpy_names
    def prod(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The product along `dim`."""
        return self._apply(reduce.prod, self, dim=dim, keepdim=keepdim)

    @numpy_names
    def amax(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The largest element along `dim`; equal ones share the gradient."""
        return self._apply(reduce.amax, self, dim=dim, keepdim=keepdim)

    @numpy_names
    def amin(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The smallest element along `dim`; equal ones share the gradient."""
        return self._apply(reduce.amin, self, dim=dim, keepdim=keepdim)

    @numpy_names
    def max(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The largest element; with `dim`, (values, indices). `x.max(y)` is `x.maximum(y)`."""
        if isinstance(dim, Base):
            return self.maximum(dim)  # type: ignore[attr-defined]
        return self.amax() if dim is None else self._select(compare.argmax, dim, keepdim)

    @numpy_names
    def min(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The smallest element; with `dim`, (values, indices). `x.min(y)` is `x.minimum(y)`."""
        if isinstance(dim, Base):
            return self.minimum(dim)  # type: ignore[attr-defined]
        return self.amin() if dim is None else self._select(compare.argmin, dim, keepdim)

    def _select(self, search: Any, dim: int, keepdim: bool) -> ValuesIndices:
        where = self._apply(search, self, dim=dim, keepdim=True)
        values = self.gather(dim, where)
        return (
            ValuesIndices(values, where)
            if keepdim
            else ValuesIndices(values.squeeze(dim), where.squeeze(dim))
        )

    @numpy_names
    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Where the first largest element stands, along `dim` or in the flattened tensor."""
        return self._apply(compare.argmax, self, dim=dim, keepdim=keepdim)

    @numpy_names
    def argmin(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Where the first smallest element stands, along `dim` or in the flattened tensor."""
        return self._apply(compare.argmin, self, dim=dim, keepdim=keepdim)

    @numpy_names
    def argsort(self, dim: int = -1, descending: bool = False) -> Tensor:
        """The indices that sort along `dim`; equal elements keep their order."""
        return self._apply(compare.argsort, self, dim=dim, descending=descending)

    @numpy_names
    def sort(self, dim: int = -1, descending: bool = False) -> ValuesIndices:
        """(values, indices) in order along `dim`; equal elements keep their order."""
        where = self.argsort(dim, descending)
        return ValuesIndices(self.gather(dim, where), where)

    def topk(
        self, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
    ) -> ValuesIndices:
        """(values, indices) of the k largest (or smallest) along `dim`, always best first."""
        size = self.size(dim)  # type: ignore[attr-defined]
        if not 0 <= k <= size:
            raise ValueError(
                f"topk: k must be 0..{size} for axis {dim} of {self.data.shape}, got {k}"
            )
        where = self.argsort(dim, descending=largest).narrow(dim, 0, k)
        return ValuesIndices(self.gather(dim, where), where)

    @numpy_names
    def logsumexp(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """log(sum(exp(x))) along `dim`, without overflow."""
        return self._apply(reduce.logsumexp, self, dim=dim, keepdim=keepdim)

    @numpy_names
    def norm(self, p: float = 2, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The p-norm along `dim`; p may be inf."""
        return self._apply(reduce.norm, need_float("norm", self), p=p, dim=dim, keepdim=keepdim)

    @numpy_names
    def cumsum(self, dim: int) -> Tensor:
        """Running sum along `dim`."""
        return self._apply(reduce.cumsum, self, dim=dim)

    @numpy_names
    def any(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """Whether one element at least is true."""
        return self._apply(compare.any, self, dim=dim, keepdim=keepdim)

    @numpy_names
    def all(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """Whether all elements are true."""
        return self._apply(compare.all, self, dim=dim, keepdim=keepdim)
