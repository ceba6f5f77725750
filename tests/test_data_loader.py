from itertools import chain

import numpy as np
import pytest

from minigrad import random
from minigrad.random import Generator
from minigrad.tensor import Tensor
from minigrad.transforms import ToTensor
from minigrad.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    SequentialSampler,
    Subset,
    TensorDataset,
    default_collate,
    fetch,
)


class Squares(Dataset):
    """A user's data set: no get_batch."""

    def __init__(self, n=10):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if not 0 <= i < self.n:
            raise IndexError(i)
        return np.full((2, 3), i, np.float32), i * i


def rows(n=10):
    x = np.arange(n * 6, dtype=np.float32).reshape(n, 2, 3)
    return TensorDataset(Tensor(x), Tensor(np.arange(n)))


def labels(loader):
    return [y.data.tolist() for _, y in loader]


def same(a, b):
    """Whether two batches hold equal values of equal types."""
    if isinstance(a, Tensor):
        return a.dtype == b.dtype and np.array_equal(a.data, b.data)
    if isinstance(a, list):
        return isinstance(b, list) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


# ---- DataLoader


def test_batches_in_order_with_a_smaller_last_one():
    loader = DataLoader(rows(), batch_size=4)
    batches = list(loader)
    assert [x.shape for x, _ in batches] == [(4, 2, 3), (4, 2, 3), (2, 2, 3)]
    assert labels(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert len(loader) == 3
    assert all(isinstance(batch, list) for batch in batches)
    assert batches[0][1].dtype == np.int64


def test_drop_last():
    loader = DataLoader(rows(), batch_size=4, drop_last=True)
    assert labels(loader) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(loader) == 2


def test_shuffle_takes_each_sample_once_and_anew_each_epoch():
    random.manual_seed(0)
    loader = DataLoader(rows(100), batch_size=30, shuffle=True)
    first, second = (list(chain(*labels(loader))) for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(100))
    assert first != second
    assert first != sorted(first)


def test_the_same_seed_gives_the_same_order():
    loader = DataLoader(rows(50), batch_size=7, shuffle=True)
    random.manual_seed(3)
    epochs = [labels(loader), labels(loader)]
    random.manual_seed(3)
    assert [labels(loader), labels(loader)] == epochs
    own = DataLoader(rows(50), 7, shuffle=True, generator=Generator().manual_seed(1))
    again = DataLoader(rows(50), 7, shuffle=True, generator=Generator().manual_seed(1))
    assert labels(own) == labels(again) != epochs[0]


def test_an_epochs_order_is_drawn_when_its_iteration_starts():
    loader = DataLoader(rows(50), batch_size=7, shuffle=True)
    state = random.get_rng_state()
    iterator = iter(loader)
    random.manual_seed(123)  # too late to matter
    epoch = labels(iterator)
    random.set_rng_state(state)
    assert labels(loader) == epoch


def test_a_users_data_set_gives_the_same_kind_of_batches():
    (x, y), *_ = DataLoader(Squares(), batch_size=4)
    assert (x.shape, x.dtype, y.dtype) == ((4, 2, 3), np.float32, np.int64)
    assert y.data.tolist() == [0, 1, 4, 9]


def test_a_whole_batch_is_read_at_once_where_the_data_set_can():
    class Counted(TensorDataset):
        reads: list = []  # noqa: RUF012

        def get_batch(self, indices):
            self.reads.append(indices.tolist())
            return super().get_batch(indices)

    data = Counted(np.arange(6.0))
    split = ConcatDataset([Subset(data, [5, 1, 2]), Subset(data, [0])])
    assert [t.data.tolist() for (t,) in DataLoader(split, 4)] == [[5, 1, 2, 0]]
    assert Counted.reads == [[5, 1, 2], [0]]


def test_a_subclass_that_changes_only_getitem_is_heeded():
    class WithIndex(TensorDataset):
        def __getitem__(self, i):
            return *super().__getitem__(i), i

    (x, i), *_ = DataLoader(WithIndex(np.arange(4.0) * 2), 4)
    assert x.data.tolist() == [0, 2, 4, 6]
    assert i.data.tolist() == [0, 1, 2, 3]


def test_own_collate_fn_gets_the_list_of_samples():
    loader = DataLoader(rows(), batch_size=3, collate_fn=lambda samples: len(samples))
    assert list(loader) == [3, 3, 3, 1]


def test_samplers_and_batch_samplers():
    assert labels(DataLoader(rows(), 2, sampler=[3, 1, 9])) == [[3, 1], [9]]
    assert labels(DataLoader(rows(), batch_sampler=[[3], [1, 9]])) == [[3], [1, 9]]
    pairs = BatchSampler(SequentialSampler(range(5)), 2, drop_last=False)
    assert labels(DataLoader(rows(), batch_sampler=pairs)) == [[0, 1], [2, 3], [4]]


def test_pytorchs_other_options_are_taken_and_change_nothing():
    loader = DataLoader(
        rows(), 5, num_workers=4, pin_memory=True, timeout=0, worker_init_fn=None,
        prefetch_factor=2, persistent_workers=True, pin_memory_device="", in_order=True,
    )  # fmt: skip
    assert loader.num_workers == 4
    assert labels(loader) == labels(DataLoader(rows(), 5))


def test_two_iterators_of_a_loader_do_not_disturb_each_other():
    loader = DataLoader(rows(4), 1)
    a, b = iter(loader), iter(loader)
    next(a)
    assert next(b)[1].item() == 0
    assert next(a)[1].item() == 1
    assert len(a) == 4


def test_old_spelling_of_next():
    with pytest.raises(AttributeError, match=r"write next\(dataiter\)"):
        iter(DataLoader(rows())).next()


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, None, True])
def test_batch_size_must_be_positive(batch_size):
    with pytest.raises(ValueError, match="batch_size must be an int of at least 1, got"):
        DataLoader(rows(), batch_size=batch_size)


