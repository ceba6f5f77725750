"""Schedules along a cosine: Loshchilov & Hutter, "SGDR", ICLR 2017, equation 5."""

from __future__ import annotations

import math

from ...nn.arguments import whole
from ..checks import NOT_NEGATIVE, check_number
from ..optimizer import Optimizer
from .scheduler import LRScheduler


class CosineAnnealingLR(LRScheduler):
    """From the initial rate to `eta_min` in `T_max` epochs, along half a cosine wave.

        lr(epoch) = eta_min + (initial lr - eta_min) * (1 + cos(pi * epoch / T_max)) / 2

    After T_max epochs the rate rises again along the same wave.

    >>> optimizer = optim.SGD([nn.Parameter(mg.zeros(1))], lr=1.0)
    >>> scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
    >>> for epoch in range(3):
    ...     print([round(lr, 3) for lr in scheduler.get_last_lr()], end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    [1.0] [0.5] [0.0]
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max = whole(self, "T_max", T_max)
        self.eta_min = _eta_min(self, eta_min)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """What lies above eta_min, multiplied by wave(epoch) / wave(epoch - 1)."""
        if self._is_initial:
            return self._times(1)
        now, before = self._wave(self.last_epoch), self._wave(self.last_epoch - 1)
        self._check_groups(len(self.base_lrs))
        groups = zip(self.optimizer.param_groups, self.base_lrs, strict=True)
        if (self.last_epoch - 1) % (2 * self.T_max) == self.T_max:  # the wave was at its bottom, 0
            return [group["lr"] + (base_lr - self.eta_min) * now for group, base_lr in groups]
        return [self.eta_min + (group["lr"] - self.eta_min) * now / before for group, _ in groups]

    def _wave(self, epoch: int) -> float:
        return (1 + math.cos(math.pi * epoch / self.T_max)) / 2


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half a cosine wave of `T_0` epochs, then again from the top, each `T_mult` times as long.

    `T_cur` is the number of epochs since the last restart, `T_i` the length of this wave.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self.T_0 = self.T_i = whole(self, "T_0", T_0)
        self.T_mult = whole(self, "T_mult", T_mult)
        self.eta_min = _eta_min(self, eta_min)
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """eta_min + (initial lr - eta_min) * wave."""
        self._check_groups(len(self.base_lrs))
        wave = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base_lr - self.eta_min) * wave for base_lr in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go one epoch on, or to `epoch`: a fraction such as epoch + i / len(loader) is welcome."""
        self._check_order()
        if epoch is None:
            self._advance()
        else:
            check_number("CosineAnnealingWarmRestarts", "epoch", epoch, NOT_NEGATIVE, 1.5)
            self._seek(epoch)
            self.last_epoch = math.floor(epoch)
            self._set_lrs(self.get_lr())

    def _advance(self) -> None:
        self._seek(self.last_epoch + 1)
        super()._advance()

    def _seek(self, epoch: float) -> None:
        self.T_cur, self.T_i = epoch, self.T_0
        while self.T_cur >= self.T_i:
            self.T_cur -= self.T_i
            self.T_i *= self.T_mult


def _eta_min(scheduler: LRScheduler, eta_min: float) -> float:
    check_number(type(scheduler).__name__, "eta_min", eta_min, NOT_NEGATIVE, 0)
    return eta_min
