"""The arithmetic of windows: how large a map becomes, and the matrix that a convolution is."""

from __future__ import annotations

import copy
import math

import numpy as np

from .nn import Layer
from .nn.conv import ConvNd
from .nn.deform import Deformable
from .nn.functional.shapes import sizes
from .nn.pool import AvgPoolNd
from .tensor import Tensor, no_grad

LARGEST = 2**27  # entries of the images that give the columns: half a gigabyte


def output_size(layer: Layer, size: int | tuple[int, ...]) -> tuple[int, ...]:
    """The spatial sizes that a convolution, transposed convolution or pooling makes of `size`.

    One number stands for all axes. For a whole model, `minigrad.summary` shows the shape behind
    each layer.

    >>> mg.output_size(nn.Conv2d(1, 6, 5, stride=2), 32)
    (14, 14)
    """
    n = getattr(layer, "_dims", None)
    if n is None or not hasattr(layer, "_output_size"):
        raise TypeError(
            f"output_size: expected a convolution or pooling layer, got {_name(layer)}; for a "
            "model write minigrad.summary(model, (1, C, H, W)), it shows every layer's shape"
        )
    return layer._output_size(sizes("output_size", "size", size, n, 1))


def as_matrix(layer: Layer, size: int | tuple[int, ...]) -> np.ndarray:
    """The matrix A with layer(x).flatten() = A @ x.flatten() + bias, for one image of `size`.

    (O * prod(output size), C * prod(size)): a row for each output value, a column for each input
    value. Most entries of a convolution's matrix are 0, since a value depends on its neighbours
    only, and the others are the same few weights in every row. The matrix of the transposed
    convolution with the same weight is its transpose. Takes convolutions, transposed ones and
    average pooling (of one channel).

    >>> mg.as_matrix(nn.Conv2d(1, 1, 2), (3, 4)).shape
    (6, 12)
    """
    if not isinstance(layer, (ConvNd, AvgPoolNd)) or isinstance(layer, Deformable):
        raise TypeError(
            "as_matrix: expected a convolution, a transposed convolution or an average pooling, "
            f"got {_name(layer)}"
        )
    linear = copy.copy(layer)
    channels, dtype = 1, np.dtype(np.float32)
    if isinstance(linear, ConvNd):
        linear.bias = None
        channels, dtype = linear.in_channels, linear.weight.dtype
    sizes_in = sizes("as_matrix", "size", size, layer._dims, 1)
    inputs = channels * math.prod(sizes_in)
    if inputs**2 > LARGEST:
        raise ValueError(
            f"as_matrix: for size {sizes_in} the matrix has {inputs:,} columns; it is meant for "
            "looking at, take a smaller size"
        )
    # Column i is what the layer makes of the image that is 1 at pixel i and 0 elsewhere.
    images = np.eye(inputs, dtype=dtype).reshape(inputs, channels, *sizes_in)
    with no_grad():
        columns = linear(Tensor(images)).data
    return np.ascontiguousarray(columns.reshape(inputs, -1).T)


def _name(layer: object) -> str:
    return type(layer).__name__
