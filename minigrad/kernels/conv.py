"""Convolution of any dimension, stride, dilation and grouping, as matrix products.

Letters as in rows.py; k = (kd, kh, kw) is the kernel's size, Cg = C/G and Og = O/G are channels a
group. Images are rows (D, H, C, W, N), weights are (O, Cg, kd, kh, kw), and sizes, strides,
dilations and paddings are triples (d, h, w).

`correlate` does the work in pieces of some output rows, side by side if that pays: cutting.py says
which, pieces.py how. A few small images are done at once, by im2col.py. The gradient by the input
is a correlate too: of the output's gradient with the flipped kernel, once for each phase of the
stride.
"""

import math
from contextlib import contextmanager
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from . import im2col, pieces, threads
from .cutting import cut

COPY = 30  # multiply-adds that take as long as copying or adding one number


@contextmanager
def algorithm(way):
    """Within the block, convolutions are computed in this way only.

    `way` is "im2col" (see im2col.py), "columns" or "shifts" for the taps along a row (see
    pieces.py; where outputs are strided, columns are taken for shifts), or "faster", the default.
    """
    if way not in pieces.WAYS:
        raise ValueError(f"algorithm: way must be one of {pieces.WAYS}, got {way!r}")
    before, pieces.way = pieces.way, way
    try:
        yield
    finally:
        pieces.way = before


def correlate(x, w, stride, dilation, before, out_size, groups=1, bias=None):
    """y[q] = bias + sum over taps t of w[t] * x[q * stride + t * dilation - before].

    x is 0 outside. `before` is the padding in front (a negative one crops); the padding behind
    follows from `out_size`. `bias` is (O,) or None.
    """
    y = np.empty((*out_size[:2], w.shape[0], out_size[2], x.shape[4]), x.dtype)
    share = _share(x, w, out_size)
    _run(_correlation(x, w, stride, dilation, before, groups, bias, y, share), share)
    return y


def _correlation(x, w, stride, dilation, before, groups, bias, out, share):
    """The tasks that together write `correlate` to out, at least `share` of them where it pays."""
    out_size = (*out.shape[:2], out.shape[3])
    if _at_once(x.shape[2], w.shape[2:], out_size, x.shape[4]):
        return [partial(im2col.correlate, x, w, stride, dilation, before, groups, bias, out)]
    w = w.reshape(groups, -1, *w.shape[1:])  # (O, Cg, *k) -> (G, Og, Cg, *k)
    axis = w.shape[5], stride[2], dilation[2], before[2], out_size[2]
    across = pieces.Across.plan(*axis, pieces.few_inputs(w.shape))
    taps = across.arrange(w)

    def compute(piece):
        rows = _part(out[piece.out], piece, groups)
        added = None if bias is None else _part(bias[:, None, None], piece, groups)
        if not piece.sees_taps():
            rows[...] = 0 if added is None else added
            return
        seen = taps[piece.groups, :, :, piece.height, piece.depth]
        columns = pieces.columns(_part(x, piece, groups), piece, across)
        pieces.multiply(seen, columns, piece.row_stride, across.shifts, rows, added)

    parts = cut(x.shape, w.shape, stride, dilation, before, out_size, across, share)
    return [partial(compute, piece) for piece in parts]


def weight_gradient(x, dy, kernel, stride, dilation, before, groups=1):
    """The gradient of `correlate` by w, (O, Cg, *kernel)."""
    out_size = (*dy.shape[:2], dy.shape[3])
    w_shape = (groups, dy.shape[2] // groups, x.shape[2] // groups, *kernel)
    if _at_once(x.shape[2], kernel, out_size, x.shape[4]):
        with threads.one_blas_thread():
            return im2col.weight_gradient(x, dy, kernel, stride, dilation, before, groups)
    axis = kernel[2], stride[2], dilation[2], before[2], out_size[2]
    across = pieces.Across.plan(*axis, pieces.few_lines(w_shape))
    dw = np.zeros(w_shape, x.dtype)
    share = _share(x, dw, out_size)

    def compute(piece):
        columns = pieces.columns(_part(x, piece, groups), piece, across)
        lines = pieces.as_lines(_part(dy[piece.out], piece, groups), columns.shape[0])
        return pieces.products(columns, lines, piece, across)

    parts = cut(x.shape, w_shape, stride, dilation, before, out_size, across, share)
    parts = [piece for piece in parts if piece.sees_taps()]
    total = across.arrange(dw)
    done = _run([partial(compute, piece) for piece in parts], share)
    for piece, part in zip(parts, done, strict=True):
        seen = total[piece.groups, :, :, piece.height, piece.depth]
        seen += np.moveaxis(part, -1, 2)  # (G, shifts, kh, kd, T / kd, Og) -> (G, shifts, Og, ...)
    return across.restore(total, kernel[2]).reshape(-1, *w_shape[2:])


def _at_once(channels, kernel, positions, N):
    """Whether all is done in one product, by im2col.py."""
    if N == 0 or pieces.way not in ("faster", "im2col"):
        return False
    return pieces.way == "im2col" or im2col.pays(channels, kernel, positions, N)


def _part(images, piece, groups):
    """The channels of the piece's groups, of (..., C, W, N)."""
    each = images.shape[-3] // groups
    return images[..., piece.groups.start * each : piece.groups.stop * each, :, :]


def input_gradient(dy, w, in_size, stride, dilation, before, groups=1):
    """The gradient of `correlate` by x; also what a transposed convolution computes."""
    positions, N = (*dy.shape[:2], dy.shape[3]), dy.shape[4]
    alone = N == groups == 1 and max(stride) > 1  # then twice as fast as the phases of the stride
    if alone and _at_once(w.shape[1], w.shape[2:], positions, N):
        with threads.one_blas_thread():
            return im2col.input_gradient(dy, w, in_size, stride, dilation, before)
    w = w.reshape(groups, -1, *w.shape[1:])  # (O, Cg, *k) -> (G, Og, Cg, *k)
    w = w.swapaxes(1, 2).reshape(-1, w.shape[1], *w.shape[3:])  # -> (C, Og, *k)
    dx = np.empty((*in_size[:2], w.shape[0], in_size[2], N), dy.dtype)
    share = _share(dy, w, positions)
    each, tasks = -(-share // math.prod(stride)), []  # phases are parts already
    axes = zip(in_size, w.shape[2:], stride, dilation, before, strict=True)
    for phases in product(*(list(_phases(*axis)) for axis in axes)):
        d, h, v = phases
        out = dx[d.at, h.at, :, v.at]
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
    positions = math.prod(out_size) * x.shape[4]
    copies = w.shape[-3] * w.shape[-1] * x.shape[2] * positions
    work = w.size * positions + COPY * copies
    return threads.get_num_threads() if work >= threads.WORTH_WAKING else 1


def _run(tasks, share):
    return threads.run(lambda task: task(), tasks, together=share > 1)
