"""How images lie in memory: row by row of the whole batch.

N images, C channels, D depth, H height, W width, G groups, O output channels, L = W * N columns.

The user sees (N, C, H, W). In memory the axes are (D, H, C, W, N): row after row, and each pixel
of a channel is a run of N numbers, one from each image. Then the k rows under a k-high window, for
all images at once, are one matrix of k*C consecutive lines of W*N numbers, and a convolution is
matrix products on these lines, with nothing copied. To move a line by a pixel is to start N numbers
later, and what concerns every second pixel only, as with strides and pooling, still goes over runs
of N. NumPy's elementwise functions keep that order, so it goes from layer to layer by itself;
whatever lies otherwise is copied into it once.
"""

import numpy as np

from . import blocks

LONG_RUN = 64  # numbers; from here on NumPy's own copy is as fast


def to_rows(x):
    """(N, C, *spatial) -> (D, H, C, W, N), contiguous; copied only if it lies otherwise."""
    while x.ndim < 5:
        x = x[:, :, None]  # (N, C, W) -> (N, C, 1, 1, W)
    x = x.transpose(2, 3, 1, 4, 0)
    return x if x.flags.c_contiguous else contiguous(x)


def from_rows(rows, spatial):
    """(D, H, C, W, N) -> (N, C, *spatial) for that many spatial axes, as a view."""
    x = rows.transpose(4, 2, 0, 1, 3)  # -> (N, C, D, H, W)
    return x.reshape(x.shape[:2] + x.shape[5 - spatial :])


def reshape(x, shape):
    """x.reshape(shape). Where that copies, the images stay innermost in memory if they were.

    So images are flattened, and their gradients unfolded, a run of pixels at a time.
    """
    kept = min(x.ndim, len(shape)) > 1 and x.shape[0] == shape[0] > 1
    if not kept or x.strides[0] != x.itemsize:
        return x.reshape(shape)
    inner = np.moveaxis(x, 0, -1)  # (N, ...) -> (..., N)
    inner = inner if inner.flags.c_contiguous else contiguous(inner)
    return np.moveaxis(inner.reshape(*shape[1:], shape[0]), -1, 0)


def contiguous(x):
    """A copy of x in C order."""
    y = np.empty(x.shape, x.dtype)
    if x.size <= blocks.BLOCK:
        copy_runs(y, x)
        return y
    axis = next(axis for axis, size in enumerate(x.shape) if size > 1)

    def copy(block):
        at = (*[slice(None)] * axis, block)
        copy_runs(y[at], x[at])

    blocks.for_blocks(copy, x.shape[axis], x.size // x.shape[axis])
    return y


def copy_runs(target, source):
    """target[...] = source, each run along the last axis moved as one item where it can be.

    NumPy's loop spends about 20 ns on a run of numbers and 5 on a single item: rows of a few
    pixels are copied two to five times as fast.
    """
    short = target.ndim > 0 and 0 < target.shape[-1] < LONG_RUN
    if short and target.dtype == source.dtype and _in_one(target) and _in_one(source):
        run = np.dtype((np.void, target.shape[-1] * target.itemsize))
        target, source = target.view(run), source.view(run)
    target[...] = source


def _in_one(x):
    return x.strides[-1] == x.itemsize


def three(sizes, fill):
    """(W,), (H, W) or (D, H, W) -> (D, H, W)."""
    return (fill,) * (3 - len(sizes)) + tuple(sizes)
