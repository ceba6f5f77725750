"""Convolution of any dimension, stride, dilation and grouping, as matrix products.

Letters as in rows.py; k = (kd, kh, kw) is the kernel's size, Cg = C/G and Og = O/G are channels a
group. Images are rows (D, H, C, N, W), weights are (O, Cg, kd, kh, kw), and sizes, strides,
dilations and paddings are triples (d, h, w).

`correlate` does the work in pieces of some output rows. For a piece, the columns under the
horizontal and depth taps are copied side by side; the vertical taps then cost nothing, because the
lines of kh consecutive rows are one matrix. Or the columns are copied once, and the products of
each horizontal tap are added up (`_multiply_shifted`), whichever is faster.

The gradient by the input is a correlate too: of the output's gradient with the flipped kernel, once
for each phase of the stride.
"""

import math
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from . import threads

PIECE = 400_000  # floats of copied columns in a piece: they should stay in a core's own cache
FEWEST_LINES = 8  # products with fewer output lines than this take several output rows at once


class Piece(NamedTuple):
    """Output rows that lie equally far apart, and the padded rows of x that they read."""

    out: tuple  # index of these rows in the output (D, H, ...)
    rows: int  # how many rows of x
    start: tuple  # position in x of the first tap of the first output, may be negative
    step: tuple  # distance in x between neighbouring taps, and between the rows of x
    row_stride: int  # how many of the rows of x lie between one output row and the next
    stride: int  # distance in x between neighbouring outputs of a row


def correlate(x, w, stride, dilation, before, out_size, groups=1, bias=None, out=None):
    """y[q] = bias + sum over taps t of w[t] * x[q * stride + t * dilation - before].

    x is 0 outside. `before` is the padding in front (a negative one crops); the padding behind
    follows from `out_size`. `bias` is (O,) or None.
    """
    w = w.reshape(groups, -1, *w.shape[1:])  # (O, Cg, *k) -> (G, Og, Cg, *k)
    if out is None:
        out = np.empty((*out_size[:2], w.shape[0] * w.shape[1], x.shape[3], out_size[2]), x.dtype)
    taps = w.transpose(0, 1, 4, 3, 5, 2)  # -> (G, Og, kh, kd, kw, Cg), the order of the lines
    pitch = _pitch(x.shape, w.shape, stride[2], dilation[2], before[2], out_size[2])

    def compute(piece):
        rows = out[piece.out]
        if pitch:
            columns = _columns(x, piece, groups, (*w.shape[3:5], 1), pitch)
            _multiply_shifted(taps, columns, piece, rows)
        else:
            columns = _columns(x, piece, groups, w.shape[3:], out_size[2])
            _multiply(taps, columns, piece.row_stride, rows)
        if bias is not None:
            rows += bias[:, None, None]

    _for_pieces(compute, x, w, stride, dilation, before, out_size)
    return out


def weight_gradient(x, dy, kernel, stride, dilation, before, groups=1):
    """The gradient of `correlate` by w, (O, Cg, *kernel)."""
    kd, kh, kw = kernel
    out_size = (*dy.shape[:2], dy.shape[4])
    og, cg = dy.shape[2] // groups, x.shape[2] // groups
    dw = np.empty((groups, og, cg, *kernel), x.dtype)

    def compute(piece):
        columns = _columns(x, piece, groups, kernel, out_size[2])
        windows = _windows(columns, kh, piece.row_stride)  # (G, rows, kh * T, L)
        lines = _lines(dy[piece.out], groups)  # (G, rows, Og, L)
        if og > windows.shape[2]:
            return np.matmul(lines, windows.swapaxes(2, 3)).sum(axis=1)
        # The taller matrix in front: up to twice as fast, OpenBLAS cuts its work along it.
        return np.matmul(windows, lines.swapaxes(2, 3)).sum(axis=1).swapaxes(1, 2)

    total = sum(_for_pieces(compute, x, dw, stride, dilation, before, out_size))
    total = total.reshape(groups, og, kh, kd, kw, cg)
    dw[...] = total.transpose(0, 1, 5, 3, 2, 4)  # -> (G, Og, Cg, kd, kh, kw)
    return dw.reshape(-1, cg, *kernel)


