"""Tensors beside NumPy arrays and Python's own functions."""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor


@pytest.fixture
def t():
    return mg.tensor([1.0, 2.0], requires_grad=True)


BOTH_WAYS = {
    "array + t": (lambda t: np.ones(2, np.float32) + t, [2, 3]),
    "array - t": (lambda t: np.ones(2, np.float32) - t, [0, -1]),
    "array * t": (lambda t: np.full(2, 3, np.float32) * t, [3, 6]),
    "array / t": (lambda t: np.ones(2, np.float32) / t, [1, 0.5]),
    "array ** t": (lambda t: np.full(2, 3, np.float32) ** t, [3, 9]),
    "array @ t": (lambda t: np.eye(2, dtype=np.float32) @ t, [1, 2]),
    "t + array": (lambda t: t + np.ones(2, np.float32), [2, 3]),
    "t @ array": (lambda t: t @ np.eye(2, dtype=np.float32), [1, 2]),
    "integer array * t": (lambda t: np.array([2, 3]) * t, [2, 6]),
    "column * t": (lambda t: np.ones((2, 1), np.float32) * t, [[1, 2], [1, 2]]),
    "np.float32 * t": (lambda t: np.float32(2) * t, [2, 4]),
    "np.float64 * t": (lambda t: np.float64(2) * t, [2, 4]),
    "np.float64 - t": (lambda t: np.float64(2) - t, [1, 0]),
    "np.int64 * t": (lambda t: np.int64(2) * t, [2, 4]),
    "t * np.float64": (lambda t: t * np.float64(2), [2, 4]),
    "t / np.float64": (lambda t: t / np.float64(2), [0.5, 1]),
    "0-d array * t": (lambda t: np.array(2.0) * t, [2, 4]),
    "t - list of tensors": (lambda t: t - mg.tensor([1.0, 1.0]), [0, 1]),
}


@pytest.mark.parametrize(("f", "expected"), BOTH_WAYS.values(), ids=BOTH_WAYS)
def test_operators_with_arrays_and_numpy_numbers_give_a_recorded_tensor(t, f, expected):
    y = f(t)
    assert isinstance(y, Tensor)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.data, expected, rtol=1e-6)
    y.sum().backward()
    assert t.grad is not None


def test_a_float64_array_promotes_as_a_tensor_of_its_type_would(t):
    assert (t * np.ones(2)).dtype == np.float64
    assert (np.ones(2) * t).dtype == np.float64


def test_comparisons_work_from_both_sides(t):
    assert (np.array([1.0, 1.0]) < t).tolist() == [False, True]
    assert (t > np.float64(1.5)).tolist() == [False, True]
    assert (np.float64(1.5) < t).tolist() == [False, True]
    assert (np.array([1.0, 3.0]) == t).tolist() == [True, False]
    assert (t >= 1.5).tolist() == [False, True]


def test_numpy_functions_read_a_tensor_as_its_array(t):
    assert np.exp(t).tolist() == np.exp(t.data).tolist()
    assert np.asarray(t) is t.data or np.shares_memory(np.asarray(t), t.data)
    assert np.asarray(t, np.float64).dtype == np.float64
    copy = np.array(t)
    copy[0] = 9
    assert t.data[0] == 1
    assert np.stack([t, t]).shape == (2, 2)
    assert np.array([mg.tensor(1.0), mg.tensor(2.0)]).tolist() == [1, 2]
    assert np.testing.assert_allclose(t, [1, 2]) is None


def test_numpy_gives_the_array_of_a_tensor_without_gradient(t):
    with pytest.raises(
        RuntimeError, match=r"numpy: this tensor requires grad.*x.detach\(\).numpy\(\)"
    ):
        t.numpy()
    array = t.detach().numpy()
    array[0] = 5
    assert t.data[0] == 5


def test_sums_and_lists_of_python(t):
    total = sum([t, t, t])
    total.sum().backward()
    assert t.grad.tolist() == [3, 3]
    assert t in [t]
    assert t in [None, "a", t]
    assert t not in [None, "a"]
    assert [t, None].index(None) == 1
    assert {t: 1}[t] == 1
    assert len({t, t}) == 1


def test_a_tensor_of_one_element_is_a_number():
    x = mg.tensor([2.25])
    assert float(x) == 2.25
    assert int(x) == 2
    assert math.sqrt(x) == 1.5
    assert bool(x)
    assert not mg.tensor(0)
    assert x.item() == 2.25
    assert isinstance(x.item(), float)
    assert max([mg.tensor(1.0), mg.tensor(3.0)]).item() == 3
    assert "%.2f" % x == "2.25"  # noqa: UP031


def test_a_list_of_tensors_becomes_one_tensor():
    assert mg.tensor([mg.tensor(1.0), mg.tensor(2.0)]).tolist() == [1, 2]
    assert mg.tensor(mg.tensor([1, 2])).tolist() == [1, 2]


def test_membership_looks_at_the_elements(t):
    assert 2.0 in t
    assert mg.tensor(2.0) in t
    assert 3.0 not in t


def test_comparison_with_what_is_no_number_is_false(t):
    assert (t == None) is False  # noqa: E711
    assert (t != "text") is True


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (
            lambda t: bool(t),
            RuntimeError,
            r"truth of a tensor of shape \(2,\) is ambiguous.*any\(\)",
        ),
        (lambda t: float(t), RuntimeError, r"shape \(2,\) cannot become a number for float\(\)"),
        (lambda t: int(t), RuntimeError, r"cannot become a number for int\(\).*\.mean\(\)"),
        (
            lambda t: t.item(),
            RuntimeError,
            r"item: a tensor of shape \(2,\) has 2 elements.*tolist",
        ),
        (
            lambda t: range(t),
            TypeError,
            "only integer tensors can be an index, this one is float32",
        ),
        (lambda t: range(mg.tensor([1, 2])), RuntimeError, "cannot become a number for an index"),
        (lambda t: t + "a", TypeError, "unsupported operand"),
        (lambda t: t - [1, 2], TypeError, "unsupported operand"),
        (lambda t: [1, 2] * t, TypeError, "unsupported operand|can't multiply|integer tensors"),
        (lambda t: t @ 3, TypeError, "unsupported operand"),
        (lambda t: 3 @ t, TypeError, "unsupported operand"),
        (lambda t: t * 1j, TypeError, "unsupported operand"),
        (lambda t: t < "a", TypeError, "not supported between"),
        (lambda t: t + np.array(["a", "b"]), TypeError, "ufunc .add. did not|unsupported"),
        (lambda t: t + np.array([None, None]), TypeError, "unsupported operand"),
    ],
)
def test_what_a_tensor_is_not(t, f, error, message):
    with pytest.raises(error, match=message):
        f(t)
