"""Assignment 2 from its formula: a loop over output pixels."""

import numpy as np


def conv(x, w, b=None, *, stride, padding, dilation, groups, needs=(True, True, True)):
    (sh, sw), ((top, bottom), (left, right)) = stride, padding
    (N, C, H, W), (O, _, kh, kw) = x.shape, w.shape
    padded = np.zeros((N, C, top + H + bottom, left + W + right))
    padded[:, :, top : top + H, left : left + W] = x
    OH, OW = (padded.shape[2] - kh) // sh + 1, (padded.shape[3] - kw) // sw + 1
    y = np.zeros((N, O, OH, OW))
    for n in range(N):
        for o in range(O):
            for i in range(OH):
                for j in range(OW):
                    window = padded[n, :, i * sh : i * sh + kh, j * sw : j * sw + kw]
                    y[n, o, i, j] = (window * w[o]).sum() + (0 if b is None else b[o])

    def conv_backward(dy):
        dpadded, dw = np.zeros_like(padded), np.zeros(w.shape)
        for n in range(N):
            for o in range(O):
                for i in range(OH):
                    for j in range(OW):
                        rows, columns = slice(i * sh, i * sh + kh), slice(j * sw, j * sw + kw)
                        dpadded[n, :, rows, columns] += dy[n, o, i, j] * w[o]
                        dw[o] += dy[n, o, i, j] * padded[n, :, rows, columns]
        db = None if b is None else dy.sum((0, 2, 3))
        return dpadded[:, :, top : top + H, left : left + W], dw, db

    return y, conv_backward
