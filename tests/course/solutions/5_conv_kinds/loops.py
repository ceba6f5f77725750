"""Assignment 5 from its formulas: loops over every number."""

import itertools

import numpy as np

from minigrad.nn import Conv2d, Layer


def positions(*sizes):
    return itertools.product(*map(range, sizes))


def meetings(big, small, w_shape, stride, before, dilation, groups):
    """All (channel of big, its pixel, channel of small, its pixel, its index in the weight).

    w (channels of small, channels of big / groups, kh, kw); `before` is cut off big.
    """
    each = small[0] // groups
    for o, c, p, q in positions(*w_shape):
        for i, j in positions(*small[1:]):
            r = i * stride[0] + p * dilation[0] - before[0]
            s = j * stride[1] + q * dilation[1] - before[1]
            if 0 <= r < big[1] and 0 <= s < big[2]:
                yield (o // each * w_shape[1] + c, r, s), (o, i, j), (o, c, p, q)


def conv(x, w, b=None, *, stride, padding, dilation, groups, needs=(True, True, True)):
    before = padding[0][0], padding[1][0]
    out = [
        (n + sum(around) - d * (k - 1) - 1) // s + 1
        for n, around, d, k, s in zip(
            x.shape[2:], padding, dilation, w.shape[2:], stride, strict=True
        )
    ]
    y = np.zeros((len(x), len(w), *out))
    met = list(meetings(x.shape[1:], y.shape[1:], w.shape, stride, before, dilation, groups))
    for n in range(len(x)):
        for at, to, by in met:
            y[(n, *to)] += x[(n, *at)] * w[by]
        if b is not None:
            y[n] += b[:, None, None]

    def conv_backward(dy):
        dx, dw = np.zeros(x.shape), np.zeros(w.shape)
        for n in range(len(x)):
            for at, to, by in met:
                dx[(n, *at)] += dy[(n, *to)] * w[by]
                dw[by] += dy[(n, *to)] * x[(n, *at)]
        return dx, dw, None if b is None else dy.sum((0, 2, 3))

    return y, conv_backward


def conv_transpose(
    x, w, b=None, *, stride, padding, output_padding, dilation, groups, needs=(True, True, True)
):
    before = padding[0][0], padding[1][0]
    out = [
        (n - 1) * s + d * (k - 1) + 1 - sum(cut) + more
        for n, s, d, k, cut, more in zip(
            x.shape[2:], stride, dilation, w.shape[2:], padding, output_padding, strict=True
        )
    ]
    y = np.zeros((len(x), w.shape[1] * groups, *out))
    met = list(meetings(y.shape[1:], x.shape[1:], w.shape, stride, before, dilation, groups))
    for n in range(len(x)):
        for to, at, by in met:
            y[(n, *to)] += x[(n, *at)] * w[by]
    if b is not None:
        y = y + b.reshape(-1, 1, 1)

    def conv_transpose_backward(dy):
        dx, dw = np.zeros(x.shape), np.zeros(w.shape)
        for n in range(len(x)):
            for to, at, by in met:
                dx[(n, *at)] += dy[(n, *to)] * w[by]
                dw[by] += dy[(n, *to)] * x[(n, *at)]
        return dx, dw, None if b is None else dy.sum((0, 2, 3))

    return y, conv_transpose_backward


class DepthwiseSeparable(Layer):
    def __init__(
        self, in_channels, out_channels, kernel_size=3, stride=1, padding="same", dilation=1,
        multiplier=1, bias=True, norm=None, activation=None,
    ):  # fmt: skip
        super().__init__()
        maps = in_channels * multiplier
        self.pointwise = Conv2d(maps, out_channels, 1, bias=bias)  # in another order
        self.depthwise = Conv2d(
            in_channels, maps, kernel_size, stride=stride, padding=padding, dilation=dilation,
            groups=in_channels, bias=bias,
        )  # fmt: skip
        self.norm = norm(maps) if norm else None
        self.activation = activation() if activation else None

    def forward(self, x):
        for layer in self.depthwise, self.norm, self.activation, self.pointwise:
            if layer is not None:
                x = layer(x)
        return x
