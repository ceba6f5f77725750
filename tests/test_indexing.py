"""x[...] and x[...] = value, in all the forms that PyTorch takes."""

import numpy as np
import pytest

import minigrad as mg

VALUES = np.arange(24.0, dtype=np.float32).reshape(2, 3, 4)


@pytest.fixture
def x():
    return mg.tensor(VALUES, requires_grad=True)


INDICES = {
    "int": 1,
    "negative int": -1,
    "numpy int": np.int64(1),
    "integer tensor of no axes": mg.tensor(1),
    "slice": slice(0, 2),
    "slice of tensors": slice(mg.tensor(0), mg.tensor(2)),
    "step": (slice(None), slice(None, None, 2)),
    "negative step": (slice(None, None, -1),),
    "None": None,
    "ellipsis": ...,
    "ellipsis and int": (..., 1),
    "ints": (1, 2, 3),
    "mixed": (slice(None), None, 1, slice(1, 3)),
    "list": [1, 0, 1],
    "range": range(2),
    "empty list": [],
    "integer array": np.array([[0, 1], [1, 1]]),
    "integer tensor": mg.tensor([0, 1, 0]),
    "two integer tensors": (mg.tensor([0, 1]), mg.tensor([2, 0])),
    "integer tensors apart": (mg.tensor([0, 1]), slice(None), mg.tensor([2, 0])),
    "broadcast integer tensors": (mg.tensor([[0], [1]]), mg.tensor([0, 2])),
    "boolean array": np.array([True, False]),
    "boolean tensor": mg.tensor(VALUES > 11),
    "boolean list": [False, True],
    "boolean in the middle": (slice(None), mg.tensor([True, False, True])),
    "True": True,
}


def plain(index):
    """The same index for a NumPy array."""
    if isinstance(index, tuple):
        return tuple(plain(part) for part in index)
    if isinstance(index, slice):
        return slice(
            *(None if v is None else int(v) for v in (index.start, index.stop, index.step))
        )
    if isinstance(index, range):
        return list(index)
    if isinstance(index, list) and not index:
        return np.array([], np.int64)
    return index.data if isinstance(index, mg.Tensor) else index


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_reading_gives_the_elements_and_the_gradient_goes_back_to_them(x, index):
    y = x[index]
    np.testing.assert_array_equal(y.data, VALUES[plain(index)])
    weights = np.arange(1.0, y.numel() + 1, dtype=np.float32).reshape(y.shape)
    (y * weights).sum().backward()
    expected = np.zeros_like(VALUES)
    np.add.at(expected, plain(index), weights)
    np.testing.assert_array_equal(x.grad.data, expected)


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_writing_sets_the_elements(index):
    x, expected = mg.tensor(VALUES), VALUES.copy()
    x[index] = -1
    expected[plain(index)] = -1
    np.testing.assert_array_equal(x.data, expected)


def test_an_element_picked_twice_gets_both_gradients(x):
    x[[0, 0, 0]].sum().backward()
    assert x.grad[0].data.min() == x.grad[0].data.max() == 3
    assert not x.grad[1].data.any()


def test_writing_a_tensor_broadcasts_and_casts():
    x = mg.zeros(2, 3)
    x[0] = mg.tensor([1, 2, 3])
    x[:, 2] = 9.5
    assert x.tolist() == [[1, 2, 9.5], [0, 0, 9.5]]


def test_iterating_gives_the_slices(x):
    rows = list(x)
    assert [row.shape for row in rows] == [(3, 4), (3, 4)]
    rows[1].sum().backward()
    assert x.grad.sum().item() == 12


def test_unpacking():
    a, b = mg.tensor([1.0, 2.0])
    assert (a.item(), b.item()) == (1, 2)
    *_, last = mg.tensor([[1.0], [2.0], [3.0]])
    assert last.item() == 3


def test_a_tensor_can_be_an_index_of_a_list_and_a_count():
    i = mg.tensor(1)
    assert ["a", "b"][i] == "b"
    assert list(range(mg.tensor(3))) == [0, 1, 2]


ERRORS = [
    (2, IndexError, r"indexing a tensor of shape \(2, 3, 4\): index 2 is out of bounds for axis 0"),
    ((0, 0, 0, 0), IndexError, r"indexing a tensor of shape \(2, 3, 4\): too many indices"),
    ([0, 5], IndexError, r"indexing a tensor of shape \(2, 3, 4\): index 5 is out of bounds"),
    ([0.5], IndexError, "an index must hold integers or booleans, got float64"),
    (mg.tensor([1.0]), IndexError, "an index must hold integers or booleans, got float32"),
    (np.array([True] * 3), IndexError, r"shape \(2, 3, 4\): boolean index did not match"),
    ("a", IndexError, r"indexing a tensor of shape \(2, 3, 4\)"),
    (1.0, IndexError, r"indexing a tensor of shape \(2, 3, 4\)"),
]


@pytest.mark.parametrize(("index", "error", "message"), ERRORS, ids=str)
def test_an_index_that_does_not_fit(x, index, error, message):
    with pytest.raises(error, match=message):
        x[index]


def test_values_and_places_that_do_not_fit():
    x = mg.zeros(2, 3)
    with pytest.raises(
        IndexError, match=r"x\[\.\.\.\] = .*shape \(2, 3\): index 5 is out of bounds"
    ):
        x[5] = 1
    with pytest.raises(
        ValueError, match=r"value of shape \(2,\) does not fit into the place of shape \(3,\)"
    ):
        x[0] = mg.ones(2)
    with pytest.raises(TypeError, match="expected a tensor or a number, got list"):
        x[0] = [1, 2, 3]


def test_a_scalar_has_no_parts():
    x = mg.tensor(3.0)
    with pytest.raises(TypeError, match="iteration over a tensor without axes"):
        list(x)
    with pytest.raises(TypeError, match=r"len\(\) of a tensor without axes"):
        len(x)
    with pytest.raises(IndexError, match=r"indexing a tensor of shape \(\)"):
        x[0]
