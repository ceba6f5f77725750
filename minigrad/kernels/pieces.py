"""A piece of a convolution: its columns copied, and the products that give its output rows.

Letters as in conv.py; T = kd * kw * Cg lines under a row's taps, L = N * W long.

The columns under the horizontal and depth taps are copied side by side; the vertical taps then cost
nothing, because the lines of kh consecutive rows are one matrix. Or the columns are copied once,
and the products of each horizontal tap are added up (`multiply_shifted`), whichever is faster.
"""

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .rows import copy_runs

LONG_ENOUGH = 512  # columns, and
MANY_INPUTS = 16  # input lines under a column of taps, from which on shifted products pay
FEWEST_LINES = 8  # products with fewer output lines than this take several output rows at once
PIECE = 400_000  # floats to work on at a time: they should stay in a core's own cache


class Piece(NamedTuple):
    """Output rows that lie equally far apart, and the padded rows of x that they read."""

    groups: slice  # the groups of channels that it computes
    out: tuple  # index of these rows in the output (D, H, ...)
    rows: int  # how many rows of x
    start: tuple  # position in x of the first tap of the first output, may be negative
    step: tuple  # distance in x between neighbouring taps, and between the rows of x
    row_stride: int  # how many of the rows of x lie between one output row and the next
    stride: int  # distance in x between neighbouring outputs of a row


