"""What happens in the user's own training step: which calls, in which order, from which lines."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from ...graph import Node, Watcher, watching
from ...optim.lr_scheduler import LRScheduler
from ...origin import line_text, user_line
from ...tensor import Tensor
from .output import Misplaced, misplaced
from .snapshot import surroundings, unchanged
from .training import Training, graph_of, raised_at

CALLS, SECONDS = 12, 1.5  # of the step, whichever ends first
EXAMPLES = 32  # of each batch
ENOUGH = 3  # steps of the optimizer after which there is no more to see
LATER = 1  # calls after which what a call has made should be gone


class Watched(Watcher):
    """The user's step, run on some batches.

    `events` holds (number of the call, what, line) of each "backward", "step" of the optimizer and
    "scheduler" step, in order. `error` is what the step has raised, `error_line` from where.
    """

    def __init__(self, training: Training) -> None:
        self.training = training
        self.calls = 0
        self.events: list[tuple[int, str, str]] = []
        self.error: Exception | None = None
        self.error_line = ""
        self.reused: list[str] = []  # lines of backwards whose sums held gradients already used
        self.empty: list[str] = []  # lines of optimizer steps that found no gradient
        self.evaluating: list[str] = []  # lines of backwards of a model in eval mode
        self.unmoved = set(training.parameters)  # names that had no gradient at any step
        self.kept: Node | None = None  # the newest that the first call has left behind
        self.kept_in: str = ""  # the variable that holds it
        self.dwindled: list[tuple[LRScheduler, float, float]] = []  # highest, half an epoch on
        self.misplaced: Misplaced | None = None  # in the graph of the first backward
        self._made: list[tuple[int, weakref.ref[Node]]] = []
        self._used: dict[str, np.ndarray] = {}
        self._stale: dict[str, list[str]] = {}  # lines of backwards that added to them, by name
        self._walking = False
        self._scheduled: list[LRScheduler] = []  # one for each of their steps

    def run(self) -> Watched:
        """Call the step until the optimizer has moved a few times, or time is over."""
        training, step = self.training, self.training.step
        assert step is not None
        schedulers = {id(s): s for s in _values(step) if isinstance(s, LRScheduler)}
        with unchanged([training.model, training.optimizer], [step]):
            for layer, mode in training.given_modes.items():
                layer.training = mode
            training.clear()
            _wrap(training.optimizer, self._on_step)
            for scheduler in schedulers.values():
                _wrap(scheduler, partial(self._on_schedule, scheduler))
            self._call(step)
            self._look_for_graphs(step)
            for scheduler in schedulers.values():
                self._look_ahead(scheduler)
        return self

    def lines(self, what: str) -> list[str]:
        """The lines of one kind of event."""
        return [line for _, kind, line in self.events if kind == what]

    def _call(self, step: Callable) -> None:
        start, batches = perf_counter(), len(self.training.given)
        with watching(self):
            while self.calls < CALLS and perf_counter() - start < SECONDS:
                if self.calls > LATER + 1 and len(self.lines("step")) >= ENOUGH:
                    return
                try:
                    step(*self.training.few(EXAMPLES, self.calls % batches, given=True))
                except Exception as error:
                    self.error, self.error_line = error, raised_at(error, self.training.line)
                    return
                self.calls += 1

    def computed(self, op: Callable, inputs: tuple, options: dict, result: Tensor) -> None:
        """Note what the forward makes."""
        self._walking = False
        if result.grad_fn is not None:
            self._made.append((self.calls, weakref.ref(result.grad_fn)))

    def arrived(self, node: Node, dy: np.ndarray) -> None:
        """Where a backward begins: look at the gradients that are there already."""
        if self._walking:
            return
        self._walking = True
        line = line_text(user_line())
        if not self.events:
            self.misplaced = misplaced(graph_of(node))
        self.events.append((self.calls, "backward", line))
        if not self.training.model.training:
            self.evaluating.append(line)
        self._look_for_used(line)

    def _look_for_used(self, line: str) -> None:
        """Note gradients that a step has used. They do no harm if they go before the next step."""
        now = self._gradients()
        self._stale = {name: lines for name, lines in self._stale.items() if name in now}
        for name, dw in self._used.items():
            if name in now and np.array_equal(now[name], dw):
                self._stale.setdefault(name, []).append(line)

    def _gradients(self) -> dict[str, np.ndarray]:
        """Those of the parameters to be trained that are not all 0."""
        training = self.training
        return {
            name: p.grad.data
            for name, p in training.parameters.items()
            if p.grad is not None and p.grad.data.any() and id(p) in training.optimized
        }

    def _on_step(self, step: Callable, *args: Any, **options: Any) -> Any:
        line = line_text(user_line())
        before = self._gradients()
        result = step(*args, **options)
        used = before or self._gradients()  # a closure computes them within the step
        self._walking = False
        self.events.append((self.calls, "step", line))
        stale = [lines for name, lines in self._stale.items() if name in used]
        most: list[str] = max(stale, key=len, default=[])
        self.reused += most
        self._stale = {}
        self._used = {name: dw.copy() for name, dw in used.items()}
        self.unmoved -= used.keys()
        if not used:
            self.empty.append(line)
        return result

    def _on_schedule(
        self, scheduler: LRScheduler, step: Callable, *args: Any, **options: Any
    ) -> Any:
        self._scheduled.append(scheduler)
        self.events.append((self.calls, "scheduler", line_text(user_line())))
        return step(*args, **options)

    def _look_for_graphs(self, step: Callable) -> None:
        """Which nodes of early calls are still there? What was passed to one later call is not."""
        left = self._left()
        if len(left) > 1:
            gc.collect()  # what hangs in a cycle goes by itself
            left = self._left()
        if len(left) > 1:  # a first call alone may have set something up
            first = left[min(left)]
            self.kept = max(first, key=lambda node: node.order)
            self.kept_in = _name_of_holder(step, set(first))

    def _left(self) -> dict[int, list[Node]]:
        """The nodes of early calls that are still there, by call."""
        left: dict[int, list[Node]] = {}
        for call, reference in self._made:
            node = reference()
            if call < self.calls - LATER and node is not None:
                left.setdefault(call, []).append(node)
        return left

    def _look_ahead(self, scheduler: LRScheduler) -> None:
        """What the scheduler's steps make of the learning rate within half an epoch."""
        if self._scheduled.count(scheduler) < max(1, self.calls - 1):
            return
        rates = [max(group["lr"] for group in scheduler.optimizer.param_groups)]
        try:
            for _ in range(getattr(self.training.loader, "__len__", lambda: 0)() // 2):
                type(scheduler).step(scheduler)
                rates.append(max(group["lr"] for group in scheduler.optimizer.param_groups))
        except (TypeError, ValueError):  # it wants a loss, or its schedule is over
            return
        self.dwindled.append((scheduler, max(rates), rates[-1]))


def arriving_in_step(training: Training) -> list[tuple[Tensor, Any]]:
    """The batches as they come to the model when the step is called; none where it fails."""
    model, step = training.model, training.step
    seen: list[Tensor] = []

    def look(layer: Any, inputs: tuple) -> None:
        if len(seen) == len(found) and len(inputs) == 1 and isinstance(inputs[0], Tensor):
            seen.append(inputs[0].detach())

    found: list[tuple[Tensor, Any]] = []
    if step is None:
        return found
    start = perf_counter()
    with unchanged([model, training.optimizer], [step]):
        model.register_forward_pre_hook(look)  # it ends with the snapshot
        for x, y in training.given:
            try:
                step(x, y)
            except Exception:  # told by the check of the step
                return []
            if len(seen) == len(found) or len(seen[-1]) != len(x):
                return []
            found.append((seen[-1], y))
            if perf_counter() - start > SECONDS:
                break
    return found


def _wrap(thing: Any, around: Callable) -> None:
    """Let `thing.step(...)` call around(step, ...). It ends with the snapshot that encloses it."""
    inner = thing.step
    vars(thing)["step"] = lambda *args, **options: around(inner, *args, **options)


def _values(function: Any) -> list[Any]:
    """The values of the variables around a function."""
    return [value for _, variables in surroundings(function) for value in variables.values()]


def _name_of_holder(step: Callable, nodes: set[Node]) -> str:
    """The variable around the step that holds a tensor made by one of the nodes."""
    for _, variables in surroundings(step):
        for name, value in variables.items():
            if any(not nodes.isdisjoint(graph_of(tensor.grad_fn)) for tensor in _tensors(value)):
                return name
    return ""


def _tensors(value: Any) -> Iterator[Tensor]:
    """The Tensors in a variable, also inside of lists and dicts."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _tensors(item)
