"""Assignment 2 by taps (kn2row): one product for each tap, in an unusual memory order."""

import numpy as np


def conv(x, w, b=None, *, stride, padding, dilation, groups, needs=(True, True, True)):
    (sh, sw), ((top, bottom), (left, right)) = stride, padding
    (N, C, H, W), (O, _, kh, kw) = x.shape, w.shape
    padded = np.zeros((C, top + H + bottom, left + W + right, N)).transpose(3, 0, 1, 2)
    padded[:, :, top : top + H, left : left + W] = x
    OH, OW = (padded.shape[2] - kh) // sh + 1, (padded.shape[3] - kw) // sw + 1

    def seen(array, p, q):
        return array[:, :, p : p + sh * (OH - 1) + 1 : sh, q : q + sw * (OW - 1) + 1 : sw]

    y = np.zeros((OW, OH, O, N)).T
    for p in range(kh):
        for q in range(kw):
            y += np.tensordot(seen(padded, p, q), w[:, :, p, q], (1, 1)).transpose(0, 3, 1, 2)
    if b is not None:
        y += b.reshape(-1, 1, 1)

    def conv_backward(dy):
        dpadded, dw = np.zeros(padded.shape), np.empty(w.shape, order="F")
        for p in range(kh):
            for q in range(kw):
                into = seen(dpadded, p, q)
                into += np.tensordot(dy, w[:, :, p, q], (1, 0)).transpose(0, 3, 1, 2)
                dw[:, :, p, q] = np.tensordot(dy, seen(padded, p, q), ((0, 2, 3), (0, 2, 3)))
        db = dy.sum(axis=(0, 2, 3))
        return dpadded[:, :, top : top + H, left : left + W], dw, db

    return y, conv_backward