def input_gradient(dy, w, in_size, stride, dilation, before, groups=1):
    """The gradient of `correlate` by x; also what a transposed convolution computes."""
    w = w.reshape(groups, -1, *w.shape[1:])  # (O, Cg, *k) -> (G, Og, Cg, *k)
    w = w.swapaxes(1, 2).reshape(-1, w.shape[1], *w.shape[3:])  # -> (C, Og, *k)
    dx = np.empty((*in_size[:2], w.shape[0], dy.shape[3], in_size[2]), dy.dtype)
    axes = zip(in_size, w.shape[2:], stride, dilation, before, strict=True)
    for phases in product(*(list(_phases(*axis)) for axis in axes)):
        d, h, v = phases
        out = dx[d.at, h.at, :, :, v.at]
        some = w[:, :, d.taps][:, :, :, h.taps][..., v.taps]
        if some.size == 0:
            out[...] = 0
            continue
        geometry = zip(*((axis.dilation, axis.before, axis.size) for axis in phases), strict=True)
        correlate(dy, some, (1, 1, 1), *geometry, groups, out=out)
    return dx


class Phase(NamedTuple):
    """Every stride-th position of an axis of x, and the taps of the flipped kernel it sees."""

    at: slice
    taps: list
    dilation: int
    before: int
    size: int


def _phases(size, k, stride, dilation, before):
    """Split an axis of x by position modulo stride.

    x[r] meets y[q] by tap t when r = q * stride + t * dilation - before. With r = a + s * stride,
    q = s + (a + before - t * dilation) / stride, which must be whole.
    """
    for a in range(min(stride, size)):
        taps = [t for t in reversed(range(k)) if (a + before - t * dilation) % stride == 0]
        apart = (taps[0] - taps[1]) * dilation // stride if len(taps) > 1 else 1
        first = (a + before - taps[0] * dilation) // stride if taps else 0
        yield Phase(slice(a, None, stride), taps, apart, -first, len(range(a, size, stride)))


def _for_pieces(compute, x, w, stride, dilation, before, out_size):
    """compute(piece) for all pieces, side by side if that pays. w is (G, Og, Cg, kd, kh, kw)."""
    work = w.size * math.prod(out_size) * x.shape[3]
    share = threads.get_num_threads() if work >= threads.WORTH_WAKING else 1
    pieces = list(_pieces(x, w.shape[3:], stride, dilation, before, out_size, share))
    return threads.run(compute, pieces, together=share > 1)


