"""Batch normalisation on rows (R, C, L): R rows, C channels, L = W * N columns (see rows.py).

Each pass goes block by block, so that its intermediate results stay in the cache, and reads from
memory as little as it can. What is one number a channel is laid out along a whole row first:
NumPy multiplies two rows twice as fast as a row by a number. The sums of the rows are added in
float64.

`center` is what is subtracted from x before anything else, (C, 1), or None.
"""

import numpy as np

from .blocks import for_blocks

FAR = 2  # mean^2 / variance: E[x^2] - mean^2 loses at most this factor of precision
MANY_ROWS = 4  # from so many on it pays to lay a row out


def statistics(x):
    """Mean and (biased) variance of each channel, (C, 1) in float64."""
    count = x.shape[0] * x.shape[2]
    mean, squares = _sums(x, lambda block: (x[block], x[block])) / count
    var = squares - mean * mean
    if far_from_zero(mean, var):
        center = mean.astype(x.dtype)

        def centered(block):
            part = x[block] - center
            return part, part

        rest, squares = _sums(x, centered) / count
        var = squares - rest * rest
    return mean, np.maximum(var, 0)


def far_from_zero(mean, var):
    """Whether a mean is so large beside its deviation that it is better subtracted first."""
    return bool(np.any(mean * mean > FAR * var))


def channel_sums(dy, x, center=None):
    """Sums of dy and of dy * (x - center) over each channel, (C, 1) in float64."""
    return _sums(x, lambda block: (dy[block], _subtract(x[block], center)))


def _sums(x, parts):
    """The sums of a and of a * b over each channel, (2, C, 1), for a, b = parts(block) of x."""
    R, C, L = x.shape
    ones = np.ones(L, x.dtype)

    def sums(block):
        a, b = parts(block)
        each = np.matmul(a, ones), np.vecdot(a, b)  # (rows, C); half as long as np.sum
        return np.stack([part.sum(axis=0, dtype=np.float64) for part in each])

    return sum(for_blocks(sums, R, C * L), np.zeros((2, C)))[:, :, None]


def scale_and_shift(x, scale, shift, center=None):
    """(x - center) * scale + shift, the last three (C, 1)."""
    R, C, L = x.shape
    y = np.empty_like(x)
    scale, shift = _rows([scale, shift], x)

    def compute(block):
        out = y[block]
        np.multiply(_subtract(x[block], center), scale, out=out)
        out += shift

    for_blocks(compute, R, C * L)
    return y


def input_gradient(dy, x, scale, slope, offset, center=None):
    """dy * scale + (x - center) * slope + offset, the last four (C, 1)."""
    R, C, L = x.shape
    dx = np.empty_like(dy)
    scale, slope, offset = _rows([scale, slope, offset], x)

    def compute(block):
        out = dx[block]
        np.multiply(_subtract(x[block], center), slope, out=out)
        out += dy[block] * scale
        out += offset

    for_blocks(compute, R, C * L)
    return dx


def _subtract(x, center):
    return x if center is None else x - center


def _rows(values, x):
    """Each of `values` (C, 1) in the type of x, as a row (C, L) where there are many rows."""
    values = [value.astype(x.dtype) for value in values]
    if len(x) < MANY_ROWS:
        return values
    return [np.ascontiguousarray(np.broadcast_to(value, x.shape[1:])) for value in values]