def copy_columns(x, piece, groups, kernel, width):
    """The values of x under each horizontal and depth tap: (G, rows, kd * kw * Cg, L)."""
    D, H, C, N, W = x.shape
    (kd, _, kw), rows = kernel, piece.rows
    (depth, row, column), (depth_step, row_step, column_step) = piece.start, piece.step
    top, bottom = _inside(row, row_step, rows, H)
    first = max(row + top * row_step, 0)
    source = x[:, first : first + (bottom - top) * row_step : row_step]
    whole = column == 0 and width == W and bottom - top == rows and 0 <= depth < D
    if whole and kd == kw == groups == piece.stride == 1 and row_step == 1:
        return source[depth].reshape(1, rows, C, N * W)  # the lines lie there already

    columns = np.empty((groups, rows, kd, kw, C // groups, N, width), x.dtype)
    columns[:, :top] = 0
    columns[:, bottom:] = 0
    source = source.reshape(D, bottom - top, groups, C // groups, N, W).swapaxes(1, 2)
    for i, j in product(range(kd), range(kw)):
        target = columns[:, top:bottom, i, j]
        z, start = depth + i * depth_step, column + j * column_step
        if not 0 <= z < D:
            target[...] = 0
            continue
        left, right = _inside(start, piece.stride, width, W)
        target[..., :left] = 0
        target[..., right:] = 0
        first = max(start + left * piece.stride, 0)
        last = first + (right - left) * piece.stride
        copy_runs(target[..., left:right], source[z, ..., first : last : piece.stride])
    return columns.reshape(groups, rows, kd * kw * (C // groups), N * width)


def _inside(first, step, count, size):
    """Which of the positions first, first + step, ... (`count` of them) lie in 0..size-1."""
    low = min(max(0, -(first // step)), count)
    high = min(max(low, (size - 1 - first) // step + 1), count)
    return low, high


def all_windows(columns, kh, row_stride):
    """All kh-high windows as matrices of lines, overlapping in memory: (G, windows, kh * T, L)."""
    groups, rows, lines, length = columns.shape
    group, row, _, one = columns.strides
    shape = (groups, (rows - kh) // row_stride + 1, kh * lines, length)
    strides = (group, row * row_stride, row // lines, one)
    return as_strided(columns, shape, strides, writeable=False)


def as_lines(rows, groups):
    """Output rows (rows, O, N, W) as matrices of lines (G, rows, Og, L); a view where it can be."""
    count, channels, N, W = rows.shape
    return rows.reshape(count, groups, channels // groups, N * W).swapaxes(0, 1)


def multiply(taps, columns, row_stride, out):
    """out = taps times every window of the columns. taps (G, Og, kh, kd, kw, Cg)."""
    groups, og, kh = taps.shape[:3]
    taps = taps.reshape(groups, og, kh, -1)
    if og >= FEWEST_LINES and out[0].flags.c_contiguous:
        windows = all_windows(columns, kh, row_stride)
        np.matmul(taps.reshape(groups, 1, og, -1), windows, out=as_lines(out, groups))
        return
    for rows, at_once in _row_blocks(columns, len(out), og):
        band, high = _band(taps, at_once, row_stride)
        windows = all_windows(columns[:, rows.start * row_stride :], high, at_once * row_stride)
        blocks, (N, W) = (rows.stop - rows.start) // at_once, out.shape[2:]
        y = np.matmul(band[:, None], windows[:, :blocks])  # (G, blocks, at_once * Og, L)
        y = y.reshape(groups, blocks, at_once, og, N, W).transpose(1, 2, 0, 3, 4, 5)
        copy_runs(out[rows].reshape(blocks, at_once, groups, og, N, W), y)


def _row_blocks(columns, count, og):
    """Cut `count` rows into blocks of FEWEST_LINES output lines, and a shorter one for the rest.

    Single rows where the columns hold nan or inf: 0 * nan is nan, so the zeros in a band would
    carry it to rows that do not see it.
    """
    at_once = min(max(1, FEWEST_LINES // og), count)
    if at_once > 1 and not np.isfinite(columns.sum()):
        at_once = 1
    whole = count - count % at_once
    yield slice(0, whole), at_once
    if whole < count:
        yield slice(whole, count), count - whole


def _band(taps, at_once, row_stride):
    """The taps once for each of `at_once` output rows, each time further down; and their height.

    taps (G, Og, kh, T) -> (G, at_once * Og, height * T).
    """
    groups, og, kh, per_row = taps.shape
    high = (at_once - 1) * row_stride + kh
    band = np.zeros((groups, at_once, og, high, per_row), taps.dtype)
    for r in range(at_once):
        band[:, r, :, r * row_stride : r * row_stride + kh] = taps
    return band.reshape(groups, at_once * og, high * per_row), high


def pitch(x_shape, w_shape, stride, dilation, before, out_width):
    """Columns from one image to the next for `multiply_shifted`; 0 where that would not pay.

    It saves copying the columns once for each horizontal tap, and its products have more lines;
    in return every output is added kw times. Measured: level with `multiply` at 64 channels of
    8x8, 10% to 20% faster on large images and depthwise, 35% with 5x5 kernels; slower with two
    taps, and in one group with few inputs, with more outputs than inputs or with short lines.
    """
    (N, width), (groups, og, cg, kd, _, kw) = x_shape[3:], w_shape
    few = groups == 1 and (kd * cg < MANY_INPUTS or og > kd * cg)
    if few or kw < 3 or stride > 1 or before < 0 or N * width < LONG_ENOUGH:
        return 0
    after = out_width + (kw - 1) * dilation - before - width
    return width + max(before, after, out_width - width)  # neighbours share their padding


def multiply_shifted(taps, columns, piece, out):
    """out = taps times every window, each horizontal tap by itself and then added up, shifted.

    The columns lie once only, with each image's padding between it and the next.
    """
    groups, og, kh, _, kw, _ = taps.shape
    (N, W), length = out.shape[2:], columns.shape[3]
    taps = taps.transpose(0, 4, 1, 2, 3, 5)  # -> (G, kw, Og, kh, kd, Cg)
    taps = taps.reshape(groups, kw * og, kh, -1)
    for rows, at_once in _row_blocks(columns, len(out), og):
        band, high = _band(taps, at_once, piece.row_stride)
        step = at_once * piece.row_stride
        windows = all_windows(columns[:, rows.start * piece.row_stride :], high, step)
        blocks = (rows.stop - rows.start) // at_once
        target = out[rows].reshape(blocks, at_once, groups, og, N, W)
        for g, b in _parts(groups, blocks, at_once * kw * og * length):
            y = np.matmul(band[g, None], windows[g, b])
            y = y.reshape(*y.shape[:2], at_once, kw, og, length)
            for j in range(1, kw):
                shift = j * piece.step[2]
                y[:, :, :, 0, :, : max(0, length - shift)] += y[:, :, :, j, :, shift:]
            whole = y[:, :, :, 0].reshape(*y.shape[:3], og, N, length // N)
            copy_runs(target[b, :, g], whole.transpose(1, 2, 0, 3, 4, 5)[..., :W])


def _parts(groups, blocks, floats):
    """Slices of groups and blocks, `floats` a block, that together are about PIECE floats."""
    many = max(1, PIECE // (floats * blocks))
    few = max(1, PIECE // floats)
    for g, b in product(range(0, groups, many), range(0, blocks, few)):
        yield slice(g, g + many), slice(b, min(b + few, blocks))
