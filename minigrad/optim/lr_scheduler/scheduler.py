"""What all learning-rate schedulers share."""

from __future__ import annotations

import warnings
from typing import Any

from ..optimizer import Optimizer


class LRScheduler:
    """Base class: a subclass writes `get_lr()`, the learning rate of each group at `last_epoch`.

    Built with `last_epoch=-1` it sets the rate of epoch 0; each `step()` goes one epoch on. An
    "epoch" is whatever lies between two calls of `step()`, be it a batch.
    Most schedules multiply the rate that a group has at the moment, so they can be combined, and
    a rate changed by hand is taken up. `base_lrs` are the rates that the groups started with.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = self._check_optimizer(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise ValueError(
                    f"{type(self).__name__}: last_epoch={last_epoch} goes on with a schedule, but "
                    f"param_groups[{i}] has no 'initial_lr'; load the optimizer's state_dict "
                    "first, or leave last_epoch=-1"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._step_count = 0
        self._advance()

    def get_lr(self) -> list[float]:
        """The learning rate of each group at `last_epoch`. To look it up, use `get_last_lr()`."""
        name = type(self).__name__
        raise RuntimeError(
            f"{name} has no get_lr(); get_last_lr() tells the current rates. "
            f"In a scheduler of your own write `def get_lr(self)` in class {name}"
        )

    def get_last_lr(self) -> list[float]:
        """The learning rates that this scheduler set last, one for each group."""
        return self._last_lr

    def step(self) -> None:
        """Set the learning rates of the next epoch. Call it after `optimizer.step()`."""
        self._check_order()
        self._advance()

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a scheduler of the same class was saved."""
        own = self.state_dict()
        wanted, given = _public(own), _public(state_dict)
        if wanted != given:
            raise ValueError(
                f"{type(self).__name__}.load_state_dict: missing {sorted(wanted - given)}, "
                f"unexpected {sorted(given - wanted)}; was it saved by another scheduler?"
            )
        vars(self).update((key, value) for key, value in state_dict.items() if key in own)

    def _advance(self) -> None:
        self.last_epoch += 1
        self._set_lrs(self.get_lr())
        self._step_count += 1

    def _set_lrs(self, lrs: list[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            group["lr"] = lr
        self._last_lr = list(lrs)

    def _times(self, factor: float) -> list[float]:
        """The groups' learning rates of the moment, multiplied by `factor`."""
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def _check_groups(self, known: int) -> None:
        groups = len(self.optimizer.param_groups)
        if groups != known:
            raise ValueError(
                f"{type(self).__name__}: the optimizer has {groups} parameter groups, this "
                f"scheduler was built for {known}; call add_param_group() before building it"
            )

    @property
    def _is_initial(self) -> bool:
        """Whether the constructor asks: the groups have their learning rates already."""
        return self._step_count == 0

    def _check_optimizer(self, optimizer: Optimizer) -> Optimizer:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__}: optimizer must be an Optimizer, "
                f"got {type(optimizer).__name__}; write {type(self).__name__}(optimizer, ...)"
            )
        return optimizer

    def _check_order(self) -> None:
        counts_steps = type(self.optimizer).step is Optimizer.step
        if self._step_count == 1 and counts_steps and not self.optimizer.stepped:
            warnings.warn(
                "scheduler.step() came before the first optimizer.step(), so the first learning "
                "rate of the schedule was never used. Write them in this order:\n"
                "    optimizer.step()\n"
                "    scheduler.step()",
                UserWarning,
                stacklevel=3,
            )


def _public(state: dict[str, Any]) -> set[str]:
    return {key for key in state if not key.startswith("_")}
