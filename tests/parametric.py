"""A layer as a function of its inputs and its parameters, for the checks of gradients."""

import numpy as np

from minigrad import nn


def randomized(layer, seed=0):
    """The layer in float64, every parameter drawn anew: none is 0, 1 or alike by chance."""
    rng = np.random.default_rng(seed)
    layer.double()
    for parameter in layer.parameters():
        parameter.data[...] = rng.standard_normal(parameter.shape) * 0.5
    return layer


def arrays(layer):
    """What state_dict holds, as arrays."""
    return {key: value.data for key, value in layer.state_dict().items()}


def as_function(layer, inputs=1):
    """f(*inputs, *parameters), and the arrays of the parameters: what check_gradients takes."""
    slots = [(part, name) for part in layer.modules() for name, _ in part._held(nn.Parameter)]
    values = [vars(part)[name].data.copy() for part, name in slots]

    def f(*tensors):
        for (part, name), tensor in zip(slots, tensors[inputs:], strict=True):
            vars(part)[name] = tensor
        return layer(*tensors[:inputs])

    return f, values
