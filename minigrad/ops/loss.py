"""Losses. `reduction` is "mean", "sum" or "none"; x is the prediction, t the target.

Prediction and target must have the same shape: broadcasting (N, 1) against (N,) would silently
average N * N differences that nobody meant.
"""

import numpy as np

from .activation import logistic


def _same_shape(name, x, t):
    if x.shape != t.shape:
        hint = ""
        if x.size == t.size:
            hint = f"; write target.reshape({', '.join(map(str, x.shape))})"
            if x.ndim == t.ndim + 1 and x.shape[-1] == 1:
                hint = "; write target.unsqueeze(-1), or output.squeeze(-1)"
        raise ValueError(f"{name}: input has shape {x.shape}, target {t.shape}{hint}")
    if x.dtype.kind != "f" or x.dtype != t.dtype:
        raise TypeError(
            f"{name}: input is {x.dtype}, target {t.dtype}; both must be of one floating point "
            "type, write for example target.float()"
        )


def _weight(name, argument, weight, x):
    """A weight for each element of x; 1 where none is given."""
    if weight is None:
        return x.dtype.type(1)
    try:
        return np.broadcast_to(weight, x.shape)
    except ValueError:
        raise ValueError(
            f"{name}: {argument} of shape {weight.shape} does not fit an input of shape {x.shape}"
        ) from None


def reduced(name, values, reduction, count=None):
    """The loss of each element reduced, and the weight that each then has.

    "mean" divides by `count`, which is the number of values unless it is given.
    """
    dtype = values.dtype.type
    if reduction == "none":
        return values, dtype(1)
    if reduction == "sum":
        return np.sum(values), dtype(1)
    if reduction == "mean":
        weight = dtype(1) / dtype(values.size if count is None else count)  # of nothing it is nan
        return np.sum(values) * weight, weight
    raise ValueError(f'{name}: reduction must be "mean", "sum" or "none", got {reduction!r}')


def mse_loss(x, t, *, reduction="mean"):
    """Squared error (x - t)^2."""
    _same_shape("mse_loss", x, t)
    error = x - t
    y, weight = reduced("mse_loss", error * error, reduction)

    def mse_loss_backward(dy):
        dx = 2 * (dy * weight) * error
        return dx, -dx

    return y, mse_loss_backward


def l1_loss(x, t, *, reduction="mean"):
    """Absolute error |x - t|; slope 0 where they are equal."""
    _same_shape("l1_loss", x, t)
    error = x - t
    y, weight = reduced("l1_loss", np.abs(error), reduction)

    def l1_loss_backward(dy):
        dx = (dy * weight) * np.sign(error)
        return dx, -dx

    return y, l1_loss_backward


def huber_loss(x, t, *, delta=1.0, reduction="mean"):
    """error^2 / 2 for |error| < delta, then a line of slope delta (Huber 1964)."""
    _same_shape("huber_loss", x, t)
    error = x - t
    size = np.abs(error)
    values = np.where(size < delta, 0.5 * size * size, delta * (size - 0.5 * delta))
    y, weight = reduced("huber_loss", values.astype(x.dtype, copy=False), reduction)

    def huber_loss_backward(dy):
        dx = (dy * weight) * np.clip(error, -delta, delta)
        return dx, -dx

    return y, huber_loss_backward


def smooth_l1_loss(x, t, *, beta=1.0, reduction="mean"):
    """error^2 / (2 beta) for |error| < beta, then |error| - beta / 2 (Girshick 2015)."""
    if beta == 0:
        return l1_loss(x, t, reduction=reduction)
    _same_shape("smooth_l1_loss", x, t)
    error = x - t
    size = np.abs(error)
    values = np.where(size < beta, 0.5 * size * size / beta, size - 0.5 * beta)
    y, weight = reduced("smooth_l1_loss", values.astype(x.dtype, copy=False), reduction)

    def smooth_l1_loss_backward(dy):
        dx = (dy * weight) * np.clip(error / beta, -1, 1)
        return dx, -dx

    return y, smooth_l1_loss_backward


def kl_div(x, t, *, reduction="mean", log_target=False, needs=(True, True)):
    """Kullback-Leibler divergence t (log t - x), x being log probabilities (0 where t is 0).

    "batchmean" divides the sum by the batch size, which is the definition; "mean" by all elements.
    """
    _same_shape("kl_div", x, t)
    target, log_t = (np.exp(t), t) if log_target else (t, np.log(t))
    values = np.where(target > 0, target * (log_t - x), x.dtype.type(0))
    if reduction == "batchmean":
        y, weight = reduced("kl_div", values, "mean", len(x))
    else:
        y, weight = reduced("kl_div", values, reduction)

    def kl_div_backward(dy):
        dx = -(dy * weight) * target if needs[0] else None
        dt = None
        if needs[1]:
            slope = target * (log_t - x + 1) if log_target else log_t - x + 1
            dt = (dy * weight) * np.where(target > 0, slope, 0)
        return dx, dt

    return y, kl_div_backward


def binary_cross_entropy(x, t, weight=None, *, reduction="mean", needs=(True, True, False)):
    """-(t log x + (1 - t) log(1 - x)) for probabilities x; logarithms are cut off at -100."""
    _same_shape("binary_cross_entropy", x, t)
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise ValueError(
            f"binary_cross_entropy: input must be probabilities in 0..1, got {x.min():.4g} to "
            f"{x.max():.4g}; apply sigmoid, or use binary_cross_entropy_with_logits"
        )
    each = _weight("binary_cross_entropy", "weight", weight, x)
    log_x, log_1x = np.maximum(np.log(x), -100), np.maximum(np.log1p(-x), -100)
    values = -each * (t * log_x + (1 - t) * log_1x)
    y, share = reduced("binary_cross_entropy", values, reduction)

    def binary_cross_entropy_backward(dy):
        dy = dy * share * each
        dx = dy * (x - t) / np.maximum(x * (1 - x), 1e-12) if needs[0] else None
        dt = dy * (log_1x - log_x) if needs[1] else None
        return dx, dt, None

    return y, binary_cross_entropy_backward


def binary_cross_entropy_with_logits(
    x, t, weight=None, pos_weight=None, *, reduction="mean", needs=(True, True, False, False)
):
    """Binary cross-entropy of sigmoid(x), without overflow: t softplus(-x) + (1-t) softplus(x).

    `pos_weight` multiplies the first term.
    """
    _same_shape("binary_cross_entropy_with_logits", x, t)
    each = _weight("binary_cross_entropy_with_logits", "weight", weight, x)
    positive = _weight("binary_cross_entropy_with_logits", "pos_weight", pos_weight, x)
    with_one, with_zero = np.logaddexp(-x, 0), np.logaddexp(x, 0)
    values = (each * (positive * t * with_one + (1 - t) * with_zero)).astype(x.dtype, copy=False)
    y, share = reduced("binary_cross_entropy_with_logits", values, reduction)

    def binary_cross_entropy_with_logits_backward(dy):
        dy = dy * share * each
        dx = dt = None
        if needs[0]:
            probability = logistic(x)
            dx = dy * (probability * (1 - t) - (1 - probability) * (positive * t))
        if needs[1]:
            dt = dy * (positive * with_one - with_zero)
        return dx, dt, None, None

    return y, binary_cross_entropy_with_logits_backward
