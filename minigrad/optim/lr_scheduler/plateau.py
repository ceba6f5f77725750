"""A schedule that watches how the training goes."""

from __future__ import annotations

import math
from typing import SupportsFloat

from ...nn.arguments import choice, whole
from ..checks import NOT_NEGATIVE, Rule, check_number
from ..optimizer import Optimizer
from .scheduler import LRScheduler

BELOW_ONE: Rule = ("a number in (0, 1)", lambda x: 0 < x < 1)


class ReduceLROnPlateau(LRScheduler):
    """Multiplies by `factor` when a metric has not improved for more than `patience` epochs.

    `step(metric)` takes, for example, the validation loss (`mode="min"`) or accuracy ("max").
    Better means better than the best so far by `threshold`: a share of it (`threshold_mode="rel"`)
    or a difference ("abs"). After a reduction `cooldown` epochs are not counted. `min_lr` (one
    number, or a list with one for each group) is the floor; a change below `eps` is left out.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        name = "ReduceLROnPlateau"
        self.optimizer = self._check_optimizer(optimizer)
        check_number(name, "factor", factor, BELOW_ONE, 0.1)
        check_number(name, "threshold", threshold, NOT_NEGATIVE, 1e-4)
        check_number(name, "eps", eps, NOT_NEGATIVE, 1e-8)
        groups = len(optimizer.param_groups)
        self.default_min_lr = None if isinstance(min_lr, (list, tuple)) else min_lr
        self.min_lrs = list(min_lr) if isinstance(min_lr, (list, tuple)) else [min_lr] * groups
        if len(self.min_lrs) != groups:
            raise ValueError(
                f"{name}: min_lr has {len(self.min_lrs)} values for {groups} parameter groups; "
                "give one number, or one for each group"
            )
        for number in self.min_lrs:
            check_number(name, "min_lr", number, NOT_NEGATIVE, 0)
        self.factor = factor
        self.patience = whole(self, "patience", patience, 0)
        self.cooldown = whole(self, "cooldown", cooldown, 0)
        self.eps = eps
        self.mode = choice(name, "mode", mode, ("min", "max"))
        self.threshold = threshold
        self.threshold_mode = choice(name, "threshold_mode", threshold_mode, ("rel", "abs"))
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0
        self.last_epoch = 0
        self._last_lr = self._times(1)

    def step(self, metrics: SupportsFloat) -> None:  # type: ignore[override]
        """Take note of this epoch's metric, and lower the rates if it is time."""
        value = float(metrics)
        self.last_epoch += 1
        if self._is_better(value):
            self.best = value
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
            self._reduce()
        self._last_lr = self._times(1)

    def _is_better(self, value: float) -> bool:
        margin = self.threshold if self.mode == "max" else -self.threshold
        bound = self.best * (1 + margin) if self.threshold_mode == "rel" else self.best + margin
        return value > bound if self.mode == "max" else value < bound

    def _reduce(self) -> None:
        if self.default_min_lr is not None:
            self.min_lrs = [self.default_min_lr] * len(self.optimizer.param_groups)
        self._check_groups(len(self.min_lrs))
        for group, min_lr in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
            lower = max(group["lr"] * self.factor, min_lr)
            if group["lr"] - lower > self.eps:
                group["lr"] = lower
