"""Adadelta."""

from typing import Any

import numpy as np

from ..tensor import Tensor
from .checks import Group, Params
from .optimizer import Optimizer, blocks, new_counter, uphill, zeros_like


class Adadelta(Optimizer):
    """Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012, Algorithm 1.

        s <- rho * s + (1 - rho) * g * g
        delta <- sqrt(d + eps) / sqrt(s + eps) * g
        d <- rho * d + (1 - rho) * delta * delta
        theta <- theta - lr * delta

    s is a running mean of g squared, d of the steps squared, so delta has the units of theta. The
    paper has lr = 1.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        defaults: dict[str, Any] = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": False,
            "foreach": foreach,
            "differentiable": False,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, group: Group) -> None:
        """One step of Adadelta for `p`."""
        lr, rho, eps = group["lr"], group["rho"], group["eps"]
        state = self.state[p]
        if not state:
            state.update(step=new_counter(), square_avg=zeros_like(p), acc_delta=zeros_like(p))
        state["step"].data += 1

        for theta, g, s, d in blocks(p, state["square_avg"], state["acc_delta"]):
            g = uphill(theta, g, group)
            s *= rho
            s += (1 - rho) * g * g
            delta = np.sqrt((d + eps) / (s + eps)) * g
            d *= rho
            d += (1 - rho) * delta * delta
            theta -= lr * delta
