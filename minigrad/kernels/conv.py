"""Convolution of any dimension, stride, dilation and grouping, as matrix products.

Letters as in rows.py; k = (kd, kh, kw) is the kernel's size, Cg = C/G and Og = O/G are channels a
group. Images are rows (D, H, C, N, W), weights are (O, Cg, kd, kh, kw), and sizes, strides,
dilations and paddings are triples (d, h, w).

`correlate` does the work in pieces of some output rows. For a piece, the columns under the
horizontal and depth taps are copied side by side; the vertical taps then cost nothing, because the
lines of kh consecutive rows are one matrix. The gradient by the input is a correlate too: of the
output's gradient with the flipped kernel, once for each phase of the stride.
"""

import math
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import as_strided

PIECE = 400_000  # floats of copied columns at a time: they should stay in a core's own cache
FEWEST_LINES = 8  # products with fewer output lines than this take several output rows at once


def correlate(x, w, stride, dilation, before, out_size, groups=1, out=None):
    """y[q] = sum over taps t of w[t] * x[q * stride + t * dilation - before], x being 0 outside.

    `before` is the padding in front; a negative one crops. Padding behind follows from `out_size`.
    """
    w = w.reshape(groups, -1, *w.shape[1:])  # (O, Cg, *k) -> (G, Og, Cg, *k)
    if out is None:
        out = np.empty((*out_size[:2], w.shape[0] * w.shape[1], x.shape[3], out_size[2]), x.dtype)
    taps = w.transpose(0, 1, 4, 3, 5, 2)  # -> (G, Og, kh, kd, kw, Cg), the order of the lines
    for piece in _pieces(x, w.shape, stride, dilation, before, out_size):
        _multiply(taps, _columns(x, piece), piece["row_stride"], out[piece["out_rows"]])
    return out


