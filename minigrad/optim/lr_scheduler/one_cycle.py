"""One rise and one fall of the learning rate over the whole training."""

from __future__ import annotations

import math
from typing import Any

from ...nn.arguments import choice, whole
from ..checks import FRACTION, NOT_NEGATIVE, Rule, check_number
from ..optimizer import Optimizer
from .scheduler import LRScheduler

POSITIVE: Rule = ("a finite number > 0", lambda x: 0 < x < math.inf)


class OneCycleLR(LRScheduler):
    """Smith & Topin, "Super-Convergence", 2018. Call `step()` after every batch.

    The rate rises from max_lr / div_factor to `max_lr` in the first `pct_start` of the steps, then
    falls to max_lr / div_factor / final_div_factor. With `three_phase` it falls first to where it
    began, as fast as it rose, and then on. Momentum (beta1 of Adam) goes the opposite way, from
    `max_momentum` to `base_momentum` and back, unless `cycle_momentum=False`.
    The number of steps is `total_steps` or `epochs * steps_per_epoch`; lists give a value a group.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = self._check_optimizer(optimizer)
        self.total_steps = self._count_steps(total_steps, epochs, steps_per_epoch)
        check_number("OneCycleLR", "pct_start", pct_start, FRACTION, 0.3)
        check_number("OneCycleLR", "div_factor", div_factor, POSITIVE, 25.0)
        check_number("OneCycleLR", "final_div_factor", final_div_factor, POSITIVE, 1e4)
        self._anneal_func_type = choice(
            "OneCycleLR", "anneal_strategy", anneal_strategy, ("cos", "linear")
        )
        self._schedule_phases = self._phases(pct_start, three_phase)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = "betas" in optimizer.defaults
            if not self.use_beta1 and "momentum" not in optimizer.defaults:
                raise ValueError(
                    f"OneCycleLR: {type(optimizer).__name__} has no momentum to cycle; "
                    "write cycle_momentum=False"
                )
        if last_epoch == -1:
            max_lrs = self._for_each_group("max_lr", max_lr)
            for group, lr in zip(optimizer.param_groups, max_lrs, strict=True):
                start = lr / div_factor
                group.update(initial_lr=start, max_lr=lr, min_lr=start / final_div_factor)
            if cycle_momentum:
                lows = self._for_each_group("base_momentum", base_momentum)
                highs = self._for_each_group("max_momentum", max_momentum)
                for group, low, high in zip(optimizer.param_groups, lows, highs, strict=True):
                    group.update(base_momentum=low, max_momentum=high)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rates of this step. Sets the momenta on the way."""
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"OneCycleLR: step {self.last_epoch} of a cycle of {self.total_steps}; raise "
                "total_steps, or call scheduler.step() once for each optimizer.step()"
            )
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            for group in groups:
                momentum = self._between(group, "start_momentum", "end_momentum")
                if self.use_beta1:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum
        return [self._between(group, "start_lr", "end_lr") for group in groups]

    def _phases(self, pct_start: float, three_phase: bool) -> list[dict[str, Any]]:
        """What each phase leads from and to (keys of the groups) and the step it ends at."""
        peak = pct_start * self.total_steps - 1
        last = self.total_steps - 1
        rise = _phase(peak, "initial_lr", "max_lr", "max_momentum", "base_momentum")
        if not three_phase:
            return [rise, _phase(last, "max_lr", "min_lr", "base_momentum", "max_momentum")]
        return [
            rise,
            _phase(2 * peak, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
            _phase(last, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
        ]

    def _between(self, group: dict[str, Any], start_key: str, end_key: str) -> float:
        """A value of the group on its way through the phase that this step lies in."""
        begin = 0.0
        for phase in self._schedule_phases[:-1]:
            if self.last_epoch <= phase["end_step"]:
                break
            begin = phase["end_step"]
        else:
            phase = self._schedule_phases[-1]
        length = phase["end_step"] - begin
        done = (self.last_epoch - begin) / length if length else 1.0
        start, end = group[phase[start_key]], group[phase[end_key]]
        if self._anneal_func_type == "linear":
            return start + (end - start) * done
        return end + (start - end) * (1 + math.cos(math.pi * done)) / 2

    def _count_steps(
        self, total_steps: int | None, epochs: int | None, steps_per_epoch: int | None
    ) -> int:
        if total_steps is not None:
            return whole(self, "total_steps", total_steps)
        if epochs is None or steps_per_epoch is None:
            raise ValueError(
                "OneCycleLR: the number of steps is missing; give total_steps=, or epochs= and "
                "steps_per_epoch=len(loader)"
            )
        return whole(self, "epochs", epochs) * whole(self, "steps_per_epoch", steps_per_epoch)

    def _for_each_group(self, name: str, value: float | list[float]) -> list[float]:
        groups = len(self.optimizer.param_groups)
        values = list(value) if isinstance(value, (list, tuple)) else [value] * groups
        if len(values) != groups:
            raise ValueError(
                f"OneCycleLR: {name} has {len(values)} values for {groups} parameter groups; "
                "give one number, or one for each group"
            )
        for number in values:
            check_number("OneCycleLR", name, number, NOT_NEGATIVE, 0.1)
        return values


def _phase(
    end_step: float, start_lr: str, end_lr: str, start_momentum: str, end_momentum: str
) -> dict[str, Any]:
    return {
        "end_step": end_step,
        "start_lr": start_lr,
        "end_lr": end_lr,
        "start_momentum": start_momentum,
        "end_momentum": end_momentum,
    }
