"""DataLoader: batches, in order or shuffled."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...random import Generator
from .collate import default_collate
from .dataset import fetch
from .sampler import BatchSampler, RandomSampler, SequentialSampler


class DataLoader:
    """Iterates over a data set in batches; each is what `collate_fn` makes of a list of samples.

    For samples `(image, label)` a batch is `[images, labels]`: Tensors (N, C, H, W) and (N,).
    The last batch of an epoch is smaller, or left out with `drop_last=True`. `shuffle=True` draws
    a new order at each `iter()`, from `generator`, else from the stream "shuffle" that
    `mg.manual_seed` starts.

    A data set with `get_batch` (all of minigrad's have it) is read a batch at a time, with
    transforms that work on whole batches; any other set, or a `collate_fn` of your own, sample by
    sample. No processes are started: `num_workers` and the other options about workers and pinned
    memory are taken so that PyTorch scripts run, and change nothing.

    >>> from minigrad.utils.data import DataLoader, TensorDataset
    >>> dataset = TensorDataset(mg.zeros(100, 1, 8, 8), mg.zeros(100).long())
    >>> loader = DataLoader(dataset, batch_size=32, shuffle=True)
    >>> len(loader)
    4
    >>> [images.shape for images, labels in loader][-1]
    (4, 1, 8, 8)
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[list[int]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        if not (hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")):
            raise TypeError(
                f"DataLoader: a data set needs __getitem__ and __len__, got "
                f"{type(dataset).__name__}; for an iterator write list(...) around it"
            )
        if shuffle and (sampler is not None or batch_sampler is not None):
            raise ValueError(
                "DataLoader: a sampler says the order, so shuffle=True cannot hold; "
                "leave out shuffle, or leave out the sampler"
            )
        if batch_sampler is not None:
            if batch_size != 1 or sampler is not None or drop_last:
                raise ValueError(
                    "DataLoader: batch_sampler gives whole batches; leave out batch_size, "
                    "sampler and drop_last, or leave out batch_sampler"
                )
            batch_size = None
        else:
            if sampler is None:
                sampler = (
                    RandomSampler(dataset, generator=generator)
                    if shuffle
                    else SequentialSampler(dataset)
                )
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)  # type: ignore[arg-type]
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.collate_fn = default_collate if collate_fn is None else collate_fn
        self.pin_memory = pin_memory
        self.drop_last = drop_last
        self.generator = generator

    def __iter__(self) -> "BatchIterator":
        return BatchIterator(self)

    def __len__(self) -> int:
        return len(self.batch_sampler)  # type: ignore[arg-type]


class BatchIterator:
    """One epoch of a DataLoader. Its order of samples is drawn when it is made."""

    def __init__(self, loader: DataLoader) -> None:
        self._loader = loader
        self._batches = iter(loader.batch_sampler)

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        indices = next(self._batches)
        dataset, collate = self._loader.dataset, self._loader.collate_fn
        if collate is default_collate:
            return fetch(dataset, indices)
        return collate([dataset[i] for i in indices])

    def __len__(self) -> int:
        return len(self._loader)

    @property
    def next(self) -> Any:
        """Not there: Python 2's spelling, which old tutorials still have."""
        raise AttributeError("an iterator has no method next(); write next(dataiter)")
