"""Checks of the user's own training step: what only the loop holds."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable

from ..naming import Place
from .output import not_logits
from .parameters import listed
from .report import Finding, NotChecked
from .training import Training, told
from .watch import Watched

GIVE = "needs your training step: doctor(..., step=step), where step(x, y) does what your loop does"
TINY = 1e-3  # of the learning rate that is left in the middle of an epoch


def step_runs(training: Training) -> Finding | str:
    """The step runs through."""
    watched = _watched(training, also_failed=True)
    if watched.error is None:
        return f"{watched.calls} calls"
    text, edit = told(watched.error)
    return Finding(
        f"your step fails: {text}",
        f"{type(watched.error).__name__} in call {watched.calls + 1}",
        watched.error_line,
        edit,
    )


def activation(training: Training) -> Finding | str:
    """No activation before the loss that only the step applies."""
    watched = _watched(training)
    if watched.misplaced is None:
        return "none before the loss that the loss does not expect"
    return not_logits(watched.misplaced, "in the graph of your step, not in the model's")


def zero_grad(training: Training) -> Finding | str:
    """Gradients that a step has used are forgotten before the next backward adds to them."""
    watched = _watched(training)
    backwards = len(watched.lines("backward"))
    if not watched.reused:
        return f"{backwards} backwards, none adds to gradients that were used"
    return Finding(
        "each backward adds its gradient to those of all batches before: zero_grad() is forgotten",
        f"{len(watched.reused)} of {backwards} backwards "
        "found the gradients that optimizer.step() had used",
        watched.reused[0],
        "optimizer.zero_grad()\nloss.backward()\noptimizer.step()",
    )


def order(training: Training) -> Finding | str:
    """zero_grad, backward, step, in this order."""
    watched, code = _watched(training), "optimizer.zero_grad()\nloss.backward()\noptimizer.step()"
    backwards, steps = watched.lines("backward"), watched.lines("step")
    facts = f"in {watched.calls} calls {len(backwards)} backwards, {len(steps)} optimizer steps"
    if not backwards:
        return Finding(
            "there are no gradients: loss.backward() is not called",
            facts,
            _line_of(training.step),
            code,
        )
    if not steps:
        if ".step(" in _source(training.step):
            raise NotChecked(f"{facts}: another optimizer, or gradients added up for longer")
        return Finding(
            "nothing moves: optimizer.step() is not called",
            facts,
            backwards[0],
            code,
        )
    kinds = [
        [kind for call, kind, _ in watched.events if call == i and kind != "scheduler"]
        for i in range(watched.calls)
    ]
    late = [i for i, kind in enumerate(kinds) if kind[:1] == ["step"] and "backward" in kind]
    if len(late) == watched.calls:
        return Finding(
            "optimizer.step() comes before backward(): it moves by "
            "the gradients of the batch before",
            facts,
            steps[0],
            code,
        )
    if len(watched.empty) == len(steps):
        return Finding(
            "optimizer.step() finds no gradients: zero_grad() stands between backward() and step()",
            facts,
            steps[0],
            code,
        )
    gradients = training.first.gradients
    cut = [n for n in sorted(watched.unmoved) if gradients[n] is not None and gradients[n].any()]
    if cut:
        return Finding(
            f"{listed(cut)} never had a gradient in your step, though the loss reaches them",
            facts,
            backwards[0],
            "leave out .detach(), .data and .numpy() between model and loss",
        )
    return facts


def modes(training: Training) -> Finding | str:
    """The model is trained in training mode, where that makes a difference."""
    if not training.modes_differ:
        return "train and eval mode are the same to what is trained of this model"
    said = "outputs differ in eval mode, so call model.eval() before you test"
    edit = "model.train(), before the loop over batches"
    if training.step is None:
        if training.given_modes[training.model]:
            return f"in train mode; {said}"
        return Finding(
            "the model is in eval mode: dropout drops nothing, batch norm learns no statistics",
            "model.training is False",
            training.line,
            edit,
        )
    watched = _watched(training)
    if not watched.evaluating:
        return f"train mode in {len(watched.lines('backward'))} backwards; {said}"
    return Finding(
        "the model is in eval mode while it is trained: dropout drops "
        "nothing, batch norm learns no statistics",
        f"{len(watched.evaluating)} backwards in eval mode",
        watched.evaluating[0],
        edit,
    )


def kept_graphs(training: Training) -> Finding | str:
    """No graph outlives its call of the step."""
    watched = _watched(training)
    node = watched.kept
    if watched.calls < 3:
        raise NotChecked(f"only {watched.calls} calls of your step in the time there is")
    if node is None:
        return f"none is left of {watched.calls} calls"
    line, code = _use_of(watched.kept_in, training.step)
    edit = re.sub(r"(append\(|\+=\s*|\+\s*)(\w+)\b(?!\.)", r"\1\2.item()", code, count=1)
    holder = f" in {watched.kept_in}" if watched.kept_in else ""
    return Finding(
        f"the result of {Place.of(node)} is kept{holder}, and what it was computed from with it: "
        "memory grows with each batch",
        f"still there {watched.calls - 1} calls later",
        line or node.line,
        edit if edit != code else "keep loss.item(), or output.detach()",
    )


def scheduler(training: Training) -> Finding | str:
    """A scheduler that steps each batch leaves something of the learning rate for an epoch."""
    watched = _watched(training)
    if not watched.lines("scheduler"):
        raise NotChecked("no scheduler steps in your step")
    for what, highest, last in watched.dwindled:
        if last < TINY * highest:
            name = type(what).__name__
            return Finding(
                f"{name} steps with each batch, and is made for epochs: the "
                "learning rate is gone before an epoch is over",
                f"lr {highest:.2g}, in half an epoch {last:.2g}",
                watched.lines("scheduler")[0],
                "scheduler.step() behind the loop over batches",
            )
    return f"{len(watched.lines('scheduler'))} steps in {watched.calls} calls"


def _watched(training: Training, also_failed: bool = False) -> Watched:
    if training.step is None:
        raise NotChecked(GIVE)
    if training.watched is None:
        training.watched = Watched(training).run()
    if training.watched.error is not None and not also_failed:
        raise NotChecked("your step fails")
    return training.watched


def _line_of(step: Callable | None) -> str:
    """Where the step is defined."""
    code = getattr(step, "__code__", None)
    return f"{os.path.basename(code.co_filename)}:{code.co_firstlineno}" if code else ""


def _source(step: Callable | None) -> str:
    try:
        return inspect.getsource(step)  # type: ignore[arg-type]
    except (OSError, TypeError):
        return ""


def _use_of(name: str, step: Callable | None) -> tuple[str, str]:
    """The line of the step's source that adds to the variable `name`, and its code."""
    for i, code in enumerate(_source(step).splitlines()):
        if name and re.search(rf"\b{name}\b.*(\.append|\+=|=)", code):
            where, number = _line_of(step).rsplit(":", 1)
            return f"{where}:{int(number) + i}", code.strip()
    return "", ""
