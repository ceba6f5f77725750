"""Batch normalisation on rows (R, C, L): R rows, C channels, L = W * N columns (see rows.py).

Each pass goes block by block, so that its intermediate results never leave the cache. The sums of
the rows are added in float64.
"""

import numpy as np

from .blocks import for_blocks


def statistics(x):
    """Mean and (biased) variance of each channel, (C, 1). Two passes: no cancellation."""
    R, C, L = x.shape

    def sums(block):
        return np.sum(x[block], axis=2).sum(axis=0, dtype=np.float64)

    mean = (sum(for_blocks(sums, R, C * L)) / (R * L)).astype(x.dtype)[:, None]

    def squares(block):
        centered = x[block] - mean
        return np.vecdot(centered, centered).sum(axis=0, dtype=np.float64)

    var = sum(for_blocks(squares, R, C * L)) / (R * L)
    return mean, var.astype(x.dtype)[:, None]


def scale_and_shift(x, mean, scale, shift):
    """(x - mean) * scale + shift, the last three (C, 1)."""
    R, C, L = x.shape
    y = np.empty_like(x)

    def compute(block):
        out = y[block]
        np.subtract(x[block], mean, out=out)
        out *= scale
        out += shift

    for_blocks(compute, R, C * L)
    return y


def channel_sums(dy, x, mean):
    """Sums of dy and of dy * (x - mean) over each channel, (C, 1) in float64."""
    R, C, L = x.shape

    def compute(block):
        sums = np.sum(dy[block], axis=2).sum(axis=0, dtype=np.float64)
        products = np.vecdot(dy[block], x[block] - mean).sum(axis=0, dtype=np.float64)
        return np.stack([sums, products])

    total, product = sum(for_blocks(compute, R, C * L))
    return total[:, None], product[:, None]


def input_gradient(dy, x, mean, scale, slope, offset):
    """dy * scale + (x - mean) * slope + offset, the last four (C, 1)."""
    R, C, L = x.shape
    dx = np.empty_like(dy)

    def compute(block):
        out = dx[block]
        np.subtract(x[block], mean, out=out)
        out *= slope
        out += dy[block] * scale
        out += offset

    for_blocks(compute, R, C * L)
    return dx
