"""Methods that fill a tensor with random numbers, in place, and draws of its own probabilities.

They draw from the stream "sample" of `minigrad.manual_seed`, or from `generator=`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..random import source
from .base import need_float
from .inplace import InPlace
from .picking import as_array

if TYPE_CHECKING:
    from ..tensor import Tensor


class Chance(InPlace):
    """Random fills. What a layer's weights need is in `nn.init`."""

    __slots__: tuple[str, ...] = ()

    def normal_(self, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
        """Fill with draws from the normal distribution."""
        need_float("normal_", self)
        if std < 0:
            raise ValueError(f"normal_: std must not be negative, got {std}")
        draws = source(generator, "sample").standard_normal(self._data.shape)
        return self._write("normal_", mean + std * draws)

    def uniform_(self, from_: float = 0.0, to: float = 1.0, *, generator: Any = None) -> Tensor:
        """Fill with numbers equally likely anywhere from `from_` to `to`."""
        need_float("uniform_", self)
        if from_ > to:
            raise ValueError(f"uniform_: from {from_} is greater than to={to}; exchange the two")
        draws = source(generator, "sample").random(self._data.shape)
        return self._write("uniform_", from_ + (to - from_) * draws)

    def exponential_(self, lambd: float = 1.0, *, generator: Any = None) -> Tensor:
        """Fill with draws from the exponential distribution of mean 1 / lambd."""
        need_float("exponential_", self)
        if lambd <= 0:
            raise ValueError(f"exponential_: lambd must be above 0, got {lambd}")
        return self._write(
            "exponential_",
            source(generator, "sample").standard_exponential(self._data.shape) / lambd,
        )

    def bernoulli_(self, p: Any = 0.5, *, generator: Any = None) -> Tensor:
        """Fill with 1 with probability `p`, a number or a tensor, and else with 0."""
        p = probabilities("bernoulli_", as_array(p))
        return self._write("bernoulli_", source(generator, "sample").random(self._data.shape) < p)

    def bernoulli(self, *, generator: Any = None) -> Tensor:
        """1 with the probability that each element says, else 0, in the same shape and dtype."""
        result = need_float("bernoulli", self).detach().clone()
        return result.bernoulli_(self._data, generator=generator)

    def random_(self, from_: int = 0, to: int | None = None, *, generator: Any = None) -> Tensor:
        """Fill with whole numbers from_ <= n < to; random_(to) begins at 0.

        Without limits, up to the greatest whole number that the dtype has exactly.
        """
        if to is None and from_:
            from_, to = 0, from_
        if to is None:
            dtype = self._data.dtype
            to = 2 ** (np.finfo(dtype).nmant + 1) if dtype.kind == "f" else np.iinfo(dtype).max
        if from_ >= to:
            raise ValueError(f"random_: expected from < to, got {from_} and {to}")
        draws = source(generator, "sample").integers(from_, to, self._data.shape)
        return self._write("random_", draws)


def probabilities(name: str, p: np.ndarray) -> np.ndarray:
    """`p`, if all of it is."""
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"{name}: a probability is from 0 to 1, got {p.min():g} to {p.max():g}")
    return p
