"""Checks that the model and the loss run, and that the loss is finite."""

from __future__ import annotations

import numpy as np

from ...grad_mode import no_grad
from ...tensor import Tensor
from ..finite import NotFiniteError, detect_nan
from .report import Finding, NotChecked
from .training import Training, raised_at, told

SURE = 8.0  # the score of a class
ROUNDING = 1e-3  # relative difference of losses that are taken as equal
UNSURE = "for losses of output - target, and scores of classes: which output is right is sure there"


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
    """Outputs that are right have a smaller loss than those that are wrong.

    Which are right is sure for scores given to a known loss of classes, and for a loss that hangs
    on output - target alone: what moves both by one number leaves it as it is.
    """
    output, y = training.forward.output, training.forward.y
    if not isinstance(output, Tensor) or not isinstance(y, Tensor):
        raise NotChecked("output or targets are no Tensor")
    if any(group.get("maximize") for group in training.optimizer.param_groups):
        raise NotChecked("the optimizer makes the loss large")
    scores = _right_scores(training)
    guess, edit = "its sign is wrong", "leave out the minus"
    try:
        if scores is not None:
            right, wrong = (_loss_of(training, x) for x in (scores, -scores))
        else:
            right, wrong = _at_and_beside(training, y)
            guess = "is its sign wrong, or a square or abs missing?"
            edit = "((output - target) ** 2).mean()"
    except ValueError as error:  # the loss refuses what is tried
        raise NotChecked(UNSURE) from error
    facts = f"{right:.4g} where outputs are right, beside them {wrong:.4g}"
    if not wrong < right - ROUNDING * abs(right):
        return facts
    return Finding(
        f"outputs that are wrong have a smaller loss than those that are right: {guess}",
        facts,
        training.first.nodes[0].line if training.first.nodes else training.line,
        edit,
    )


def _right_scores(training: Training) -> np.ndarray | None:
    """Scores that are sure of the right classes, where the output is what a known loss is given."""
    output, y = training.forward.output, training.forward.y.data
    known = [c for c in training.first.calls if c.inputs and c.inputs[0] is output]
    ops = {call.place.op for call in known}
    if "cross_entropy" in ops and training.classes and y.min() >= 0:
        classes = np.arange(training.classes).reshape(-1, *[1] * (y.ndim - 1))
        return np.where(classes == y[:, None], SURE, -SURE).astype(output.data.dtype)
    if "binary_cross_entropy_with_logits" in ops and np.isin(y, (0, 1)).all():
        return np.where(y == 1, SURE, -SURE).astype(output.data.dtype)
    return None


def _at_and_beside(training: Training, y: Tensor) -> tuple[float, float]:
    """A loss of differences where outputs are the targets, and the least beside them."""
    output = training.forward.output
    if output.shape != y.shape or y.dtype.kind != "f":
        raise NotChecked(UNSURE)
    step = float(y.data.std()) or 1.0
    values = [_loss_of(training, y.data + d) for d in (np.float32(0), -step, step)]
    moved = [_loss_of(training, y.data + d, step) for d in (np.float32(0), -step, step)]
    if not np.allclose(moved, values, rtol=ROUNDING, atol=ROUNDING * max(map(abs, values))):
        raise NotChecked(UNSURE)
    return values[0], min(values[1:])


def _loss_of(training: Training, output: np.ndarray, moved: float = 0.0) -> float:
    """The loss of outputs, after both they and the targets are moved by one number."""
    y = training.forward.y
    with no_grad():
        if not moved:
            return training.loss(Tensor(output), y).item()
        return training.loss(Tensor(output + moved), Tensor(y.data + moved)).item()


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
