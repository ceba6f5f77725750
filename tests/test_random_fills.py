"""normal_, uniform_ and their like, and functions that make tensors by chance or by default."""

import numpy as np
import pytest

import minigrad as mg

N = 20_000

FILLS = {
    "normal_": (lambda x: x.normal_(2, 0.5), 2, 0.5),
    "uniform_": (lambda x: x.uniform_(-1, 3), 1, 4 / 12**0.5),
    "exponential_": (lambda x: x.exponential_(2), 0.5, 0.5),
    "bernoulli_": (lambda x: x.bernoulli_(0.3), 0.3, 0.21**0.5),
    "random_": (lambda x: x.random_(10), 4.5, (99 / 12) ** 0.5),
    "random_ from": (lambda x: x.random_(5, 8), 6, (8 / 12) ** 0.5),
    "normal": (lambda x: mg.normal(2.0, 0.5, (N,)), 2, 0.5),
    "normal of tensors": (lambda x: mg.normal(mg.full((N,), 2.0), mg.full((1,), 0.5)), 2, 0.5),
    "bernoulli": (lambda x: mg.bernoulli(mg.full((N,), 0.3)), 0.3, 0.21**0.5),
}


@pytest.mark.parametrize(("fill", "mean", "std"), FILLS.values(), ids=FILLS)
def test_mean_deviation_and_seed(fill, mean, std):
    mg.manual_seed(0)
    x = fill(mg.zeros(N))
    assert x.dtype == np.float32
    assert x.mean().item() == pytest.approx(mean, abs=5 * std / N**0.5)
    assert x.std().item() == pytest.approx(std, rel=0.03)
    mg.manual_seed(0)
    assert fill(mg.zeros(N)).equal(x)


def test_in_place_means_in_the_same_memory_and_within_limits():
    x = mg.zeros(1000)
    memory = x.data
    assert x.uniform_() is x
    assert x.data is memory
    assert 0 <= x.data.min() < 0.01 < 0.99 < x.data.max() < 1
    assert set(mg.zeros(500).random_(3, 6).tolist()) == {3, 4, 5}
    assert mg.zeros(500, dtype=mg.int64).random_().data.max() > 2**60
    assert mg.zeros(500).random_().data.max() <= 2**24
    p = mg.tensor([0.0, 1.0, 1.0])
    assert mg.zeros(3).bernoulli_(p).tolist() == [0, 1, 1]
    assert mg.zeros(3, dtype=mg.bool).bernoulli_(p).tolist() == [False, True, True]


def test_a_generator_of_ones_own():
    x, y = (mg.zeros(5).normal_(generator=mg.Generator().manual_seed(3)) for _ in range(2))
    assert x.equal(y)
    with pytest.raises(TypeError, match="generator must be a minigrad Generator, got int"):
        x.uniform_(generator=3)


def test_a_parameter_is_filled_under_no_grad_only():
    w = mg.zeros(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"(?s)normal_: a leaf that requires grad .*no_grad"):
        w.normal_()
    with mg.no_grad():
        w.normal_()
    assert w.requires_grad


def test_defaults():
    assert mg.get_default_dtype() == mg.float32
    mg.set_default_dtype(mg.float32)
    assert mg.FloatTensor([1, 2]).dtype == mg.float32
    assert mg.FloatTensor(2, 3).shape == (2, 3)
    assert mg.LongTensor([1.0, 2.0]).tolist() == [1, 2]
    assert mg.LongTensor(2).tolist() == [0, 0]
    x = mg.ones(2, 3, dtype=mg.float64)
    assert (mg.empty_like(x).shape, mg.empty_like(x).dtype) == ((2, 3), np.float64)


ERRORS = [
    (lambda x: x.normal_(std=-1), ValueError, "normal_: std must not be negative, got -1"),
    (lambda x: x.long().normal_(), TypeError, r"normal_: needs floating point .* x.float\(\)"),
    (lambda x: x.uniform_(2, 1), ValueError, "uniform_: from 2 is greater than to=1"),
    (lambda x: x.exponential_(0), ValueError, "exponential_: lambd must be above 0, got 0"),
    (lambda x: x.bernoulli_(1.5), ValueError, "bernoulli_: a probability is from 0 to 1, got 1.5"),
    (lambda x: (x + 2).bernoulli(), ValueError, "a probability is from 0 to 1, got 2 to 2"),
    (lambda x: x.random_(3, 3), ValueError, "random_: expected from < to, got 3 and 3"),
    (lambda x: mg.normal(0.0, -1.0, (2,)), ValueError, "normal: std must not be negative"),
    (lambda x: mg.FloatTensor(2, 3.5), TypeError, r"one list or the sizes .* got \(2, 3.5\)"),
    (lambda x: mg.set_default_dtype(mg.float64), ValueError,
     r"float32 by default, not float64; write dtype=minigrad.float64"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), ERRORS)
def test_what_is_refused(call, error, text):
    with pytest.raises(error, match=text):
        call(mg.zeros(2))
