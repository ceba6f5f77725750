"""Assignment 5 by filling up with zeros: a dilated kernel, a spread map, plain convolutions."""

import numpy as np


def spread(x, steps):
    """Zeros between the pixels: (..., H, W) -> (..., (H - 1) step + 1, ...)."""
    size = [(n - 1) * step + 1 for n, step in zip(x.shape[-2:], steps, strict=True)]
    y = np.zeros((*x.shape[:-2], *size))
    y[..., :: steps[0], :: steps[1]] = x
    return y


def plain(x, w):
    """Stride 1, no padding, one group."""
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], (2, 3))
    return np.tensordot(windows, w, ((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)


def framed(x, size, before):
    """x on zeros of this size; what lies outside is cut off."""
    y = np.zeros((*x.shape[:2], *size))
    for at in np.ndindex(x.shape[2:]):
        r, s = np.add(at, before)
        if 0 <= r < size[0] and 0 <= s < size[1]:
            y[:, :, r, s] = x[:, :, *at]
    return y


def parts(x, groups, axis):
    return np.split(x, groups, axis)


def one_conv(x, w, stride, padding, dilation):
    """y, and the way back to x and w, of one group."""
    taps = spread(w, dilation)
    padded = np.pad(x, ((0, 0), (0, 0), *padding))
    y = plain(padded, taps)[:, :, :: stride[0], :: stride[1]]

    def back(dy):
        every = spread(dy, stride)
        dtaps = plain(
            padded[:, :, : every.shape[2] + taps.shape[2] - 1, : every.shape[3] + taps.shape[3] - 1]
            .swapaxes(0, 1), every.swapaxes(0, 1),
        ).swapaxes(0, 1)  # fmt: skip
        around = [(k - 1, k - 1) for k in taps.shape[2:]]
        flipped = taps[:, :, ::-1, ::-1].swapaxes(0, 1)
        dpadded = plain(np.pad(every, ((0, 0), (0, 0), *around)), flipped)
        dx = framed(dpadded, x.shape[2:], (-padding[0][0], -padding[1][0]))
        return dx, dtaps[:, :, :: dilation[0], :: dilation[1]]

    return y, back


def conv(x, w, b=None, *, stride, padding, dilation, groups, needs=(True, True, True)):
    done = [
        one_conv(*each, stride, padding, dilation)
        for each in zip(parts(x, groups, 1), parts(w, groups, 0), strict=True)
    ]
    y = np.concatenate([y for y, _ in done], 1)
    y = y if b is None else y + b.reshape(1, -1, 1, 1)

    def conv_backward(dy):
        both = [back(d) for (_, back), d in zip(done, parts(dy, groups, 1), strict=True)]
        dx, dw = np.concatenate([b[0] for b in both], 1), np.concatenate([b[1] for b in both], 0)
        return dx, dw, dy.sum(3).sum(2).sum(0)

    return y, conv_backward


def conv_transpose(
    x, w, b=None, *, stride, padding, output_padding, dilation, groups, needs=(True, True, True)
):
    """The way back of a convolution of what has the size of y; its own way back is forward."""
    axes = zip(x.shape[2:], stride, dilation, w.shape[2:], padding, output_padding, strict=True)
    size = [(n - 1) * s + d * (k - 1) + 1 - sum(cut) + m for n, s, d, k, cut, m in axes]
    blank = np.zeros((len(x), w.shape[1] * groups, *size))
    options = {"stride": stride, "dilation": dilation, "groups": groups}
    enough = tuple(
        (before, max(0, (n - 1) * s + d * (k - 1) + 1 - before - out))
        for (before, _), n, s, d, k, out in zip(
            padding, x.shape[2:], stride, dilation, w.shape[2:], size, strict=True
        )
    )

    def forward(y):
        z, back = conv(y, w, padding=enough, **options)
        return z[:, :, : x.shape[2], : x.shape[3]], z.shape, back

    _, shape, back = forward(blank)
    y, _, _ = back(framed(x, shape[2:], (0, 0)))
    y = y if b is None else y + b[:, None, None]

    def conv_transpose_backward(dy):
        dx, _, back = forward(dy)
        _, dw, _ = back(framed(x, shape[2:], (0, 0)))
        return dx, dw, None if b is None else dy.sum((0, 2, 3))

    return y, conv_transpose_backward
