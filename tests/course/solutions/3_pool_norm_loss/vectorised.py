"""Whole arrays: strided windows, equal values share the gradient, the short formula of dx."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def windows(x, kernel_size, stride, padding, filler):
    """(N, C, H, W) -> (N, C, OH, OW, kh, kw)."""
    (sh, sw), (ph, pw) = stride, padding
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=filler)
    return sliding_window_view(padded, kernel_size, (2, 3))[:, :, ::sh, ::sw]


def laid_down(shares, shape, stride, padding):
    """The reverse: add shares (N, C, OH, OW, kh, kw) where the windows lie."""
    (N, C, H, W), (sh, sw), (ph, pw) = shape, stride, padding
    *_, OH, OW, kh, kw = shares.shape
    total = np.zeros((N, C, H + 2 * ph + sh, W + 2 * pw + sw))
    for p in range(kh):
        for q in range(kw):
            total[:, :, p : p + OH * sh : sh, q : q + OW * sw : sw] += shares[..., p, q]
    return total[:, :, ph : ph + H, pw : pw + W]


def max_pool(x, kernel_size, stride, padding, dilation, ceil_mode=False, *, needs=(True,)):
    seen = windows(x, kernel_size, stride, padding, -np.inf)
    y = seen.max((4, 5))
    largest = seen == y[..., None, None]
    shares = largest / largest.sum((4, 5), keepdims=True)

    def max_pool_backward(dy):
        return (laid_down(shares * dy[..., None, None], x.shape, stride, padding),)

    return y, max_pool_backward


def avg_pool(
    x, kernel_size, stride, padding, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    seen = windows(x, kernel_size, stride, padding, 0)
    shape, shares = x.shape, np.full(seen.shape, 1 / np.prod(kernel_size))

    def avg_pool_backward(dy):
        return (laid_down(shares * dy[..., None, None], shape, stride, padding),)

    return np.mean(seen, axis=(-2, -1)), avg_pool_backward


def batch_norm(x, w=None, b=None, *, mean=None, var=None, eps, report=None, needs=(True,) * 3):
    axes, channel = (0, 2, 3), (1, -1, 1, 1)
    training = mean is None
    if training:
        mean, var = x.mean(axes), x.var(axes)
        if report is not None:
            report(mean=mean, var=var)
    std = np.sqrt(var + eps).reshape(channel)
    x_hat = (x - mean.reshape(channel)) / std

    def batch_norm_backward(dy):
        dw, db = (dy * x_hat).sum(axes), dy.sum(axes)
        dx_hat = dy * w.reshape(channel)
        if training:
            mean_slope = dx_hat.mean(axes, keepdims=True)
            std_slope = (dx_hat * x_hat).mean(axes, keepdims=True)
            dx_hat = dx_hat - mean_slope - x_hat * std_slope
        return dx_hat / std, dw, db

    return x_hat * w.reshape(channel) + b.reshape(channel), batch_norm_backward


def cross_entropy(
    x, target, weight=None, *, ignore_index=-100, reduction="mean", smoothing=0.0,
    needs=(True, False, False),
):  # fmt: skip
    one_hot = np.eye(x.shape[1])[target]
    shifted = x - x.max(1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    losses = -(log_p * one_hot).sum(1)
    y = getattr(np, reduction)(losses) if reduction != "none" else losses

    def cross_entropy_backward(dy):
        each = np.broadcast_to(dy, losses.shape)[:, None]
        dx = each * (np.exp(log_p) - one_hot)
        return (dx / len(x) if reduction == "mean" else dx,)

    return y, cross_entropy_backward
