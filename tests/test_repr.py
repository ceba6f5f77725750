"""How a tensor reads in a print, in an f-string and in a debugger."""

import time

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor


def test_a_matrix_says_what_it_is_and_then_its_values():
    x = mg.tensor([[1.0, 2.0], [3.0, 4.5]])
    first, *values = repr(x).splitlines()
    assert first == "Tensor (2, 2) float32, min 1, mean 2.625, max 4.5, nan 0"
    assert values == ["[[1.  2. ]", " [3.  4.5]]"]


def test_a_scalar_reads_as_its_value():
    assert repr(mg.tensor(0.5)) == "Tensor(0.5, float32)"
    assert repr(mg.tensor(0.1)) == "Tensor(0.1, float32)"
    assert repr(mg.tensor(12345678)) == "Tensor(12345678, int64)"
    assert repr(mg.tensor(True)) == "Tensor(True, bool)"
    assert repr(mg.tensor(float("nan"))) == "Tensor(nan, float32)"


def test_a_result_names_its_op_and_line():
    x = mg.ones(2, requires_grad=True)
    assert repr(x).splitlines()[0].endswith(", requires_grad")
    y = x.exp()
    assert repr(y).splitlines()[0].endswith(f", by exp at {y.grad_fn.line}")


def test_a_scalar_result_names_its_op_and_line():
    loss = mg.ones(2, requires_grad=True).sum()
    assert repr(loss) == f"Tensor(2, float32, by sum at {loss.grad_fn.line})"


def test_after_backward_the_op_is_still_named():
    loss = mg.ones(2, requires_grad=True).sum()
    loss.backward()
    assert "by sum at test_repr.py" in repr(loss)


def test_nan_and_infinity_are_counted_and_shown():
    assert "min 1, mean inf, max inf, nan 1" in repr(mg.tensor([1.0, float("inf"), float("nan")]))
    assert repr(mg.tensor([float("nan")] * 3)).splitlines()[0] == "Tensor (3,) float32, all nan"


def test_empty_and_boolean_tensors_have_no_statistics():
    assert repr(mg.zeros(0, 3)) == "Tensor (0, 3) float32\n[]"
    assert repr(mg.tensor([True, False])) == "Tensor (2,) bool\n[ True False]"


def test_long_tensors_are_shortened_as_numpy_does():
    text = repr(mg.arange(1000.0))
    assert "..." in text
    assert len(text) < 200
    assert "mean 499.5" in text


def test_numpys_own_print_options_are_left_alone():
    before = np.get_printoptions()
    repr(mg.arange(1000.0))
    assert np.get_printoptions() == before


@pytest.mark.parametrize(
    "shape",
    [(10**6, 10**6), (10**12,), (3, 10**12), (10**9, 3, 5), (100,) * 5, (1, 10**6, 10**6, 1)],
)
def test_the_largest_tensor_prints_at_once(shape):
    x = Tensor(np.broadcast_to(np.float32(2), shape))
    start = time.process_time()
    text = repr(x)
    assert time.process_time() - start < 5  # reading every element would take minutes
    assert "min 2, mean 2, max 2, nan 0 of " in text
    sampled = int(text.split(" of ")[1].split()[0])
    assert 1000 <= sampled <= 2_000_000


def test_statistics_of_a_large_tensor_come_from_all_over_it():
    x = mg.arange(3e6)
    low, mean, high = (float(part.split()[-1]) for part in repr(x).splitlines()[0].split(", ")[1:4])
    assert low == 0
    assert mean == pytest.approx(1.5e6, rel=0.01)
    assert high == pytest.approx(3e6, rel=0.01)


def test_in_f_strings_a_scalar_is_a_number():
    loss = mg.tensor(0.123456)
    assert f"{loss:.3f}" == "0.123"
    assert f"{loss:8.2f}|" == "    0.12|"
    assert f"{mg.tensor(3)}" == "3"
    assert f"{mg.tensor([1, 2])}" == str(mg.tensor([1, 2]))


def test_a_format_needs_a_scalar():
    with pytest.raises(TypeError, match=r"shape \(2,\) cannot be written as '.3f'.*\.mean\(\)"):
        f"{mg.ones(2):.3f}"


def test_str_and_repr_are_the_same():
    x = mg.ones(2)
    assert str(x) == repr(x)
