"""What a tape holds: tensors, and the events that made them and sent gradients to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..graph import Node, running
from ..origin import Line
from ..tensor import Tensor


class Entry:
    """A tensor on the tape: what an op made, or what was there before (a leaf, or data).

    `value` is a copy of its numbers. For what an op made, `op(*inputs, **options)` gives it again;
    an input is an Entry where a Tensor stood. `layers` and `origin` are as in a Node.
    """

    def __init__(self, target: Node | Tensor, value: np.ndarray, name: str) -> None:
        self.target = target  # the node or the tensor itself: kept, lest another takes its id
        self.value = value.copy()
        self.name = name  # that of a parameter or of a variable of the program, or ""
        self.op: Callable | None = None
        self.op_name = ""
        self.inputs: tuple = ()
        self.options: dict[str, Any] = {}
        self.layers = running.layers
        self.origin: Line = (None, 0)

    @property
    def needs_gradient(self) -> bool:
        """Whether a gradient is sent to it."""
        return isinstance(self.target, Node) or self.target.requires_grad

    def __repr__(self) -> str:
        return f"<{self.name or self.op_name or 'data'} {self.value.shape}>"


class Sent(NamedTuple):
    """A gradient on its way: from the backward of `sender` to its input number `input`."""

    sender: Entry
    input: int
    receiver: Entry
    gradient: np.ndarray


class Forward(NamedTuple):
    """An event: an op made `entry`."""

    entry: Entry


class Backward(NamedTuple):
    """An event: the op that made `entry` turned its complete gradient into those of its inputs.

    `received` are the contributions that `gradient` is the sum of, none where backward starts; a
    hook may have changed the sum. `sent` is what came out.
    """

    entry: Entry
    gradient: np.ndarray
    received: list[Sent]
    sent: list[Sent]


def add_up(received: list[Sent]) -> np.ndarray:
    """The sum of contributions, in the order in which backward adds them."""
    total = received[0].gradient
    for sent in received[1:]:
        total = total + sent.gradient
    return total
