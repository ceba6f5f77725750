"""Assignment 4: your own tests.

Write functions whose names begin with test_, that take nothing and assert. Here `solution` is not
your file: first it is a right one, which every test must let pass, and then, one by one, classes
and functions with a mistake planted in them. A mistake is caught if one of your tests fails.
"""

import numpy as np
from solution import SGD, fan_in_and_fan_out

from minigrad import Tensor


def test_one_step_goes_downhill():
    p = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    p.grad = Tensor(np.array([3.0, -3.0]))
    SGD([p], lr=0.1).step()
    assert p.data[0] < 1
    assert p.data[1] > 2


def test_the_fans_of_a_square_weight_are_equal():
    fan_in, fan_out = fan_in_and_fan_out(Tensor(np.zeros((4, 4))))
    assert fan_in == fan_out == 4
