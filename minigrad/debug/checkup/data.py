"""Checks of what the loader gives: inputs and labels."""

from __future__ import annotations

from collections.abc import Sized

import numpy as np

from ...grad_mode import no_grad
from ...tensor import Tensor
from .report import Finding, NotChecked
from .training import Training, told
from .watch import arriving_in_step

LARGE, SMALL = 20.0, 0.005  # root mean square of inputs
LARGE_TARGETS = 100.0
EMPTY = 0.5  # share of the examples
ENOUGH, ENOUGH_OF_TWO = 50, 500  # examples to say something about their order
FEW = 0.5  # of the classes of a batch, beside the first, that chance would bring
MIXED = 1.5  # classes of a batch that chance must bring to say something
MANY = 16  # numbers that an example must have to be told from another by them


def inputs(training: Training) -> Finding | str:
    """Numbers of a size that nets learn from, and that differ from example to example.

    What the loader gives may be made so by the model, or by the step before it calls the model.
    """
    said = _judge([x.data for x, _ in training.batches], training.line)
    if isinstance(said, str):
        return said
    in_step = arriving_in_step(training)
    facts = _judge([x.data for x, _ in in_step], training.line) if in_step else said
    if isinstance(facts, str):
        training.batches = in_step  # so that the other checks run the model as the step does
        return f"as your step makes them, {facts}"
    before = _before_weights(training)
    return said if before is None else f"as the model makes them, {before}"


def _before_weights(training: Training) -> str | None:
    """The facts of what arrives at the first op with a weight, where nothing is wrong with it.

    None where something is, or where the batch that the model was run on does not show it.
    """
    try:
        calls = training.forward.calls
    except NotChecked:
        return None
    first = next((c for c in calls if any(id(x) in training.own for x in c.inputs)), None)
    if first is None or isinstance(_judge([training.forward.x.data], ""), str):
        return None
    if first.place.op == "embedding":
        return "looked up in a table"
    others = (x for x in first.inputs if isinstance(x, Tensor) and id(x) not in training.own)
    x = next(others).data
    if "norm" in first.place.op:
        x = (x - x.mean(dtype=np.float64)) / x.std(dtype=np.float64)
    facts = _judge([x], "")
    return facts if isinstance(facts, str) else None


def _judge(arrays: list[np.ndarray], line: str) -> Finding | str:
    """What is wrong with inputs, or their facts."""
    low, high = min(float(x.min()) for x in arrays), max(float(x.max()) for x in arrays)
    if arrays[0].dtype.kind != "f":
        if arrays[0].dtype == np.uint8:
            return Finding(
                "the inputs are bytes, as a file holds them",
                f"uint8, {low:.0f} to {high:.0f}",
                line,
                "x = x.float() / 255, or transform=ToTensor()",
            )
        return f"{arrays[0].dtype}, {low:.0f} to {high:.0f}"
    bad = sum(np.count_nonzero(~np.isfinite(x)) for x in arrays)
    if bad:
        at = next(i for i, x in enumerate(arrays) if not np.isfinite(x).all())
        return Finding(
            "the inputs hold nan or inf, and so will everything else",
            f"{bad:,} numbers, the first in batch {at}",
            line,
            "x = np.nan_to_num(x), or leave those examples out",
        )
    mean = float(np.mean([x.mean(dtype=np.float64) for x in arrays]))
    size = float(np.sqrt(np.mean([np.square(x, dtype=np.float64).mean() for x in arrays])))
    spread = float(np.mean([x.std(dtype=np.float64) for x in arrays]))
    facts = f"{low:.4g} to {high:.4g}, mean {mean:.3g}, standard deviation {spread:.3g}"
    if _all_alike(arrays):
        return Finding(
            "all examples are identical: does the data set always read the same one?",
            f"{sum(map(len, arrays)):,} examples",
            line,
            "look at __getitem__(self, index): it must use index",
        )
    ranges = [np.ptp(x.reshape(len(x), -1), axis=1) for x in arrays if x[0].size >= MANY]
    flat = np.mean(np.concatenate(ranges) == 0) if ranges else 0
    if flat > EMPTY:
        return Finding(
            "most examples are of one value throughout: nothing is on them",
            f"{flat:.0%} of the examples",
            line,
            "look at how the files are read, and at the transforms",
        )
    if size > LARGE:
        pixels = low >= 0 and 100 < high <= 255
        edit = "x / 255, or transform=ToTensor()" if pixels else "x = (x - mean) / std"
        text = "the inputs are not normalised: nets learn from numbers of about 1"
        return Finding(text, facts, line, edit)
    if spread < SMALL:
        text = "the inputs hardly differ: were they divided by 255 twice?"
        return Finding(text, facts, line, "x = (x - mean) / std")
    return facts


def _all_alike(arrays: list[np.ndarray]) -> bool:
    """Whether there is but one example, again and again."""
    return (
        sum(map(len, arrays)) >= ENOUGH and len({row.tobytes() for x in arrays for row in x}) == 1
    )


