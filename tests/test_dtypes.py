"""Dtypes: float32 by default, a Python number never promotes, between tensors PyTorch's rules."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor

DTYPES = ["bool", "uint8", "int32", "int64", "float16", "float32", "float64"]


def test_python_numbers_become_float32_and_int64():
    assert mg.tensor(1.5).dtype == np.float32
    assert mg.tensor([1, 2.5]).dtype == np.float32
    assert mg.tensor([1, 2]).dtype == np.int64
    assert mg.tensor(True).dtype == bool
    assert mg.tensor([]).dtype == np.float32
    assert (
        mg.zeros(2).dtype == mg.ones(2).dtype == mg.randn(2).dtype == mg.rand(2).dtype == np.float32
    )
    assert mg.arange(3).dtype == np.int64
    assert (
        mg.arange(0, 1, 0.25).dtype == mg.linspace(0, 1, 3).dtype == mg.eye(2).dtype == np.float32
    )
    assert mg.full((2,), 1).dtype == np.int64
    assert mg.full((2,), 1.0).dtype == np.float32


def test_arrays_keep_their_dtype():
    assert mg.tensor(np.array([1.5])).dtype == np.float64
    assert mg.tensor(np.float64(1.5)).dtype == np.float64
    assert mg.tensor(np.array([1], np.uint8)).dtype == np.uint8
    assert mg.tensor([1, 2], dtype=mg.float32).dtype == np.float32


OPERATIONS = {
    "+": lambda x, n: x + n,
    "reflected +": lambda x, n: n + x,
    "-": lambda x, n: x - n,
    "reflected -": lambda x, n: n - x,
    "*": lambda x, n: x * n,
    "/": lambda x, n: x / n,
    "reflected /": lambda x, n: n / x,
    "**": lambda x, n: x**n,
    "reflected **": lambda x, n: n**x,
    "//": lambda x, n: x // n,
    "reflected //": lambda x, n: n // x,
    "%": lambda x, n: x % n,
    "reflected %": lambda x, n: n % x,
    "maximum": lambda x, n: x.maximum(n),
    "where": lambda x, n: x.where(np.array([True, False]), n),
    "mg.where": lambda x, n: mg.where(mg.tensor([True, False]), x, n),
    "masked_fill": lambda x, n: x.masked_fill(np.array([True, False]), n),
    "clip": lambda x, n: x.clip(n),
}


@pytest.mark.parametrize(
    "number", [2, 2.5, True, np.float64(2.5), np.float32(2.5), np.int64(2)], ids=repr
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_a_number_never_changes_a_float_tensors_dtype(operation, dtype, number):
    x = mg.tensor([1.0, 4.0], dtype=dtype, requires_grad=True)
    y = operation(x, number)
    assert y.dtype == dtype
    if y.requires_grad:
        y.sum().backward()
        assert x.grad.dtype == dtype


@pytest.mark.parametrize(
    ("dtype", "number", "expected"),
    [
        ("int64", 2, "int64"),
        ("int32", 2, "int32"),
        ("uint8", 2, "uint8"),
        ("bool", 2, "int64"),
        ("bool", True, "bool"),
        ("int32", True, "int32"),
        ("int64", 2.5, "float32"),
        ("uint8", 2.5, "float32"),
        ("bool", 2.5, "float32"),
    ],
)
def test_a_number_of_a_higher_kind_makes_a_tensor_of_the_default_type(dtype, number, expected):
    x = mg.tensor([1, 0], dtype=dtype)
    assert (x + number).dtype == expected
    assert (number + x).dtype == expected
    assert (x * number).dtype == expected


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ("int32", "int64", "int64"),
        ("uint8", "int32", "int32"),
        ("bool", "uint8", "uint8"),
        ("int64", "float32", "float32"),
        ("int64", "float16", "float16"),
        ("float32", "float64", "float64"),
        ("float16", "float32", "float32"),
        ("bool", "float32", "float32"),
    ],
)
def test_two_tensors_meet_in_the_wider_type_and_integers_do_not_widen_floats(x, y, expected):
    a, b = mg.tensor([1], dtype=x), mg.tensor([1], dtype=y)
    assert (a + b).dtype == (b * a).dtype == expected
    assert mg.cat([a, b]).dtype == mg.stack([b, a]).dtype == expected
    assert a.maximum(b).dtype == expected


def test_a_tensor_without_axes_does_not_widen_one_with_axes():
    x, scalar = mg.ones(2), mg.tensor(2.0, dtype="float64")
    assert (x + scalar).dtype == (scalar + x).dtype == np.float32
    assert (mg.ones(2).long() + scalar).dtype == np.float64


def test_division_of_integers_is_division_of_floats():
    x = mg.tensor([1, 2])
    assert (x / 2).tolist() == [0.5, 1]
    assert (x / x).dtype == (1 / x).dtype == np.float32
    assert (x / x.double()).dtype == np.float64


@pytest.mark.parametrize(
    "name", ["exp", "log", "log1p", "sqrt", "rsqrt", "sin", "cos", "sigmoid", "tanh", "erf"]
)
def test_functions_without_integer_results_make_floats_of_integers(name):
    assert getattr(mg.tensor([1, 2]), name)().dtype == np.float32
    assert getattr(mg.tensor([1, 2], dtype="float64"), name)().dtype == np.float64


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32"])
def test_integers_are_summed_as_int64(dtype):
    x = mg.tensor([1, 1, 1], dtype=dtype)
    assert x.sum().dtype == x.prod().dtype == x.cumsum(0).dtype == np.int64
    assert x.sum().item() == 3


@pytest.mark.parametrize("name", ["mean", "var", "std", "norm"])
def test_means_need_floats(name):
    with pytest.raises(
        TypeError, match=rf"{name}: needs floating point .* int64; write x.float\(\)"
    ):
        getattr(mg.tensor([1, 2]), name)()


@pytest.mark.parametrize("dtype", DTYPES)
def test_conversions(dtype):
    x = mg.tensor([0, 1], dtype=dtype)
    assert x.float().dtype == np.float32
    assert x.double().dtype == np.float64
    assert x.long().dtype == np.int64
    assert x.int().dtype == np.int32
    assert x.bool().tolist() == [False, True]
    assert x.to("float64").dtype == x.to(np.float64).dtype == x.to(mg.float64).dtype == np.float64
    assert x.to(mg.ones(1)).dtype == np.float32
    assert x.to("cpu").dtype == x.cpu().dtype == dtype
    assert x.to(dtype) is x


def test_a_conversion_is_recorded():
    x = mg.ones(2, requires_grad=True)
    x.double().sum().backward()
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize("data", ["text", None, [1j], [{}], np.array(["a"])], ids=repr)
def test_a_tensor_holds_real_numbers(data):
    with pytest.raises(TypeError, match=r"Tensor: cannot hold values of type .*rectangular"):
        mg.tensor(data)
    with pytest.raises(TypeError, match="Tensor: cannot hold values of type"):
        Tensor(np.asarray(data))


def test_ragged_lists_and_complex_targets_are_refused():
    with pytest.raises(ValueError, match="tensor: the lists do not form a rectangular shape"):
        mg.tensor([[1, 2], [3]])
    with pytest.raises(
        TypeError, match="to: a tensor holds real numbers or booleans, not complex64"
    ):
        mg.ones(2).to(np.complex64)


def test_logic_on_booleans():
    a, b = mg.tensor([True, True, False]), mg.tensor([True, False, False])
    assert (a & b).tolist() == [True, False, False]
    assert (a | b).tolist() == [True, True, False]
    assert (a ^ b).tolist() == [False, True, False]
    assert (~a).tolist() == a.logical_not().tolist() == [False, False, True]
    assert (a == b).tolist() == a.eq(b).tolist() == [True, False, True]
    assert (a != b).tolist() == [False, True, False]
    assert a.any().item() is True
    assert a.all().item() is False
    assert (1 - a.long()).tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda a: a - a, TypeError, r"sub: booleans cannot be subtracted; write x \^ y"),
        (lambda a: -a, TypeError, "neg: a boolean has no negative; write ~x"),
        (lambda a: ~a.float(), TypeError, "invert: needs booleans or integers, got float32"),
        (
            lambda a: a.float() & a,
            TypeError,
            r"bitwise_and: needs booleans .*\(x > 0\) & \(y > 0\)",
        ),
        (lambda a: a.long() ** -1, ValueError, "pow: an integer to a negative power .*float"),
        (
            lambda a: a.float() @ a.double(),
            TypeError,
            "matmul: operands of dtype float32 and float64",
        ),
        (
            lambda a: mg.einsum("i,i->", a.float(), a.double()),
            TypeError,
            "einsum: operands of dtype",
        ),
        (
            lambda a: a.float().scatter_add(0, [0], mg.ones(1).double()),
            TypeError,
            "scatter_add: src is float64",
        ),
        (
            lambda a: a.float().maximum("1"),
            TypeError,
            "maximum: expected a tensor or a number, got str",
        ),
        (
            lambda a: mg.cat([a, 1]),
            TypeError,
            "cat: expected a list of tensors, one of them is int",
        ),
        (lambda a: mg.stack([a.data]), TypeError, "stack: expected .* one of them is ndarray"),
        (lambda a: mg.from_numpy([1]), TypeError, "from_numpy: expected a NumPy array, got list"),
        (
            lambda a: a.float().clip(mg.zeros(1)),
            TypeError,
            "clip: min and max are numbers, got Tensor",
        ),
        (lambda a: a.float().matmul(2), TypeError, "matmul: expected a tensor, got int"),
    ],
)
def test_types_that_do_not_go_together(f, error, message):
    with pytest.raises(error, match=message):
        f(mg.tensor([True, False]))
