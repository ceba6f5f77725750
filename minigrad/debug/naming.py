"""The words for an op, a node or a leaf in a message: op, the user's line, layer path."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..graph import Node, path_of, running
from ..origin import line_text, user_frame, user_line
from ..tensor import Tensor


class Place(NamedTuple):
    """An op, the layers it ran in, and the user's line.

    As text: "conv2d at net.py:12, in features.0 (Conv2d)".
    """

    op: str
    layers: tuple | None
    line: str

    @classmethod
    def of(cls, node: Node) -> Place:
        """Where a node was made."""
        return cls(node.name, node.layers, node.line)

    @classmethod
    def now(cls, op: str) -> Place:
        """Where an op runs at this moment."""
        return cls(op, running.layers, line_text(user_line()))

    @property
    def path(self) -> str:
        """The layer's path in the model that was called."""
        return path_of(self.layers)

    def __str__(self) -> str:
        text = f"{self.op} at {self.line}"
        if self.layers is None:
            return text
        kind = type(self.layers[0]).__name__
        return f"{text}, in {self.path} ({kind})" if self.path else f"{text}, in {kind}"


def target_name(target: Node | Tensor, layers: tuple | None) -> str:
    """A node by its place; a leaf by its name in the model, the last of `layers`, or program."""
    if isinstance(target, Node):
        return str(Place.of(target))
    return leaf_name(target, layers) or variable_name(target) or f"a leaf of shape {target.shape}"


def leaf_name(leaf: Tensor, layers: tuple | None) -> str:
    """The name of a parameter in the outermost of `layers`; "" if it is none of its."""
    model: Any = None
    while layers is not None:
        model, layers = layers
    if model is None:
        return ""
    return next((name for name, p in model.named_parameters() if p is leaf), "")


def variable_name(x: Tensor) -> str:
    """What the program calls a tensor at this moment, such as "images"; "" if it has no name."""
    frame = user_frame()
    for names in (frame.f_locals, frame.f_globals) if frame is not None else ():
        for name, value in names.items():
            if value is x:
                return name
    return ""
