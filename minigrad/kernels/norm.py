"""Batch normalisation on rows (R, C, L): R rows, C channels, L = W * N columns (see rows.py).

Each pass goes block by block, so that its intermediate results stay in the cache, and reads from
memory as little as it can. What is one number a channel is laid out along a whole row first:
NumPy multiplies two rows twice as fast as a row by a number. The sums of the rows are added in
float64.
"""

import numpy as np

from .blocks import for_blocks

FAR = 4  # mean^2 / variance: E[x^2] - mean^2 loses at most this factor of precision
MANY_ROWS, LARGE = 4, 100_000  # rows, and numbers in all, from which on it pays to lay a row out


def statistics(x):
    """Mean and (biased) variance of each channel, (C, 1) in float64."""
    count = x.shape[0] * x.shape[2]
    mean, squares = _sums(x, lambda block: (x[block], x[block])) / count
    var = squares - mean * mean
    if far_from_zero(mean, var):
        (center,) = _rows([mean], x)

        def centered(block):
            part = x[block] - center
            return part, part

        rest, squares = _sums(x, centered) / count
        var = squares - rest * rest
    return mean, np.maximum(var, 0)


def far_from_zero(mean, var):
    """Whether a mean is so large beside its deviation that it is better subtracted first."""
    return bool(np.any(mean * mean > FAR * var))


def channel_sums(dy, x, center):
    """Sums of dy and of dy * (x - center) over each channel, (C, 1) in float64.

    `center` is (C, 1), or 0, which saves subtracting it.
    """
    if np.ndim(center) == 0:
        return _sums(x, lambda block: (dy[block], x[block]))
    (center,) = _rows([center], x)
    return _sums(x, lambda block: (dy[block], x[block] - center))


def _sums(x, parts):
    """The sums of a and of a * b over each channel, (2, C, 1), for a, b = parts(block) of x."""
    R, C, L = x.shape
    ones = np.ones(L, x.dtype)

    def sums(block):
        a, b = parts(block)
        each = np.matmul(a, ones), np.vecdot(a, b)  # (rows, C); half as long as np.sum
        return np.stack([part.sum(axis=0, dtype=np.float64) for part in each])

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


def input_gradient(dy, x, scale, slope, offset):
    """dy * scale + x * slope + offset, the last three (C, 1)."""
    R, C, L = x.shape
    dx = np.empty_like(dy)
    scale, slope, offset = _rows([scale, slope, offset], x)

    def compute(block):
        out = dx[block]
        np.multiply(x[block], slope, out=out)
        out += offset
        out += dy[block] * scale

    for_blocks(compute, R, C * L)
    return dx


def _rows(values, x):
    """Each of `values` (C, 1) in the type of x, as a row (C, L) where there is much to do."""
    values = [value.astype(x.dtype) for value in values]
    if len(x) < MANY_ROWS or x.size < LARGE:
        return values
    return [np.ascontiguousarray(np.broadcast_to(value, x.shape[1:])) for value in values]
