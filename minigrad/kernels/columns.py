"""Windows of an image as columns (im2col), and columns added back to an image (col2im).

N images, C channels, (kh, kw) the kernel's size, (oh, ow) how many windows there are down and
across. Both loop over the taps of the kernel, not over the windows.
"""

from itertools import product

import numpy as np


def cut_out(x, places, kernel_size, dilation, padding, stride):
    """(N, C, H, W) -> (N, C, kh, kw, oh, ow): at tap i, j of window p, q the pixel it covers."""
    padded = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in padding)))
    y = np.empty((*x.shape[:2], *kernel_size, *places), x.dtype)
    for tap in product(*map(range, kernel_size)):
        y[:, :, *tap] = padded[:, :, *under(tap, places, dilation, stride)]
    return y


def add_up(y, size, dilation, padding, stride):
    """(N, C, kh, kw, oh, ow) -> (N, C, *size): each tap added to the pixel it covers."""
    n, c, *kernel_size, down, across = y.shape
    padded = np.zeros((n, c, *(s + 2 * p for s, p in zip(size, padding, strict=True))), y.dtype)
    for tap in product(*map(range, kernel_size)):
        padded[:, :, *under(tap, (down, across), dilation, stride)] += y[:, :, *tap]
    return padded[:, :, *(slice(p, p + s) for s, p in zip(size, padding, strict=True))]


def under(tap, places, dilation, stride):
    """The pixels of the padded image that lie under one tap of all windows, of any dimension."""
    axes = zip(tap, places, dilation, stride, strict=True)
    return tuple(slice(t * d, t * d + (n - 1) * s + 1, s) for t, n, d, s in axes)
