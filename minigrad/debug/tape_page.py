"""The page of a tape: the graph by layers, and every step forward and backward with its numbers."""

from __future__ import annotations

import linecache
import math
from typing import Any

import numpy as np

from ..graph import path_of
from ..methods.text import statistics
from ..origin import line_text
from ..tensor import Tensor
from .events import Backward, Entry, Forward, Sent, add_up
from .formulas import formulas
from .page import Page, make_page
from .slopes import take_apart

MOST, LEAST = 1 << 16, 16  # elements of an array that are shown: with much room, and with little
FEW, SOME = 12, 3  # a gradient of up to 12 elements is taken apart at each, a larger one at 3


Events = list[Forward | Backward]
Leaves = list[dict[Tensor, list[Sent]]]
Groups = dict[int, list[dict[str, Any]]]  # what _layers returns, by the id of its layers


def tape_page(events: Events, leaves: Leaves, limit: float) -> Page:
    """The page of at most `limit` megabytes; arrays are shown in part where they must be."""
    if not events:
        raise ValueError(
            "to_html: nothing was recorded; compute inside the block `with debug.record() as tape:`"
        )
    most = MOST
    groups: Groups = {}
    while True:
        # Numbers take time, and little room: not before the arrays are known to fit.
        for with_numbers in (False, True):
            data = _Builder(events, leaves, groups, most, with_numbers).data()
            page = make_page("arrays graph tape", "Backpropagation, step by step", data)
            size = len(page.html.encode()) / 1e6
            if size > limit:
                break
        else:
            return page
        if most <= LEAST:
            raise ValueError(
                f"to_html: {len(events)} steps need a page of {size:.1f} MB, the limit is "
                f"{limit:g} MB; record fewer steps, or write limit={math.ceil(size)}"
            )
        most = max(LEAST, min(most // 2, int(most * limit / size)))


class _Builder:
    """What the script needs, as JSON and arrays. An array that occurs twice is stored once."""

    def __init__(
        self, events: Events, leaves: Leaves, groups: Groups, most: int, with_numbers: bool
    ) -> None:
        self.events, self.leaves, self.groups = events, leaves, groups
        self.most, self.with_numbers = most, with_numbers
        self.arrays: list[dict[str, Any]] = []
        self.stored: dict[int, tuple[int, np.ndarray]] = {}  # by id, which the array keeps taken
        self.numbers: dict[Entry, int] = {}
        for event in events:
            if isinstance(event, Forward):
                for entry in (*event.entry.inputs, event.entry):
                    if isinstance(entry, Entry):
                        self.numbers.setdefault(entry, len(self.numbers))

    def data(self) -> dict[str, Any]:
        """All of it."""
        backwards = [event for event in self.events if isinstance(event, Backward)]
        last_of_pass = [
            event
            for event, after in zip(backwards, [*backwards[1:], None], strict=True)
            if after is None or not after.received
        ]
        leaves = iter(self.leaves)
        events = []
        for event in self.events:
            events.append(self.event(event))
            if any(event is last for last in last_of_pass):
                ends = [self.end(leaf, received) for leaf, received in next(leaves).items()]
                events += [{"kind": "end", "leaves": ends}] if ends else []
        entries = [self.entry(entry) for entry in self.numbers]
        cut = any(array["part"] for array in self.arrays)
        return {"entries": entries, "events": events, "arrays": self.arrays, "cut": cut}

    def entry(self, entry: Entry) -> dict[str, Any]:
        """A tensor: a row of the graph if an op made it, otherwise a leaf or data."""
        facts = {
            "name": entry.name,
            "op": entry.op_name,
            "gradient": entry.needs_gradient,
            "value": self.array(entry.value),
        }
        if entry.op is None:
            return facts
        code, number = entry.origin
        formula, inputs = _rules(entry)
        return facts | {
            "layers": _layers(entry.layers, self.groups),
            "line": line_text(entry.origin),
            "source": linecache.getline(code.co_filename, number).strip() if code else "",
            "formula": formula,
            "inputs": [
                {"entry": self.numbers[x], "name": name}
                for x, (name, _) in zip(entry.inputs, inputs, strict=True)
                if isinstance(x, Entry)
            ],
            "plain": self.plain(entry, [name for name, _ in inputs]),
        }

    def plain(self, entry: Entry, names: list[str]) -> list[dict[str, Any]]:
        """Operands that are no Tensors, and options."""
        given = [*zip(names, entry.inputs, strict=True), *entry.options.items()]
        return [
            {"name": name, "array": self.array(x)}
            if isinstance(x, np.ndarray)
            else {"name": name, "text": _told(x)}
            for name, x in given
            if name != "needs" and x is not None and not isinstance(x, Entry) and not callable(x)
        ]

    def event(self, event: Forward | Backward) -> dict[str, Any]:
        """A step of the page."""
        entry = self.numbers[event.entry]
        if isinstance(event, Forward):
            return {"kind": "forward", "entry": entry}
        total = add_up(event.received) if event.received else event.gradient
        hooked = not np.array_equal(total, event.gradient, equal_nan=True)
        return {
            "kind": "backward",
            "entry": entry,
            "received": [self.sent(sent) for sent in event.received],
            "gradient": self.array(event.gradient if hooked else total),
            "hooked": hooked,
            "given": not event.received and not (event.gradient == 1).all(),
            "sent": [
                self.sent(sent)
                | {"rule": _rules(event.entry)[1][sent.input][1], "apart": self.apart(event, sent)}
                for sent in event.sent
            ],
        }

    def end(self, leaf: Tensor, received: list[Sent]) -> dict[str, Any]:
        """What a leaf has in the end, and where it came from."""
        return {
            "entry": self.numbers[received[0].receiver],
            "hooked": bool(leaf.hooks),
            "received": [self.sent(sent) for sent in received],
            "gradient": self.array(add_up(received)),
        }

    def sent(self, sent: Sent) -> dict[str, Any]:
        """A contribution: from whom, to whom, the name of the sender's input, and the gradient."""
        return {
            "from": self.numbers[sent.sender],
            "to": self.numbers[sent.receiver],
            "input": _rules(sent.sender)[1][sent.input][0],
            "gradient": self.array(sent.gradient),
        }

    def apart(self, event: Backward, sent: Sent) -> list[dict[str, Any]]:
        """Some elements of a gradient, the largest first, and the terms that each is the sum of."""
        if not self.with_numbers:
            return []
        slices = _part(sent.gradient.shape, self.most)
        sizes = np.abs(sent.gradient[(*slices, ...)])
        count = FEW if sizes.size <= FEW else SOME if event.gradient.size < MOST else 1
        found = []
        for place in np.argsort(-sizes, axis=None, kind="stable")[:count]:
            index = np.unravel_index(place, sizes.shape)
            at = tuple(int(i) * (s.step or 1) for i, s in zip(index, slices, strict=True))
            terms = take_apart(event, sent, at)
            if terms is not None:
                found.append(terms._asdict())
        return found

    def array(self, x: np.ndarray) -> int:
        """The number of an array among `arrays`."""
        if id(x) not in self.stored:
            slices = _part(x.shape, self.most)
            is_whole = all(s == slice(None) for s in slices)
            self.stored[id(x)] = len(self.arrays), x
            self.arrays.append(
                {
                    "shown": x[(*slices, ...)],
                    "shape": x.shape,
                    "part": "" if is_whole else f"[{', '.join(map(_text, slices))}]",
                    "steps": [s.step or 1 for s in slices],
                    "facts": statistics(x).removeprefix(", ").removesuffix(", nan 0"),
                }
            )
        return self.stored[id(x)][0]


def _rules(entry: Entry) -> tuple[str, list[tuple[str, str]]]:
    assert entry.op is not None
    return formulas(entry.op_name, entry.op, len(entry.inputs))


def _layers(layers: tuple | None, known: Groups) -> list[dict[str, Any]]:
    """The layers that an op ran in, the outermost first; each call of a layer has its own key."""
    if layers is None:
        return []
    if id(layers) not in known:
        layer = layers[0]
        kind = type(layer).__name__ if any(layer.children()) else repr(layer)
        group = {"key": id(layers), "path": path_of(layers), "kind": kind}
        known[id(layers)] = [*_layers(layers[1], known), group]
    return known[id(layers)]


def _part(shape: tuple, most: int) -> tuple[Any, ...]:
    """What is shown of an array: whole maps, the first few; of a large one every so many rows."""
    parts, size = [], math.prod(shape)
    for axis, length in enumerate(shape):
        excess, left = size / most, len(shape) - axis
        if excess <= 1:
            parts.append(slice(None))
        elif left > 2:
            parts.append(slice(max(1, int(length / excess))))
        else:
            parts.append(slice(None, None, min(length, math.ceil(excess ** (1 / left)))))
        size = size // length * len(range(length)[parts[-1]]) if length else 0
    return tuple(parts)


def _told(x: Any) -> str:
    with np.printoptions(threshold=8, edgeitems=2):
        text = " ".join(repr(x).split())
    return text if len(text) <= 60 else text[:60] + "…"


def _text(part: slice) -> str:
    """As one writes it: ":", ":1" or "::3"."""
    stop = "" if part.stop is None else part.stop
    return f":{stop}" + (f":{part.step}" if part.step else "")
