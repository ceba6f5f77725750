"""Pooling along one axis; 2-D and 3-D pooling do one axis after the other, the last one first.

In that order the winner among equals is the first in reading order, as in PyTorch.
A window is described by (k, stride, dilation, before, out): its taps t meet the positions
q * stride + t * dilation - before for q in 0..out-1, as far as they lie inside.
"""

import numpy as np


def _taps(size, window):
    """For each tap: the outputs it serves and the inputs it reads, as slices of the axis."""
    k, stride, dilation, before, out = window
    for t in range(k):
        first = t * dilation - before
        low = min(max(0, -(first // stride)), out)
        high = min(max(low, (size - 1 - first) // stride + 1), out)
        if high > low:
            start = first + low * stride
            yield t, slice(low, high), slice(start, first + (high - 1) * stride + 1, stride)


def _at(axis, where):
    return (slice(None),) * axis + (where,)


def max_along(x, axis, window, want_winner):
    """The largest value in each window, and which tap it came from (None if not wanted)."""
    shape = (*x.shape[:axis], window[4], *x.shape[axis + 1 :])
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    order = np.argsort([-s for s in x.strides], kind="stable")  # results lie in memory as x does
    y = _full_like_order(shape, lowest, x.dtype, order)
    winner = _full_like_order(shape, 0, np.uint8 if window[0] < 256 else np.intp, order)
    for t, outputs, inputs in _taps(x.shape[axis], window):
        best, candidate = y[_at(axis, outputs)], x[_at(axis, inputs)]
        if want_winner:
            np.copyto(winner[_at(axis, outputs)], t, where=candidate > best)
        np.maximum(best, candidate, out=best)
    return y, winner if want_winner else None


def _full_like_order(shape, value, dtype, order):
    """np.full with the axes laid out in memory in `order`, slowest first."""
    array = np.full([shape[i] for i in order], value, dtype)
    return array.transpose(np.argsort(order))


def max_along_backward(dy, winner, axis, size, window):
    """Send each gradient back to the tap that won."""
    dx = _zeros_like_order(dy, axis, size)
    for t, outputs, inputs in _taps(size, window):
        won = winner[_at(axis, outputs)] == t
        dx[_at(axis, inputs)] += dy[_at(axis, outputs)] * won
    return dx


def sum_along(x, axis, window):
    """The sum over each window."""
    y = _zeros_like_order(x, axis, window[4])
    for _, outputs, inputs in _taps(x.shape[axis], window):
        y[_at(axis, outputs)] += x[_at(axis, inputs)]
    return y


def sum_along_backward(dy, axis, size, window):
    """Send each gradient back to every element of its window."""
    dx = _zeros_like_order(dy, axis, size)
    for _, outputs, inputs in _taps(size, window):
        dx[_at(axis, inputs)] += dy[_at(axis, outputs)]
    return dx


def _zeros_like_order(x, axis, size):
    shape = (*x.shape[:axis], size, *x.shape[axis + 1 :])
    order = np.argsort([-s for s in x.strides], kind="stable")
    return _full_like_order(shape, 0, x.dtype, order)
