"""Checks of the parameters: reached by the gradient, in the optimizer, no two units equal."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from ...graph import Node
from ...origin import HERE, MODELS, line_text
from ...tensor import Tensor
from .learning import later_gradients
from .report import Finding
from .training import Call, Training

MOST = 4  # names that a finding lists
ALIKE = 1e-5  # relative difference of rows that are taken as equal


def reached(training: Training) -> list[Finding] | str:
    """The gradient of the loss reaches every parameter that is to be trained."""
    gradients = training.first.gradients
    # A branch that begins as zeros, as residual blocks do, lets no gradient pass before one step;
    # one that chance leaves out has none in one pass.
    doubtful = [
        name for name, dw in gradients.items() if dw is None or (dw.ndim > 1 and not dw.any())
    ]
    later = later_gradients(training) if doubtful and training.first.loss.requires_grad else []
    missing: dict[tuple[str, str], list[tuple[str, Cut]]] = defaultdict(list)
    for name, gradient in gradients.items():
        if gradient is None and not any(name in dw for dw in later):
            cut = _where_cut(training, training.parameters[name])
            missing[cut.line, cut.what].append((name, cut))
    found = []
    for cuts in missing.values():
        names, cut = [name for name, _ in cuts], cuts[0][1]
        text = f"{listed(names)} {'get' if len(names) > 1 else 'gets'} no gradient: {cut.why}"
        found.append(Finding(text, f"grad is None, {cut.what}", cut.line, cut.edit))
    zero = [
        name
        for name in doubtful
        if gradients[name] is not None and not any(name in dw and dw[name].any() for dw in later)
    ]
    if zero:
        found.append(
            Finding(
                f"the gradient of {listed(zero)} is 0 everywhere: what comes "
                "after lets nothing pass, such as dead relus or a factor 0",
                f"0 on {1 + len(later)} batches",
                training.line,
                "look at the layers behind, with debug.capture(model)",
            )
        )
    return found or f"all {len(gradients)}"


class Cut(NamedTuple):
    """Where the way from a parameter to the loss ends."""

    why: str
    what: str
    line: str
    edit: str


def _where_cut(training: Training, p: Tensor) -> Cut:
    """Follow the numbers from a parameter, and see where they leave the graph."""
    calls = [*training.forward.calls, *training.first.calls]
    followed: list[Tensor] = [p]
    last: Call | None = None
    for call in calls:
        used = [x for x in call.inputs if isinstance(x, Tensor) and _any_same(x, followed)]
        if not used:
            continue
        place = call.place
        if last is not None and not any(x.requires_grad for x in used):
            return Cut(
                f"it is cut before {place}",
                "its input does not require grad",
                place.line,
                "leave out .detach(), .data or .numpy() before it",
            )
        if not call.result.requires_grad:
            return Cut(
                f"it is cut at {place}",
                "its result does not require grad",
                place.line,
                "leave out no_grad() around it; argmax, comparisons and conversions to "
                "int have no derivative",
            )
        followed.append(call.result)
        last = call
    if last is None:
        return Cut(
            "no op uses it in forward",
            "its layer did not run",
            _line_of(training, p),
            "call its layer in forward, or leave it out of __init__",
        )
    return Cut(
        f"nothing that is made of the result of {last.place} goes into the loss",
        "the way ends there",
        last.place.line,
        "use the result; numpy and Tensor(...) leave the graph, mg.log(x) and x.log() stay in it",
    )


def _any_same(x: Tensor, others: list[Tensor]) -> bool:
    """Whether x is one of the others, or lies on the array of one, as detach() makes it."""
    return any(x is other or x.data is other.data for other in others)


def _line_of(training: Training, p: Tensor) -> str:
    """The forward of the user's layer that holds p; where doctor was called if it is minigrad's."""
    for layer in reversed(list(training.model.modules())):
        code = type(layer).forward.__code__
        theirs = not code.co_filename.startswith(HERE) or code.co_filename == MODELS
        if theirs and any(p is q for q in layer.parameters()):
            return line_text((code, code.co_firstlineno))
    return training.line


def not_the_models(training: Training) -> list[Finding] | str:
    """What forward uses and is to be trained belongs to the model, or to the optimizer.

    What the loss alone uses may be another net, with an optimizer of its own.
    """
    known = training.own | set(training.optimized) | {id(x) for x, _ in training.batches}
    in_loss = {call.result.grad_fn for call in training.first.calls}
    strange: dict[int, tuple[Tensor, Node]] = {}
    for node in training.first.nodes:
        if node in in_loss:
            continue
        for leaf in node.inputs:
            if isinstance(leaf, Tensor) and id(leaf) not in known:
                strange.setdefault(id(leaf), (leaf, node))
    by_line: dict[str, list[tuple[Tensor, Node]]] = defaultdict(list)
    for leaf, node in strange.values():
        by_line[node.line].append((leaf, node))
    found = []
    for line, pairs in by_line.items():
        shapes = listed([leaf.shape for leaf, _ in pairs])
        found.append(
            Finding(
                f"{pairs[0][1].name} uses parameters that model.parameters() does "
                "not have: made anew in each forward, or no attribute of the model",
                f"shapes {shapes}",
                line,
                "self.layer = nn.Linear(...) in __init__, nn.Parameter(...) for your own tensors",
            )
        )
    return found or f"{len(list(training.model.parameters()))}, all that forward uses"


def in_optimizer(training: Training) -> Finding | str:
    """The optimizer holds the model's parameters, and no others."""
    optimized, parameters = training.optimized, training.parameters
    line, edit = training.line, "optimizer = optim.Adam(model.parameters(), lr=...)"
    inside = [name for name, p in parameters.items() if id(p) in optimized]
    outside = [name for name in parameters if name not in inside]
    leaves = {id(leaf) for node in training.first.nodes for leaf in node.inputs}
    foreign = [p for key, p in optimized.items() if key not in training.own and key not in leaves]
    if foreign and not inside:
        return Finding(
            "the optimizer trains another model: this one was made after it, or replaced",
            f"0 of {len(parameters)} parameters in it, {len(foreign)} of another",
            line,
            f"after the model, {edit}",
        )
    if foreign:
        lost = f", and not {listed(outside)}" if outside else ""
        return Finding(
            f"the optimizer holds tensors that the model does not have{lost}: was a layer "
            "replaced after the optimizer was made?",
            f"{len(foreign)}, of shapes {listed([p.shape for p in foreign])}",
            line,
            f"after the last change of the model, {edit}",
        )
    if outside:
        return Finding(
            f"{listed(outside)} will not move: not in the optimizer",
            f"{len(inside)} of {len(parameters)} parameters in it",
            line,
            f"{edit}; or freeze them, layer.requires_grad_(False)",
        )
    return f"{len(inside)} parameters in {type(training.optimizer).__name__}"


