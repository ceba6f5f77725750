"""Convolution of a few images: every window is copied as a column, and one product does the rest.

Letters as in conv.py; `taps` is kd * kh * kw, and there are L windows, in order D, H, W, N. The
lines of pieces.py are W * N numbers long: with few images, too short for a matrix product. Here
each group makes a single product, L long, and pays for it with `taps` copies of the images.
"""

import math
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .columns import under
from .cutting import inside
from .rows import copy_runs

FEW = 4  # images
MOST = 300_000  # numbers in the columns; with more, the lines of pieces.py are as fast


def pays(channels, kernel, positions, N):
    """Whether it is faster than pieces.py: by up to two thirds for a small image (measured)."""
    taps = math.prod(kernel)
    return N <= FEW and taps > 1 and channels * taps * math.prod(positions) * N <= MOST


def correlate(x, w, stride, dilation, before, groups, bias, out):
    """`correlate` of conv.py, written to out (D, H, O, W, N), of any strides."""
    D, H, O, W, N = out.shape
    seen = _columns(x, w.shape[2:], stride, dilation, before, (D, H, W), groups)
    y = np.matmul(w.reshape(groups, O // groups, -1), seen)
    if bias is not None:
        y += bias.reshape(groups, -1, 1)
    y = y.reshape(O, D, H, W * N).transpose(1, 2, 0, 3)
    if out.flags.c_contiguous:
        copy_runs(out.reshape(y.shape), y)
    else:
        out[...] = y.reshape(out.shape)


def weight_gradient(x, dy, kernel, stride, dilation, before, groups):
    """That of conv.py."""
    D, H, O, W, _ = dy.shape
    seen = _columns(x, kernel, stride, dilation, before, (D, H, W), groups)
    dw = np.matmul(_lines(dy, groups), seen.swapaxes(1, 2))  # -> (G, Og, Cg * taps)
    return dw.reshape(O, -1, *kernel)


def input_gradient(dy, w, in_size, stride, dilation, before):
    """That of conv.py, for a single group: each window's gradients are added up where its pixels
    came from (col2im).
    """
    (D, H, O, W, N), kernel = dy.shape, w.shape[2:]
    z = np.matmul(w.reshape(O, -1).T, _lines(dy, 1)[0]).reshape(-1, *kernel, D, H, W, N)
    axes = zip(in_size, before, (D, H, W), stride, kernel, dilation, strict=True)
    sizes = [max(n + b, (m - 1) * s + (k - 1) * d + 1) for n, b, m, s, k, d in axes]
    padded = np.zeros((len(z), *sizes, N), dy.dtype)
    for tap in product(*map(range, kernel)):
        padded[:, *under(tap, (D, H, W), dilation, stride)] += z[:, *tap]
    kept = (slice(b, b + n) for b, n in zip(before, in_size, strict=True))
    return padded[:, *kept].transpose(1, 2, 0, 3, 4).copy()  # (C, D, H, W, N) -> (D, H, C, W, N)


def _columns(x, kernel, stride, dilation, before, out_size, groups):
    """What the taps meet in each window: (G, Cg * taps, L)."""
    C, N = x.shape[2], x.shape[4]
    axes = zip(out_size, stride, kernel, dilation, strict=True)
    x = _padded(x, [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in axes], before)
    (d, h, channel, v), one = x.strides[:4], x.itemsize  # not strides[4], which is any if N = 1
    steps = d * stride[0], h * stride[1], v * stride[2]
    taps = d * dilation[0], h * dilation[1], v * dilation[2]
    shape, strides = (C, *kernel, *out_size, N), (channel, *taps, *steps, one)
    if stride[2] == 1:  # the outputs of a row are one run
        shape, strides = (*shape[:-2], out_size[2] * N), (*strides[:-2], one)
    columns = np.empty(shape, x.dtype)
    copy_runs(columns, as_strided(x, shape, strides, writeable=False))
    return columns.reshape(groups, C // groups * math.prod(kernel), -1)


def _padded(x, sizes, before):
    """x from position -before on, at least as far as `sizes` (D, H, W) go, with zeros outside."""
    D, H, C, W, N = x.shape
    if not any(before) and sizes[0] <= D and sizes[1] <= H and sizes[2] <= W:
        return x
    padded = np.zeros((*sizes[:2], C, sizes[2], N), x.dtype)
    (top, D), (first, H), (left, W) = map(inside, [-b for b in before], (1, 1, 1), sizes, (D, H, W))
    d, h, v = before
    x = x[top - d : D - d, first - h : H - h, :, left - v : W - v]
    padded[top:D, first:H, :, left:W] = x
    return padded


def _lines(rows, groups):
    """(D, H, O, W, N) -> (G, Og, L)."""
    channels = rows.shape[2]
    return rows.transpose(2, 0, 1, 3, 4).reshape(groups, channels // groups, -1)
