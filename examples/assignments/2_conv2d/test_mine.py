"""Assignment 2: your own tests of conv.

Write functions whose names begin with test_, that take nothing and assert. Here `solution` is not
your file: first it is a right one, which every test must let pass, and then, one by one, functions
with a mistake planted in the way back. A mistake is caught if one of your tests fails.
"""

import numpy as np
from solution import conv


def test_the_gradient_of_the_bias_has_its_shape():
    x, w, b = np.ones((2, 3, 4, 5)), np.ones((6, 3, 2, 2)), np.zeros(6)
    options = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}
    y, backward = conv(x, w, b, **options)
    _, _, db = backward(np.ones(y.shape))
    assert db.shape == (6,)
