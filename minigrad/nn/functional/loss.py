"""Losses. `reduction` is "mean", "sum" or "none". Shapes are never broadcast."""

from __future__ import annotations

from ...ops import classification as classes
from ...ops import loss as ops
from ...tensor import Tensor, apply


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(input)[target] for scores (N, C, *S), not probabilities.

    target: class numbers (N, *S) as int64, or probabilities (N, C, *S).

    >>> scores = mg.tensor([[2.0, 0.0, 0.0]], requires_grad=True)
    >>> loss = F.cross_entropy(scores, mg.tensor([0]))
    >>> round(loss.item(), 4)  # -log(e^2 / (e^2 + 2))
    0.2395
    >>> loss.backward()
    >>> [round(g, 3) for g in scores.grad[0].tolist()]  # softmax - one-hot
    [-0.213, 0.107, 0.107]
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing must be in 0..1, got {label_smoothing}")
    x, t, single = _one_sample("cross_entropy", input, target)
    y = apply(
        classes.cross_entropy,
        x,
        t,
        weight,
        ignore_index=ignore_index,
        reduction=reduction,
        smoothing=label_smoothing,
    )
    return y[0] if single and reduction == "none" else y


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """-input[target] for log probabilities (N, C, *S) and class numbers (N, *S)."""
    x, t, single = _one_sample("nll_loss", input, target)
    options = {"ignore_index": ignore_index, "reduction": reduction}
    y = apply(classes.nll_loss, x, t, weight, **options)
    return y[0] if single and reduction == "none" else y


def _one_sample(name: str, x: Tensor, target: Tensor) -> tuple[Tensor, Tensor, bool]:
    """A single sample (C,) as a batch of one."""
    if not isinstance(target, Tensor):
        raise TypeError(
            f"{name}: target must be a Tensor, got {type(target).__name__}; "
            "write minigrad.tensor(target)"
        )
    single = x.ndim == 1
    return (x.unsqueeze(0), target.unsqueeze(0), True) if single else (x, target, False)


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """(input - target)^2.

    >>> F.mse_loss(mg.tensor([1.0, 2.0]), mg.tensor([1.0, 4.0]), reduction="sum").item()
    4.0
    """
    return apply(ops.mse_loss, input, target, reduction=reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """|input - target|."""
    return apply(ops.l1_loss, input, target, reduction=reduction)


def smooth_l1_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0
) -> Tensor:
    """Quadratic below an error of beta, linear above, with slope 1."""
    if beta < 0:
        raise ValueError(f"smooth_l1_loss: beta must not be negative, got {beta}")
    return apply(ops.smooth_l1_loss, input, target, reduction=reduction, beta=beta)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0
) -> Tensor:
    """Quadratic below an error of delta, linear above, with slope delta."""
    if delta <= 0:
        raise ValueError(f"huber_loss: delta must be positive, got {delta}")
    return apply(ops.huber_loss, input, target, reduction=reduction, delta=delta)


def kl_div(
    input: Tensor, target: Tensor, reduction: str = "mean", log_target: bool = False
) -> Tensor:
    """target * (log target - input) for log probabilities `input`; see also "batchmean"."""
    return apply(ops.kl_div, input, target, reduction=reduction, log_target=log_target)


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """Cross-entropy of probabilities `input` and targets in 0..1."""
    return apply(ops.binary_cross_entropy, input, target, weight, reduction=reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Cross-entropy of sigmoid(input) and targets in 0..1, without overflow."""
    op = ops.binary_cross_entropy_with_logits
    return apply(op, input, target, weight, pos_weight, reduction=reduction)
