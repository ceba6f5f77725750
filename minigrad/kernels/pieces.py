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

FEWEST_LINES = 8  # products with fewer output lines than this take several output rows at once


class Piece(NamedTuple):
    """Output rows that lie equally far apart, and the padded rows of x that they read."""

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
    """Columns from one image to the next for `_multiply_shifted`; 0 where that would not pay.

    It saves copying the columns once for each horizontal tap, and its products have more lines;
    in return every output is added kw times. Measured: 10% (64 channels) to 30% (16) faster,
    depthwise twice as fast; slower with more outputs than inputs or with short lines.
    """
    (N, width), (groups, og, cg, _, _, kw) = x_shape[3:], w_shape
    many = cg >= 16 or groups > 1
    if stride > 1 or kw == 1 or before < 0 or not many or og > cg or N * width < 512:
        return 0
    after = out_width + (kw - 1) * dilation - before - width
    return width + max(before, after, out_width - width)  # neighbours share their padding


def multiply_shifted(taps, columns, piece, out):
    """out = taps times every window, each horizontal tap by itself and then added up, shifted.

    The columns lie once only, with each image's padding between it and the next.
    """
    groups, og, kh, _, kw, _ = taps.shape
    _, _, N, width = out.shape
    length = columns.shape[3]
    taps = taps.transpose(0, 4, 1, 2, 3, 5).reshape(groups, kw * og, kh, -1)
    for rows, at_once in _row_blocks(columns, len(out), og):
        band, high = _band(taps, at_once, piece.row_stride)
        y = np.empty((at_once, kw, og, length), out.dtype)
        for first, g in product(range(rows.start, rows.stop, at_once), range(groups)):
            top = first * piece.row_stride
            lines = columns[g, top : top + high].reshape(-1, length)
            np.matmul(band[g], lines, out=y.reshape(-1, length))
            for j in range(1, kw):
                shift = j * piece.step[2]
                y[:, 0, :, : max(0, length - shift)] += y[:, j, :, shift:]
            whole = y[:, 0].reshape(at_once, og, N, -1)
            copy_runs(out[first : first + at_once, g * og : (g + 1) * og], whole[..., :width])
