"""Which samples are taken, and in which order."""

from collections import Counter

import pytest

from minigrad.random import Generator
from minigrad.utils.data import (
    RandomSampler,
    Sampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
    random_split,
)


def test_random_sampler():
    assert sorted(RandomSampler(range(5))) == [0, 1, 2, 3, 4]
    assert len(list(RandomSampler(range(5), num_samples=3))) == 3
    twice = list(RandomSampler(range(5), num_samples=10))
    assert sorted(twice[:5]) == sorted(twice[5:]) == [0, 1, 2, 3, 4]
    drawn = Counter(RandomSampler(range(5), replacement=True, num_samples=5000))
    assert set(drawn) == set(range(5))
    assert min(drawn.values()) > 800
    with pytest.raises(ValueError, match="num_samples must be at least 1, got 0"):
        RandomSampler(range(5), num_samples=0)


def test_subset_random_sampler():
    sampler = SubsetRandomSampler([4, 8, 9], Generator().manual_seed(0))
    orders = {tuple(sampler) for _ in range(100)}
    assert len(orders) == 6
    assert all(sorted(order) == [4, 8, 9] for order in orders)
    assert len(sampler) == 3


def test_weighted_random_sampler():
    drawn = Counter(WeightedRandomSampler([0, 1, 3], 4000))
    assert set(drawn) == {1, 2}
    assert 2.5 < drawn[2] / drawn[1] < 3.6
    assert sorted(WeightedRandomSampler([0, 1, 3], 2, replacement=False)) == [1, 2]
    with pytest.raises(ValueError, match="only 2 weights are above 0; pass replacement=True"):
        WeightedRandomSampler([0, 1, 3], 3, replacement=False)
    for weights in ([], [0, 0], [1, -1], [[1]]):
        with pytest.raises(ValueError, match="weights must be a list of numbers >= 0"):
            WeightedRandomSampler(weights, 1)


def test_a_sampler_needs_iter():
    with pytest.raises(TypeError, match="Sampler needs an __iter__ method"):
        iter(Sampler())


def test_random_split_is_a_partition():
    parts = random_split(range(10), [7, 3], Generator().manual_seed(0))
    assert [len(p) for p in parts] == [7, 3]
    taken = [y for part in parts for y in part]
    assert sorted(taken) == list(range(10))
    assert taken != sorted(taken)
    again = random_split(range(10), [7, 3], Generator().manual_seed(0))
    assert list(again[0]) == list(parts[0])


@pytest.mark.parametrize(
    ("n", "fractions", "sizes"),
    [
        (10, [0.9, 0.1], [9, 1]),
        (11, [0.5, 0.5], [6, 5]),
        (11, [0.25, 0.25, 0.5], [3, 3, 5]),
        (8, [1.0], [8]),
    ],
)
def test_random_split_by_fractions(n, fractions, sizes):
    assert [len(p) for p in random_split(range(n), fractions)] == sizes


@pytest.mark.parametrize("lengths", [[7, 2], [0.5, 0.2], [12, -2], []])
def test_random_split_lengths_must_sum(lengths):
    with pytest.raises(ValueError, match=r"lengths \[.*\] must sum to the 10 samples"):
        random_split(range(10), lengths)
