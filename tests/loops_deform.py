"""Deformable convolution as loops, from Dai et al. 2017 (section 2) and Zhu et al. 2019 (2 and 3).

y(p0) = sum over taps pn of w(pn) x(p0 + pn + dpn) dmn, where x between pixels is the sum over all
pixels q of G(q, p) x(q) with G(q, p) = g(qx, px) g(qy, py) and g(a, b) = max(0, 1 - |a - b|).
"""

import numpy as np
from loops import each


def bilinear(image, y, x):
    """x(p) of the paper. Pixels outside do not count, so it fades to 0 within one pixel."""
    height, width = image.shape
    total = 0.0
    for i in range(height):
        for j in range(width):
            total += max(0.0, 1 - abs(i - y)) * max(0.0, 1 - abs(j - x)) * image[i, j]
    return total


def deform_conv2d(x, offset, w, b=None, mask=None, stride=1, padding=0, dilation=1):
    """Channel c reads with the offsets of its offset group; groups as in any convolution."""
    stride, padding, dilation = each(stride, 2), each(padding, 2), each(dilation, 2)
    channels, (outputs, per_group, kh, kw) = x.shape[1], w.shape
    offset_groups = offset.shape[1] // (2 * kh * kw)
    y = np.zeros((len(x), outputs, *offset.shape[2:]))
    for n, o, row, column in np.ndindex(*y.shape):
        total = 0.0 if b is None else b[o]
        first = o // (outputs // (channels // per_group)) * per_group
        for c, i, j in np.ndindex(per_group, kh, kw):
            group = (first + c) // (channels // offset_groups)
            point = (group * kh + i) * kw + j
            dy, dx = offset[n, 2 * point, row, column], offset[n, 2 * point + 1, row, column]
            value = bilinear(
                x[n, first + c],
                row * stride[0] - padding[0] + i * dilation[0] + dy,
                column * stride[1] - padding[1] + j * dilation[1] + dx,
            )
            if mask is not None:
                value *= mask[n, point, row, column]
            total += w[o, c, i, j] * value
        y[n, o, row, column] = total
    return y
