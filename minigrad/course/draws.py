"""Are these numbers drawn as they should be? Whatever generator drew them.

A right one fails one of these tests with a probability below 1e-9: a mark is no lottery.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from .item import Mismatch

DEVIATIONS = 7  # standard deviations that a mean or a variance may be off
KOLMOGOROV = 3.5  # the largest distance of two distributions, times the root of how many there are
GRID = np.arange(0.01, 1, 0.01)  # the shares at which distributions are compared
DIFFERENT = 0.9  # of all values; float32 has two equal ones now and then
ROUNDING = 1e-5  # of the bound
KURTOSIS = {"normal": 3.0, "uniform": 9 / 5}


def check_draws(x: np.ndarray, distribution: str, std: float) -> None:
    """Raise Mismatch unless the numbers of `x` are independent draws with mean 0 and this `std`.

    `distribution` is "normal" or "uniform". `x` should have some ten thousand numbers.
    """
    if not np.isfinite(x).all():
        raise Mismatch("some of the values are not finite")
    if not x.any():
        raise Mismatch("the tensor is still all zeros: write into tensor.data, as in data[...] = x")
    values = np.sort(x, axis=None)
    different = 1 + np.count_nonzero(np.diff(values))
    if different < DIFFERENT * x.size:
        raise Mismatch(
            f"only {different} of {x.size} values differ; draw each one for itself, with "
            "size=tensor.shape"
        )
    _check_moments(x, distribution, std)
    bound, largest = np.sqrt(3) * std, np.abs(x).max()
    if distribution == "uniform" and largest > bound * (1 + ROUNDING):
        raise Mismatch(f"there are values up to {largest:.4g}, expected none beyond {bound:.4g}")
    quantiles = _quantiles(distribution, std)
    shares = np.searchsorted(values, quantiles, side="right") / x.size
    distances = np.abs(shares - GRID)
    if distances.max() * np.sqrt(x.size) > KOLMOGOROV:
        i = int(distances.argmax())
        raise Mismatch(
            f"the values are not distributed as {distribution} ones: {shares[i]:.1%} are below "
            f"{quantiles[i]:.4g}, expected {GRID[i]:.0%}"
        )


def _check_moments(x: np.ndarray, distribution: str, std: float) -> None:
    """The mean and the standard deviation, each as exact as so many draws are."""
    if abs(x.mean()) > DEVIATIONS * std / np.sqrt(x.size):
        raise Mismatch(f"the mean of the values is {x.mean():.4g}, expected 0")
    found, off = x.std(), DEVIATIONS * np.sqrt((KURTOSIS[distribution] - 1) / x.size)
    if abs((found / std) ** 2 - 1) > off:
        raise Mismatch(
            f"the standard deviation of the values is {found:.4g}, expected {std:.4g}: it is too "
            f"{'large' if found > std else 'small'} by a factor {max(found / std, std / found):.4g}"
        )


def _quantiles(distribution: str, std: float) -> np.ndarray:
    """The values below which a share of GRID lies."""
    if distribution == "uniform":
        return np.sqrt(3) * std * (2 * GRID - 1)
    return np.array([NormalDist(0, std).inv_cdf(share) for share in GRID.tolist()])
