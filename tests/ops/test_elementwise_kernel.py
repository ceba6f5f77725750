"""Large arrays element by element: the same as NumPy's own, in whatever order they lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad.kernels import blocks, elementwise, threads


@st.composite
def operands(draw, count=2):
    """Arrays that can be broadcast together, with the axes of each in an order of its own."""
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=5))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    arrays = []
    for _ in range(count):
        ones = draw(st.lists(st.booleans(), min_size=len(shape), max_size=len(shape)))
        sizes = [1 if one else size for one, size in zip(ones, shape, strict=True)]
        order = draw(st.permutations(range(len(shape))))
        x = rng.standard_normal([sizes[axis] for axis in order]).astype(np.float32)
        x = x.transpose(np.argsort(order))
        if draw(st.booleans()):
            x = np.broadcast_to(x[:1], x.shape)
        dropped = draw(st.integers(0, len(shape)))
        arrays.append(x[(0,) * dropped] if set(sizes[:dropped]) <= {1} else x)
    return arrays


@pytest.fixture(autouse=True, scope="module")
def everything_is_large():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elementwise, "LARGE", 2)
        patch.setattr(elementwise, "LONG_RUN", 3)
        patch.setattr(elementwise, "MANY_BLOCKS", 2)
        patch.setattr(blocks, "BLOCK", 4)
        yield


@settings(max_examples=300, deadline=None)
@given(operands(), st.sampled_from([np.add, np.multiply, np.greater, np.maximum]))
def test_calculate_is_numpy(arrays, ufunc):
    expected = ufunc(*arrays)
    kept = [x.copy() for x in arrays]
    y = elementwise.calculate(ufunc, *arrays)
    np.testing.assert_array_equal(y, expected)
    assert y.dtype == expected.dtype
    for x, before in zip(arrays, kept, strict=True):
        np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("other", [2, 0.5, True, np.float64(3), np.arange(4)], ids=repr)
def test_calculate_has_numpys_dtypes(other):
    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    for operands in ((x, other), (other, x)):
        y, expected = elementwise.calculate(np.multiply, *operands), np.multiply(*operands)
        np.testing.assert_array_equal(y, expected)
        assert y.dtype == expected.dtype


def test_calculate_keeps_the_order_of_the_last():
    rows = np.ones((4, 5, 6)).transpose(1, 2, 0)
    for x in np.ones((5, 6, 4)), np.ones((1, 6, 4)), np.broadcast_to(1.0, (5, 6, 4)):
        y = elementwise.calculate(np.add, x, rows)
        assert y.strides == rows.strides


@pytest.mark.parametrize(("number", "in_blocks"), [(1, False), (2, True)])
def test_a_mask_in_the_same_order_goes_in_blocks_only_on_threads(number, in_blocks, monkeypatch):
    laid, lay = [], elementwise._lay
    monkeypatch.setattr(elementwise, "_lay", lambda *a: laid.append(a) or lay(*a))
    monkeypatch.setattr(blocks, "SHARED", 2)
    monkeypatch.setattr(threads, "_threads", number)
    x = np.arange(-60.0, 60).reshape(4, 5, 6).transpose(1, 2, 0)
    y = elementwise.multiply(x, np.greater(x, 0))
    np.testing.assert_array_equal(y, [[[max(v, 0) for v in row] for row in part] for part in x])
    assert y.strides == x.strides
    assert bool(laid) == in_blocks


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="broadcast"):
        elementwise.calculate(np.add, np.ones((2, 3)), np.ones((2, 4)))


@settings(max_examples=200, deadline=None)
@given(operands(count=1), st.data(), st.booleans())
def test_total_is_numpys_sum(arrays, data, keepdims):
    (x,) = arrays
    axes = tuple(data.draw(st.sets(st.integers(0, x.ndim - 1)))) if x.ndim else ()
    expected = np.sum(x.astype(np.float64), axis=axes, keepdims=keepdims)
    y = elementwise.total(x, axes, keepdims)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    assert y.shape == expected.shape
    assert y.dtype == x.dtype