def _pieces(x, kernel, stride, dilation, before, out_size, share):
    """Cut the output into pieces of a size that fits the cache, at least `share` of them.

    With dilation, the rows under one window are `dilation` apart; output rows whose windows fall
    on the same raster of rows form a piece, and within it the kernel is dense again.
    """
    kd, kh, kw = kernel
    spacing = dilation[1] if kh > 1 else stride[1]  # a flat kernel needs only the rows it touches
    common = math.gcd(stride[1], spacing)
    out_step, row_stride = spacing // common, stride[1] // common
    floats = kd * kw * x.shape[2] * x.shape[3] * out_size[2] * row_stride  # for one output row
    longest = max(kh, PIECE // max(1, floats))  # shorter ones would copy too many rows twice
    for d, a in product(range(out_size[0]), range(min(out_step, out_size[1]))):
        count = len(range(a, out_size[1], out_step))
        number = -(-count // longest)
        number = min(count, -(-number // share) * share)
        for i in range(number):
            first, last = count * i // number, count * (i + 1) // number
            row = a + first * out_step
            yield Piece(
                out=(d, slice(row, a + (last - 1) * out_step + 1, out_step)),
                rows=(last - first - 1) * row_stride + kh,
                start=(d * stride[0] - before[0], row * stride[1] - before[1], -before[2]),
                step=(dilation[0], spacing, dilation[2]),
                row_stride=row_stride,
                stride=stride[2],
            )


def _columns(x, piece, groups, kernel, width):
    """The values of x under each horizontal and depth tap: (G, rows, kd * kw * Cg, L)."""
    D, H, C, N, W = x.shape
    (kd, kh, kw), rows = kernel, piece.rows
    (depth, row, column), (depth_step, row_step, column_step) = piece.start, piece.step
    top, bottom = _inside(row, row_step, rows, H)
    first = max(row + top * row_step, 0)
    source = x[:, first : first + (bottom - top) * row_step : row_step]
    whole = column == 0 and width == W and bottom - top == rows and 0 <= depth < D
    if whole and kd == kw == groups == piece.stride == 1 and (row_step == 1 or kh == 1):
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
        target[..., left:right] = source[z, ..., first : last : piece.stride]
    return columns.reshape(groups, rows, kd * kw * (C // groups), N * width)


def _inside(first, step, count, size):
    """Which of the positions first, first + step, ... (`count` of them) lie in 0..size-1."""
    low = min(max(0, -(first // step)), count)
    high = min(max(low, (size - 1 - first) // step + 1), count)
    return low, high


def _windows(columns, kh, row_stride):
    """All kh-high windows as matrices of lines, overlapping in memory: (G, windows, kh * T, L)."""
    groups, rows, lines, length = columns.shape
    group, row, _, one = columns.strides
    shape = (groups, (rows - kh) // row_stride + 1, kh * lines, length)
    strides = (group, row * row_stride, row // lines, one)
    return as_strided(columns, shape, strides, writeable=False)


def _lines(rows, groups):
    """Output rows (rows, O, N, W) as matrices of lines (G, rows, Og, L); a view where it can be."""
    count, channels, N, W = rows.shape
    return rows.reshape(count, groups, channels // groups, N * W).swapaxes(0, 1)


def _multiply(taps, columns, row_stride, out):
    """out = taps times every window of the columns. taps (G, Og, kh, kd, kw, Cg)."""
    groups, og, kh = taps.shape[:3]
    taps = taps.reshape(groups, og, kh, -1)
    if og >= FEWEST_LINES and out[0].flags.c_contiguous:
        windows = _windows(columns, kh, row_stride)
        np.matmul(taps.reshape(groups, 1, og, -1), windows, out=_lines(out, groups))
        return
    for rows, at_once in _row_blocks(len(out), og):
        band, high = _band(taps, at_once, row_stride)
        windows = _windows(columns[:, rows.start * row_stride :], high, at_once * row_stride)
        blocks, (N, W) = (rows.stop - rows.start) // at_once, out.shape[2:]
        y = np.matmul(band[:, None], windows[:, :blocks])  # (G, blocks, at_once * Og, L)
        y = y.reshape(groups, blocks, at_once, og, N, W).transpose(1, 2, 0, 3, 4, 5)
        out[rows].reshape(blocks, at_once, groups, og, N, W)[...] = y


def _row_blocks(count, og):
    """Cut rows into blocks of FEWEST_LINES output lines, and a shorter one for the rest."""
    at_once = min(max(1, FEWEST_LINES // og), count)
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


def _pitch(x_shape, w_shape, stride, dilation, before, out_width):
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


def _multiply_shifted(taps, columns, piece, out):
    """out = taps times every window, each horizontal tap by itself and then added up, shifted.

    The columns lie once only, with each image's padding between it and the next.
    """
    groups, og, kh, _, kw, _ = taps.shape
    _, _, N, width = out.shape
    length = columns.shape[3]
    taps = taps.transpose(0, 4, 1, 2, 3, 5).reshape(groups, kw * og, kh, -1)
    for rows, at_once in _row_blocks(len(out), og):
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
            out[first : first + at_once, g * og : (g + 1) * og] = whole[..., :width]
