"""Backpropagation one node at a time: in a loop of your own, or in the debugger."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pdb import Pdb
from typing import Any, NamedTuple

import numpy as np

from ..graph import Node, Watcher, watching
from ..methods.text import statistics
from ..tensor import Tensor
from .naming import Place, target_name

FEW = 8  # values that are printed one by one


class Received(NamedTuple):
    """What one input of a step has received."""

    target: Node | Tensor  # the node that made the input, or the leaf itself
    gradient: Tensor  # from this step
    total: Tensor  # from this step and those before it


class Step:
    """One node on the way back, before its op's backward runs.

    `node`, `op`, `layer`, `layer_path` and `line` say which; `gradient` is the complete gradient of
    what the node made. `received` is None until the step has run, by itself when the loop goes on
    or by `run()`; then it has a `Received` for each input that wants a gradient.
    """

    def __init__(self, node: Node, gradient: np.ndarray, run: Callable[[], None]) -> None:
        self.node = node
        self.gradient = Tensor(gradient)
        self.received: list[Received] | None = None
        self._run = run
        self._place = Place.of(node)

    @property
    def op(self) -> str:
        """The op's name, such as "conv2d"."""
        return self.node.name

    @property
    def layer(self) -> Any:
        """The layer that the node was made in, or None."""
        return self.node.layer

    @property
    def layer_path(self) -> str:
        """Where the layer sits in the model, such as "features.0"."""
        return self.node.layer_path

    @property
    def line(self) -> str:
        """The user's line that made the node, such as "net.py:12"."""
        return self.node.line

    def run(self) -> list[Received]:
        """Run the op's backward now, and return what each input received."""
        if self.received is None:
            self._run()
        return self.received or []

    def __repr__(self) -> str:
        lines = [f"{self._place}: gradient {_facts(self.gradient)}"]
        for target, gradient, total in self.received or ():
            text = f"  -> {target_name(target, self.node.layers)} receives {_facts(gradient)}"
            if total.data is not gradient.data and not np.array_equal(total.data, gradient.data):
                text += f"; with what it had, {_facts(total)}"
            lines.append(text)
        return "\n".join(lines)


def steps(loss: Tensor, gradient: Any = None, retain_graph: bool = False) -> Iterator[Step]:
    """Do what `loss.backward()` does, pausing before each op's backward.

    >>> x = mg.tensor([2.0, 3.0], requires_grad=True)
    >>> for step in debug.steps((x * x).sum()):
    ...     print(step.op, step.gradient.tolist())  # print(step) tells more, your line too
    sum 1.0
    mul [1.0, 1.0]

    A step runs when the loop goes on, or by `step.run()`; then it also tells what each input
    receives.
    `gradient` and `retain_graph` are those of `Tensor.backward`. Every `.grad` is filled when the
    loop ends; one that is left early fills none and leaves a graph that is freed in part.
    """
    if not isinstance(loss, Tensor):
        raise TypeError(f"steps: expected a Tensor, got {type(loss).__name__}; write steps(loss)")
    return _Back(loss._walk_back(gradient, retain_graph))


class _Back(Watcher):
    """The walk back with a step that waits."""

    def __init__(self, walk: Iterator[tuple[Node, np.ndarray]]) -> None:
        self.walk = walk
        self.step: Step | None = None
        self.next: tuple[Node, np.ndarray] | None = self._advance()

    def __iter__(self) -> _Back:
        return self

    def __next__(self) -> Step:
        if self.step is not None:
            self.step.run()
        if self.next is None:
            raise StopIteration
        self.step = Step(*self.next, self._run)
        return self.step

    def _run(self) -> None:
        assert self.step is not None
        self.step.received = []
        self.next = self._advance()

    def _advance(self) -> tuple[Node, np.ndarray] | None:
        with watching(self), np.errstate(all="ignore"):
            return next(self.walk, None)

    def added(self, node: Node, i: int, dx: np.ndarray, total: np.ndarray) -> None:
        """Note what an input of the waiting step receives."""
        if self.step is not None and self.step.received is not None and node is self.step.node:
            target = node.inputs[i]
            self.step.received.append(Received(target, Tensor(dx), Tensor(total)))


