"""From two runs to a table of differences, and to the sentence that says what to look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .differences import AT_RANDOM, difference, notes_on, of_tensors, worst
from .running import Run, is_of_library

COPY = (
    "copy them: minigrad_model.load_state_dict("
    "{name: x.numpy() for name, x in torch_model.state_dict().items()})"
)
WHOLE = "(the model)"
HEAD = ("path", "layer", "output", "gradient", "weight gradient", "weights", "")


@dataclass(frozen=True)
class Row:
    """A layer in both models. Differences are relative; None where there is nothing to compare.

    `input`, `output` and `gradient` (at the output) are of this run of the layer;
    `weight_gradient` and `weights` of its own parameters, and for weights of its buffers.
    `notes`: what differs in kind, weights, settings or mode. `differs`: beyond rounding.
    """

    path: str
    layer: str
    input: float | None
    output: float | None
    gradient: float | None
    weight_gradient: float | None
    weights: float | None
    notes: tuple[str, ...]
    differs: bool


@dataclass(frozen=True)
class Comparison:
    """The rows in the order of running. `first`: the row that differs first, None if none does.

    `what`: "output", "gradient", "loss", "statistics", "settings", or "" if all agrees.
    `verdict`: a sentence that says it, and what to look at. `loss`: those of PyTorch and minigrad.
    """

    rows: list[Row]
    first: Row | None
    what: str
    verdict: str
    loss: tuple[float | None, float | None]

    @property
    def agrees(self) -> bool:
        """Whether outputs, gradients, losses and statistics are the same but for rounding."""
        return self.what in ("", "settings")

    def __str__(self) -> str:
        cells = [HEAD, *(_cells(row, "<- " * (row is self.first)) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(
                cell.rjust(n) if 2 <= i <= 5 else cell.ljust(n)
                for i, (cell, n) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        ]
        lines.insert(1, "-" * len(lines[0]))
        if self.loss[0] is not None:
            theirs, ours = ("-" if x is None else f"{x:.7g}" for x in self.loss)
            lines.append(f"loss: PyTorch {theirs}, minigrad {ours}")
        return "\n".join([*lines, "", self.verdict])


def judge(theirs: Run, ours: Run, rtol: float, gradient_rtol: float) -> Comparison:
    """Compare the runs layer by layer."""
    keys = [*theirs.ran, *(key for key in ours.ran if key not in theirs.ran)]
    keys = [key for key in keys if not _is_inner(key, theirs, ours)]
    rows = [_row(key, theirs, ours, rtol, gradient_rtol) for key in keys]
    first, what, verdict = _find(rows, theirs, ours, rtol, gradient_rtol)
    return Comparison(rows, first, what, verdict, (theirs.loss, ours.loss))


def _is_inner(key: tuple[str, int], theirs: Run, ours: Run) -> bool:
    """Whether one model only ran it, as a part of a layer of the libraries' own."""
    above = [path for path, _ in theirs.ran if is_of_library(theirs.ran[path, 0].layer)]
    return (key in theirs.ran) != (key in ours.ran) and any(
        key[0] != path and key[0].startswith(f"{path}." if path else "") for path in above
    )


def _row(key: tuple[str, int], theirs: Run, ours: Run, rtol: float, gradient_rtol: float) -> Row:
    path, times = key
    a, b = theirs.ran.get(key), ours.ran.get(key)
    name = path + (f" ({times + 1})" if times else "") or WHOLE
    if a is None or b is None:
        whose, ran = ("minigrad", b) if a is None else ("PyTorch", a)
        note = (f"runs in {whose} only",)
        layer = type(ran.layer).__name__ if ran else ""
        return Row(name, layer, None, None, None, None, None, note, ours.error is None)
    own = of_tensors(theirs.tensors[path], ours.tensors[path])
    gradient = of_tensors(
        theirs.tensor_gradients.get(path, {}), ours.tensor_gradients.get(path, {}), together=True
    )
    output = worst(a.outputs, b.outputs)
    arriving = worst(a.gradients, b.gradients) if ours.error is None else None
    notes = notes_on(a.layer, b.layer, theirs.tensors[path], ours.tensors[path], rtol)
    largest = max(arriving or 0, max(gradient.values(), default=0))
    return Row(
        name,
        type(b.layer).__name__,
        worst(a.inputs, b.inputs),
        output,
        arriving,
        max(gradient.values(), default=None),
        max(own.values(), default=None),
        notes,
        (output or 0) > rtol or largest > gradient_rtol,
    )