def labels(training: Training) -> Finding | str:
    """Class numbers below the number of outputs, mixed; other targets finite and not huge."""
    arrays = [y.data for _, y in training.batches if isinstance(y, Tensor)]
    if not arrays:
        raise NotChecked("the targets are no Tensor")
    one_each = all(a[0].size == 1 for a in arrays)
    y = np.concatenate([a.ravel() for a in arrays])
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        bad = np.count_nonzero(~np.isfinite(y))
        return Finding(
            "the targets hold nan or inf",
            f"{bad:,} numbers",
            training.line,
            "leave those examples out",
        )
    if y.dtype.kind == "f" and np.sqrt(np.square(y, dtype=np.float64).mean()) > LARGE_TARGETS:
        return Finding(
            "the targets are far from the size of a new net's outputs",
            f"{y.min():.4g} to {y.max():.4g}, mean {y.mean():.4g}",
            training.line,
            "y = (y - y.mean()) / y.std(), and undo it on the outputs",
        )
    classes = training.classes
    if classes is not None:
        ignored = getattr(training.loss, "ignore_index", -100)
        arrays = [a[a != ignored] for a in arrays] if np.any(y == ignored) else arrays
        y = np.concatenate([a.ravel() for a in arrays])
        if not len(y):
            raise NotChecked("all labels are ignored")
        outside = _outside(training, y, classes)
        if outside is not None:
            return outside
    values, counts = np.unique(y, return_counts=True)
    numbers = y.dtype.kind in "iub" or (len(values) <= 2 and np.isin(values, (0, 1)).all())
    if numbers and one_each and len(y) >= ENOUGH:
        mixed = _order(training, arrays, values, counts)
        if mixed is not None:
            return mixed
    kind = f"{len(values)} classes" if numbers else f"{y.dtype}"
    of = f" of {classes}" if numbers and classes else ""
    return f"{kind}{of}, {values.min():.4g} to {values.max():.4g}, in {len(arrays)} batches"


def _of_scores(training: Training) -> bool:
    """Whether the loss takes the outputs for scores of classes, or fails; a metric's do not."""
    try:
        names = {node.name for node in training.loss_nodes}
    except NotChecked:
        return True
    return not names.isdisjoint({"cross_entropy", "nll_loss"})


def _outside(training: Training, y: np.ndarray, classes: int) -> Finding | None:
    low, high = int(y.min()), int(y.max())
    if (low >= 0 and high < classes) or not _of_scores(training):
        return None
    facts = f"labels {low} to {high}, {classes} outputs"
    if low == 1 and high == classes:
        return Finding(
            "the labels are off by one: classes count from 0",
            facts,
            training.line,
            "y = y - 1",
        )
    if low < 0:
        return Finding(
            "there are labels below 0",
            facts,
            training.line,
            "look at how the labels are made",
        )
    return Finding(
        "there are more classes than outputs",
        facts,
        training.line,
        f"let the last layer have {high + 1} outputs",
    )


def _order(
    training: Training, batches: list[np.ndarray], values: np.ndarray, counts: np.ndarray
) -> Finding | None:
    """A finding where the batches hold fewer classes than chance would give them."""
    y = np.concatenate([batch.ravel() for batch in batches])
    edit = "DataLoader(..., shuffle=True)"
    if len(values) == 1:
        rare = training.classes == 2 and len(y) < ENOUGH_OF_TWO  # as the other class may be
        if rare or training.classes is None:  # as for the targets of real images of a GAN
            return None
        text = f"all labels are {values[0]:g}: is the data sorted by class, and not shuffled?"
        return Finding(
            text,
            f"{len(y)} examples in {len(training.batches)} batches",
            training.line,
            edit,
        )
    shares = counts / len(y)
    held = np.mean([len(np.unique(batch)) for batch in batches])
    shuffled = np.mean([np.sum(1 - (1 - shares) ** len(batch)) for batch in batches])
    # Batches of one class each, in turn, are right for the two halves of a GAN.
    in_turn = np.count_nonzero(np.diff(y)) >= 2 * len(values)
    if held - 1 > FEW * (shuffled - 1) or in_turn or shuffled < MIXED:
        return None
    return Finding(
        "the data is sorted by class and not shuffled: each batch shows the "
        "net few classes, and it forgets the others",
        f"a batch holds {held:.1f} of {len(values)} classes, shuffled about {shuffled:.1f}",
        training.line,
        edit,
    )


def last_batch(training: Training) -> Finding | str:
    """A last batch of one example, where the model cannot be trained on one."""
    size, dataset = (getattr(training.loader, name, None) for name in ("batch_size", "dataset"))
    if size is None or dataset is None:
        raise NotChecked("the loader does not tell its batch size; use a DataLoader")
    sampler = getattr(training.loader, "sampler", None)
    count = len(sampler if isinstance(sampler, Sized) else dataset)
    left = 0 if getattr(training.loader, "drop_last", False) else count % size
    facts = f"{count:,} examples in batches of {size}" + f", the last of {left}" * (left > 0)
    if left != 1:
        return facts
    x = training.forward.x[:1]
    try:
        with training.starting_values(), no_grad():
            training.model.train()(x)
    except ValueError as error:
        return Finding(
            f"the last batch has one example, on which the model fails: {told(error)[0]}",
            facts,
            training.line,
            "DataLoader(..., drop_last=True)",
        )
    return facts
