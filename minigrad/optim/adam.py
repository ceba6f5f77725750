"""Adam and AdamW."""

import math
from typing import Any

import numpy as np

from ..tensor import Tensor
from .checks import Group, Params
from .optimizer import Optimizer, blocks, new_counter, uphill, zeros_like


class Adam(Optimizer):
    """Kingma & Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, Algorithm 1.

        m <- beta1 * m + (1 - beta1) * g
        v <- beta2 * v + (1 - beta2) * g * g
        m_hat = m / (1 - beta1^t),  v_hat = v / (1 - beta2^t)        (m and v began at 0)
        theta <- theta - lr * m_hat / (sqrt(v_hat) + eps)

    `amsgrad=True` divides by the largest v so far (Reddi, Kale & Kumar, ICLR 2018, Algorithm 2).
    `weight_decay` adds weight_decay * theta to g; with `decoupled_weight_decay=True` it is AdamW.

    >>> weight = nn.Parameter(mg.tensor([1.0, 1.0]))
    >>> optimizer = optim.Adam([weight], lr=0.1)
    >>> (weight * mg.tensor([5.0, -0.01])).sum().backward()
    >>> optimizer.step()
    >>> [round(w, 4) for w in weight.tolist()]  # the first step is lr long, whatever the gradient
    [0.9, 1.1]
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults: dict[str, Any] = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": False,
            "differentiable": False,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, group: Group) -> None:
        """One step of Adam or AdamW for `p`, with the gradient `p.grad`: changes `p.data`."""
        # <solution: theta, which is p.data, after the step; remember t, m and v in self.state[p]>
        beta1, beta2 = group["betas"]
        amsgrad, decoupled = group["amsgrad"], group["decoupled_weight_decay"]
        state = self.state[p]
        if not state:
            state.update(step=new_counter(), exp_avg=zeros_like(p), exp_avg_sq=zeros_like(p))
            if amsgrad:
                state["max_exp_avg_sq"] = zeros_like(p)
        state["step"].data += 1
        t = state["step"].item()

        # The end of the paper's section 2: the same step, with both corrections moved from the
        # arrays m and v into the numbers lr and eps.
        root = math.sqrt(1 - beta2**t)
        lr_t = group["lr"] * root / (1 - beta1**t)
        eps_t = group["eps"] * root
        shrink = 1 - group["lr"] * group["weight_decay"]

        moments = state["exp_avg"], state["exp_avg_sq"], state.get("max_exp_avg_sq")
        for theta, g, m, v, v_max in blocks(p, *moments):
            if decoupled:
                theta *= shrink
                g = -g if group["maximize"] else g
            else:
                g = uphill(theta, g, group)
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * g * g
            if amsgrad:
                v = np.maximum(v_max, v, out=v_max)
            theta -= lr_t * m / (np.sqrt(v) + eps_t)
        # </solution>


class AdamW(Adam):
    """Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, Algorithm 2.

    Adam, but weight decay shrinks theta by the factor 1 - lr * weight_decay instead of passing
    through m and v.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a saved state; one saved by Adam goes on as AdamW."""
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True
