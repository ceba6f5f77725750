"""Losses as layers: what `minigrad.nn.functional` has as functions, with the options kept."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .arguments import choice, number
from .layer import Layer


class Loss(Layer):
    """What all losses share: `reduction` is "mean", "sum", or "none" for one value an element."""

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__()
        reductions = ("mean", "sum", "none")
        self.reduction = choice(type(self).__name__, "reduction", reduction, reductions)


class CrossEntropyLoss(Loss):
    """-log softmax(input)[target]: input (N, C) or (N, C, ...) holds logits, not probabilities.

    target: class numbers (N, ...) int64, those equal to `ignore_index` left out; or probabilities
    in the shape of the input. `weight` (C,) gives each class a weight.

    >>> round(nn.CrossEntropyLoss()(mg.zeros(4, 10), mg.tensor([3, 1, 4, 1])).item(), 3)  # log(10)
    2.303
    """

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = number(self, "label_smoothing", label_smoothing, 0, 1)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """(N, C, ...) and (N, ...) -> one number."""
        return F.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(Loss):
    """-input[target]: the input (N, C, ...) holds log-probabilities, as log_softmax gives them."""

    weight: Tensor | None

    def __init__(
        self, weight: Tensor | None = None, *, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """(N, C, ...) and (N, ...) int64 -> one number."""
        return F.nll_loss(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class MSELoss(Loss):
    """(input - target)^2, both of one shape.

    >>> nn.MSELoss()(mg.tensor([1.0, 2.0]), mg.tensor([1.0, 4.0])).item()
    2.0
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Two tensors of one shape -> one number."""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(Loss):
    """|input - target|, both of one shape."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Two tensors of one shape -> one number."""
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """With d = |input - target|: d^2 / (2 beta) below beta, d - beta / 2 above."""

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Two tensors of one shape -> one number."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    """With d = |input - target|: d^2 / 2 below delta, delta (d - delta / 2) above."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Two tensors of one shape -> one number."""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class KLDivLoss(Loss):
    """target (log target - input): the input holds log-probabilities, the target probabilities.

    With `log_target=True` the target holds log-probabilities too. `reduction="batchmean"`, the
    sum divided by the batch size, is the divergence of the formula; "mean" divides by all elements.
    """

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction="mean" if reduction == "batchmean" else reduction)
        self.reduction, self.log_target = reduction, log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Two tensors of one shape -> one number."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class BCELoss(Loss):
    """-(target log input + (1 - target) log(1 - input)): the input holds probabilities."""

    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Two tensors of one shape -> one number."""
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(Loss):
    """BCELoss of sigmoid(input), computed so that it neither overflows nor loses digits.

    `pos_weight` multiplies the part of the positive targets.
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Two tensors of one shape -> one number."""
        return F.binary_cross_entropy_with_logits(
            input,
            target,
            weight=self.weight,
            reduction=self.reduction,
            pos_weight=self.pos_weight,
        )
