"""Checks of what passes through the layers: dead relus, saturated units, gradients that vanish."""

from __future__ import annotations

import numpy as np

from ...graph import Node
from .report import Finding, NotChecked
from .training import Call, Training

DEAD = 0.8  # share of a layer's units
FEWEST = 8  # units of which a share says something
FLAT = 0.01  # slope below which a unit is saturated
SATURATED = 0.8  # share of a layer's numbers
VANISHED, EXPLODED = 1e-5, 1e4
SLOPES = {"sigmoid": lambda y: y * (1 - y), "tanh": lambda y: 1 - y * y}


def dead_units(training: Training) -> list[Finding] | str:
    """Few units of a relu layer are 0 for every example: those learn nothing."""
    shares = []
    for call in training.forward.calls:
        if call.place.op == "relu":
            alive = np.any(_by_unit(call), axis=1)
            if len(alive) >= FEWEST:
                shares.append((1 - float(alive.mean()), len(alive), call.place))
    if not shares:
        raise NotChecked("no relu")
    n = len(training.forward.x)
    found = [
        Finding(
            f"{place}: most units are 0 whatever comes in, so no gradient passes and they stay so",
            f"{share:.0%} of {units} units, on {n} examples",
            place.line,
            "a larger start or a smaller bias: nn.init.zeros_(layer.bias), "
            "nn.init.kaiming_normal_(layer.weight); or nn.LeakyReLU()",
        )
        for share, units, place in shares
        if share > DEAD
    ]
    return found or f"at most {max(share for share, *_ in shares):.0%} of a relu layer"


def _by_unit(call: Call) -> np.ndarray:
    """A relu's results as (units, rest): channels, or what a linear layer before it counts."""
    y, node = call.result.data, call.result.grad_fn
    before = node.inputs[0] if node is not None and node.inputs else None
    linear = isinstance(before, Node) and before.name in ("linear", "matmul", "layer_norm")
    axis = y.ndim - 1 if linear else min(1, y.ndim - 1)
    return np.moveaxis(y, axis, 0).reshape(y.shape[axis], -1)


def saturation(training: Training) -> list[Finding] | str:
    """Sigmoid and tanh are not at their ends, where they are flat."""
    shares = [
        (float(np.mean(SLOPES[call.place.op](call.result.data) < FLAT)), call.place)
        for call in training.forward.calls
        if call.place.op in SLOPES and call.result.data.size
    ]
    if not shares:
        raise NotChecked("no sigmoid and no tanh")
    found = [
        Finding(
            f"{place} is at its ends, where it is flat: hardly any gradient passes",
            f"{share:.0%} of its numbers have a slope below {FLAT}",
            place.line,
            "smaller weights, nn.init.xavier_uniform_(layer.weight); normalised inputs; or "
            "nn.BatchNorm1d before it",
        )
        for share, place in shares
        if share > SATURATED
    ]
    return found or f"at most {max(share for share, _ in shares):.0%} of a layer"


def gradient_flow(training: Training) -> Finding | str:
    """The gradients of the layers' weights are of about one size, and not huge."""
    sizes = {
        name: float(np.sqrt(np.mean(np.square(dw, dtype=np.float64))))
        for name, dw in training.first.gradients.items()
        if dw is not None and dw.ndim > 1 and dw.any()
    }
    if not sizes:
        raise NotChecked("no weight has a gradient")
    least, most = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    facts = f"{sizes[least]:.2g} ({least}) to {sizes[most]:.2g} ({most})"
    if not np.isfinite(sizes[most]) or sizes[most] > EXPLODED:
        return Finding(
            "the gradients explode on their way back",
            facts,
            training.line,
            "smaller weights, nn.init.kaiming_normal_(layer.weight); "
            "or nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
        )
    if sizes[least] < VANISHED * sizes[most]:
        return Finding(
            f"the gradient vanishes on its way to {least}, which will not learn",
            facts,
            training.line,
            "nn.ReLU() in place of sigmoid, nn.BatchNorm1d, or shortcuts x + f(x)",
        )
    return facts
