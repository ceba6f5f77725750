"""Assignment 5 by taps: a slice and a product for each, groups as an axis, an odd memory order."""

import numpy as np

from minigrad.nn import Conv2d, Identity, Layer, Sequential


def gather(big, p, q, stride, dilation, size):
    """Of (N, G, C, H, W) what tap (p, q) sees at each of `size` places: a view."""
    top, left = p * dilation[0], q * dilation[1]
    bottom, right = top + stride[0] * (size[0] - 1) + 1, left + stride[1] * (size[1] - 1) + 1
    return big[..., top : bottom : stride[0], left : right : stride[1]]


def grouped(x, groups):
    return x.reshape(len(x), groups, -1, *x.shape[2:])


def merged(x):
    return x.reshape(len(x), -1, *x.shape[3:])


def correlate(big, w, stride, dilation, size):
    """w (G, small channels, big channels, kh, kw): the sum over taps and channels of big."""
    y = np.zeros((*size, w.shape[1], w.shape[0], len(big))).T.swapaxes(-1, -2)
    for p, q in np.ndindex(w.shape[3:]):
        seen = gather(big, p, q, stride, dilation, size)
        y += np.einsum("ngchw,goc->ngohw", seen, w[..., p, q])
    return y


def scatter(small, w, stride, dilation, size):
    """The transpose of `correlate`: onto maps of this size."""
    big = np.zeros((len(small), w.shape[0], w.shape[2], *size))
    for p, q in np.ndindex(w.shape[3:]):
        into = gather(big, p, q, stride, dilation, small.shape[3:])
        into += np.einsum("ngohw,goc->ngchw", small, w[..., p, q])
    return big


def weights(big, small, kernel, stride, dilation):
    dw = np.empty((small.shape[1] * small.shape[2], big.shape[2], *kernel), order="F")
    for p, q in np.ndindex(kernel):
        seen = gather(big, p, q, stride, dilation, small.shape[3:])
        dw[..., p, q] = np.einsum("ngohw,ngchw->goc", small, seen).reshape(dw.shape[:2])
    return dw


def conv(x, w, b=None, *, stride, padding, dilation, groups, needs=(True, True, True)):
    padded = grouped(np.pad(x, ((0, 0), (0, 0), *padding)), groups)
    kernel, by_group = w.shape[2:], w.reshape(groups, -1, *w.shape[1:])
    size = [
        (n - d * (k - 1) - 1) // s + 1
        for n, d, k, s in zip(padded.shape[3:], dilation, kernel, stride, strict=True)
    ]
    y = merged(correlate(padded, by_group, stride, dilation, size))
    y = y if b is None else y + b[:, None, None]

    def conv_backward(dy):
        dy = grouped(dy, groups)
        dpadded = merged(scatter(dy, by_group, stride, dilation, padded.shape[3:]))
        (top, _), (left, _) = padding
        dx = dpadded[:, :, top : top + x.shape[2], left : left + x.shape[3]]
        dw = weights(padded, dy, kernel, stride, dilation)
        return [dx, dw, merged(dy).sum((0, 2, 3))]

    return y, conv_backward


def conv_transpose(
    x, w, b=None, *, stride, padding, output_padding, dilation, groups, needs=(True, True, True)
):
    small, kernel = grouped(x, groups), w.shape[2:]
    by_group = w.reshape(groups, -1, *w.shape[1:])
    axes = zip(x.shape[2:], stride, dilation, kernel, output_padding, strict=True)
    size = [(n - 1) * s + d * (k - 1) + 1 + more for n, s, d, k, more in axes]
    inside = tuple(
        slice(before, n - after) for (before, after), n in zip(padding, size, strict=True)
    )
    full = merged(scatter(small, by_group, stride, dilation, size))
    y = full[(..., *inside)] + (0 if b is None else b[:, None, None])

    def conv_transpose_backward(dy):
        dfull = np.zeros(full.shape)
        dfull[(..., *inside)] = dy
        dfull = grouped(dfull, groups)
        dx = merged(correlate(dfull, by_group, stride, dilation, x.shape[2:]))
        dw = weights(dfull, small, kernel, stride, dilation)
        return [dx, dw, dy.sum((0, 2, 3))]

    return y, conv_transpose_backward


class DepthwiseSeparable(Layer):
    def __init__(
        self, in_channels, out_channels, kernel_size=3, stride=1, padding="same", dilation=1,
        multiplier=1, bias=True, norm=None, activation=None,
    ):  # fmt: skip
        super().__init__()
        maps = in_channels * multiplier
        self.depthwise = Conv2d(
            in_channels, maps, kernel_size, stride, padding, dilation, in_channels, bias
        )
        self.norm = Identity() if norm is None else norm(maps)
        self.activation = Identity() if activation is None else activation()
        self.pointwise = Conv2d(maps, out_channels, kernel_size=1, bias=bias)

    def forward(self, x):
        return Sequential(self.depthwise, self.norm, self.activation, self.pointwise)(x)