def weight_gradient(x, dy, kernel, stride, dilation, before, groups=1):
    """The gradient of `correlate` by w, (O, Cg, *kernel)."""
    out_size = (*dy.shape[:2], dy.shape[4])
    w_shape = (groups, dy.shape[2] // groups, x.shape[2] // groups, *kernel)
    total = 0
    for piece in _pieces(x, w_shape, stride, dilation, before, out_size):
        windows = _windows(_columns(x, piece), kernel[1], piece["row_stride"])  # (G, rows, K, L)
        lines = _lines(dy[piece["out_rows"]], groups)  # (G, rows, Og, L)
        total = total + np.matmul(lines, windows.swapaxes(2, 3)).sum(axis=1)
    kd, kh, kw = kernel
    dw = total.reshape(*w_shape[:2], kh, kd, kw, w_shape[2])
    return dw.transpose(0, 1, 5, 3, 2, 4).reshape(-1, *w_shape[2:])  # -> (O, Cg, kd, kh, kw)


def input_gradient(dy, w, in_size, stride, dilation, before, groups=1):
    """The gradient of `correlate` by x; also what a transposed convolution computes."""
    w = w.reshape(groups, -1, *w.shape[1:])  # (O, Cg, *k) -> (G, Og, Cg, *k)
    w = w.swapaxes(1, 2).reshape(-1, w.shape[1], *w.shape[3:])  # -> (C, Og, *k)
    dx = np.empty((*in_size[:2], w.shape[0], dy.shape[3], in_size[2]), dy.dtype)
    axes = zip(in_size, w.shape[2:], stride, dilation, before, strict=True)
    for d, h, v in product(*(_phases(*axis) for axis in axes)):
        out = dx[d["at"], h["at"], :, :, v["at"]]
        sub = w[:, :, d["taps"], h["taps"], v["taps"]]
        if sub.size == 0:
            out[...] = 0
            continue
        triples = (tuple(axis[name] for axis in (d, h, v)) for name in ("dilation", "before", "size"))
        correlate(dy, sub, (1, 1, 1), *triples, groups, out)
    return dx


def _phases(size, k, stride, dilation, before):
    """Split an axis of x by position modulo stride: each part sees an even pick of the taps.

    x[r] meets y[q] by tap t when r = q * stride + t * dilation - before. With r = a + s * stride,
    q = s + (a + before - t * dilation) / stride, which must be whole.
    """
    for a in range(min(stride, size)):
        taps = [t for t in range(k) if (a + before - t * dilation) % stride == 0]
        spacing = taps[1] - taps[0] if len(taps) > 1 else stride
        step = spacing * dilation // stride
        last = (a + before - taps[-1] * dilation) // stride if taps else 0
        yield {
            "at": slice(a, None, stride),
            "taps": slice(taps[-1], None if taps[0] == 0 else taps[0] - 1, -spacing)
            if taps
            else slice(0, 0),
            "dilation": step,
            "before": -last,
            "size": -(-(size - a) // stride),
        }


def _pieces(x, w_shape, stride, dilation, before, out_size):
    """Cut the output into pieces of rows that are equally far apart in x.

    With dilation, the rows under one window are `dilation` apart; output rows whose windows fall
    on the same raster of rows form a piece, and within it the kernel is dense again.
    """
    _, _, cg, kd, kh, kw = w_shape
    spacing = dilation[1] if kh > 1 else stride[1]  # a flat kernel needs only the rows it touches
    common = math.gcd(stride[1], spacing)
    out_step, row_stride = spacing // common, stride[1] // common
    line_count = x.shape[2] * kd * kw
    longest = max(1, PIECE // max(1, line_count * x.shape[3] * out_size[2] * row_stride))
    if longest < kh:
        longest = kh  # or the rows shared by neighbouring pieces would be copied too often
    for d, a in product(range(out_size[0]), range(min(out_step, out_size[1]))):
        count = -(-(out_size[1] - a) // out_step)
        for start in range(0, count, longest):
            rows = min(longest, count - start)
            first = a + start * out_step
            yield {
                "out_rows": (d, slice(first, first + (rows - 1) * out_step + 1, out_step)),
                "row_stride": row_stride,
                "adjacent": spacing == 1 or kh == 1,  # rows of a window lie side by side in x
                "groups": w_shape[0],
                "size": (kd, (rows - 1) * row_stride + kh, kw, out_size[2]),
                "first": (d * stride[0] - before[0], first * stride[1] - before[1], -before[2]),
                "step": (dilation[0], spacing, dilation[2]),
                "stride": stride[2],
            }


def _columns(x, piece):
    """The values of x under each horizontal and depth tap: (G, rows, kd * kw * Cg, L)."""
    kd, count, kw, width = piece["size"]
    (depth, row, column), (depth_step, row_step, column_step) = piece["first"], piece["step"]
    D, H, C, N, W = x.shape
    groups, stride = piece["groups"], piece["stride"]
    top, bottom = _inside(row, row_step, count, H)
    source = x[:, row + top * row_step : row + bottom * row_step : row_step] if bottom > top else x[:, :0]
    all_inside = 0 <= depth < D and column == 0 and width == W and bottom - top == count
    if kd == kw == groups == stride == 1 and all_inside and piece["adjacent"]:
        return source[depth].reshape(1, count, C, N * W)  # the lines lie there already

    columns = np.empty((groups, count, kd, kw, C // groups, N, width), x.dtype)
    columns[:, :top] = 0
    columns[:, bottom:] = 0
    source = source.reshape(D, bottom - top, groups, C // groups, N, W).swapaxes(1, 2)
    for i, j in product(range(kd), range(kw)):
        target = columns[:, top:bottom, i, j]
        z, start = depth + i * depth_step, column + j * column_step
        left, right = _inside(start, stride, width, W)
        if not 0 <= z < D:
            target[...] = 0
            continue
        target[..., :left] = 0
        target[..., right:] = 0
        if right > left:
            end = start + (right - 1) * stride + 1
            target[..., left:right] = source[z, ..., start + left * stride : end : stride]
    return columns.reshape(groups, count, -1, N * width)


def _inside(first, step, count, size):
    """Which of the positions first, first + step, ... (`count` of them) lie in 0..size-1."""
    low = min(max(0, -(first // step)), count)
    high = min(max(low, (size - 1 - first) // step + 1), count)
    return low, high


def _windows(columns, kh, row_stride):
    """All kh-high windows as matrices of lines, overlapping in memory: (G, windows, kh * T, L)."""
    groups, count, lines, length = columns.shape
    g, r, _, one = columns.strides
    windows = (count - kh) // row_stride + 1
    shape = (groups, windows, kh * lines, length)
    return as_strided(columns, shape, (g, r * row_stride, r // lines, one), writeable=False)


def _lines(rows, groups):
    """Output rows (rows, O, N, W) as matrices of lines (G, rows, Og, L); a view where it can be."""
    count, channels, N, W = rows.shape
    return rows.reshape(count, groups, channels // groups, N * W).swapaxes(0, 1)


def _multiply(taps, columns, row_stride, out):
    """out = taps times every window of the columns. taps (G, Og, kh, kd, kw, Cg)."""
    groups, og, kh = taps.shape[:3]
    at_once = min(max(1, FEWEST_LINES // og), len(out))
    whole = len(out) - len(out) % at_once
    _multiply_band(taps, columns, row_stride, at_once, out[:whole])
    if whole < len(out):
        rest = columns[:, whole * row_stride :]
        _multiply_band(taps, rest, row_stride, len(out) - whole, out[whole:])


def _multiply_band(taps, columns, row_stride, at_once, out):
    """`at_once` output rows by one product: the taps stand once for each of them, shifted down."""
    groups, og, kh = taps.shape[:3]
    per_row = columns.shape[2]
    high = (at_once - 1) * row_stride + kh
    band = np.zeros((groups, at_once, og, high, per_row), columns.dtype)
    flat = taps.reshape(groups, og, kh, per_row)
    for r in range(at_once):
        band[:, r, :, r * row_stride : r * row_stride + kh] = flat
    band = band.reshape(groups, 1, at_once * og, high * per_row)
    windows = _windows(columns, high, at_once * row_stride)[:, : len(out) // at_once]
    y = np.matmul(band, windows)  # (G, blocks, at_once * Og, L)
    y = y.reshape(groups, -1, at_once, og, *out.shape[2:])  # -> (G, blocks, at_once, Og, N, W)
    out.reshape(-1, at_once, groups, og, *out.shape[2:])[...] = y.transpose(1, 2, 0, 3, 4, 5)
