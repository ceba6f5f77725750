"""Normalisation: subtract the mean and divide by the standard deviation, then scale and shift.

They differ only in what is averaged: batch norm over the images and positions of a channel,
group and instance norm over the channels of a group in one image, layer norm over the last axes.
"""

import math

import numpy as np

from ..kernels import norm as kernel
from ..kernels.rows import from_rows, three, to_rows


def _standardize(x, axes, eps):
    """(x - mean) / sqrt(var + eps) over `axes`, and 1 / sqrt(var + eps)."""
    count = math.prod(x.shape[a] for a in axes)
    mean = np.sum(x, axis=axes, keepdims=True) / x.dtype.type(count)
    centered = x - mean
    var = np.sum(centered * centered, axis=axes, keepdims=True) / x.dtype.type(count)
    inv_std = 1 / np.sqrt(var + x.dtype.type(eps))
    centered *= inv_std
    return centered, inv_std


def _standardize_backward(dx_hat, x_hat, inv_std, axes):
    """x moves its own mean and deviation along: both parts are taken out of the gradient."""
    count = dx_hat.dtype.type(math.prod(x_hat.shape[a] for a in axes))
    mean_slope = np.sum(dx_hat, axis=axes, keepdims=True) / count
    std_slope = np.sum(dx_hat * x_hat, axis=axes, keepdims=True) / count
    dx = x_hat * -std_slope
    dx += dx_hat
    dx -= mean_slope
    dx *= inv_std
    return dx


def _affine(x_hat, w, b):
    y = x_hat if w is None else x_hat * w
    return y if b is None else y + b


def _affine_gradients(dy, x_hat, axes, needs, shape):
    """The gradients of scale and shift: they were repeated over `axes`."""
    dw = np.sum(dy * x_hat, axis=axes).reshape(shape) if needs[1] else None
    db = np.sum(dy, axis=axes).reshape(shape) if needs[2] else None
    return dw, db


def batch_norm(x, w=None, b=None, *, mean=None, var=None, eps, report=None, needs=(True,) * 3):
    """y = (x - mean) / sqrt(var + eps) * w + b for each channel (Ioffe & Szegedy 2015).

    x (N, C, *), w and b (C,); without them there is no scale or shift. With `mean` and `var` (C,)
    given, they are constants (evaluation). Without, they are taken from the batch, over all axes
    but C, and `report(mean, var)` is told about them, var being the biased one.
    """
    # <solution: y; in training, where mean is None, also call report, if there is one>
    shape, dtype = x.shape, x.dtype
    rows = _channel_rows(x)
    from_batch = mean is None
    if from_batch:
        mean, var = kernel.statistics(rows)
        if report is not None:
            report(mean[:, 0].astype(dtype), var[:, 0].astype(dtype))
    else:
        mean, var = (value[:, None].astype(np.float64) for value in (mean, var))
    inv_std = 1 / np.sqrt(var + eps)  # (C, 1) in float64, like all that follow
    scale = inv_std if w is None else inv_std * w[:, None]
    shift = 0 if b is None else b[:, None]
    y = kernel.scale_and_shift(rows, scale, shift - mean * scale)
    y = _from_channel_rows(y, shape)
    # </solution>

    def batch_norm_backward(dy):
        # <solution: dx, dw and db, the gradients of x, w and b; dy is that of y>
        dy = _channel_rows(dy)
        db, dw = kernel.channel_sums(dy, rows, mean, var)
        dw *= inv_std  # the sum of dy * x_hat
        dx = None
        if needs[0]:
            # x moves its own mean and deviation along: both parts are taken out of the gradient.
            count = rows.shape[0] * rows.shape[2] if from_batch else np.inf
            slope = -dw / count * inv_std
            dx = kernel.input_gradient(dy, rows, slope, -db / count - mean * slope, scale)
            dx = _from_channel_rows(dx, shape)
        dw = dw[:, 0].astype(dtype) if needs[1] else None
        db = db[:, 0].astype(dtype) if needs[2] else None
        # </solution>
        return dx, dw, db

    return y, batch_norm_backward


def _channel_rows(x):
    """(N, C, *) -> (D * H, C, W * N) rows; (N, C) -> (1, C, N)."""
    D, H, C, W, N = (rows := to_rows(x if x.ndim > 2 else x[:, :, None])).shape
    return rows.reshape(D * H, C, W * N)


def _from_channel_rows(rows, shape):
    """The inverse of `_channel_rows`, as a view."""
    N, C, *spatial = shape
    D, H, W = three(spatial, 1)
    return from_rows(rows.reshape(D, H, C, W, N), len(spatial)).reshape(shape)


def layer_norm(x, w=None, b=None, *, axes, eps, needs=(True, True, True)):
    """Layer normalisation (Ba et al. 2016) over the last `axes` axes, w and b of their shape."""
    last = tuple(range(x.ndim - axes, x.ndim))
    leading = tuple(range(x.ndim - axes))
    shape = x.shape[x.ndim - axes :]
    x_hat, inv_std = _standardize(x, last, eps)
    scale = w if needs[0] else None  # keep what is needed

    def layer_norm_backward(dy):
        dw, db = _affine_gradients(dy, x_hat, leading, needs, shape)
        dx = None
        if needs[0]:
            dx_hat = dy if scale is None else dy * scale
            dx = _standardize_backward(dx_hat, x_hat, inv_std, last)
        return dx, dw, db

    return _affine(x_hat, w, b), layer_norm_backward


def group_norm(x, w=None, b=None, *, groups, eps, needs=(True, True, True)):
    """Group normalisation (Wu & He 2018) of x (N, C, *) over each of `groups` groups of channels.

    As many groups as channels is instance normalisation (Ulyanov et al. 2016).
    """
    N, C = x.shape[:2]
    grouped = (N, groups, C // groups, *x.shape[2:])
    axes = tuple(range(2, len(grouped)))
    others = (0, *range(2, x.ndim))
    channel = (1, -1) + (1,) * (x.ndim - 2)
    shape = x.shape
    x_hat, inv_std = _standardize(x.reshape(grouped), axes, eps)
    scale = None if w is None else w.reshape(channel)
    shift = None if b is None else b.reshape(channel)
    y = _affine(x_hat.reshape(shape), scale, shift)
    scale = scale if needs[0] else None  # keep what is needed

    def group_norm_backward(dy):
        dw, db = _affine_gradients(dy, x_hat.reshape(shape), others, needs, (C,))
        dx = None
        if needs[0]:
            dx_hat = (dy if scale is None else dy * scale).reshape(grouped)
            dx = _standardize_backward(dx_hat, x_hat, inv_std, axes).reshape(shape)
        return dx, dw, db

    return y, group_norm_backward
