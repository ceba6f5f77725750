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
KURTOSIS = {"normal": 3.0, "uniform": 9 / 5}


def check_draws(x: np.ndarray, distribution: str, std: float) -> None:
    """Raise Mismatch unless the numbers of `x` are independent draws with mean 0 and this `std`.

    `distribution` is "normal" or "uniform". `x` should have some ten thousand numbers.
    """
    if not np.isfinite(x).all():
        raise Mismatch("some of the values are not finite")
    if not x.any():
        raise Mismatch("the tensor is still all zeros: write into tensor.data, as in data[...] = x")
    if len(np.unique(x)) < 0.9 * x.size:
        raise Mismatch(
            f"only {len(np.unique(x))} of {x.size} values differ; draw each one for itself, with "
            "size=tensor.shape"
        )
    _check_moments(x, distribution, std)
    bound = np.sqrt(3) * std
    if distribution == "uniform" and np.abs(x).max() > bound * (1 + 1e-5):
        raise Mismatch(f"there are values up to {np.abs(x).max():.4g}, expected none beyond {bound:.4g}")
    shares = np.array([(x <= quantile).mean() for quantile in _quantiles(distribution, std)])
    distance = np.abs(shares - GRID)
    if distance.max() * np.sqrt(x.size) > KOLMOGOROV:
        i = int(distance.argmax())
        raise Mismatch(
            f"the values are not distributed as {distribution} ones: {shares[i]:.1%} are below "
            f"{_quantiles(distribution, std)[i]:.4g}, expected {GRID[i]:.0%}"
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
