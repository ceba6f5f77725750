"""Assignment 2 by the convolution theorem: correlation is a product of spectra."""

import numpy as np


def spectrum(x, size):
    return np.fft.rfft2(x, size)


def conv(x, w, b=None, *, stride, padding, dilation, groups, needs=(True, True, True)):
    padded = np.pad(x, ((0, 0), (0, 0), *padding))
    size = padded.shape[2:]
    kh, kw = w.shape[2:]
    (sh, sw), (rows, columns) = stride, (size[0] - kh + 1, size[1] - kw + 1)
    x_hat, w_hat = spectrum(padded, size), spectrum(w, size)
    y = np.fft.irfft2(np.einsum("nchw,ochw->nohw", x_hat, w_hat.conj()), size)
    y = y[:, :, :rows:sh, :columns:sw]
    if b is not None:
        y = y + b[:, None, None]

    def conv_backward(dy):
        every = np.zeros((*dy.shape[:2], *size))  # dy at all positions, 0 at those skipped
        every[:, :, :rows:sh, :columns:sw] = dy
        dy_hat = spectrum(every, size)
        dpadded = np.fft.irfft2(np.einsum("nohw,ochw->nchw", dy_hat, w_hat), size)
        dw = np.fft.irfft2(np.einsum("nchw,nohw->ochw", x_hat, dy_hat.conj()), size)
        (top, _), (left, _) = padding
        dx = dpadded[:, :, top : top + x.shape[2], left : left + x.shape[3]]
        return dx, dw[:, :, :kh, :kw], dy.sum((0, 2, 3))

    return y, conv_backward
