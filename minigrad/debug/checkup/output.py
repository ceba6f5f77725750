"""Checks of what the model gives to the loss: the last activation, and the loss at the start."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph import Node
from ...tensor import Tensor, no_grad
from ..naming import Place
from .report import Finding, NotChecked
from .training import Training

# Ops that only move or scale numbers, so that what stands before them is the last activation.
MOVES = {"reshape", "permute", "getitem", "expand", "flip", "roll", "astype", "pad"}
BOUNDED = {
    "sigmoid": (0, 1),
    "softmax": (0, 1),
    "relu": (0, np.inf),
    "relu6": (0, 6),
    "tanh": (-1, 1),
    "hardsigmoid": (0, 1),
    "hardtanh": (-1, 1),
    "clip": (-np.inf, np.inf),
    "softplus": (0, np.inf),
}
WRONG_LOGITS = {
    "softmax",
    "log_softmax",
    "sigmoid",
    "relu",
    "relu6",
    "tanh",
    "softplus",
    "hardsigmoid",
}
WHY = {
    "softmax": "{loss} applies {own} itself; twice, the scores lie within 0 and 1, the gradients "
    "shrink and the loss gets stuck far above 0",
    "log_softmax": "{loss} applies {own} itself; twice is no error, but the pair is log_softmax "
    "with nll_loss, or neither with cross_entropy",
    "sigmoid": "{loss} applies {own} itself; scores that already lie within 0 and 1 shrink the "
    "gradients, and the loss gets stuck far above 0",
}
CUT = "{loss} wants scores of any sign, and {op} bounds them: where it is flat no gradient passes"
LOGITS = {
    "cross_entropy": "softmax",
    "binary_cross_entropy_with_logits": "sigmoid",
    "log_softmax": "softmax",
}
PERFECT = 1e-3  # how far probabilities may be from a sum of 1
FAR = 2.0  # the loss at the start, relative to that of no opinion


def output_activation(training: Training) -> Finding | str:
    """No activation between the last layer and the loss that the loss does not expect."""
    nodes = [node for node in training.first.nodes if node.name in LOGITS]
    known = [node for node in training.loss_nodes if node.name not in LOGITS]
    for node in nodes:
        made = _maker(node.inputs[0])
        if made is not None and made.name in WRONG_LOGITS and made is not node:
            own = LOGITS[node.name]
            text = WHY.get(made.name, CUT).format(loss=node.name, own=own, op=made.name)
            place, out = Place.of(made), training.forward.output
            low, high = (float(f(out.data)) for f in (np.min, np.max))
            return Finding(
                f"{place} comes before {node.name}: {text}",
                f"outputs {low:.3g} to {high:.3g}",
                place.line,
                f"leave out the {made.name}: give {node.name} the output of the layer before it",
            )
    for node in known:
        found = (_log_probabilities if node.name == "nll_loss" else _range)(training, node)
        if found is not None:
            return found
    if not nodes and not known:
        raise NotChecked("the loss is none that is known, such as cross_entropy or mse_loss")
    made = _maker((nodes or known)[0].inputs[0])
    return f"{'no activation' if made is None else made.name} before {(nodes or known)[0].name}"


def _maker(target: Any) -> Node | None:
    """The node that made the numbers that arrive at a loss, past those that only move them."""
    while isinstance(target, Node) and target.name in MOVES:
        target = target.inputs[0]
    return target if isinstance(target, Node) else None


def _log_probabilities(training: Training, node: Node) -> Finding | None:
    """A finding where nll_loss is not given log-probabilities."""
    call = next(c for c in training.first.calls if c.result.grad_fn is node)
    total = np.exp(call.inputs[0].data.astype(np.float64)).sum(1)
    if np.abs(total - 1).max() < PERFECT:
        return None
    return Finding(
        f"nll_loss at {node.line} wants log-probabilities, and does not apply softmax or log",
        f"exp of the outputs sums to {total.min():.3g} to {total.max():.3g}, not to 1",
        node.line,
        "F.nll_loss(F.log_softmax(output, 1), y), or F.cross_entropy(output, y)",
    )


def _range(training: Training, node: Node) -> Finding | None:
    """A finding where the last activation cannot reach the targets."""
    made, y = _maker(node.inputs[0]), training.forward.y
    if made is None or made.name not in BOUNDED or not isinstance(y, Tensor):
        return None
    low, high = BOUNDED[made.name]
    outside = float(np.mean((y.data < low - PERFECT) | (y.data > high + PERFECT)))
    if not outside:
        return None
    place = Place.of(made)
    return Finding(
        f"{place} gives numbers from {low} to {high}, and {outside:.0%} of the targets lie outside",
        f"targets {y.data.min():.3g} to {y.data.max():.3g}",
        place.line,
        f"leave out the last {made.name}",
    )


def loss_at_start(training: Training) -> Finding | str:
    """A new net knows nothing: its loss is that of equal scores for all classes, ln C."""
    names = [node.name for node in training.loss_nodes]
    output, y = training.forward.output, training.forward.y
    blank = _no_opinion(names, output)
    if blank is None:
        raise NotChecked("for losses of classes: cross_entropy, nll_loss, binary_cross_entropy...")
    with no_grad():
        expected = training.loss(blank, y).item()
    value, classes = training.first.value, training.classes
    what = f"ln {classes} = {np.log(classes):.3f}" if classes else "ln 2 = 0.693"
    facts = f"{value:.3f}, equal scores give {expected:.3f} ({what})"
    if value <= FAR * expected:
        return facts
    size = float(np.sqrt(np.mean(np.square(output.data))))
    return Finding(
        "the new net is sure of its guesses, and wrong: it begins by unlearning them",
        f"{facts}; outputs of size {size:.3g}",
        training.line,
        "draw smaller weights for the last layer, such as nn.init.normal_(last.weight, std=0.01)",
    )


def _no_opinion(names: list[str], output: Any) -> Tensor | None:
    """Outputs that favour no class, as the loss wants them."""
    if not isinstance(output, Tensor) or len(names) != 1:
        return None
    if names[0] in ("cross_entropy", "binary_cross_entropy_with_logits"):
        return Tensor(np.zeros_like(output.data))
    if names[0] == "nll_loss":
        return Tensor(np.full_like(output.data, -np.log(output.shape[1])))
    if names[0] == "binary_cross_entropy":
        return Tensor(np.full_like(output.data, 0.5))
    return None
