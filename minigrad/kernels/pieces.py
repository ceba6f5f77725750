"""A piece of a convolution: some output rows, as products of the taps and the rows they meet.

Letters as in conv.py; T lines lie under the taps of one row, L = W * N numbers long.

The vertical taps cost nothing, because the lines of kh consecutive rows are one matrix. For the
horizontal taps there are two ways, and `Across` says which. Each tap makes a product of its own,
and the products are added up, each shifted: nothing is copied. Or the columns under all taps are
copied side by side and one product adds them up.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .cutting import every, inside
from .rows import copy_runs

WAYS = ("faster", "shifts", "columns", "im2col")  # to serve the horizontal taps; im2col: all taps
way = "faster"
MANY = 16  # lines of x, from which on a product for each horizontal tap pays (up to 40%)
LONG_LINE = 256  # numbers from which on adding up lines as a product pays
FEWEST_LINES = 8  # products with fewer output lines than this take several output rows at once
PADDED = 200_000  # numbers in images so small that padding is copied: fewer pieces, a third faster
SMALL, TINY = 1_000_000, 1000  # multiply-adds of a small product, lines times lines of a tiny one


def few_inputs(w_shape):
    """Whether it pays to copy columns for the output. w_shape is (G, Og, Cg, *k).

    Shifted products make kw * Og lines where copies make kw * Cg. In small groups rows are copied
    either way. Measured: the right choice saves 10% to 40%.
    """
    groups, og, cg, kd, _, kw = w_shape
    return kw > 1 and (og > kd * cg if groups == 1 else 1 < cg < MANY)


def few_lines(w_shape):
    """Whether it pays to copy columns for the gradient by the weights.

    A product of fewer lines than MANY does too little with each number that it reads.
    """
    groups, _, cg, kd, kh, kw = w_shape
    return kw > 1 and groups == 1 and kd * kh * cg < MANY


class Across(NamedTuple):
    """The taps along a row: tap j of output q meets x at q * stride + starts[j]."""

    starts: tuple
    stride: int
    width: int  # outputs in a row
    copied: bool  # whether the columns under all taps are copied side by side

    @classmethod
    def plan(cls, kw, stride, dilation, before, width, copied):
        """Of a kernel's taps; `copied` says which way is faster if the stride leaves a choice."""
        starts = tuple(j * dilation - before for j in range(kw))
        copied = {"columns": True, "shifts": False}.get(way, copied)
        return cls(starts, stride, width, stride > 1 or copied)

    @property
    def shifts(self):
        """How far the outputs lie behind their products; nowhere, if columns were copied."""
        return (0,) if self.copied else self.starts

    def pads(self, x_shape, kh):
        """Whether rows of padding are copied with the others; else rows at the edge stand alone."""
        return self.copied or math.prod(x_shape) < PADDED * (kh - 1)

    def floats(self, x_shape, w_shape, row_stride):
        """How many floats an output row of one group makes, and the fewest rows for a piece."""
        (W, N), (_, og, cg, kd, kh, kw) = x_shape[3:], w_shape
        if self.copied:  # a shorter piece would copy more rows twice
            return kd * kw * cg * self.width * N * row_stride, kh
        return kw * og * W * N, 1

    def arrange(self, w):
        """(G, Og, Cg, kd, kh, kw) -> (G, kw, Og, kh, kd, Cg), or (G, 1, Og, kh, kd, kw * Cg)."""
        if not self.copied:
            return np.ascontiguousarray(w.transpose(0, 5, 1, 4, 3, 2))
        groups, og, cg, kd, kh, kw = w.shape
        return w.transpose(0, 1, 4, 3, 5, 2).reshape(groups, 1, og, kh, kd, kw * cg)

    def restore(self, taps, kw):
        """Back from `arrange`."""
        groups, _, og, kh, kd, lines = taps.shape
        if not self.copied:
            return taps.transpose(0, 2, 5, 4, 3, 1)
        return taps.reshape(groups, og, kh, kd, kw, lines // kw).transpose(0, 1, 5, 3, 2, 4)


def columns(x, piece, across):
    """The lines of x that the piece reads: (G, rows, T, W, N); a view where they lie there already.

    Lines are a matrix in memory if each is equally far from the one before, across rows too.
    """
    groups, (C, W, N) = piece.groups.stop - piece.groups.start, x.shape[2:]
    source = x[piece.source]
    source = source.reshape(*source.shape[:2], groups, C // groups, W, N)
    source = source.transpose(2, 1, 0, 3, 4, 5)  # -> (G, rows, kd, Cg, W, N)
    _, rows, kd, cg = source.shape[:4]
    one_row = piece.height.stop - piece.height.start == 1
    there = kd == 1 and piece.zeros == (0, 0) and (one_row or _dense(source[:, :, 0]))
    if there and not across.copied:
        return source[:, :, 0]

    starts, stride, width = across[:3] if across.copied else ((0,), 1, W)
    before, after = piece.zeros
    lines = np.empty((groups, before + rows + after, kd, len(starts), cg, width, N), x.dtype)
    lines[:, :before] = lines[:, before + rows :] = 0
    for j, start in enumerate(starts):
        target = lines[:, before : before + rows, :, j]
        low, high = inside(start, stride, width, W)
        target[..., :low, :] = target[..., high:, :] = 0
        copy_runs(target[..., low:high, :], source[..., every(start, stride, low, high), :])
    return lines.reshape(groups, before + rows + after, -1, width, N)


def _dense(columns):
    """Whether the lines of all rows are equally far apart, so that several rows are a matrix."""
    _, row, line = columns.strides[:3]
    return columns.shape[2] == 1 or row == columns.shape[2] * line


def _windows(columns, high, step):
    """All windows of `high` rows, `step` apart, as matrices of lines: (G, windows, high * T, L).

    They overlap in memory.
    """
    groups, rows, T, W, N = columns.shape
    group, row, line, _, one = columns.strides
    if T == 1:  # the next line lies in the next row
        line = row
    shape = (groups, max(0, (rows - high) // step + 1), high * T, W * N)
    return as_strided(columns, shape, (group, step * row, line, one), writeable=False)


def as_lines(rows, groups):
    """Output rows (rows, O, W, N) as matrices of lines (G, rows, Og, L); a view where it can be."""
    count, channels, W, N = rows.shape
    return rows.reshape(count, groups, channels // groups, W * N).swapaxes(0, 1)


def multiply(taps, columns, row_stride, shifts, out, bias):
    """out = bias + taps times every window of the columns. taps (G, shifts, Og, kh, kd, T / kd)."""
    groups, number, og, kh = taps.shape[:4]
    taps = taps.reshape(groups, number * og, kh, -1)
    W, N = columns.shape[3:]
    there = shifts == (0,) and out.shape[2] == W and out[0, 0].flags.c_contiguous
    for rows, at_once in _row_blocks(columns, len(out), og):
        band, high = _band(taps, at_once, row_stride)
        step = at_once * row_stride
        windows = _windows(columns[:, rows.start * row_stride :], high, step)
        blocks = (rows.stop - rows.start) // at_once
        target = out[rows].reshape(blocks, at_once, groups, og, *out.shape[2:])
        target = target.transpose(2, 0, 1, 3, 4, 5)  # -> (G, blocks, at_once, Og, width, N)
        factors = band[:, None], windows[:, :blocks]
        if there and 1 in (at_once, og):  # the lines that the product writes are a matrix
            np.matmul(*factors, out=target.reshape(groups, blocks, at_once * og, W * N))
        else:
            _multiply_shifted(*factors, shifts, W, target)
    if bias is not None:
        out += bias


def _multiply_shifted(taps, windows, shifts, W, out):
    """out[q] = the sum over j of y[j][q + shifts[j]], y = taps times windows; 0 outside of y.

    y (G, blocks, rows, shifts, Og, W, N), out (G, blocks, rows, Og, width, N). In memory there is
    a gap of zeros before each line of y, as far as shifts reach beyond its ends. So the next tap's
    line, shifted, begins a constant distance further, and the sum over taps is a product with ones:
    half as long as np.add.
    """
    *outer, og, width, N = out.shape
    number, length = len(shifts), W * N
    gap = N * max(-shifts[0], shifts[-1] + width - W, 0)
    memory = np.empty(gap + math.prod(outer) * number * og * (gap + length), out.dtype)
    memory[:gap] = 0
    y = memory[gap:].reshape(*outer[:2], -1, length + gap)
    np.matmul(taps, windows, out=y[..., :length])
    y[..., length:] = 0

    line, step = length + gap, shifts[1] - shifts[0] if number > 1 else 0
    counts = (outer[1] * outer[2] * number * og, outer[2] * number * og, number * og, 1)
    distances = [count * line for count in counts] + [og * line + step * N, 1]
    lines = as_strided(
        memory[gap + shifts[0] * N :],
        (*outer, og, number, width * N),
        [distance * memory.itemsize for distance in distances],
    )
    if number == 1 or width * N < LONG_LINE:
        out[...] = reduce(np.add, np.moveaxis(lines, -2, 0)).reshape(out.shape)
        return
    dense = out.strides[-2] == N * out.itemsize  # not with a stride, then the outputs lie apart
    target = out.reshape(*outer, og, 1, -1) if dense else None
    sums = np.matmul(np.ones((1, number), out.dtype), lines, out=target)
    if not dense:
        out[...] = sums.reshape(out.shape)


def _row_blocks(columns, count, og):
    """Cut `count` rows into blocks of FEWEST_LINES output lines, and a shorter one for the rest.

    Single rows where the lines of several are no matrix, and where the columns hold nan or inf:
    0 * nan is nan, so the zeros in a band would carry it to rows that do not see it.
    """
    at_once = min(max(1, FEWEST_LINES // og), count) if _dense(columns) else 1
    if at_once > 1:
        lines = columns.reshape(*columns.shape[:3], -1)  # -> (G, rows, T, L)
        sums = np.matmul(lines, np.ones(lines.shape[3], lines.dtype))
        at_once = at_once if np.isfinite(sums).all() else 1
    whole = count - count % at_once
    yield slice(0, whole), at_once
    if whole < count:
        yield slice(whole, count), count - whole


def _band(taps, at_once, row_stride):
    """The taps once for each of `at_once` output rows, each time further down; and their height.

    taps (G, lines, kh, T) -> (G, at_once * lines, height * T).
    """
    groups, lines, kh, per_row = taps.shape
    high = (at_once - 1) * row_stride + kh
    band = np.zeros((groups, at_once, lines, high, per_row), taps.dtype)
    for r in range(at_once):
        band[:, r, :, r * row_stride : r * row_stride + kh] = taps
    return band.reshape(groups, at_once * lines, high * per_row), high


def products(columns, dy, piece, across):
    """What the rows dy, (G, rows, Og, L), add to the gradient of the taps that the piece sees.

    (G, shifts, kh, kd, T / kd, Og)
    """
    kh, kd = (taps.stop - taps.start for taps in (piece.height, piece.depth))
    windows, N = _windows(columns, kh, piece.row_stride), columns.shape[4]
    sums = []
    for shift in across.shifts:
        low, high = inside(shift, 1, across.width, columns.shape[3])
        seen = windows[..., (low + shift) * N : (high + shift) * N]
        sums.append(_product(seen, dy[..., low * N : high * N]))
    sums = np.stack(sums, axis=1)  # (G, shifts, kh * T, Og)
    return sums.reshape(*sums.shape[:2], kh, kd, -1, sums.shape[3])


def _product(windows, dy):
    """The sum over rows of windows (G, rows, kh * T, L) times dy (G, rows, Og, L) transposed.

    The taller matrix in front: up to twice as fast, OpenBLAS cuts its work along it. The smallest
    ones are cut so that it takes its kernel for small products: a quarter faster.
    """
    if dy.shape[2] > windows.shape[2]:
        return _product(dy, windows).swapaxes(1, 2)
    size, length = windows.shape[2] * dy.shape[2], dy.shape[3]
    parts = max(1, -(-size * length // SMALL)) if size < TINY else 1
    cuts = [slice(length * i // parts, length * (i + 1) // parts) for i in range(parts)]
    return sum(np.matmul(windows[..., c], dy[..., c].swapaxes(2, 3)).sum(axis=1) for c in cuts)
