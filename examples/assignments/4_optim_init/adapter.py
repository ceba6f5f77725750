"""Assignment 4: from plain arrays to minigrad's Tensors, and what the solution makes of them."""

import numpy as np

from minigrad import Tensor


def train(solution, optimizer, parameters, gradients, options):
    """The parameters after each step, and which of all gradients were written into.

    `gradients` has for each step a list with the gradient of each parameter, or None.
    """
    tensors = [Tensor(x.copy(), requires_grad=True) for x in parameters]
    stepper = getattr(solution, optimizer)(tensors, **options)
    after, changed = [], False
    for of_step in gradients:
        for p, g in zip(tensors, of_step, strict=True):
            p.grad = None if g is None else Tensor(g.copy())
        stepper.step()
        after.append([np.array(p.data) for p in tensors])
        for p, g in zip(tensors, of_step, strict=True):
            changed = changed or (g is not None and not np.array_equal(p.grad.data, g))
    return {"after": after, "changed": bool(changed)}


def fans(solution, shape):
    """fan_in and fan_out of a weight of this shape."""
    return solution.fan_in_and_fan_out(Tensor(np.zeros(shape, np.float32)))


def fill(solution, function, shape, options):
    """What a weight of zeros is filled with, twice, and whether the weight itself is returned."""
    values, returned = [], True
    for _ in range(2):
        weight = Tensor(np.zeros(shape, np.float32))
        returned = getattr(solution, function)(weight, **options) is weight and returned
        values.append(np.array(weight.data, np.float64))
    return {"values": values, "returned": returned}
