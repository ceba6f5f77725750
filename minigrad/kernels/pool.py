"""Pooling, one axis after the other, the last one first.

Taken in that order, the winner among equals is the first in reading order, as in PyTorch.
A stage (axis, size, (k, stride, dilation, before, out)) describes one axis: tap t of output q
meets the input at q * stride + t * dilation - before, if that lies within 0..size-1.

Arrays are rows (D, H, C, W, N), and the work goes a few channels at a time, so that what one stage
computes is still in the cache when the next one reads it.
"""

from functools import lru_cache

import numpy as np

from .blocks import for_blocks
from .cutting import every, inside

CHANNELS = 2  # the axis of rows that counts channels


@lru_cache(maxsize=1024)
def _taps(stage):
    """For each tap: its number, the outputs it serves, and the inputs it reads there."""
    axis, size, (k, stride, dilation, before, out) = stage
    front, taps = (slice(None),) * axis, []
    for t in range(k):
        first = t * dilation - before
        low, high = inside(first, stride, out, size)
        if high > low:
            outputs, inputs = slice(low, high), every(first, stride, low, high)
            taps.append((t, (*front, outputs), (*front, inputs)))
    return tuple(taps)


def _resized(shape, axis, size):
    return (*shape[:axis], size, *shape[axis + 1 :])


def _by_channels(compute, x, stages):
    """Run `compute(channels)` for blocks of channels; x and `stages` tell how large they are."""
    channels = x.shape[CHANNELS]
    largest = x.size * max((size / window[4] for _, size, window in stages), default=1)
    for_blocks(
        lambda block: compute((slice(None),) * CHANNELS + (block,)),
        channels,
        int(largest) // max(1, channels),
    )


def max_pool(x, stages, want_winners):
    """The largest value in each window, and for each stage the taps that won (if wanted)."""
    shapes = [x.shape]
    for axis, _, window in stages:
        shapes.append(_resized(shapes[-1], axis, window[4]))
    y = np.empty(shapes[-1], x.dtype)
    winners = []
    if want_winners:
        taps = [np.min_scalar_type(window[0]) for _, _, window in stages]
        winners = [np.empty(shape, t) for shape, t in zip(shapes[1:], taps, strict=True)]

    def compute(channels):
        part = x[channels]
        won = [winner[channels] for winner in winners] or [None] * len(stages)
        for stage, winner in zip(stages, won, strict=True):
            part = _max_along(part, stage, winner)
        y[channels] = part
        if want_winners and np.isnan(part.min(initial=np.inf)):
            _let_nan_win(x[channels], stages, won)

    _by_channels(compute, x, stages)
    return y, winners


def _max_along(x, stage, winner):
    axis, _, (_, stride, dilation, before, out) = stage
    taps = list(_taps(stage))
    whole = [tap for tap in taps[:2] if _count(tap, axis) == out]  # they lie inside everywhere
    if [t for t, _, _ in whole] == [0, 1]:  # both in one pass: a seventh less time
        (_, _, inputs), (_, _, others) = whole
        y = np.maximum(x[inputs], x[others])
        if winner is not None:
            bits = winner.view(bool) if winner.itemsize == 1 else winner
            np.greater(x[others], x[inputs], out=bits, casting="unsafe")
        del taps[:2]
    elif whole and whole[0] == taps[0]:
        first, _, inputs = taps.pop(0)
        y = x[inputs].copy()
        if winner is not None:
            winner[...] = first
    else:
        y = np.full(_resized(x.shape, axis, out), -np.inf, x.dtype)
        if winner is not None:  # at first the first tap inside, which stands where all are -inf
            inside = np.maximum(0, -((np.arange(out) * stride - before) // dilation))
            winner[...] = inside.reshape(-1, *[1] * (x.ndim - 1 - axis))
    for t, outputs, inputs in taps:
        best, candidate = y[outputs], x[inputs]
        if winner is not None and t > 0:  # taps come in order: the largest number is the latest
            latest = np.multiply(candidate > best, t, dtype=winner.dtype)
            np.maximum(winner[outputs], latest, out=winner[outputs])
        np.maximum(best, candidate, out=best)
    return y


def _let_nan_win(x, stages, winners):
    """The winners again, where there is nan: the last one of a window."""
    for stage, winner in zip(stages, winners, strict=True):
        for t, outputs, inputs in _taps(stage):
            winner[outputs][np.isnan(x[inputs])] = t
        x = _max_along(x, stage, None)


def _count(tap, axis):
    """How many outputs the tap serves."""
    return tap[1][axis].stop - tap[1][axis].start


def max_pool_gradient(dy, winners, stages):
    """Send each gradient back to the position that won."""
    shape = dy.shape
    for axis, size, _ in stages:
        shape = _resized(shape, axis, size)
    dx = np.empty(shape, dy.dtype)

    def compute(channels):
        part = dy[channels]
        for winner, stage in zip(reversed(winners), reversed(stages), strict=True):
            part = _max_along_gradient(part, winner[channels], stage)
        dx[channels] = part

    _by_channels(compute, dy, stages)
    return dx


def _max_along_gradient(dy, winner, stage):
    axis, size, (k, stride, dilation, _, _) = stage
    taps = list(_taps(stage))
    apart = stride > (k - 1) * dilation  # then no position is in two windows
    tiled = apart and sum(_count(tap, axis) for tap in taps) == size  # and each is in one
    dx = (np.empty if tiled else np.zeros)(_resized(dy.shape, axis, size), dy.dtype)
    for t, outputs, inputs in taps:
        won = winner[outputs] == t
        if apart:
            np.multiply(dy[outputs], won, out=dx[inputs])
        else:
            dx[inputs] += dy[outputs] * won
    return dx


def sum_pool(x, stages):
    """The sum over each window."""
    for stage in stages:
        y = np.zeros(_resized(x.shape, stage[0], stage[2][4]), x.dtype)
        for _, outputs, inputs in _taps(stage):
            y[outputs] += x[inputs]
        x = y
    return x


def sum_pool_gradient(dy, stages):
    """Send each gradient back to every position of its window."""
    for stage in reversed(stages):
        dx = np.zeros(_resized(dy.shape, stage[0], stage[1]), dy.dtype)
        for _, outputs, inputs in _taps(stage):
            dx[inputs] += dy[outputs]
        dy = dx
    return dy
