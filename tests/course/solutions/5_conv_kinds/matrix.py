"""Assignment 5 by linear algebra: a convolution is a matrix, its transpose the transposed one."""

import numpy as np

from minigrad import cat
from minigrad.nn import Conv2d, Layer
from minigrad.nn import functional as F


def selection(size, k, stride, dilation, out, before):
    """S[t, q, r]: 1 where output q sees position r of the input by tap t, along one axis."""
    t, q, r = np.ogrid[:k, :out, :size]
    return (q * stride + t * dilation - before == r).astype(np.float32)


def dense(w, groups):
    """The weight for all input channels: 0 between groups."""
    each, seen = len(w) // groups, w.shape[1]
    full = np.zeros((len(w), groups * seen, *w.shape[2:]), np.float32)
    for o in range(len(w)):
        full[o, o // each * seen :][:seen] = w[o]
    return full


def own_groups(dw, groups, seen):
    each = len(dw) // groups
    return np.stack([dw[o, o // each * seen :][:seen] for o in range(len(dw))])


def conv(x, w, b=None, *, stride, padding, dilation, groups, needs=(True, True, True)):
    axes = list(zip(x.shape[2:], w.shape[2:], stride, dilation, padding, strict=True))
    rows, columns = (
        selection(n, k, s, d, (n + sum(around) - d * (k - 1) - 1) // s + 1, around[0])
        for n, k, s, d, around in axes
    )
    x, taps = x.astype(np.float32), dense(w, groups)
    y = np.einsum("ncrs,ocpq,pir,qjs->noij", x, taps, rows, columns, optimize=True)
    y = y if b is None else y + b.astype(np.float32)[:, None, None]

    def conv_backward(dy):
        dy = dy.astype(np.float32)
        dx = np.einsum("noij,ocpq,pir,qjs->ncrs", dy, taps, rows, columns, optimize=True)
        dw = np.einsum("noij,ncrs,pir,qjs->ocpq", dy, x, rows, columns, optimize=True)
        return dx, own_groups(dw, groups, w.shape[1]), np.einsum("noij->o", dy)

    return y, conv_backward


def conv_transpose(
    x, w, b=None, *, stride, padding, output_padding, dilation, groups, needs=(True, True, True)
):
    axes = zip(x.shape[2:], w.shape[2:], stride, dilation, padding, output_padding, strict=True)
    rows, columns = (
        selection((n - 1) * s + d * (k - 1) + 1 - sum(cut) + more, k, s, d, n, cut[0])
        for n, k, s, d, cut, more in axes
    )
    taps = dense(w, groups)
    y = np.einsum("ncij,copq,pir,qjs->nors", x, taps, rows, columns, optimize=True)
    if b is not None:
        y += b[None, :, None, None]

    def conv_transpose_backward(dy):
        dx = np.einsum("nors,copq,pir,qjs->ncij", dy, taps, rows, columns, optimize=True)
        dw = np.einsum("nors,ncij,pir,qjs->copq", dy, x, rows, columns, optimize=True)
        return dx, own_groups(dw, groups, w.shape[1]), None if b is None else dy.sum((0, 2, 3))

    return y, conv_transpose_backward


class DepthwiseSeparable(Layer):
    """Channel by channel: the depthwise layer only holds the weights."""

    def __init__(
        self, in_channels, out_channels, kernel_size=3, stride=1, padding="same", dilation=1,
        multiplier=1, bias=True, norm=None, activation=None,
    ):  # fmt: skip
        super().__init__()
        maps = in_channels * multiplier
        self.window = kernel_size, stride, padding, dilation
        self.depthwise = Conv2d(in_channels, maps, *self.window, in_channels, bias)
        self.norm = norm(maps) if norm is not None else None
        self.activation = activation() if activation is not None else None
        self.pointwise = Conv2d(maps, out_channels, 1, bias=bias)

    def forward(self, x):
        options = dict(zip(("stride", "padding", "dilation"), self.window[1:], strict=True))
        maps = []
        each = self.depthwise.out_channels // x.shape[1]
        for c in range(x.shape[1]):
            own = slice(c * each, c * each + each)
            bias = None if self.depthwise.bias is None else self.depthwise.bias[own]
            maps.append(F.conv2d(x[:, c : c + 1], self.depthwise.weight[own], bias, **options))
        y = cat(maps, 1)
        if self.norm is not None:
            y = self.norm(y)
        if self.activation is not None:
            y = self.activation(y)
        return self.pointwise(y)
