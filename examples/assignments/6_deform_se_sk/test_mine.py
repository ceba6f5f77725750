"""Assignment 6: your own tests of deform_conv2d, SEBlock and SKBlock.

Write functions whose names begin with test_, that take nothing and assert. Here `solution` is not
your file: first all in it is right, which every test must let pass, and then, one by one, something
in it has a mistake. A mistake is caught if one of your tests fails.
"""

import numpy as np
from solution import deform_conv2d


def test_the_gradient_of_the_offsets_has_their_shape():
    x, w = np.ones((2, 3, 4, 5)), np.ones((6, 3, 2, 2))
    offset = np.full((2, 8, 3, 4), 0.5)
    options = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}
    y, backward = deform_conv2d(x, offset, w, None, None, **options)
    _, doffset, _, _, _ = backward(np.ones(y.shape))
    assert doffset.shape == offset.shape
