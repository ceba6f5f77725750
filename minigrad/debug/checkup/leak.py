"""Do examples of a batch influence each other's outputs?"""

from __future__ import annotations

import numpy as np

from ...grad_mode import no_grad
from ...graph import watching
from ...nn.utils import evaluating
from ...tensor import Tensor
from .report import Finding, NotChecked
from .snapshot import same_chance
from .training import Call, Record, Training, output_array, raised_at, told

BATCHES = 7, 5, 3, 2  # a number that hardly any other axis has, so that it tells the batch's
TOLERANCE = 1e-4  # relative to the largest number: products of matrices round


def examples_apart(training: Training) -> Finding | str:
    """Change one example: only its own output may change.

    In eval mode, where batch norm uses its running statistics. A gradient would say the same of
    smooth functions of floats; a change also shows what comes through integers and maxima.
    """
    whole = training.forward.x
    n = next((n for n in BATCHES if n < len(whole)), 0)
    if not n:
        raise NotChecked("needs batches of at least 3 examples")
    x = whole.data[:n]
    changed = x.copy()
    changed[0] = whole.data[n]
    if np.array_equal(changed[0], x[0]):
        raise NotChecked("the first examples are equal")
    record, record_after = Record(), Record()
    try:
        before, after = _evaluate(training, x, record), _evaluate(training, changed, record_after)
    except Exception as error:
        fixed = _first_fixed(training.forward.calls, record.calls, len(whole), n)
        return Finding(
            f"the model works with {len(whole)} examples and fails with {n}: {told(error)[0]}",
            type(error).__name__,
            fixed.place.line if fixed else raised_at(error, training.line),
            "x.shape[0] in place of a fixed batch size",
        )
    if len(before) and len(before) % n == 0 and len(before) > n:
        raise NotChecked(f"{n} examples have {len(before)} outputs, as where each has some views")
    if len(before) != n:
        return Finding(
            f"{n} examples have {len(before)} outputs: a reshape mixes the batch with other axes",
            f"{tuple(x.shape)} -> {before.shape}",
            training.line,
            "x.flatten(1), or x.reshape(x.shape[0], -1)",
        )
    size = float(np.abs(before).max()) or 1.0
    moved = np.abs(after - before).reshape(n, -1).max(1)
    touched = np.flatnonzero(moved[1:] > TOLERANCE * size) + 1
    if not len(touched):
        return f"changing one example leaves the outputs of the {n - 1} others as they were"
    culprit = _first_mix(record.calls, record_after.calls, n)
    if culprit is not None and culprit.place.op == "batch_norm":
        raise NotChecked("batch norm without running statistics takes those of the batch")
    where = f"at {culprit.place}" if culprit is not None else "somewhere"
    return Finding(
        f"examples of a batch influence each other, {where}",
        f"changing example 0 has changed the outputs of {len(touched)} of the {n - 1} "
        f"others, by up to {100 * moved[1:].max() / size:.3g}%",
        culprit.place.line if culprit is not None else training.line,
        _edit(culprit),
    )


def _evaluate(training: Training, x: np.ndarray, record: Record) -> np.ndarray:
    """The outputs, always with the same chance; the calls that led to them go into `record`."""
    with same_chance(), evaluating(training.model), no_grad(), watching(record):
        return output_array(training.model(Tensor(x)))


def _first_fixed(whole: list[Call], few: list[Call], many: int, n: int) -> Call | None:
    """The first op that does not count as many examples as there are, where it did before."""
    for a, b in zip(whole, few, strict=False):
        if a.result.shape[:1] == (many,) and b.result.shape[:1] != (n,):
            return b
    return None


def _first_mix(before: list[Call], after: list[Call], n: int) -> Call | None:
    """The first op whose result has changed elsewhere than in the first example's part."""
    for a, b in zip(before, after, strict=False):
        x, y = a.result.data, b.result.data
        if x.shape != y.shape or x.dtype.kind != "f":
            continue
        change = np.abs(x - y) > TOLERANCE * (float(np.abs(x).max()) or 1.0)
        if change.any() and not any(_only_first(change, axis, n) for axis in range(x.ndim)):
            return a
    return None


def _only_first(change: np.ndarray, axis: int, n: int) -> bool:
    """Whether, cut into n parts along an axis, only the first part has changed."""
    size = change.shape[axis]
    return size % n == 0 and not np.moveaxis(change, axis, 0)[size // n :].any()


def _edit(culprit: Call | None) -> str:
    op = "" if culprit is None else culprit.place.op
    if op == "reshape":
        return "keep axis 0: x.flatten(1), or x.reshape(x.shape[0], -1); permute moves axes"
    if op in ("softmax", "log_softmax"):
        return f"{op}(x, dim=1): dim=0 runs over the batch"
    return f"let {op or 'the op'} leave out axis 0, such as dim=1"
