"""Assignment 5: your own tests of conv, conv_transpose and DepthwiseSeparable.

Write functions whose names begin with test_, that take nothing and assert. Here `solution` is not
your file: first all in it is right, which every test must let pass, and then, one by one, something
in it has a mistake. A mistake is caught if one of your tests fails.
"""

import numpy as np
from solution import conv


def test_the_gradient_of_a_depthwise_kernel_has_its_shape():
    x, w = np.ones((2, 3, 4, 5)), np.ones((3, 1, 2, 2))
    options = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 3}
    y, backward = conv(x, w, None, **options)
    _, dw, _ = backward(np.ones(y.shape))
    assert dw.shape == (3, 1, 2, 2)
