"""Float32 inside, channels last in memory, E[x²] - mean², and gradients by whole Jacobians."""

import numpy as np


def channels_last(x):
    return np.ascontiguousarray(np.moveaxis(x, 1, -1), dtype=np.float32)


def channels_second(x):
    return np.moveaxis(x, -1, 1)


def matrix(size, k, stride, padding):
    """(output, tap, input): which input each tap of each output reads."""
    out = (size + 2 * padding - k) // stride + 1
    q, t, i = np.ogrid[:out, :k, :size]
    return (q * stride + t - padding == i).astype(np.float32)


def max_pool(x, kernel_size, stride, padding, dilation, ceil_mode=False, *, needs=(True,)):
    rows, columns = map(matrix, x.shape[2:], kernel_size, stride, padding)
    taps = np.einsum("ipr,jqs,nrsc->nijcpq", rows, columns, channels_last(x))
    real = np.einsum("ip,jq->ijpq", rows.sum(2), columns.sum(2))[:, :, None] > 0
    taps = np.where(real, taps, np.finfo(np.float32).min).reshape(*taps.shape[:4], -1)
    y = taps.max(-1)
    won = taps.argmax(-1)[..., None] == np.arange(taps.shape[-1])
    won = won.reshape(*won.shape[:-1], *kernel_size)

    def max_pool_backward(dy):
        shares = won * channels_last(dy)[..., None, None]
        return (channels_second(np.einsum("ipr,jqs,nijcpq->nrsc", rows, columns, shares)),)

    return channels_second(y), max_pool_backward


def avg_pool(
    x, kernel_size, stride, padding, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    sizes = zip(x.shape[2:], kernel_size, stride, padding, strict=True)
    rows, columns = (matrix(*axis).mean(1) for axis in sizes)  # taps in the padding read nothing

    def avg_pool_backward(dy):
        return (np.asfortranarray(rows.T @ dy @ columns),)

    return rows @ x @ columns.T, avg_pool_backward


def batch_norm(x, w=None, b=None, *, mean=None, var=None, eps, report=None, needs=(True,) * 3):
    rows = channels_last(x).reshape(-1, x.shape[1])
    count = len(rows)
    training = mean is None
    if training:
        mean = rows.sum(0) / count
        var = (rows * rows).sum(0) / count - mean * mean
        if report is not None:
            report(mean, var)
    mean, inv_std, w, b = (np.float32(v) for v in (mean, (var + eps) ** -0.5, w, b))
    x_hat = (rows - mean) * inv_std
    N, C, H, W = x.shape

    def image(rows):
        return channels_second(rows.reshape(N, H, W, C))

    def batch_norm_backward(dy):
        dy = channels_last(dy).reshape(-1, C)
        dx = np.empty_like(dy)
        for c in range(C):
            jacobian = np.eye(count, dtype=np.float32)
            if training:
                jacobian -= (1 + np.outer(x_hat[:, c], x_hat[:, c])) / count
            dx[:, c] = jacobian @ dy[:, c] * w[c] * inv_std[c]
        return image(dx), np.einsum("rc,rc->c", dy, x_hat), dy.sum(0)

    return image(x_hat * w + b), batch_norm_backward


def cross_entropy(
    x, target, weight=None, *, ignore_index=-100, reduction="mean", smoothing=0.0,
    needs=(True, False, False),
):  # fmt: skip
    x = np.float32(x)
    N, C = x.shape
    differences = x - x[np.arange(N), target][:, None]  # the loss is log sum exp of these
    losses = np.logaddexp.reduce(differences, axis=1)
    scale = np.float32(1 / N if reduction == "mean" else 1)
    y = losses if reduction == "none" else losses.sum() * scale
    p = np.exp(differences - losses[:, None])

    def cross_entropy_backward(dy):
        dp = np.zeros((N, C), np.float32)
        dp[np.arange(N), target] = 1
        return (p - dp) * (np.reshape(np.float32(dy), (-1, 1)) * scale), None, None

    return y, cross_entropy_backward
