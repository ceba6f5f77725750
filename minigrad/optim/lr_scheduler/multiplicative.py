"""Schedules that multiply the learning rate by a factor that depends on the epoch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...nn.arguments import whole
from ..checks import NOT_NEGATIVE, Rule, check_number
from ..optimizer import Optimizer
from .scheduler import LRScheduler

SHARE: Rule = ("a number in (0, 1]", lambda x: 0 < x <= 1)
SHARE_OR_0: Rule = ("a number in [0, 1]", lambda x: 0 <= x <= 1)


class LambdaLR(LRScheduler):
    """The initial rate times `lr_lambda(epoch)`: one function, or a list with one for each group.

    The functions are not part of the state_dict.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        groups = len(self._check_optimizer(optimizer).param_groups)
        lambdas = list(lr_lambda) if isinstance(lr_lambda, Sequence) else [lr_lambda] * groups
        for function in lambdas:
            if not callable(function):
                raise TypeError(
                    f"LambdaLR: lr_lambda must be a function of the epoch, got {function!r}; "
                    "write for example lambda epoch: 0.95**epoch"
                )
        if len(lambdas) != groups:
            raise ValueError(
                f"LambdaLR: got {len(lambdas)} functions for {groups} parameter groups; "
                "give one function, or one for each group"
            )
        self.lr_lambdas = lambdas
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """initial lr * lr_lambda(epoch)."""
        self._check_groups(len(self.base_lrs))
        pairs = zip(self.base_lrs, self.lr_lambdas, strict=True)
        return [lr * function(self.last_epoch) for lr, function in pairs]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer and the functions, for which None stands."""
        return {**super().state_dict(), "lr_lambdas": [None] * len(self.lr_lambdas)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a LambdaLR was saved, with the functions of this one."""
        lambdas = self.lr_lambdas
        super().load_state_dict(state_dict)
        self.lr_lambdas = lambdas


class StepLR(LRScheduler):
    """Multiplies by `gamma` every `step_size` epochs.

    >>> optimizer = optim.SGD([nn.Parameter(mg.zeros(1))], lr=1.0)
    >>> scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for epoch in range(5):
    ...     print(scheduler.get_last_lr(), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    [1.0] [1.0] [0.5] [0.5] [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size = whole(self, "step_size", step_size)
        self.gamma = _gamma(self, gamma)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """lr * gamma at the multiples of step_size."""
        due = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return self._times(self.gamma if due else 1)


class MultiStepLR(LRScheduler):
    """Multiplies by `gamma` at each of the epochs `milestones`."""

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(milestones, Iterable):
            raise TypeError(
                f"MultiStepLR: milestones must be a list of epochs, got {milestones!r}; "
                f"write milestones=[{milestones}]"
            )
        self.milestones = Counter(whole(self, "milestones", epoch, 0) for epoch in milestones)
        self.gamma = _gamma(self, gamma)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """lr * gamma at a milestone; one that is listed twice counts twice."""
        return self._times(self.gamma ** self.milestones.get(self.last_epoch, 0))


class ExponentialLR(LRScheduler):
    """Multiplies by `gamma` every epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = _gamma(self, gamma)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """lr * gamma."""
        return self._times(1 if self._is_initial else self.gamma)


class ConstantLR(LRScheduler):
    """The rate times `factor` up to epoch `total_iters`, then the full rate."""

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        check_number("ConstantLR", "factor", factor, SHARE, 0.5)
        self.factor = factor
        self.total_iters = whole(self, "total_iters", total_iters, 0)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """lr * factor at the start, lr / factor at the end."""
        if self.last_epoch == 0:
            return self._times(self.factor)
        return self._times(1 / self.factor if self.last_epoch == self.total_iters else 1)


class LinearLR(LRScheduler):
    """The rate times a share that goes from `start_factor` to `end_factor` in `total_iters` steps.

    The usual warm-up.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        check_number("LinearLR", "start_factor", start_factor, SHARE, 0.1)
        check_number("LinearLR", "end_factor", end_factor, SHARE_OR_0, 1.0)
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = whole(self, "total_iters", total_iters)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """lr * share(epoch) / share(epoch - 1)."""
        epoch = self.last_epoch
        if epoch == 0:
            return self._times(self.start_factor)
        if self._is_initial or epoch > self.total_iters:
            return self._times(1)
        return self._times(self._share(epoch) / self._share(epoch - 1))

    def _share(self, epoch: int) -> float:
        return self.start_factor + (self.end_factor - self.start_factor) * epoch / self.total_iters


def _gamma(scheduler: LRScheduler, gamma: float) -> float:
    check_number(type(scheduler).__name__, "gamma", gamma, NOT_NEGATIVE, 0.1)
    return gamma
