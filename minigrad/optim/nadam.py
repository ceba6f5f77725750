"""NAdam."""

import math
from typing import Any

import numpy as np

from ..tensor import Tensor
from .checks import Group, Params
from .optimizer import Optimizer, blocks, new_counter, uphill, zeros_like


class NAdam(Optimizer):
    """Dozat, "Incorporating Nesterov Momentum into Adam", ICLR 2016 workshop, Algorithm 2.

        mu_t <- beta1 * (1 - 0.5 * 0.96^(t * momentum_decay))
        m <- beta1 * m + (1 - beta1) * g
        v <- beta2 * v + (1 - beta2) * g * g
        m_hat <- mu_(t+1) * m / (1 - mu_1 ... mu_(t+1)) + (1 - mu_t) * g / (1 - mu_1 ... mu_t)
        theta <- theta - lr * m_hat / (sqrt(v / (1 - beta2^t)) + eps)

    Adam that looks one step of its momentum ahead. `weight_decay` adds weight_decay * theta to g;
    with `decoupled_weight_decay=True` it shrinks theta instead, as in AdamW.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": False,
            "differentiable": False,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, group: Group) -> None:
        """One step of NAdam for `p`."""
        beta1, beta2 = group["betas"]
        state = self.state[p]
        if not state:
            product = Tensor(np.ones((), np.float32))
            state.update(step=new_counter(), mu_product=product)
            state.update(exp_avg=zeros_like(p), exp_avg_sq=zeros_like(p))
        state["step"].data += 1
        t = state["step"].item()
        mu, mu_next = (
            beta1 * (1 - 0.5 * 0.96 ** (s * group["momentum_decay"])) for s in (t, t + 1)
        )
        state["mu_product"].data *= mu
        product = state["mu_product"].item()
        of_g = group["lr"] * (1 - mu) / (1 - product)
        of_m = group["lr"] * mu_next / (1 - product * mu_next)
        root = math.sqrt(1 - beta2**t)
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
            theta -= (of_g * g + of_m * m) / (np.sqrt(v) / root + group["eps"])
