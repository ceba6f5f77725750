"""Writing into tensors: what is allowed, and that a stale graph is noticed."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor

METHODS = {
    "add_": (lambda x: x.add_(2), [3, 6]),
    "add_ alpha": (lambda x: x.add_(mg.tensor([1.0, 2.0]), alpha=10), [11, 24]),
    "sub_": (lambda x: x.sub_(1), [0, 3]),
    "sub_ alpha": (lambda x: x.sub_(np.float32(1), alpha=2), [-1, 2]),
    "mul_": (lambda x: x.mul_(3), [3, 12]),
    "div_": (lambda x: x.div_(2), [0.5, 2]),
    "clamp_": (lambda x: x.clamp_(2, 3), [2, 3]),
    "clamp_ min": (lambda x: x.clamp_(min=2), [2, 4]),
    "zero_": (lambda x: x.zero_(), [0, 0]),
    "fill_": (lambda x: x.fill_(7), [7, 7]),
    "copy_": (lambda x: x.copy_(mg.tensor([5, 6])), [5, 6]),
    "setitem": (lambda x: x.__setitem__(0, 9) or x, [9, 4]),
}


@pytest.mark.parametrize(("method", "expected"), METHODS.values(), ids=METHODS)
def test_methods_that_end_in_an_underscore_write_and_return_the_tensor(method, expected):
    x = mg.tensor([1.0, 4.0])
    memory = x.data
    assert method(x) is x
    assert x.data is memory
    assert x.dtype == np.float32
    assert x.tolist() == expected


@pytest.mark.parametrize("method", [m for m, _ in METHODS.values()], ids=METHODS)
def test_a_leaf_that_requires_grad_is_written_under_no_grad_only(method):
    w = mg.tensor([1.0, 4.0], requires_grad=True)
    with pytest.raises(
        RuntimeError, match=r"leaf that requires grad cannot be written in place.*no_grad"
    ):
        method(w)
    assert w.tolist() == [1, 4]
    with mg.no_grad():
        method(w)
    assert w.tolist() != [1, 4]
    assert w.requires_grad


@pytest.mark.parametrize("method", [m for m, _ in METHODS.values()], ids=METHODS)
def test_a_result_that_is_part_of_a_graph_is_not_written(method):
    h = mg.tensor([1.0, 4.0], requires_grad=True) * 1
    with (
        pytest.raises(RuntimeError, match=r"was computed by <mul at test_in_place.py:\d+>"),
        mg.no_grad(),
    ):
        method(h)


def test_the_classic_update_line_works_on_parameters():
    w = mg.tensor([1.0, 2.0], requires_grad=True)
    alias = w
    (w * w).sum().backward()
    with mg.no_grad():
        w -= 0.1 * w.grad
    assert w is alias
    np.testing.assert_allclose(w.data, [0.8, 1.6])
    assert w.is_leaf
    assert w.requires_grad
    with pytest.raises(RuntimeError, match="no_grad"):
        w += 1


@pytest.mark.parametrize(
    ("statement", "expected"),
    [("x += 1", [2, 5]), ("x -= 1", [0, 3]), ("x *= 2", [2, 8]), ("x /= 2", [0.5, 2])],
)
def test_augmented_assignment_to_a_result_makes_a_new_tensor_in_the_graph(statement, expected):
    w = mg.tensor([1.0, 4.0], requires_grad=True)
    names = {"x": w * 1}
    before = names["x"]
    exec(statement, names)
    assert names["x"] is not before
    assert names["x"].tolist() == expected
    names["x"].sum().backward()
    assert w.grad is not None


@pytest.mark.parametrize(
    "line",
    [
        "w.data -= 0.1 * w.grad",
        "w.data -= 0.1 * w.grad.data",
        "w.data = w.data - 0.1 * w.grad",
        "w.data[:] = w.data - 0.1 * w.grad.data",
        "w.data.__isub__(0.1 * w.grad.data)",
    ],
)
def test_the_classic_update_lines_through_data_work_too(line):
    w = mg.tensor([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    exec(line)
    assert type(w.data) is np.ndarray
    assert w.dtype == np.float32
    np.testing.assert_allclose(w.data, [0.8, 1.6], rtol=1e-6)
    w.grad = None
    (w * w).sum().backward()
    np.testing.assert_allclose(w.grad.data, [1.6, 3.2], rtol=1e-6)


def test_data_can_be_assigned():
    w = mg.ones(2, requires_grad=True)
    w.data = np.array([5.0, 6.0], np.float32)
    w.data -= 1
    assert w.tolist() == [4, 5]


def test_from_numpy_shares_memory_both_ways_and_tensor_copies():
    array = np.zeros(2)
    shared, copied = mg.from_numpy(array), mg.tensor(array)
    array[0] = 1
    shared.data[1] = 2
    assert shared.tolist() == array.tolist() == [1, 2]
    assert copied.tolist() == [0, 0]


ERRORS = [
    (
        lambda x: x.add_(mg.ones(3)),
        ValueError,
        r"add_: \(3,\) does not fit onto a tensor of shape \(2,\)",
    ),
    (
        lambda x: x.copy_(mg.ones(3)),
        ValueError,
        r"copy_: a value of shape \(3,\) does not fit .* \(2,\)",
    ),
    (
        lambda x: x.mul_(mg.ones(2, 2)),
        ValueError,
        r"mul_: \(2, 2\) does not fit onto .* keeps its shape",
    ),
    (
        lambda x: x.long().add_(0.5),
        TypeError,
        r"add_: the result is no int64; write x = x.float\(\) first",
    ),
    (lambda x: x.long().div_(2), TypeError, "div_: the result is no int64"),
    (lambda x: x.add_("1"), TypeError, "expected a tensor or a number, got str"),
]


@pytest.mark.parametrize(("f", "error", "message"), ERRORS)
def test_what_does_not_fit_is_refused_and_nothing_is_written(f, error, message):
    x = Tensor(np.array([1.0, 4.0]))
    with pytest.raises(error, match=message):
        f(x)
    assert x.tolist() == [1, 4]
