"""Adamax."""

from typing import Any

import numpy as np

from ..tensor import Tensor
from .checks import Group, Params
from .optimizer import Optimizer, blocks, new_counter, uphill, zeros_like


class Adamax(Optimizer):
    """Kingma & Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, Algorithm 2.

        m <- beta1 * m + (1 - beta1) * g
        u <- max(beta2 * u, |g| + eps)                               (m and u began at 0)
        theta <- theta - lr / (1 - beta1^t) * m / u

    Adam with the largest recent gradient in the place of the root mean square. The paper has no
    eps; it keeps u above 0.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        defaults: dict[str, Any] = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": False,
            "capturable": False,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, group: Group) -> None:
        """One step of Adamax for `p`."""
        beta1, beta2 = group["betas"]
        state = self.state[p]
        if not state:
            state.update(step=new_counter(), exp_avg=zeros_like(p), exp_inf=zeros_like(p))
        state["step"].data += 1
        lr_t = group["lr"] / (1 - beta1 ** state["step"].item())

        for theta, g, m, u in blocks(p, state["exp_avg"], state["exp_inf"]):
            g = uphill(theta, g, group)
            m *= beta1
            m += (1 - beta1) * g
            u *= beta2
            np.maximum(u, abs(g) + group["eps"], out=u)
            theta -= lr_t * m / u
