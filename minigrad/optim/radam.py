"""RAdam."""

import math
from typing import Any

import numpy as np

from ..tensor import Tensor
from .checks import Group, Params
from .optimizer import Optimizer, blocks, new_counter, uphill, zeros_like


class RAdam(Optimizer):
    """Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", ICLR 2020, Alg. 2.

        m <- beta1 * m + (1 - beta1) * g
        v <- beta2 * v + (1 - beta2) * g * g
        m_hat <- m / (1 - beta1^t)
        rho_max = 2 / (1 - beta2) - 1,  rho = rho_max - 2 * t * beta2^t / (1 - beta2^t)
        rho > 5:  r = sqrt((rho - 4) (rho - 2) rho_max / ((rho_max - 4) (rho_max - 2) rho))
                  theta <- theta - lr * r * m_hat * sqrt(1 - beta2^t) / (sqrt(v) + eps)
        else:     theta <- theta - lr * m_hat

    rho counts how many gradients v has seen in effect. While they are few, as in the first steps,
    v is left out: Adam that warms up by itself. `decoupled_weight_decay=True` shrinks theta as
    AdamW does.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        defaults: dict[str, Any] = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": False,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": False,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, group: Group) -> None:
        """One step of RAdam for `p`."""
        beta1, beta2 = group["betas"]
        state = self.state[p]
        if not state:
            state.update(step=new_counter(), exp_avg=zeros_like(p), exp_avg_sq=zeros_like(p))
        state["step"].data += 1
        t = state["step"].item()
        rho_max = 2 / (1 - beta2) - 1
        rho = rho_max - 2 * t * beta2**t / (1 - beta2**t)
        lr_t = group["lr"] / (1 - beta1**t)
        if rho > 5:
            ratio = (rho - 4) * (rho - 2) * rho_max / ((rho_max - 4) * (rho_max - 2) * rho)
            lr_t *= math.sqrt(ratio * (1 - beta2**t))
        shrink = 1 - group["lr"] * group["weight_decay"]

        for theta, g, m, v in blocks(p, state["exp_avg"], state["exp_avg_sq"]):
            if group["decoupled_weight_decay"]:
                theta *= shrink
                g = -g if group["maximize"] else g
            else:
                g = uphill(theta, g, group)
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * g * g
            theta -= lr_t * (m / (np.sqrt(v) + group["eps"]) if rho > 5 else m)
