"""Convolution of any dimension, stride, dilation and grouping, as matrix products.

Letters as in rows.py; k = (kd, kh, kw) is the kernel's size, Cg = C/G and Og = O/G are channels a
group. Images are rows (D, H, C, N, W), weights are (O, Cg, kd, kh, kw), and sizes, strides,
dilations and paddings are triples (d, h, w).

`correlate` does the work in pieces of some output rows (pieces.py), side by side if that pays. The
gradient by the input is a correlate too: of the output's gradient with the flipped kernel, once
for each phase of the stride.
"""

import math
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from . import pieces, threads

COPY = 30  # multiply-adds that take as long as copying one number into the columns


def correlate(x, w, stride, dilation, before, out_size, groups=1, bias=None):
    """y[q] = bias + sum over taps t of w[t] * x[q * stride + t * dilation - before].

    x is 0 outside. `before` is the padding in front (a negative one crops); the padding behind
    follows from `out_size`. `bias` is (O,) or None.
    """
    y = np.empty((*out_size[:2], w.shape[0], x.shape[3], out_size[2]), x.dtype)
    share = _share(x, w, out_size)
    _run(_correlation(x, w, stride, dilation, before, groups, bias, y, share), share)
    return y


def _correlation(x, w, stride, dilation, before, groups, bias, out, share):
    """The tasks that together write `correlate` to out, at least `share` of them."""
    w = w.reshape(groups, -1, *w.shape[1:])  # (O, Cg, *k) -> (G, Og, Cg, *k)
    taps = w.transpose(0, 1, 4, 3, 5, 2)  # -> (G, Og, kh, kd, kw, Cg), the order of the lines
    out_size = *out.shape[:2], out.shape[4]
    pitch = pieces.pitch(x.shape, w.shape, stride[2], dilation[2], before[2], out_size[2])
    kernel, width = w.shape[3:], out_size[2]
    if pitch:
        kernel, width = (*kernel[:2], 1), pitch

    def compute(piece):
        some = piece.groups.stop - piece.groups.start
        columns = pieces.copy_columns(_part(x, piece, groups), piece, some, kernel, width)
        rows = _part(out[piece.out], piece, groups)
        if pitch:
            pieces.multiply_shifted(taps[piece.groups], columns, piece, rows)
        else:
            pieces.multiply(taps[piece.groups], columns, piece.row_stride, rows)
        if bias is not None:
            rows += _part(bias[:, None, None], piece, groups)

    cut = _cut(x, groups, kernel, stride, dilation, before, out_size, share)
    return [partial(compute, piece) for piece in cut]


def weight_gradient(x, dy, kernel, stride, dilation, before, groups=1):
    """The gradient of `correlate` by w, (O, Cg, *kernel)."""
    kd, kh, kw = kernel
    out_size = (*dy.shape[:2], dy.shape[4])
    og, cg = dy.shape[2] // groups, x.shape[2] // groups
    dw = np.empty((groups, og, cg, *kernel), x.dtype)
    share = _share(x, dw, out_size)

    def compute(piece):
        some = piece.groups.stop - piece.groups.start
        part = _part(x, piece, groups)
        columns = pieces.copy_columns(part, piece, some, kernel, out_size[2])
        windows = pieces.all_windows(columns, kh, piece.row_stride)  # (G, rows, kh * T, L)
        lines = pieces.as_lines(_part(dy[piece.out], piece, groups), some)  # (G, rows, Og, L)
        if og > windows.shape[2]:
            return np.matmul(lines, windows.swapaxes(2, 3)).sum(axis=1)
        # The taller matrix in front: up to twice as fast, OpenBLAS cuts its work along it.
        return np.matmul(windows, lines.swapaxes(2, 3)).sum(axis=1).swapaxes(1, 2)

    cut = list(_cut(x, groups, kernel, stride, dilation, before, out_size, share))
    total = np.zeros((groups, og, kh * kd * kw * cg), x.dtype)
    for piece, part in zip(cut, _run([partial(compute, c) for c in cut], share), strict=True):
        total[piece.groups] += part
    total = total.reshape(groups, og, kh, kd, kw, cg)
    dw[...] = total.transpose(0, 1, 5, 3, 2, 4)  # -> (G, Og, Cg, kd, kh, kw)
    return dw.reshape(-1, cg, *kernel)


def _part(images, piece, groups):
    """The channels of the piece's groups, of (..., C, N, W)."""
    each = images.shape[-3] // groups
    return images[..., piece.groups.start * each : piece.groups.stop * each, :, :]


