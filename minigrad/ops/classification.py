"""Losses over classes. x is (N, C) or (N, C, *S): axis 1 counts the classes."""

import numpy as np

from .loss import reduced


def cross_entropy(
    x,
    target,
    weight=None,
    *,
    ignore_index=-100,
    reduction="mean",
    smoothing=0.0,
    needs=(True, False, False),
):
    """Softmax and negative log likelihood in one: -log softmax(x)[target].

    x (N, C, *S); `target` holds class numbers (N, *S), or probabilities of x's own shape.
    `reduction`: "mean" or "sum" of the losses of all samples, or "none", which keeps them (N, *S).
    Fused, its gradient is softmax(x) - target, which neither overflows nor divides by zero.
    """
    # <solution: y, the loss>
    columns, shape = _classes_last("cross_entropy", x)
    share, divisor = _shares("cross_entropy", x, target, weight, ignore_index, smoothing)
    shifted = columns - np.max(columns, axis=1, keepdims=True)
    e = np.exp(shifted)
    total = np.sum(e, axis=1, keepdims=True)
    log_p = shifted - np.log(total)
    values = -np.sum(np.where(share == 0, x.dtype.type(0), share * log_p), axis=1)
    y, scale = _reduced("cross_entropy", values, reduction, divisor)
    y = _unflatten(y, reduction, shape)
    log_p, weight = (log_p, weight) if needs[1] else (None, None)  # keep what is needed
    # </solution>

    def cross_entropy_backward(dy):
        # <solution: dx, the gradient of x; dtarget = None where target holds class numbers>
        dy = _for_each(dy, len(e)) * scale
        dx = dtarget = None
        if needs[0]:
            dx = e * (np.sum(share, axis=1, keepdims=True) / total)
            dx -= share
            dx *= dy
            dx = _classes_second(dx, shape)
        if needs[1]:  # probabilities, for example of a teacher
            dtarget = -dy * (1 - smoothing) * log_p
            dtarget = _classes_second(dtarget if weight is None else dtarget * weight, shape)
        # </solution>
        return dx, dtarget, None

    return y, cross_entropy_backward


def nll_loss(x, target, weight=None, *, ignore_index=-100, reduction="mean"):
    """Negative log likelihood -x[target] of log probabilities x."""
    columns, shape = _classes_last("nll_loss", x)
    if target.dtype.kind not in "iu":
        raise TypeError(f"nll_loss: target must hold class numbers, got {target.dtype}")
    share, divisor = _shares("nll_loss", x, target, weight, ignore_index, 0.0)
    values = -np.sum(np.where(share == 0, x.dtype.type(0), share * columns), axis=1)
    y, scale = _reduced("nll_loss", values, reduction, divisor)

    def nll_loss_backward(dy):
        dx = -share * (_for_each(dy, len(share)) * scale)
        return _classes_second(dx, shape), None, None

    return _unflatten(y, reduction, shape), nll_loss_backward


def _classes_last(name, x):
    """(N, C, *S) -> (N * S, C)."""
    if x.dtype.kind != "f":
        raise TypeError(f"{name}: input must hold floating point scores, got {x.dtype}")
    if x.ndim < 2:
        raise ValueError(f"{name}: input must be (N, classes) or (N, classes, ...), got {x.shape}")
    return x if x.ndim == 2 else np.moveaxis(x, 1, -1).reshape(-1, x.shape[1]), x.shape


def _classes_second(dx, shape):
    """(N * S, C) -> (N, C, *S)."""
    if len(shape) == 2:
        return dx
    return np.moveaxis(dx.reshape(shape[0], *shape[2:], shape[1]), -1, 1)


def _shares(name, x, target, weight, ignore_index, smoothing):
    """How much each class counts for each sample (N * S, C), and what "mean" divides by."""
    classes = x.shape[1]
    if weight is not None:
        weight = weight.astype(x.dtype, copy=False)
        if weight.shape != (classes,):
            raise ValueError(f"{name}: weight must be one number for each of the {classes} classes")
    if target.dtype.kind == "f":
        if target.shape != x.shape:
            raise _wrong_target(name, x, target)
        share = np.moveaxis(target, 1, -1).reshape(-1, classes)
        share = ((1 - smoothing) * share + smoothing / classes).astype(x.dtype, copy=False)
        return share if weight is None else share * weight, max(len(share), 1)
    if target.shape != (x.shape[0], *x.shape[2:]) or target.dtype.kind not in "iu":
        raise _wrong_target(name, x, target)
    target = target.reshape(-1)
    counted = target != ignore_index
    _check_classes(name, target[counted], classes)
    share = np.full((len(target), classes), smoothing / classes, x.dtype)
    rows = np.flatnonzero(counted)
    share[rows, target[rows]] += x.dtype.type(1 - smoothing)
    if len(rows) < len(target):
        share[~counted] = 0
    if weight is None:
        return share, x.dtype.type(len(rows))
    return share * weight, np.sum(weight[target[rows]])


def _reduced(name, values, reduction, divisor):
    """As `reduced`, but where every target is ignored the mean is nan and its gradient 0."""
    y, scale = reduced(name, values, reduction, divisor)
    return y, scale if divisor else np.zeros_like(scale)


def _check_classes(name, target, classes):
    if target.size and not (target.min() >= 0 and target.max() < classes):
        wrong = target[(target < 0) | (target >= classes)][0]
        raise IndexError(
            f"{name}: target {wrong} is out of range: the input has {classes} classes, so targets "
            f"are 0..{classes - 1}; check the labels, or the last layer's out_features"
        )


def _wrong_target(name, x, target):
    wanted = (x.shape[0], *x.shape[2:])
    text = f"{name}: input of shape {x.shape} needs class numbers of shape {wanted} (int64)"
    if name == "cross_entropy":
        text += f" or probabilities of shape {x.shape}"
    text += f", got shape {target.shape} of {target.dtype}"
    if target.dtype.kind == "f" and target.shape == wanted:
        text += "; write target.long()"
    elif target.shape == x.shape:
        text += "; write target.argmax(1) for one-hot rows"
    elif target.size == np.prod(wanted):
        text += f"; write target.reshape({', '.join(map(str, wanted))})"
    return ValueError(text)


def _unflatten(y, reduction, shape):
    return y.reshape(shape[0], *shape[2:]) if reduction == "none" else y


def _for_each(dy, count):
    """The gradient of the loss as a column: one number for each sample, or one for all."""
    return dy if np.ndim(dy) == 0 else dy.reshape(count, 1)
