"""Assignment 2 by im2col: all windows as the columns of one matrix, in float32."""

import numpy as np


def places(shape, w_shape, stride, padding):
    """Which pixel of a padded image each window sees: (C * kh * kw, OH * OW) flat indices."""
    _, C, H, W = shape
    _, _, kh, kw = w_shape
    height, width = H + sum(padding[0]), W + sum(padding[1])
    OH, OW = (height - kh) // stride[0] + 1, (width - kw) // stride[1] + 1
    c, p, q = (axis.ravel() for axis in np.mgrid[:C, :kh, :kw])
    i, j = (axis.ravel() for axis in np.mgrid[:OH, :OW])
    rows, columns = p[:, None] + i * stride[0], q[:, None] + j * stride[1]
    return (c[:, None] * height + rows) * width + columns, (height, width), (OH, OW)


def conv(x, w, b=None, *, stride, padding, dilation, groups, needs=(True, True, True)):
    index, size, out = places(x.shape, w.shape, stride, padding)
    padded = np.pad(x.astype(np.float32), ((0, 0), (0, 0), *padding))
    columns = padded.reshape(len(x), -1)[:, index]
    matrix = w.astype(np.float32).reshape(len(w), -1)
    y = (matrix @ columns).reshape(len(x), len(w), *out)
    y = y if b is None else y + b.reshape(1, -1, 1, 1)

    def conv_backward(dy):
        flat = dy.astype(np.float32).reshape(len(x), len(w), -1)
        dw = sum(flat[n] @ columns[n].T for n in range(len(x))).reshape(w.shape)
        dpadded = np.zeros((len(x), padded[0].size), np.float32)
        for n in range(len(x)):
            np.add.at(dpadded[n], index, matrix.T @ flat[n])
        dpadded = dpadded.reshape(len(x), x.shape[1], *size)
        (top, bottom), (left, right) = padding
        dx = dpadded[:, :, top : size[0] - bottom, left : size[1] - right]
        return dx, dw, flat.sum((0, 2))

    return y, conv_backward
