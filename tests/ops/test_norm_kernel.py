"""The sums that batch norm is made of, in float32 against float64."""

import numpy as np
import pytest

from minigrad.kernels import norm


@pytest.mark.parametrize("shape", [(1, 3, 400), (30, 4, 1000), (7, 5, 1)])
@pytest.mark.parametrize("mean", [0, 1, 3, 1000])
def test_statistics(shape, mean):
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(shape) + mean * np.arange(shape[1])[:, None]).astype(np.float32)
    found_mean, found_var = norm.statistics(x)
    exact = x.astype(np.float64)
    rounding = 1e-7 * max(1, mean)
    np.testing.assert_allclose(found_mean[:, 0], exact.mean((0, 2)), rtol=1e-6, atol=rounding)
    np.testing.assert_allclose(found_var[:, 0], exact.var((0, 2)), rtol=1e-5)


@pytest.mark.parametrize("value", [0, 0.1, -7e5])
def test_a_constant_channel_has_no_variance(value):
    x = np.full((5, 2, 100), value, np.float32)
    mean, var = norm.statistics(x)
    np.testing.assert_allclose(mean, np.float32(value), rtol=1e-6)
    np.testing.assert_allclose(var, 0, atol=1e-12 * value**2)
    assert (var >= 0).all()


@pytest.mark.parametrize("center", [None, 5.0])
def test_channel_sums(center):
    rng = np.random.default_rng(0)
    dy, x = rng.standard_normal((2, 6, 3, 50)).astype(np.float32)
    center = 0 if center is None else np.full((3, 1), center)
    sums, products = norm.channel_sums(dy, x, center)
    dy, x = dy.astype(np.float64), x.astype(np.float64)
    np.testing.assert_allclose(sums[:, 0], dy.sum((0, 2)), atol=1e-5)
    np.testing.assert_allclose(products[:, 0], (dy * (x - center)).sum((0, 2)), atol=1e-4)
