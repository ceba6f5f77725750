"""Batch normalisation on rows (R, C, L): R rows, C channels, L = W * N columns (see rows.py).

Each pass goes block by block, so that its intermediate results stay in the cache, and reads from
memory as little as it can. What is one number a channel is laid out along a whole row first:
NumPy multiplies two rows twice as fast as a row by a number. The sums of the rows are added in
float64.
"""

import numpy as np

from .blocks import for_blocks
from .threads import one_blas_thread

FAR = 4  # mean^2 / variance: E[x^2] - mean^2 loses at most this factor of precision
MANY_ROWS, LARGE = 4, 100_000  # rows, and numbers in all, from which on it pays to lay a row out


def statistics(x):
    """Mean and (biased) variance of each channel, (C, 1) in float64."""
    count = x.shape[0] * x.shape[2]
    mean, squares = _sums(x.shape, x.dtype, lambda block: (x[block], x[block])) / count
    var = squares - mean * mean
    far = _far_from_zero(mean, var)
    if far.size:
        center = mean[far].astype(x.dtype)

        def centered(block):
            part = x[block][:, far] - center
            return part, part

        shape = len(x), len(far), x.shape[2]
        rest, squares = _sums(shape, x.dtype, centered) / count
        var[far] = squares - rest * rest
    return mean, np.maximum(var, 0)


def _far_from_zero(mean, var):
    """The channels whose mean is so large beside the deviation that it is subtracted first."""
    return np.flatnonzero(mean * mean > FAR * var)


def channel_sums(dy, x, mean, var):
    """Sums of dy and of dy * (x - mean) over each channel, (C, 1) in float64."""
    sums, products = _sums(x.shape, x.dtype, lambda block: (dy[block], x[block]))
    products -= mean * sums
    far = _far_from_zero(mean, var)
    if far.size:
        center = mean[far].astype(x.dtype)
        shape = len(x), len(far), x.shape[2]
        _, rest = _sums(
            shape, x.dtype, lambda block: (dy[block][:, far], x[block][:, far] - center)
        )
        products[far] = rest - (mean[far] - center) * sums[far]
    return sums, products


def _sums(shape, dtype, parts):
    """The sums of a and of a * b over each channel, (2, C, 1), for the a, b = parts(block).

    All their blocks together are of `shape` (R, C, L).
    """
    R, C, L = shape
    ones = np.ones(L, dtype)

    def sums(block):
        a, b = parts(block)
        each = np.matmul(a, ones), np.vecdot(a, b)  # (rows, C); half as long as np.sum
        return np.stack([part.sum(axis=0, dtype=np.float64) for part in each])

    with one_blas_thread():
        return sum(for_blocks(sums, R, C * L), np.zeros((2, C)))[:, :, None]


def scale_and_shift(x, scale, shift):
    """x * scale + shift, the last two (C, 1)."""
    R, C, L = x.shape
    y = np.empty_like(x)
    scale, shift = _rows([scale, shift], x)

    def compute(block):
        out = y[block]
        np.multiply(x[block], scale, out=out)
        out += shift

    for_blocks(compute, R, C * L)
    return y


def input_gradient(dy, x, slope, offset, scale):
    """(dy + x * slope + offset) * scale, the last three (C, 1)."""
    R, C, L = x.shape
    dx = np.empty_like(dy)
    slope, offset, scale = _rows([slope, offset, scale], x)

    def compute(block):
        out = dx[block]
        np.multiply(x[block], slope, out=out)
        out += offset
        out += dy[block]
        out *= scale

    for_blocks(compute, R, C * L)
    return dx


def _rows(values, x):
    """Each of `values` (C, 1) in the type of x, as a row (C, L) where there is much to do."""
    values = [value.astype(x.dtype) for value in values]
    if len(x) < MANY_ROWS or x.size < LARGE:
        return values
    return [np.ascontiguousarray(np.broadcast_to(value, x.shape[1:])) for value in values]
