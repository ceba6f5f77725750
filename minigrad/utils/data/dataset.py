"""Data sets: things with a length and an index.

A data set may also have `get_batch(indices)`: the same as indexing one by one and collating, but
at once, by array indexing. The sets of minigrad have it; `fetch` uses it where it is there.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...random import Generator
from ...tensor import Tensor
from .collate import default_collate
from .sampler import rng_of


class Dataset:
    """Base class: write `__len__(self)` and `__getitem__(self, index)`.

    `get_batch(self, indices)` may be added for speed: `indices` is an int array of shape (N,) with
    values from 0 to len - 1; return what collating the N samples returns, mostly a list with one
    Tensor a field.

    >>> class Squares(mg.utils.data.Dataset):
    ...     def __len__(self):
    ...         return 5
    ...     def __getitem__(self, index):
    ...         return float(index), float(index**2)
    >>> x, y = next(iter(mg.utils.data.DataLoader(Squares(), batch_size=5)))
    >>> y.tolist()
    [0.0, 1.0, 4.0, 9.0, 16.0]
    """

    def __getitem__(self, index: Any) -> Any:
        raise TypeError(f"{type(self).__name__} needs a method __getitem__(self, index)")

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__} needs a method __len__(self)")

    def __add__(self, other: "Dataset") -> "ConcatDataset":
        return ConcatDataset([self, other])


def vectorized(thing: Any, at_once: str, one_by_one: str) -> bool:
    """Whether method `at_once` stands for method `one_by_one`.

    Not where a subclass has changed only `one_by_one`: then the inherited `at_once` is out of date.
    """
    for cls in type(thing).__mro__:
        if at_once in vars(cls) or one_by_one in vars(cls):
            return at_once in vars(cls)
    return False


def fetch(dataset: Any, indices: Sequence[int] | np.ndarray) -> Any:
    """The samples at `indices` as one batch: by `get_batch`, else one by one and collated."""
    if not vectorized(dataset, "get_batch", "__getitem__"):
        return default_collate([dataset[i] for i in indices], indices)
    where, n = np.asarray(indices, np.intp), len(dataset)
    outside = where[(where < -n) | (where >= n)]
    if outside.size:
        raise IndexError(f"{type(dataset).__name__} has {n} samples; there is no {outside[0]}")
    return dataset.get_batch(where % n)


class TensorDataset(Dataset):
    """Samples are the rows of tensors of equal length: `dataset[i]` is `(x[i], y[i], ...)`.

    Arrays are wrapped as they are, without a copy.

    >>> dataset = mg.utils.data.TensorDataset(mg.arange(3), mg.tensor([10, 20, 30]))
    >>> [x.item() for x in dataset[1]]
    [1, 20]
    """

    def __init__(self, *tensors: Tensor | np.ndarray) -> None:
        for t in tensors:
            if not isinstance(t, (Tensor, np.ndarray)):
                raise TypeError(
                    f"TensorDataset: expected tensors, got {type(t).__name__}; write mg.tensor(...)"
                )
        lengths = {t.shape[:1] for t in tensors}
        if len(lengths) != 1 or () in lengths:
            raise ValueError(
                "TensorDataset: expected one or more tensors of the same length, got shapes "
                f"{[t.shape for t in tensors]}"
            )
        self.tensors = tuple(t if isinstance(t, Tensor) else Tensor(t) for t in tensors)

    def __getitem__(self, index: Any) -> tuple:
        return tuple(t[index] for t in self.tensors)

    def __len__(self) -> int:
        return self.tensors[0].shape[0]

    def get_batch(self, indices: np.ndarray) -> list:
        """The rows at `indices`, one Tensor (N, ...) a field."""
        return [Tensor(t.data[indices]) for t in self.tensors]


class Subset(Dataset):
    """The samples of `dataset` at `indices`, in that order."""

    def __init__(self, dataset: Any, indices: Sequence[int] | np.ndarray) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)

    def get_batch(self, indices: np.ndarray) -> Any:
        """As `dataset` gives it."""
        return fetch(self.dataset, [self.indices[i] for i in indices])


class ConcatDataset(Dataset):
    """Several data sets, one after the other; also `a + b`."""

    def __init__(self, datasets: Iterable) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: expected one or more data sets, got none")
        self.cumulative_sizes = np.cumsum([len(d) for d in self.datasets]).tolist()

    def __getitem__(self, index: int) -> Any:
        n = len(self)
        if not -n <= index < n:
            raise IndexError(f"ConcatDataset has {n} samples; there is no {index}")
        index %= n
        part = int(np.searchsorted(self.cumulative_sizes, index, side="right"))
        return self.datasets[part][index - self._start(part)]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def _start(self, part: int) -> int:
        return self.cumulative_sizes[part - 1] if part else 0

    def get_batch(self, indices: np.ndarray) -> Any:
        """One Tensor (N, ...) a field, put together from the parts' batches."""
        part_of = np.searchsorted(self.cumulative_sizes, indices, side="right")
        batches = [
            fetch(self.datasets[part], indices[part_of == part] - self._start(part))
            for part in np.unique(part_of)
        ]
        if len(batches) == 1:
            return batches[0]
        if not _joinable(batches):
            return default_collate([self[i] for i in indices], indices)
        place = np.argsort(np.argsort(part_of, kind="stable"))  # where each sample now lies
        return [
            Tensor(np.concatenate([t.data for t in field])[place])
            for field in zip(*batches, strict=True)
        ]


def _joinable(batches: list) -> bool:
    """Whether all are lists of Tensors whose rows have the same shapes."""
    fields = [field for batch in batches if isinstance(batch, list) for field in batch]
    return (
        all(isinstance(batch, list) for batch in batches)
        and all(isinstance(field, Tensor) for field in fields)
        and len({tuple(field.shape[1:] for field in batch) for batch in batches}) == 1
    )


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Generator | None = None
) -> list[Subset]:
    """Cut a data set at random into Subsets of the given lengths.

    `lengths` are numbers of samples that sum to `len(dataset)`, or fractions that sum to 1: each
    is rounded down, and what is left goes to the first parts, one sample each. Draws from
    `generator`, else from the stream "shuffle".

    >>> training, test = mg.utils.data.random_split(range(10), [0.8, 0.2])
    >>> len(training), len(test)
    (8, 2)
    """
    n = len(dataset)
    sizes = [int(length) for length in lengths]
    if abs(sum(lengths) - 1) < 1e-6 and all(0 <= length <= 1 for length in lengths):
        sizes = [int(n * fraction) for fraction in lengths]
        for i in range(n - sum(sizes)):
            sizes[i % len(sizes)] += 1
    if sum(sizes) != n or min(sizes) < 0:
        raise ValueError(
            f"random_split: lengths {list(lengths)} must sum to the {n} samples of "
            f"{type(dataset).__name__}, or as fractions to 1; they sum to {sum(lengths)}"
        )
    order = rng_of(generator).permutation(n)
    cuts = np.cumsum(sizes)[:-1].astype(int)
    return [Subset(dataset, part) for part in np.split(order, cuts)]