def input_gradient(dy, w, in_size, stride, dilation, before, groups=1):
    """The gradient of `correlate` by x; also what a transposed convolution computes."""
    w = w.reshape(groups, -1, *w.shape[1:])  # (O, Cg, *k) -> (G, Og, Cg, *k)
    w = w.swapaxes(1, 2).reshape(-1, w.shape[1], *w.shape[3:])  # -> (C, Og, *k)
    dx = np.empty((*in_size[:2], w.shape[0], dy.shape[3], in_size[2]), dy.dtype)
    share = _share(dy, w, (*dy.shape[:2], dy.shape[4]))
    each, tasks = -(-share // math.prod(stride)), []  # phases are parts already
    axes = zip(in_size, w.shape[2:], stride, dilation, before, strict=True)
    for phases in product(*(list(_phases(*axis)) for axis in axes)):
        d, h, v = phases
        out = dx[d.at, h.at, :, :, v.at]
        some = w[:, :, d.taps][:, :, :, h.taps][..., v.taps]
        if some.size == 0:
            out[...] = 0
            continue
        geometry = zip(*((axis.dilation, axis.before) for axis in phases), strict=True)
        tasks += _correlation(dy, some, (1, 1, 1), *geometry, groups, None, out, each)
    _run(tasks, share)
    return dx


class Phase(NamedTuple):
    """Every stride-th position of an axis of x, and the taps of the flipped kernel it sees."""

    at: slice
    taps: list
    dilation: int
    before: int


def _phases(size, k, stride, dilation, before):
    """Split an axis of x by position modulo stride.

    x[r] meets y[q] by tap t when r = q * stride + t * dilation - before. With r = a + s * stride,
    q = s + (a + before - t * dilation) / stride, which must be whole.
    """
    for a in range(min(stride, size)):
        taps = [t for t in reversed(range(k)) if (a + before - t * dilation) % stride == 0]
        apart = (taps[0] - taps[1]) * dilation // stride if len(taps) > 1 else 1
        first = (a + before - taps[0] * dilation) // stride if taps else 0
        yield Phase(slice(a, None, stride), taps, apart, -first)


def _share(x, w, out_size):
    """How many threads the work is worth. w is (O, Cg, *k) or, already parted, (G, Og, Cg, *k)."""
    positions = math.prod(out_size) * x.shape[3]
    copies = w.shape[-3] * w.shape[-1] * x.shape[2] * positions
    work = w.size * positions + COPY * copies
    return threads.get_num_threads() if work >= threads.WORTH_WAKING else 1


def _run(tasks, share):
    return threads.run(lambda task: task(), tasks, together=share > 1)


def _cut(x, groups, kernel, stride, dilation, before, out_size, share):
    """Cut the output into pieces of a size that fits the cache, at least `share` of them.

    Groups are parted first, since two pieces of the same rows copy nothing twice. With dilation,
    the rows under one window are `dilation` apart; output rows whose windows fall on the same
    raster of rows form a piece, and within it the kernel is dense again.
    """
    kd, kh, kw = kernel
    spacing = dilation[1] if kh > 1 else stride[1]  # a flat kernel needs only the rows it touches
    common = math.gcd(stride[1], spacing)
    out_step, row_stride = spacing // common, stride[1] // common
    # Floats copied for one output row of one group:
    floats = kd * kw * (x.shape[2] // groups) * x.shape[3] * out_size[2] * row_stride
    for d, a in product(range(out_size[0]), range(min(out_step, out_size[1]))):
        count = len(range(a, out_size[1], out_step))
        parts = min(groups, _multiple(groups * count * floats / pieces.PIECE, share))
        together = floats * -(-groups // parts)
        longest = max(kh, pieces.PIECE // max(1, together))  # shorter ones copy more rows twice
        number = min(count, _multiple(count / longest, -(-share // parts)))
        for g, i in product(range(parts), range(number)):
            first, last = count * i // number, count * (i + 1) // number
            row = a + first * out_step
            yield pieces.Piece(
                groups=slice(groups * g // parts, groups * (g + 1) // parts),
                out=(d, slice(row, a + (last - 1) * out_step + 1, out_step)),
                rows=(last - first - 1) * row_stride + kh,
                start=(d * stride[0] - before[0], row * stride[1] - before[1], -before[2]),
                step=(dilation[0], spacing, dilation[2]),
                row_stride=row_stride,
                stride=stride[2],
            )


def _multiple(number, share):
    """The least multiple of `share` that is at least `number`, and not 0."""
    return max(1, math.ceil(number / share)) * share
