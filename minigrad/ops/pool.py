"""Pooling over the spatial axes of x (N, C, *spatial): the last axis first, then the others."""

import math

import numpy as np

from ..kernels import pool as kernel
from ..kernels.rows import from_rows, to_rows


def pooled_size(op, size, k, stride, padding, dilation=1, ceil_mode=False):
    """Output size of pooling along one axis: floor((W + 2P - D(K-1) - 1) / S) + 1, or ceil.

    With ceil_mode a window must still begin inside the input or its front padding.
    """
    window = dilation * (k - 1) + 1
    if padding * 2 > window:
        raise ValueError(
            f"{op}: padding {padding} is more than half of the window's {window}, which could then "
            f"lie wholly in the padding; at most {window // 2}"
        )
    room = size + 2 * padding - window
    out = (-(-room // stride) if ceil_mode else room // stride) + 1
    if out < 1:
        raise ValueError(
            f"{op}: a window of {window} does not fit into an axis of size {size} "
            f"with padding {padding}; use a smaller kernel_size, or pool less often before"
        )
    if ceil_mode and (out - 1) * stride >= size + padding:
        out -= 1
    return out


ROW_AXES = {1: (3,), 2: (1, 3), 3: (0, 1, 3)}  # where rows (D, H, C, W, N) have the spatial axes


def _stages(op, x, kernel_size, stride, padding, dilation, ceil_mode):
    """One stage of kernels/pool.py for each spatial axis of x (N, C, *S), the last one first."""
    stages = []
    where = ROW_AXES[x.ndim - 2]
    axes = zip(where, x.shape[2:], kernel_size, stride, padding, dilation, strict=True)
    for axis, size, k, s, p, d in axes:
        out = pooled_size(op, size, k, s, p, d, ceil_mode)
        stages.append((axis, size, (k, s, d, p, out)))
    return stages[::-1]


def max_pool(x, kernel_size, stride, padding, dilation, ceil_mode=False, *, needs=(True,)):
    """y[n,c,q] = the largest x[n,c, q * stride + t * dilation - padding] over t = 0..kernel_size-1.

    x (N, C, *S); `kernel_size`, `stride`, `padding` and `dilation` have a number for each spatial
    axis, and so have q and t. What lies outside of x, in the padding, is never the largest. The
    output size is floor((S + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1.
    The gradient goes to the first of equal values. nan counts as the largest; of several the last
    has the gradient.
    """
    # <solution: y, the largest value in each window>
    spatial = x.ndim - 2
    name = f"max_pool{spatial}d"
    stages = _stages(name, x, kernel_size, stride, padding, dilation, ceil_mode)
    y, winners = kernel.max_pool(to_rows(x), stages, needs[0])
    y = from_rows(y, spatial)
    # </solution>

    def max_pool_backward(dy):
        # <solution: dx, the gradient of x; dy is that of y>
        dx = from_rows(kernel.max_pool_gradient(to_rows(dy), winners, stages), spatial)
        # </solution>
        return (dx,)

    # <solution>
    max_pool_backward.__name__ = f"{name}_backward"
    # </solution>
    return y, max_pool_backward


def avg_pool(
    x, kernel_size, stride, padding, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    """y[n,c,q] = the mean of x[n,c, q * stride + t - padding] over t = 0..kernel_size-1.

    x (N, C, *S), options and output size as in `max_pool`. Padding counts as zeros unless
    count_include_pad=False.
    """
    # <solution: y, the mean of each window>
    spatial = x.ndim - 2
    name = f"avg_pool{spatial}d"
    stages = _stages(name, x, kernel_size, stride, padding, (1,) * spatial, ceil_mode)
    counts = np.ones((), x.dtype)
    for axis, size, window in stages:
        count = _count(size, window, count_include_pad).astype(x.dtype)
        counts = counts * count.reshape(-1, *[1] * (4 - axis))  # (H or D, 1, 1, W, 1)
    scale = 1 / (counts if divisor_override is None else x.dtype.type(divisor_override))
    y = from_rows(kernel.sum_pool(to_rows(x), stages) * scale, spatial)
    # </solution>

    def avg_pool_backward(dy):
        # <solution: dx, the gradient of x; dy is that of y>
        dx = from_rows(kernel.sum_pool_gradient(to_rows(dy) * scale, stages), spatial)
        # </solution>
        return (dx,)

    # <solution>
    avg_pool_backward.__name__ = f"{name}_backward"
    # </solution>
    return y, avg_pool_backward


def _count(size, window, include_pad):
    """How many elements each window of an axis averages; never those behind the back padding."""
    k, stride, _, padding, out = window
    start = np.arange(out) * stride - padding
    end = np.minimum(start + k, size + padding)
    if not include_pad:
        start, end = np.maximum(start, 0), np.minimum(end, size)
    return end - start


def _adaptive_windows(size, out):
    """Window i of `out` covers floor(i * size / out) up to ceil((i + 1) * size / out)."""
    return [(i * size // out, -(-(i + 1) * size // out)) for i in range(out)]


def adaptive_avg_pool(x, output_size):
    """The mean over as many windows as `output_size` asks for, as equal as they can be."""
    sizes = []
    for axis in range(x.ndim - 1, 1, -1):
        sizes.append((axis, x.shape[axis]))
        out = output_size[axis - 2]
        windows = _adaptive_windows(x.shape[axis], out)
        x = np.concatenate([_cut(x, axis, w).mean(axis, keepdims=True) for w in windows], axis)

    def adaptive_avg_pool_backward(dy):
        for axis, size in reversed(sizes):
            dx = np.zeros((*dy.shape[:axis], size, *dy.shape[axis + 1 :]), dy.dtype)
            for i, (a, b) in enumerate(_adaptive_windows(size, dy.shape[axis])):
                _cut(dx, axis, (a, b))[...] += _cut(dy, axis, (i, i + 1)) / (b - a)
            dy = dx
        return (dy,)

    return x, adaptive_avg_pool_backward


def adaptive_max_pool(x, output_size):
    """The largest value in each of as many windows as `output_size` asks for."""
    stages = []
    for axis in range(x.ndim - 1, 1, -1):
        windows = _adaptive_windows(x.shape[axis], output_size[axis - 2])
        winners = [_place_of_largest(_cut(x, axis, w), axis) + w[0] for w in windows]
        winner = np.stack(winners, axis)
        stages.append((axis, x.shape, winner))
        x = np.take_along_axis(x, winner, axis)

    def adaptive_max_pool_backward(dy):
        for axis, shape, winner in reversed(stages):
            dx = np.zeros(shape, dy.dtype)
            grid = list(np.ogrid[tuple(slice(n) for n in winner.shape)])
            grid[axis] = winner
            np.add.at(dx, tuple(grid), dy)  # neighbouring windows may share a winner
            dy = dx
        return (dy,)

    return x, adaptive_max_pool_backward


def _place_of_largest(x, axis):
    """The first of equal values; of several nan the last."""
    place, is_nan = x.argmax(axis), np.isnan(x)
    if is_nan.any():
        last = x.shape[axis] - 1 - np.flip(is_nan, axis).argmax(axis)
        place = np.where(is_nan.any(axis), last, place)
    return place


def _cut(x, axis, window):
    return x[(slice(None),) * axis + (slice(*window),)]


def global_avg_pool(x):
    """The mean over all spatial axes: (N, C, *spatial) -> (N, C, 1, ...)."""
    shape, axes = x.shape, tuple(range(2, x.ndim))
    count = math.prod(shape[2:])

    def global_avg_pool_backward(dy):
        return (np.broadcast_to(dy / count, shape),)

    return np.sum(x, axis=axes, keepdims=True) / x.dtype.type(count), global_avg_pool_backward