def test_options_that_exclude_each_other():
    for order in ({"sampler": [0]}, {"batch_sampler": [[0]]}):
        with pytest.raises(ValueError, match=r"a sampler says the order.*leave out shuffle"):
            DataLoader(rows(), shuffle=True, **order)
    for more in ({"batch_size": 2}, {"sampler": [0]}, {"drop_last": True}):
        with pytest.raises(ValueError, match="batch_sampler gives whole batches; leave out"):
            DataLoader(rows(), batch_sampler=[[0]], **more)


def test_what_is_no_data_set_is_refused():
    with pytest.raises(TypeError, match=r"needs __getitem__ and __len__, got generator.*list"):
        DataLoader(i for i in range(3))
    with pytest.raises(TypeError, match=r"write generator=mg.Generator\(\).manual_seed\(0\)"):
        list(DataLoader(rows(), shuffle=True, generator=0))

    class Half(Dataset):
        pass

    with pytest.raises(TypeError, match=r"Half needs a method __getitem__\(self, index\)"):
        Half()[0]
    with pytest.raises(TypeError, match=r"Half needs a method __len__\(self\)"):
        DataLoader(Half(), shuffle=True)


# ---- data sets


def test_tensor_dataset():
    data = rows()
    x, y = data[3]
    assert (x.shape, y.item()) == ((2, 3), 3)
    assert data[2:5][0].shape == (3, 2, 3)
    assert len(data) == 10
    array = np.zeros((4, 2))
    assert TensorDataset(array).tensors[0].data is array


def test_tensor_dataset_refuses():
    a, b = Tensor(np.zeros((4, 2))), Tensor(np.zeros(3))
    with pytest.raises(ValueError, match=r"same length, got shapes \[\(4, 2\), \(3,\)\]"):
        TensorDataset(a, b)
    with pytest.raises(ValueError, match=r"one or more tensors of the same length.*\[\]"):
        TensorDataset()
    with pytest.raises(ValueError, match=r"got shapes \[\(\)\]"):
        TensorDataset(Tensor(np.array(1.0)))
    with pytest.raises(TypeError, match=r"expected tensors, got list; write mg.tensor"):
        TensorDataset([1, 2])


def test_subset_in_its_own_order():
    part = Subset(rows(), [7, 7, -1])
    assert (len(part), part[2][1].item()) == (3, 9)
    assert fetch(part, [2, 0])[1].data.tolist() == [9, 7]


@pytest.mark.parametrize(
    "parts",
    [
        (rows(4), rows(3), rows(5)),
        (rows(4), Squares(3), rows(5)),
        (Squares(2), Squares(3)),
        (Subset(rows(6), [5, 0]), rows(0), rows(1)),
    ],
)
def test_concat_dataset_is_one_after_the_other(parts):
    data = ConcatDataset(parts)
    samples = [part[i] for part in parts for i in range(len(part))]
    assert len(data) == len(samples)
    for i in range(-len(samples), len(samples)):
        assert same(default_collate([data[i]]), default_collate([samples[i]]))
    order = np.random.default_rng(0).permutation(len(samples)) - 1  # -1 too
    assert same(fetch(data, order), default_collate([samples[i] for i in order]))


def test_concat_of_other_samples_than_tuples_of_tensors():
    class Words(Dataset):
        def __len__(self):
            return 2

        def __getitem__(self, i):
            return {"word": "ab"[i], "x": float(i)}

    batch = fetch(Words() + Words(), [3, 0])
    assert batch["word"] == ["b", "a"]
    assert batch["x"].data.tolist() == [1.0, 0.0]
    with pytest.raises(ValueError, match=r"sample 0 has shape \(2,\) and sample 1 has shape \(3,"):
        fetch(TensorDataset(np.zeros((1, 2))) + TensorDataset(np.zeros((1, 3))), [0, 1])


def test_concat_dataset_refuses():
    with pytest.raises(IndexError, match="ConcatDataset has 3 samples; there is no 3"):
        ConcatDataset([rows(3)])[3]
    with pytest.raises(ValueError, match="expected one or more data sets"):
        ConcatDataset([])


def test_collate_of_a_loader_names_the_samples_of_the_data_set():
    class Growing(Squares):
        def __getitem__(self, i):
            return np.zeros((1, 8 if i == 6 else 5)), i

    with pytest.raises(
        ValueError, match=r"sample 4 has shape \(1, 5\) and sample 6 has shape \(1, 8"
    ):
        list(DataLoader(Growing(), batch_size=4))


def test_fetch_of_a_plain_list():
    x, y = fetch([(np.zeros((4, 4), np.uint8), 1), (np.ones((4, 4), np.uint8), 0)], [1, 0])
    assert x.data[:, 0, 0].tolist() == y.data[::-1].tolist() == [1, 0]
    assert ToTensor().batch(x.data).shape == (2, 1, 4, 4)