class Breakpoint(Watcher):
    """What `break_on` returns: `.remove()`, or the end of a `with` block, takes it away.

    `hits` counts how often it stopped the program. If no op or layer of the name it was given ever
    came by, it prints in the end which did.
    """

    def __init__(
        self, op: str | None, layer: str | None, line: str | int | None, when: Callable | None
    ) -> None:
        self.op, self.layer, self.line, self.when = op, layer, line, when
        self.hits = 0
        # names that came by, until the one that is asked for does
        self.missed: dict[str, dict[str, None]] = {"op": {}, "layer": {}}
        self.watch()

    def remove(self) -> None:
        """Stop no more; a second time does nothing."""
        self.unwatch()
        for what, names in self.missed.items():
            if names:
                wanted, others = getattr(self, what), ", ".join(names)
                print(f"break_on: no {what} {wanted!r} came by; those that did: {others}")
        self.missed.clear()

    def __enter__(self) -> Breakpoint:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()

    def arrived(self, node: Node, dy: np.ndarray) -> Any:
        """Start a debugger on the node's way back if all conditions hold."""
        if not self._matches(node, dy):
            return None
        self.hits += 1
        print(f"break_on: {Place.of(node)}: gradient {_facts(Tensor(dy))}")
        return _debugger()

    def _matches(self, node: Node, dy: np.ndarray) -> bool:
        layer_names = node.layer_path, type(node.layer).__name__
        if not (self._named("op", node.name) and self._named("layer", *layer_names)):
            return False
        if self.line is not None:
            number = node.line.rpartition(":")[2]
            if os.path.basename(str(self.line)) not in (number, node.line):
                return False
        return self.when is None or bool(self.when(Tensor(dy)))

    def _named(self, what: str, *names: str) -> bool:
        """Whether the wanted "op" or "layer", if one is wanted, is among these names."""
        wanted = getattr(self, what)
        if wanted is None or wanted in names:
            self.missed.pop(what, None)
            return True
        if what in self.missed:
            self.missed[what] |= dict.fromkeys(filter(None, names))
        return False


def break_on(
    op: str | None = None,
    layer: str | None = None,
    line: str | int | None = None,
    when: Callable[[Tensor], Any] | None = None,
) -> Breakpoint:
    """Stop in the debugger on the first line of an op's backward, wherever all conditions hold.

    `op`: the op's name, such as "conv2d". `layer`: the layer's path in the model, such as
    "features.0", or its class, such as "Conv2d". `line`: yours, as 12 or "net.py:12". `when` takes
    the gradient that has arrived, a Tensor: `lambda g: abs(g).max() > 10`.

    The debugger is pdb, or that of `PYTHONBREAKPOINT`, which stops just before the op's backward.
    A pdb that is started so follows until `backward` ends; under `python -m pdb` it goes on.
    It stays until `.remove()`, or as long as a `with debug.break_on(...):` block runs.
    """
    if (op, layer, line, when) == (None,) * 4:
        raise ValueError('break_on: name what to stop at, such as break_on(op="conv2d")')
    for name, value, such in (("op", op, "conv2d"), ("layer", layer, "features.0")):
        if value is not None and not isinstance(value, str):
            raise TypeError(
                f'break_on: {name} must be a string such as "{such}", got {type(value).__name__}'
            )
    if line is not None and not str(line).rpartition(":")[2].isdecimal():
        raise ValueError(f'break_on: line must be such as 12 or "net.py:12", got {line!r}')
    if when is not None and not callable(when):
        raise TypeError(
            f"break_on: when must be a function of the gradient, got {type(when).__name__}; "
            "write when=lambda g: abs(g).max() > 10"
        )
    return Breakpoint(op, layer, line, when)


def _debugger() -> Any:
    """The trace function of a debugger that stops at the next line it sees.

    None where the debugger is not pdb: it has stopped already, in here.
    """
    active = getattr(sys.gettrace(), "__self__", None)
    if isinstance(active, Pdb):
        active.set_step()
        return active.trace_dispatch
    chosen = os.environ.get("PYTHONBREAKPOINT", "")
    if sys.breakpointhook is not sys.__breakpointhook__ or chosen not in ("", "pdb.set_trace"):
        breakpoint()
        return None
    debugger = Pdb()
    debugger.reset()
    debugger.botframe = sys._getframe()  # the outermost frame: where "continue" goes to
    while debugger.botframe.f_back is not None:
        debugger.botframe = debugger.botframe.f_back
    debugger.set_step()
    return debugger.trace_dispatch


def _facts(x: Tensor) -> str:
    """The shape, and the values if they are few, else their least, mean and largest."""
    if x.data.size > FEW:
        return f"{x.shape}{statistics(x.data)}"
    return f"{x.shape} {np.array2string(x.data, precision=5)}".replace("\n", "")
