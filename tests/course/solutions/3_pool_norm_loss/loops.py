"""Loops from the definitions; of equal values the last one wins; batch norm step by step."""

import math

import numpy as np


def places(size, k, stride, padding):
    """For each output index the input indices that its window covers."""
    out = (size + 2 * padding - k) // stride + 1
    starts = [q * stride - padding for q in range(out)]
    return [[i for i in range(start, start + k) if 0 <= i < size] for start in starts]


def windows(shape, kernel_size, stride, padding):
    """Each output index with the input indices of its window."""
    N, C, *sizes = shape
    rows, columns = map(places, sizes, kernel_size, stride, padding)
    for n in range(N):
        for c in range(C):
            for i, window_rows in enumerate(rows):
                for j, window_columns in enumerate(columns):
                    inside = [(n, c, r, s) for r in window_rows for s in window_columns]
                    yield (n, c, i, j), inside


def output_shape(shape, *options):
    return tuple(n + 1 for n in list(windows(shape, *options))[-1][0])


def max_pool(x, kernel_size, stride, padding, dilation, ceil_mode=False, *, needs=(True,)):
    options = kernel_size, stride, padding
    y = np.zeros(output_shape(x.shape, *options))
    winners = {}
    for at, inside in windows(x.shape, *options):
        best = inside[0]
        for place in inside:
            if x[place] >= x[best]:
                best = place
        y[at], winners[at] = x[best], best

    def max_pool_backward(dy):
        dx = np.zeros(x.shape)
        for at, place in winners.items():
            dx[place] += dy[at]
        return [dx]

    return y, max_pool_backward


def avg_pool(
    x, kernel_size, stride, padding, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    options = kernel_size, stride, padding
    size = math.prod(kernel_size)
    y = np.zeros(output_shape(x.shape, *options))
    for at, inside in windows(x.shape, *options):
        y[at] = sum(x[place] for place in inside) / size

    def avg_pool_backward(dy):
        dx = np.zeros(x.shape)
        for at, inside in windows(x.shape, *options):
            for place in inside:
                dx[place] += dy[at] / size
        return (dx,)

    return y, avg_pool_backward


def batch_norm(x, w=None, b=None, *, mean=None, var=None, eps, report=None, needs=(True,) * 3):
    N, C, H, W = x.shape
    count = N * H * W
    training = mean is None
    if training:
        mean = np.array([x[:, c].sum() / count for c in range(C)])
        var = np.array([((x[:, c] - mean[c]) ** 2).sum() / count for c in range(C)])
        if report:
            report(mean, var)
    y = np.zeros(x.shape)
    for c in range(C):
        y[:, c] = (x[:, c] - mean[c]) / math.sqrt(var[c] + eps) * w[c] + b[c]

    def batch_norm_backward(dy):
        dx, dw, db = np.zeros(x.shape), np.zeros(C), np.zeros(C)
        for c in range(C):
            inv_std = 1 / math.sqrt(var[c] + eps)
            centered = x[:, c] - mean[c]
            db[c] = dy[:, c].sum()
            dw[c] = (dy[:, c] * centered).sum() * inv_std
            dx_hat = dy[:, c] * w[c]
            dx[:, c] = dx_hat * inv_std
            if training:
                dvar = (dx_hat * centered).sum() * -0.5 * inv_std**3
                dmean = -(dx_hat * inv_std).sum()
                dx[:, c] += dvar * 2 * centered / count + dmean / count
        return dx, dw, db

    return y, batch_norm_backward


def cross_entropy(
    x, target, weight=None, *, ignore_index=-100, reduction="mean", smoothing=0.0,
    needs=(True, False, False),
):  # fmt: skip
    N, C = x.shape
    p, losses = np.zeros((N, C)), np.zeros(N)
    for n in range(N):
        largest = max(x[n])
        e = [math.exp(score - largest) for score in x[n]]
        p[n] = [part / sum(e) for part in e]
        losses[n] = math.log(sum(e)) + largest - x[n, target[n]]
    y = {"mean": losses.sum() / N, "sum": losses.sum(), "none": losses}[reduction]

    def cross_entropy_backward(dy):
        dx = np.zeros((N, C))
        for n in range(N):
            slope = dy[n] if reduction == "none" else dy / N if reduction == "mean" else dy
            for c in range(C):
                dx[n, c] = slope * (p[n, c] - (c == target[n]))
        return dx, None, None

    return y, cross_entropy_backward