def symmetry(training: Training) -> Finding | str:
    """Units of a layer start different: equal ones get equal gradients, and stay equal."""
    alike = []
    for name, dw in training.first.gradients.items():
        w = training.parameters[name].data
        if dw is None or w.ndim < 2:
            continue
        units = [axis for axis in (0, 1) if w.shape[axis] > 1]  # 1 in x @ w
        constant = len(units) == 2 and w.any() and np.ptp(w) == 0 and _multiplied(training, name)
        if constant or any(_equal_along(axis, w) and _equal_along(axis, dw) for axis in units):
            alike.append(name)
    if not alike:
        return "units differ in each layer"
    w = training.parameters[alike[0]].data
    return Finding(
        f"all units of {listed(alike)} are equal, and so are their gradients: they learn the same",
        f"each unit of {alike[0]} {w.shape} begins with {w.flat[0]:.4g}",
        training.line,
        "leave out the constant initialisation, or nn.init.kaiming_normal_(weight)",
    )


def _multiplied(training: Training, name: str) -> bool:
    """Whether a parameter is the weight of a linear layer or a convolution, and no scale."""
    p = training.parameters[name]
    ops = [call.place.op for call in training.forward.calls if any(x is p for x in call.inputs)]
    return any(op in ("linear", "matmul") or op.startswith("conv") for op in ops)


def _equal_along(axis: int, x: np.ndarray) -> bool:
    """Whether all slices along an axis are equal."""
    return bool(np.abs(x - x.take([0], axis)).max() <= ALIKE * np.abs(x).max())


def listed(names: list[Any]) -> str:
    """Names with commas, the first few."""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(map(str, names[:MOST])) + more
