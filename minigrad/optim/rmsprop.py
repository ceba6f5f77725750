"""RMSprop."""

from typing import Any

import numpy as np

from ..tensor import Tensor
from .checks import Group, Params
from .optimizer import Optimizer, blocks, new_counter, uphill, zeros_like


class RMSprop(Optimizer):
    """Hinton, "Neural Networks for Machine Learning", 2012, lecture 6e, slide 29.

        s <- alpha * s + (1 - alpha) * g * g
        theta <- theta - lr * g / (sqrt(s) + eps)

    `centered=True` divides by the standard deviation of g, sqrt(s - a * a) with a the running mean
    of g (Graves, "Generating Sequences With Recurrent Neural Networks", 2013, equations 38 to 45).
    With momentum a running sum b <- momentum * b + g / (sqrt(s) + eps) takes the quotient's place.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        defaults: dict[str, Any] = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": False,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": False,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, group: Group) -> None:
        """One step of RMSprop for `p`."""
        lr, alpha, eps, momentum = group["lr"], group["alpha"], group["eps"], group["momentum"]
        state = self.state[p]
        if not state:
            state.update(step=new_counter(), square_avg=zeros_like(p))
            if momentum:
                state["momentum_buffer"] = zeros_like(p)
            if group["centered"]:
                state["grad_avg"] = zeros_like(p)
        state["step"].data += 1

        averages = state["square_avg"], state.get("grad_avg"), state.get("momentum_buffer")
        for theta, g, s, a, b in blocks(p, *averages):
            g = uphill(theta, g, group)
            s *= alpha
            s += (1 - alpha) * g * g
            variance = s
            if group["centered"]:
                a *= alpha
                a += (1 - alpha) * g
                variance = np.maximum(s - a * a, 0)  # rounding can bring it below 0
            step = g / (np.sqrt(variance) + eps)
            if momentum:
                b *= momentum
                b += step
                step = b
            theta -= lr * step
