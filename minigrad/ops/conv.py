"""Convolution (cross-correlation, as everywhere in deep learning) in one, two or three dimensions.

N images, C input channels, O output channels, k the kernel's size, *S the spatial sizes.
"""

import numpy as np

from ..kernels import conv as kernel
from ..kernels.rows import from_rows, three, to_rows


def conv(x, w, b=None, *, stride, padding, dilation, groups, needs=(True, True, True)):
    """y[n,o,q] = b[o] + sum over c, t of w[o,c,t] x[n,c, q * stride + t * dilation - before].

    x (N, C, *S), w (O, C/groups, *k), b (O,) or None; `padding` is a pair (before, after) for each
    spatial axis. The output size is floor((S + before + after - dilation (k-1) - 1) / stride) + 1.
    """
    spatial = x.ndim - 2
    name = f"conv{spatial}d"
    _check(name, x, w, b, groups)
    sizes = zip(x.shape[2:], w.shape[2:], stride, padding, dilation, strict=True)
    out_size = tuple(_output_size(name, *axis) for axis in sizes)

    before = three([pair[0] for pair in padding], 0)
    geometry = three(stride, 1), three(dilation, 1), before
    rows, taps = to_rows(x), w.reshape(*w.shape[:2], *three(w.shape[2:], 1))
    y = kernel.correlate(rows, taps, *geometry, three(out_size, 1), groups, b)
    in_size, w_shape = three(x.shape[2:], 1), w.shape
    rows, taps = rows if needs[1] else None, taps if needs[0] else None  # keep what is needed

    def conv_backward(dy):
        dx = dw = db = None
        dy_rows = to_rows(dy)
        if needs[0]:
            dx = kernel.input_gradient(dy_rows, taps, in_size, *geometry, groups)
            dx = from_rows(dx, spatial)
        if needs[1]:
            dw = kernel.weight_gradient(rows, dy_rows, three(w_shape[2:], 1), *geometry, groups)
            dw = dw.reshape(w_shape)
        if needs[2]:
            db = np.sum(dy_rows, axis=(0, 1, 3, 4))
        return dx, dw, db

    conv_backward.__name__ = f"{name}_backward"
    return from_rows(y, spatial), conv_backward


def _output_size(name, size, k, stride, padding, dilation):
    padded, window = size + sum(padding), dilation * (k - 1) + 1
    if window > padded:
        raise ValueError(
            f"{name}: the kernel covers {window} positions, the padded input has only {padded} "
            f"(size {size}, padding {sum(padding)}); use a smaller kernel_size or more padding"
        )
    return (padded - window) // stride + 1


def _check(name, x, w, b, groups):
    if w.ndim != x.ndim:
        raise ValueError(
            f"{name}: the weight needs {x.ndim} axes (out_channels, in_channels / groups, "
            f"*kernel), got shape {w.shape}"
        )
    if w.shape[0] % groups or x.shape[1] % groups:
        raise ValueError(
            f"{name}: groups={groups} must divide both the {x.shape[1]} input channels and the "
            f"{w.shape[0]} output channels"
        )
    if w.shape[1] * groups != x.shape[1]:
        raise ValueError(
            f"{name}: input of shape {x.shape} has {x.shape[1]} channels, the weight of shape "
            f"{w.shape} expects {w.shape[1] * groups}; write in_channels={x.shape[1]}, or let the "
            f"layer before give {w.shape[1] * groups}"
        )
    if x.dtype != w.dtype:
        raise TypeError(
            f"{name}: input is {x.dtype}, the weight {w.dtype}; write x.to(minigrad.{w.dtype})"
        )
    if b is not None and b.shape != (w.shape[0],):
        raise ValueError(
            f"{name}: bias must have one value for each of the {w.shape[0]} output channels, "
            f"got shape {b.shape}"
        )
