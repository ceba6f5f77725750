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


@pytest.mark.parametrize("means", [(0, 0, 0), (0.5, 0, -1), (1000, 0, 30)])
def test_channel_sums(means):
    rng = np.random.default_rng(0)
    dy, x = rng.standard_normal((2, 6, 3, 50)).astype(np.float32)
    x += np.array(means, np.float32)[:, None]
    exact_dy, exact_x = dy.astype(np.float64), x.astype(np.float64)
    mean, var = exact_x.mean((0, 2))[:, None], exact_x.var((0, 2))[:, None]
    sums, products = norm.channel_sums(dy, x, mean, var)
    np.testing.assert_allclose(sums[:, 0], exact_dy.sum((0, 2)), atol=1e-5)
    np.testing.assert_allclose(products[:, 0], (exact_dy * (exact_x - mean)).sum((0, 2)), atol=1e-4)
