"""Samplers say in which order a DataLoader takes the samples: they are iterables of indices."""

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice

import numpy as np

from ...random import Generator, source
from ...tensor import Tensor


class Sampler:
    """Base class: write `__iter__` (indices, or lists of them for batch_sampler) and `__len__`."""

    def __iter__(self) -> Iterator:
        raise TypeError(f"{type(self).__name__} needs an __iter__ method that gives indices")


class SequentialSampler(Sampler):
    """0, 1, 2, ... in order."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """A new random order at each `iter()`.

    With `replacement=True`, independent draws. `num_samples` (default: the size of the data set)
    may be larger or smaller than it. Draws from `generator`, else from the stream "shuffle".
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        if num_samples is not None and num_samples < 1:
            raise ValueError(f"RandomSampler: num_samples must be at least 1, got {num_samples}")
        self.data_source = data_source
        self.replacement = replacement
        self.num_samples = len(data_source) if num_samples is None else num_samples
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        rng, n = source(self.generator, "shuffle"), len(self.data_source)
        if self.replacement:
            order = rng.integers(n, size=self.num_samples)
        else:
            rounds = -(-self.num_samples // n) if n else 0
            order = np.concatenate([np.arange(0), *(rng.permutation(n) for _ in range(rounds))])
        return iter(order[: self.num_samples].tolist())

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """The given indices in a new random order at each `iter()`."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        return iter(
            source(self.generator, "shuffle").permutation(np.asarray(self.indices, int)).tolist()
        )

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """`num_samples` draws, index i with a probability in proportion to `weights[i]`."""

    def __init__(
        self,
        weights: Sequence[float] | np.ndarray | Tensor,
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        self.weights = np.asarray(weights.data if isinstance(weights, Tensor) else weights, float)
        if self.weights.ndim != 1 or not (self.weights >= 0).all() or not self.weights.sum() > 0:
            raise ValueError(
                "WeightedRandomSampler: weights must be a list of numbers >= 0, not all 0, "
                f"one for each sample; got shape {self.weights.shape}"
            )
        drawable = np.count_nonzero(self.weights)
        if not replacement and num_samples > drawable:
            raise ValueError(
                f"WeightedRandomSampler: num_samples={num_samples} without replacement, but only "
                f"{drawable} weights are above 0; pass replacement=True"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        chances = self.weights / self.weights.sum()
        rng = source(self.generator, "shuffle")
        order = rng.choice(len(chances), self.num_samples, self.replacement, chances)
        return iter(order.tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """Groups a sampler's indices into lists of `batch_size`; the last may be smaller."""

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"batch_size must be an int of at least 1, got {batch_size!r}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        return self._batches(iter(self.sampler))  # the order is drawn here, before the first batch

    def _batches(self, indices: Iterator[int]) -> Iterator[list[int]]:
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
