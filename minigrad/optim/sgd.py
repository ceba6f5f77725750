"""Stochastic gradient descent, plain or with momentum."""

from typing import Any

from ..tensor import Tensor
from .checks import Group, Params
from .optimizer import Optimizer, blocks, uphill, zeros_like


class SGD(Optimizer):
    """Stochastic gradient descent (Robbins & Monro 1951).

        theta <- theta - lr * g

    With momentum (Polyak 1964) a running sum b of gradients takes the place of g:

        b <- momentum * b + (1 - dampening) * g        (the very first b is g itself)

    `nesterov=True` steps along g + momentum * b, the look-ahead form of Sutskever, Martens, Dahl &
    Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013.
    `weight_decay` adds weight_decay * theta to g; `maximize=True` climbs instead of descending.

    >>> weight = nn.Parameter(mg.tensor([1.0]))
    >>> optimizer = optim.SGD([weight], lr=0.25)
    >>> for _ in range(3):
    ...     loss = (weight**2).sum()
    ...     optimizer.zero_grad()
    ...     loss.backward()
    ...     optimizer.step()
    >>> weight.tolist()  # halved each time
    [0.125]
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults: dict[str, Any] = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": False,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def check_group(self, group: Group) -> None:
        """Nesterov looks ahead along the momentum, so there has to be an undamped one."""
        super().check_group(group)
        momentum, dampening = group["momentum"], group["dampening"]
        if group["nesterov"] and (momentum <= 0 or dampening != 0):
            raise ValueError(
                "SGD: nesterov=True needs momentum > 0 and dampening=0, got "
                f"momentum={momentum}, dampening={dampening}; for example "
                "SGD(params, lr=0.1, momentum=0.9, nesterov=True)"
            )

    def update(self, p: Tensor, group: Group) -> None:
        """One step of SGD for `p`, with the gradient `p.grad`: changes `p.data`."""
        # <solution: theta, which is p.data, after the step; remember b in self.state[p]>
        lr, momentum, gain = group["lr"], group["momentum"], 1 - group["dampening"]
        buffer = None
        if momentum:
            state = self.state[p]
            if state.get("momentum_buffer") is None:
                state["momentum_buffer"] = zeros_like(p)
                gain = 1
            buffer = state["momentum_buffer"]

        for theta, g, b in blocks(p, buffer):
            g = uphill(theta, g, group)
            if momentum:
                b *= momentum
                b += g if gain == 1 else gain * g
                g = g + momentum * b if group["nesterov"] else b
            theta -= lr * g
        # </solution>
