"""One schedule after another."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from ...nn.arguments import whole
from ..optimizer import Optimizer
from .plateau import ReduceLROnPlateau
from .scheduler import LRScheduler


class SequentialLR(LRScheduler):
    """Runs `schedulers` in turn; at epoch `milestones[i]` scheduler i + 1 begins, at its epoch 0.

    For example a warm-up and then a cosine:
    `SequentialLR(opt, [LinearLR(opt, 0.1), CosineAnnealingLR(opt, 45)], milestones=[5])`.
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int]
    ) -> None:
        self.optimizer = self._check_optimizer(optimizer)
        self._milestones = [whole(self, "milestones", epoch) for epoch in milestones]
        if len(schedulers) != len(milestones) + 1:
            raise ValueError(
                f"SequentialLR: milestones {milestones} lie between {len(milestones) + 1} "
                f"schedulers, got {len(schedulers)}; give one milestone less than schedulers"
            )
        for i, scheduler in enumerate(schedulers):
            if isinstance(scheduler, ReduceLROnPlateau) or scheduler.optimizer is not optimizer:
                raise ValueError(
                    f"SequentialLR: schedulers[{i}], {type(scheduler).__name__}, must belong to "
                    "the same optimizer, and its step() must need no metric"
                )
        self._schedulers = list(schedulers)
        self.last_epoch = -1
        self._step_count = 0
        self._advance()

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer; the schedulers as their state_dicts."""
        states = [scheduler.state_dict() for scheduler in self._schedulers]
        return {**super().state_dict(), "_schedulers": states}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a SequentialLR of the same schedulers was saved."""
        schedulers, states = self._schedulers, state_dict.get("_schedulers", [])
        if len(states) != len(schedulers):
            raise ValueError(
                f"SequentialLR.load_state_dict: {len(states)} schedulers saved, "
                f"{len(schedulers)} here"
            )
        for scheduler, state in zip(schedulers, states, strict=True):
            scheduler.load_state_dict(state)
        super().load_state_dict(state_dict)
        self._schedulers = schedulers

    def _advance(self) -> None:
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[turn]
        if self.last_epoch == 0 or self.last_epoch in self._milestones:
            for group in self.optimizer.param_groups:
                group["lr"] = group["initial_lr"]
            scheduler.last_epoch = -1
            scheduler._step_count = 0
        scheduler._advance()
        self._last_lr = scheduler.get_last_lr()
        self._step_count += 1
