"""How images lie in memory: row by row of the whole batch.

N images, C channels, D depth, H height, W width, G groups, O output channels, L = N * W columns.

The user sees (N, C, H, W). In memory the axes are (D, H, C, N, W): one row of every image and
channel side by side. Then the k rows under a k-high window, for all images at once, are one
matrix of k*C consecutive lines of N*W numbers, and a convolution is one matrix product per output
row, with nothing copied for the vertical taps. NumPy's elementwise functions keep that order, so
it goes from layer to layer by itself; whatever lies otherwise is copied into it once.
"""

import numpy as np


def to_rows(x):
    """(N, C, *spatial) -> (D, H, C, N, W), contiguous; copied only if it lies otherwise."""
    while x.ndim < 5:
        x = np.expand_dims(x, 2)  # (N, C, W) -> (N, C, 1, 1, W)
    return np.ascontiguousarray(x.transpose(2, 3, 1, 0, 4))


def from_rows(rows, spatial):
    """(D, H, C, N, W) -> (N, C, *spatial) for that many spatial axes, as a view."""
    x = rows.transpose(3, 2, 0, 1, 4)  # -> (N, C, D, H, W)
    return x.reshape(x.shape[:2] + x.shape[5 - spatial :])


def three(sizes, fill):
    """(W,), (H, W) or (D, H, W) -> (D, H, W)."""
    return (fill,) * (3 - len(sizes)) + tuple(sizes)
