"""Adagrad."""

from typing import Any

import numpy as np

from ..tensor import Tensor
from .checks import Group, Params
from .optimizer import Optimizer, blocks, new_counter, uphill


class Adagrad(Optimizer):
    """Duchi, Hazan & Singer, "Adaptive Subgradient Methods", JMLR 12 (2011), diagonal form.

        s <- s + g * g
        theta <- theta - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    s begins at `initial_accumulator_value`. With `lr_decay` the rate falls with the step t.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults: dict[str, Any] = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": False,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group: Group) -> None:
        """Train more parameters. As in PyTorch their state exists before the first step."""
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        for p in group["params"]:
            total = np.full(p.shape, group["initial_accumulator_value"], p.dtype)
            self.state[p] = {"step": new_counter(), "sum": Tensor(total)}

    def update(self, p: Tensor, group: Group) -> None:
        """One step of Adagrad for `p`."""
        state = self.state[p]
        state["step"].data += 1
        t = state["step"].item()
        lr_t = group["lr"] / (1 + (t - 1) * group["lr_decay"])

        for theta, g, s in blocks(p, state["sum"]):
            g = uphill(theta, g, group)
            s += g * g
            theta -= lr_t * g / (np.sqrt(s) + group["eps"])
