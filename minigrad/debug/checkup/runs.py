"""Checks that the model and the loss run, and that the loss is finite."""

from __future__ import annotations

import numpy as np

from ...tensor import Tensor, no_grad
from ..finite import NotFiniteError, detect_nan
from .report import Finding, NotChecked
from .training import Training, raised_at, told


def forward(training: Training) -> Finding | str:
    """The model takes a batch."""
    try:
        output, x = training.forward.output, training.forward.x
    except NotChecked:
        text, edit = told(training.failure)
        return Finding(
            f"the model fails on a batch: {text}",
            f"{type(training.failure).__name__}, inputs {training.batches[0][0].shape}",
            raised_at(training.failure, training.line),
            edit,
        )
    shape = output.shape if isinstance(output, Tensor) else type(output).__name__
    return f"{x.shape} -> {shape}"


def loss(training: Training) -> Finding | str:
    """The loss takes the output and the targets, and is finite."""
    forward = training.forward
    try:
        value = training.first.value
    except NotChecked:
        text, edit = told(training.failure)
        shapes = [getattr(t, "shape", type(t).__name__) for t in (forward.output, forward.y)]
        return Finding(
            f"the loss fails: {text}",
            f"outputs {shapes[0]}, targets {shapes[1]}",
            raised_at(training.failure, training.line),
            edit,
        )
    if np.isfinite(value):
        return f"{value:.4g} at the start"
    try:
        with detect_nan(), training.starting_values():
            training.loss(training.model.train()(forward.x), forward.y)
    except NotFiniteError as error:
        message = str(error).split(".\n")
        cause = next((m for m in message if m.startswith("The usual cause: ")), "")
        return Finding(
            f"the loss is {value:g}: {message[0]}",
            f"loss {value:g}",
            error.line,
            cause.removeprefix("The usual cause: ") or "look at the inputs and the targets",
        )
    return Finding(
        f"the loss is {value:g}",
        f"loss {value:g}",
        training.line,
        "look at the targets: what are they divided by?",
    )


def direction(training: Training) -> Finding | str:
    """A loss of the user's own, for numbers, is least where the outputs are the targets."""
    output, y = training.forward.output, training.forward.y
    numbers = isinstance(output, Tensor) and isinstance(y, Tensor) and output.shape == y.shape
    if not numbers or training.loss_nodes or (y.data.min() >= 0 and y.data.max() <= 1):
        raise NotChecked("for losses of your own, and targets that are no shares")
    step = float(y.data.std()) or 1.0
    with no_grad():
        values = [training.loss(Tensor(y.data + d), y).item() for d in (np.float32(0), -step, step)]
    facts = f"{values[0]:.4g} where outputs are the targets, beside them {min(values[1:]):.4g}"
    if min(values) >= values[0]:
        return facts
    return Finding(
        "outputs that are wrong have a smaller loss than those that are right: is its sign wrong, "
        "or a square or abs missing?",
        facts,
        training.first.nodes[0].line if training.first.nodes else training.line,
        "((output - target) ** 2).mean()",
    )


def broadcast(training: Training) -> Finding | str:
    """No (N, 1) against (N,) in a loss of the user's own, which gives (N, N)."""
    first, output, y = training.first, training.forward.output, training.forward.y
    if not isinstance(output, Tensor) or not isinstance(y, Tensor):
        raise NotChecked("output or targets are no Tensor")
    for call in first.calls:
        shapes = [x.shape for x in call.inputs if isinstance(x, Tensor)]
        n = len(y)
        if len(shapes) == 2 and set(shapes) == {(n, 1), (n,)} and call.result.shape == (n, n):
            return Finding(
                f"{call.place} takes each output with the targets of all examples",
                f"{shapes[0]} and {shapes[1]} give {(n, n)}",
                call.place.line,
                "y = y.unsqueeze(1), or output.squeeze(1)",
            )
    return f"outputs {output.shape}, targets {y.shape}"
