"""Assignment 3: your own tests of max_pool, avg_pool, batch_norm and cross_entropy.

Write functions whose names begin with test_, that take nothing and assert. Here `solution` is not
your file: first its functions are right ones, which every test must let pass, and then, one by one,
one of them has a mistake planted in it. A mistake is caught if one of your tests fails.
"""

import numpy as np
from solution import batch_norm


def test_the_gradients_of_a_channel_add_up_to_0_in_training():
    x, w, b = np.random.default_rng(0).normal(size=(2, 3, 4, 5)), np.ones(3), np.zeros(3)
    y, backward = batch_norm(x, w, b, eps=1e-5)
    dx, _, _ = backward(np.arange(float(y.size)).reshape(y.shape))
    assert np.allclose(dx.sum(axis=(0, 2, 3)), 0)