def _find(
    rows: list[Row], theirs: Run, ours: Run, rtol: float, gradient_rtol: float
) -> tuple[Row | None, str, str]:
    """What differs first: the row, in what, and the sentence about it."""
    for i, row in enumerate(rows):
        in_one_only = row.differs and row.output is None
        if in_one_only or (row.output or 0) > rtol:
            return row, "output", _about_output(rows[:i], row, rtol)
    if ours.error is not None:
        raise ours.error
    if _losses_differ(theirs, ours, rtol):
        text = (
            f"PyTorch {theirs.loss:.6g}, minigrad {ours.loss:.6g}. Look at the two loss functions"
        )
        text = f"The outputs agree and the losses differ: {text}: their reduction, their weights, "
        return None, "loss", f"{text}a softmax too many."
    for i in reversed(range(len(rows))):
        if rows[i].differs:
            return rows[i], "gradient", _about_gradient(rows, i, gradient_rtol)
    for row in rows:
        path = "" if row.path == WHOLE else row.path
        moved = of_tensors(theirs.after.get(path, {}), ours.after.get(path, {}))
        names = ", ".join(name for name, apart in moved.items() if apart > rtol)
        if names:
            text = f"Outputs and gradients agree. After this batch {row.path} has another {names}"
            return row, "statistics", f"{text}{_because(row)}."
    for row in rows:
        if row.notes:
            text = f"Outputs and gradients agree. Still, of {row.path}: {'; '.join(row.notes)}."
            return row, "settings", text
    return None, "", "Outputs and gradients of all layers agree."


def _losses_differ(theirs: Run, ours: Run, rtol: float) -> bool:
    if theirs.loss is None or ours.loss is None:
        return False
    return difference(np.array(theirs.loss), np.array(ours.loss)) > rtol


def _about_output(before: list[Row], row: Row, rtol: float) -> str:
    last = before[-1].path if before else "the input"
    if row.output is None:
        return f"{row.path} {row.notes[0]}: the models differ there, after {last}."
    lead = f"The first output that differs is that of {row.path} ({row.layer}), {_by(row.output)}"
    if row.input is not None and row.input > rtol:
        return (
            f"{lead}. Its input differs already, though {last} agrees: look at what forward does "
            f"between {last} and {row.path}, such as an activation or a view{_because(row)}."
        )
    if row.notes:
        edit = f"; {COPY}" if "differs" in row.notes[0] else ""
        edit = "; call eval() on both models, or set p = 0" if AT_RANDOM in row.notes else edit
        return f"{lead}{_because(row)}{edit}."
    if last.startswith(row.path + ".") or row.path == WHOLE:
        return (
            f"{lead}. The layers in it agree: look at what its forward does after {last}, such as "
            "an activation or a sum."
        )
    return f"{lead}. Input, weights and settings agree: look at what its forward does."


def _about_gradient(rows: list[Row], i: int, rtol: float) -> str:
    row = rows[i]
    if (row.gradient or 0) > rtol:
        after = rows[i + 1].path if i + 1 < len(rows) else "the loss"
        return (
            f"The outputs agree. On the way back the first gradient that differs is the one that "
            f"arrives at the output of {row.path} ({row.layer}), {_by(row.gradient)}: look at "
            f"what forward does between {row.path} and {after}, such as a detach"
            f"{_because(row)}."
        )
    return (
        f"The outputs agree. On the way back the first gradients that differ are those of the "
        f"weights of {row.path} ({row.layer}), {_by(row.weight_gradient)}: is one frozen by "
        f"requires_grad, or used elsewhere too{_because(row)}?"
    )


def _because(row: Row) -> str:
    return f": {'; '.join(row.notes)}" if row.notes else ""


def _by(value: float | None) -> str:
    known = value is not None and value != float("inf")
    return f"by {value:.1e}" if known else "in shape, or one is nan or missing"


def _cells(row: Row, mark: str) -> tuple[str, ...]:
    numbers = (row.output, row.gradient, row.weight_gradient, row.weights)
    return (row.path, row.layer, *map(_number, numbers), (mark + "; ".join(row.notes)).rstrip())


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return {0.0: "0", float("inf"): "differs"}.get(value, f"{value:.1e}")
