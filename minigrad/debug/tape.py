"""A record of a computation: what every op made of what, and each gradient that was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import numpy as np

from ..graph import Node, Watcher, running, watching
from ..origin import user_line
from ..tensor import Tensor
from .events import Backward, Entry, Forward, Sent, add_up
from .naming import leaf_name, variable_name
from .page import Page
from .tape_page import tape_page


class Tape(Watcher):
    """What `record` returns: `events`, in the order in which they happened.

    `leaves`: for each pass of backward, what every leaf received, as {leaf: [Sent, ...]}.
    """

    def __init__(self) -> None:
        self.events: list[Forward | Backward] = []
        self.leaves: list[dict[Tensor, list[Sent]]] = []
        self._entries: dict[Node | Tensor, Entry] = {}
        self._waiting: dict[Entry, list[Sent]] = {}  # contributions whose receivers have yet to run

    def computed(self, op: Callable, inputs: tuple, options: dict, result: Tensor) -> None:
        """Note what an op has made."""
        target = result if result.grad_fn is None else result.grad_fn
        entry = Entry(target, result._data, "")
        entry.op, entry.options = op, deepcopy(options)
        entry.op_name = target.name if isinstance(target, Node) else op.__name__
        entry.inputs = tuple(
            self._entry(x) if isinstance(x, Tensor) else deepcopy(x) for x in inputs
        )
        entry.origin = user_line()
        self._entries[target] = entry
        self.events.append(Forward(entry))

    def _entry(self, x: Tensor) -> Entry:
        """The entry of an op's input."""
        target = x if x.grad_fn is None else x.grad_fn
        entry = self._entries.get(target)
        if entry is None or not _same(entry.value, x._data):
            # new to the tape, or written in place since, as by an optimizer
            entry = self._entries[target] = Entry(target, x._data, leaf_name(x, running.layers))
        entry.name = entry.name or variable_name(x)
        return entry

    def arrived(self, node: Node, dy: np.ndarray) -> None:
        """Note that an op's backward starts."""
        entry = self._entries.get(node)
        if entry is None or entry.op is None:
            raise RuntimeError(
                f"record: {node} was computed before the recording; move the forward into the "
                "block, `with debug.record() as tape:`"
            )
        received = self._waiting.pop(entry, [])
        if not received:  # nothing has sent to it: backward starts here
            self.leaves.append({})
            self._waiting.clear()
        self.events.append(Backward(entry, dy.copy(), received, []))

    def added(self, node: Node, i: int, dx: np.ndarray, total: np.ndarray) -> None:
        """Note what an input has received."""
        event = self.events[-1]
        assert isinstance(event, Backward)
        receiver = event.entry.inputs[i]
        sent = Sent(event.entry, i, receiver, dx.copy())
        event.sent.append(sent)
        if isinstance(receiver.target, Node):
            self._waiting.setdefault(receiver, []).append(sent)
        else:
            self.leaves[-1].setdefault(receiver.target, []).append(sent)

    def replay(self) -> dict[Tensor, np.ndarray]:
        """Add up what every leaf received: equal to what backward added to `.grad`, bit for bit.

        A hook on the leaf itself comes after that.
        """
        gradients: dict[Tensor, np.ndarray] = {}
        for leaves in self.leaves:
            for leaf, received in leaves.items():
                total = add_up(received)
                gradients[leaf] = gradients[leaf] + total if leaf in gradients else total
        return gradients

    def to_html(self, path: str | Path | None = None, limit: float = 3.0) -> Page:
        """The record as a page to step through, in one file that needs no network.

        `path`: where to write it, or None to have the page only. `limit`: the most megabytes it may
        have; large arrays are shown in part to stay below it, and the page says so.
        """
        page = tape_page(self.events, self.leaves, limit)
        if path is not None:
            page.save(path)
        return page

    def _repr_html_(self) -> str:
        return self.to_html()._repr_html_()


@contextmanager
def record() -> Iterator[Tape]:
    """Within the block, note every op, its numbers, and every gradient that is sent.

    >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    >>> with debug.record() as tape:
    ...     model(mg.ones(2, 4)).sum().backward()
    >>> page = tape.to_html("step.html")

    All numbers are copied: a record takes about as much memory as the step itself. One training
    step with a small batch is what a page can show.
    """
    with watching(Tape()) as tape:
        yield tape


def _same(x: np.ndarray, y: np.ndarray) -> bool:
    return np.array_equal(x, y) or (x.dtype.kind == "f" and np.array_equal(x, y, equal_nan=True))
