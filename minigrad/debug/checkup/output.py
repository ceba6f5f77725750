"""Checks of what the model gives to the loss: the last activation, and the loss at the start."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...grad_mode import no_grad
from ...graph import Node
from ...tensor import Tensor
from ..naming import Place
from .report import Finding, NotChecked
from .training import Training, output_array

# Ops that only move numbers: what stands before them is the last activation.
MOVES = {"reshape", "permute", "getitem", "expand", "flip", "roll", "astype", "pad"}
BOUNDED = {
    "sigmoid": (0, 1),
    "softmax": (0, 1),
    "relu": (0, np.inf),
    "relu6": (0, 6),
    "tanh": (-1, 1),
    "hardsigmoid": (0, 1),
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
NEAR = 0.01  # how far a loss of equal scores may be from ln C
FAR = 1.5  # the loss at the start, relative to that of no opinion


def output_activation(training: Training) -> Finding | str:
    """No activation between the last layer and the loss that the loss does not expect."""
    twice = misplaced(training.first.nodes)
    if twice is not None:
        y = output_array(training.forward.output)
        return not_logits(twice, f"outputs {y.min():.3g} to {y.max():.3g}")
    names = [node.name for node in training.loss_nodes]
    for node in training.loss_nodes:
        found = _log_probabilities(training, node) if node.name == "nll_loss" else None
        if found is not None:
            return found
    output, y = training.forward.output, training.forward.y
    if not isinstance(output, Tensor) or not isinstance(y, Tensor):
        raise NotChecked("output or targets are no Tensor")
    made = _maker(output.grad_fn)
    if made is None:
        raise NotChecked("the output was not computed by an op that is recorded")
    if made.name in BOUNDED and output.numel() == y.numel():
        found = _range(y, made)
        if found is not None:
            return found
    return f"{made.name} before {', '.join(names) or 'a loss of your own'}"


class Misplaced(NamedTuple):
    """An activation, and the op behind it that wants none."""

    activation: Place
    op: str


def misplaced(nodes: list[Node]) -> Misplaced | None:
    """The first activation among the nodes of a graph that stands before a loss of logits."""
    for node in nodes:
        made = _maker(node.inputs[0]) if node.name in LOGITS else None
        if made is not None and made.name in WRONG_LOGITS:
            return Misplaced(Place.of(made), node.name)
    return None


def not_logits(twice: Misplaced, evidence: str) -> Finding:
    """What is wrong with an activation before a loss that applies one itself."""
    place, op = twice
    text = WHY.get(place.op, CUT).format(loss=op, own=LOGITS[op], op=place.op)
    edit = f"leave out the {place.op}: give {op} the output of the layer before it"
    return Finding(f"{place} comes before {op}: {text}", evidence, place.line, edit)


def _maker(target: Any) -> Node | None:
    """The node that made the numbers that arrive at a loss, past those that only move them."""
    while isinstance(target, Node) and target.name in MOVES:
        target = target.inputs[0]
    return target if isinstance(target, Node) else None


def _log_probabilities(training: Training, node: Node) -> Finding | None:
    """A finding where nll_loss is not given log-probabilities."""
    call = next((c for c in training.first.calls if c.result.grad_fn is node), None)
    if call is None:
        return None
    shares = np.exp(call.inputs[0].data.astype(np.float64))
    total = shares.sum(1)
    if any(np.abs(sums - 1).max() < PERFECT for sums in (total, shares.sum(0))):
        return None  # along the batch it is a matter of examples apart
    return Finding(
        f"nll_loss at {node.line} wants log-probabilities, and does not apply softmax or log",
        f"exp of the outputs sums to {total.min():.3g} to {total.max():.3g}, not to 1",
        node.line,
        "F.nll_loss(F.log_softmax(output, 1), y), or F.cross_entropy(output, y)",
    )


def _range(y: Tensor, made: Node) -> Finding | None:
    """A finding where the last activation cannot reach the targets."""
    low, high = BOUNDED[made.name]
    outside = float(np.mean((y.data < low - PERFECT) | (y.data > high + PERFECT)))
    if not outside:
        return None
    return Finding(
        f"{Place.of(made)} gives numbers from {low} to {high}, and {outside:.0%} of the targets "
        "lie outside",
        f"targets {y.data.min():.3g} to {y.data.max():.3g}",
        Place.of(made).line,
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
    value, classes = training.first.value, 2 if "binary" in names[0] else output.shape[1]
    what = f"ln {classes} = {np.log(classes):.3f}"
    if not abs(expected - np.log(classes)) < NEAR:
        raise NotChecked(f"for losses that give {what} for equal scores; this one {expected:.3f}")
    facts = f"{value:.3f}, equal scores give {what}"
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
