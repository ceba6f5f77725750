"""debug.doctor: what keeps a net from learning, in ten seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from inspect import signature as signature_of
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from ...nn import Layer
from ...optim import Optimizer
from ...random import Generator
from ...tensor import Tensor, enable_grad
from . import data, leak, learning, loop, output, parameters, runs, signals
from .report import Finding, NotChecked, Report
from .snapshot import unchanged
from .training import Training, told

BATCHES, EXAMPLES, SECONDS = 40, 2000, 0.5  # that are read of the loader, whichever ends first


class Check(NamedTuple):
    """A check, and the checks whose findings would explain its own."""

    name: str
    make: Callable[[Training], Finding | list[Finding] | str]
    explained_by: tuple[str, ...] = ()


# The causes first; what they may explain waits until they are mended.
RUNS = ("inputs", "labels", "forward", "loss")
CAUSES = (
    *RUNS, "loss direction", "broadcast", "output activation", "symmetry", "dead units",
    "saturation", "parameters reached", "examples apart",
)  # fmt: skip
CHECKS = [
    Check("inputs", data.inputs),
    Check("forward", runs.forward, ("inputs",)),
    Check("labels", data.labels),
    Check("loss", runs.loss, ("inputs", "labels")),
    Check("loss direction", runs.direction),
    Check("broadcast", runs.broadcast),
    Check("last batch", data.last_batch),
    Check("output activation", output.output_activation),
    Check("parameters found", parameters.not_the_models),
    Check("optimizer", parameters.in_optimizer),
    Check("symmetry", parameters.symmetry),
    Check("dead units", signals.dead_units, ("inputs", "symmetry")),
    Check("saturation", signals.saturation, ("inputs", "symmetry")),
    Check("parameters reached", parameters.reached, ("symmetry", "dead units")),
    Check("examples apart", leak.examples_apart),
    Check("loss at start", output.loss_at_start, CAUSES),
    Check("gradient flow", signals.gradient_flow, (*CAUSES, "loss at start")),
    Check("update size", learning.update_size, (*CAUSES, "optimizer", "gradient flow")),
    Check(
        "one batch",
        learning.one_batch,
        (*CAUSES, "parameters found", "optimizer", "loss at start", "gradient flow", "update size"),
    ),
    Check("train mode", loop.modes),
    Check("step", loop.step_runs, (*RUNS, "examples apart")),
    Check("activation in step", loop.activation, ("output activation",)),
    Check("zero_grad", loop.zero_grad),
    Check("order of the loop", loop.order, (*CAUSES, "optimizer")),
    Check("kept graphs", loop.kept_graphs),
    Check("scheduler", loop.scheduler),
]


def doctor(
    model: Layer,
    loader: Iterable,
    loss: Callable[[Any, Any], Tensor],
    optimizer: Optimizer,
    step: Callable[[Any, Any], Any] | None = None,
) -> Report:
    """Look for what keeps `model` from learning, and say which line to change, and how.

    `loader` gives batches (inputs, targets), `loss(model(inputs), targets)` one number. `step`,
    if it is given, is your training step, a function of a batch with all that your loop does:

    >>> mg.manual_seed(0)
    >>> digits = mg.datasets.Digits(transform=mg.transforms.ToTensor())
    >>> loader = mg.utils.data.DataLoader(digits, batch_size=32, shuffle=True)
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    >>> loss = nn.CrossEntropyLoss()
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
    >>> def step(x, y):
    ...     loss(model(x), y).backward()
    ...     optimizer.step()
    >>> for finding in debug.doctor(model, loader, loss, optimizer, step):
    ...     print(finding.check)
    zero_grad

    `step` shows a forgotten zero_grad and other mistakes that only the loop holds. The Report is a
    list of Findings, each with `check`, `text`, `evidence`, `line` and `edit`; print it.

    These are left as they were, to the bit: parameters, buffers, gradients, the optimizer's state,
    modes, hooks, the streams of chance, the variables around `step`, and the attributes of objects
    in them. What lies deeper in your own objects, iterators and files are not.
    """
    start = perf_counter()
    _refuse_wrong_types(model, loader, loss, optimizer, step)
    report = Report()
    things = [model, loss, optimizer, *_generators(loader)]
    around = [] if step is None else [step]
    with unchanged(things, around), enable_grad(), np.errstate(all="ignore"):
        training = Training(model, loss, optimizer, _read(loader), loader, step)
        training.clear()
        for check in CHECKS:
            _make(check, training, report)
    report.seconds = perf_counter() - start
    return report


def _make(check: Check, training: Training, report: Report) -> None:
    """Make one check, and note in the report what it says."""
    causes = [finding.check for finding in report if finding.check in check.explained_by]
    if causes:
        report.not_checked[check.name] = f"mend first: {causes[0]}"
        return
    try:
        said = check.make(training)
    except NotChecked as reason:
        report.not_checked[check.name] = str(reason)
    except Exception as error:  # a model that fails on some batches only
        if str(error).startswith("doctor: "):  # it refuses an argument
            raise
        report.not_checked[check.name] = f"failed with {type(error).__name__}: {told(error)[0]}"
    else:
        if isinstance(said, str):
            report.passed[check.name] = said
        else:
            found = [said] if isinstance(said, Finding) else said
            report.extend(finding._replace(check=check.name) for finding in found)


def _read(loader: Iterable) -> list[tuple[Tensor, Any]]:
    """The first batches."""
    batches: list[tuple[Tensor, Any]] = []
    start, examples = perf_counter(), 0
    for batch in loader:
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            length = f" of {len(batch)}" if isinstance(batch, (tuple, list)) else ""
            raise TypeError(
                "doctor: the loader must give batches (inputs, targets), it gave "
                f"{type(batch).__name__}{length}; let the data set return two things"
            )
        x, y = batch
        if not isinstance(x, Tensor):
            raise TypeError(
                f"doctor: the loader must give Tensors as inputs, it gave {type(x).__name__}; "
                "write mg.tensor(x), or use a DataLoader"
            )
        if x.ndim == 0 or not len(x):
            raise ValueError(
                f"doctor: the loader gave inputs of shape {x.shape}; axis 0 counts the examples of "
                "a batch, of which there must be some"
            )
        batches.append((x, y))
        examples += len(x)
        if len(batches) == BATCHES or examples >= EXAMPLES or perf_counter() - start > SECONDS:
            break
    if not batches:
        raise ValueError(
            "doctor: the loader gave no batches; is the data set empty, or smaller than batch_size "
            "with drop_last=True?"
        )
    return batches


def _generators(loader: Any) -> Iterator[Generator]:
    """The sources of chance that a DataLoader or its sampler holds."""
    for holder in (loader, getattr(loader, "sampler", None)):
        generator = getattr(holder, "generator", None)
        if isinstance(generator, Generator):
            yield generator


def _refuse_wrong_types(model: Any, loader: Any, loss: Any, optimizer: Any, step: Any) -> None:
    """Refuse arguments that are no model, loader, loss, optimizer and step."""
    if not isinstance(model, Layer):
        edit = f"; write {model.__name__}()" if isinstance(model, type) else ""
        raise TypeError(f"doctor: model must be a Layer, got {_kind(model)}{edit}")
    if not isinstance(loader, Iterable) or isinstance(loader, (Tensor, str, dict)):
        raise TypeError(
            f"doctor: loader must give batches (inputs, targets), got {_kind(loader)}; write "
            "DataLoader(dataset, batch_size=64), or [(x, y)] for one batch"
        )
    if isinstance(loader, Iterator):
        raise TypeError(
            f"doctor: loader is a {_kind(loader)}, which can be gone through once only; write "
            "list(...) around it, or pass the DataLoader itself"
        )
    if isinstance(loss, type) or not callable(loss):
        edit = f"{loss.__name__}()" if isinstance(loss, type) else "nn.functional.cross_entropy"
        raise TypeError(
            f"doctor: loss must be a function of (output, target), got {_kind(loss)}; write {edit}"
        )
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"doctor: optimizer must be an Optimizer, got {_kind(optimizer)}; write "
            "optim.Adam(model.parameters())"
        )
    if not any(group["params"] for group in optimizer.param_groups):
        raise ValueError(
            "doctor: the optimizer holds no parameters; write optim.Adam(model.parameters())"
        )
    if step is not None and not _takes_a_batch(step):
        signature = signature_of(step) if callable(step) else ""
        raise TypeError(
            f"doctor: step must be a function of a batch, got {_kind(step)}{signature}; write "
            "def step(x, y): with what your loop does"
        )


def _takes_a_batch(step: Any) -> bool:
    try:
        signature_of(step).bind(None, None)
    except TypeError:
        return False
    return True


def _kind(thing: Any) -> str:
    return f"the class {thing.__name__}" if isinstance(thing, type) else type(thing).__name__
