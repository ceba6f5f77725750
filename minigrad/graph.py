"""What the engine remembers of a computation: a Node for each step, its layer, the user's line."""

from __future__ import annotations

import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, TypeVar

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
MODELS = HERE + "models.py"  # the ready-made nets count as the user's code

_next_order = itertools.count().__next__


class Running(threading.local):
    """The model that runs at this moment.

    `layers` is its innermost layer as (layer, what ran when it was called), None outside; `ran`
    holds (layer, shape of its output) of the layers that are through.
    """

    layers: tuple | None = None
    ran: tuple | list = ()


running = Running()


class Node:
    """One step of a computation: what made a tensor, from what, and the way back.

    `inputs` holds for each input of the op a Node, a leaf Tensor, or None (needs no gradient).
    """

    __slots__ = (
        "__weakref__", "backward", "hooks", "inputs", "layers", "order", "origin", "shape",
        "versions",
    )  # fmt: skip

    def __init__(self, backward: Callable, inputs: tuple, versions: tuple, shape: tuple) -> None:
        self.backward: Callable | str = backward  # only its name once the graph is freed
        self.inputs = inputs
        self.versions = versions
        self.shape = shape
        self.order = _next_order()
        self.hooks: list | None = None
        self.layers = running.layers
        self.origin = user_line()

    @property
    def name(self) -> str:
        """The op's name, such as "conv2d"."""
        return op_name(self.backward)

    @property
    def line(self) -> str:
        """The user's file and line that made this node, such as "lesson.py:12"."""
        return line_text(self.origin)

    @property
    def layer(self) -> Any:
        """The innermost layer that the step was made in; None outside of layers."""
        return self.layers[0] if self.layers else None

    @property
    def layer_path(self) -> str:
        """Where that layer sits in the model that was called, such as "features.3".

        "" outside of layers, and for the model itself.
        """
        return path_of(self.layers)

    @property
    def next_functions(self) -> tuple:
        """PyTorch's name for the edges: a pair (node or leaf, 0) for each input."""
        return tuple((target, 0) for target in self.inputs)

    def __repr__(self) -> str:
        return f"<{self.name} at {self.line}>"


def op_name(backward: Callable | str) -> str:
    """The name of the op that a way back belongs to."""
    name = backward if isinstance(backward, str) else backward.__name__
    return name.removesuffix("_backward")


def path_of(layers: tuple | None) -> str:
    """The path of the innermost of the layers that run, in the outermost, such as "features.3"."""
    chain = []
    while layers is not None:
        layer, layers = layers
        chain.append(layer)
    if not chain:
        return ""
    names = {layer: name for name, layer in chain[-1].named_modules()}
    return next((names[layer] for layer in chain if layer in names), "")


class RemovableHandle:
    """What registering a hook returns: `.remove()` takes the hook away again."""

    def __init__(self, hooks: list, hook: Callable) -> None:
        self._hooks, self._hook = hooks, hook
        self._removed = False
        hooks.append(hook)

    def remove(self) -> None:
        """Take the hook away; a second time does nothing."""
        if not self._removed:
            self._hooks.remove(self._hook)
            self._removed = True


def refuse_stale(node: Node, backward: Callable, leaf: Any) -> None:
    """Raise if this way back kept the array of `leaf`, which was written to in the meantime."""
    for cell in backward.__closure__ or ():
        kept = cell.cell_contents
        arrays = kept if isinstance(kept, tuple) else (kept,)
        if any(isinstance(x, np.ndarray) and np.may_share_memory(x, leaf.data) for x in arrays):
            raise RuntimeError(
                f"a tensor of shape {leaf.shape} that {op_name(backward)} at {node.line} keeps "
                "for its gradient was changed in place before backward(); call backward() before "
                "optimizer.step() or the in-place method, or compute the loss anew"
            )


class Watcher:
    """What a debugging tool overrides to be told of each step, forward and backward.

    It is told while it stands in `watchers`, which `watching` does for the time of a block.
    """

    def computed(self, op: Callable, inputs: tuple, result: Any) -> None:
        """`op` made the Tensor `result` of `inputs`, its options behind them."""

    def arrived(self, node: Node, dy: np.ndarray) -> Any:
        """The gradient of what `node` made is complete; its way back is to run next.

        What this returns, if not None, is the trace function of a debugger to show that way to.
        """

    def sent(self, node: Node, gradients: tuple) -> None:
        """The way back of `node` gave these gradients for its inputs."""

    def added(self, node: Node, i: int, dx: np.ndarray, total: np.ndarray) -> None:
        """Input i of `node` received dx; all that it has received so far is `total`."""


watchers: list[Watcher] = []
W = TypeVar("W", bound=Watcher)


@contextmanager
def watching(watcher: W) -> Iterator[W]:
    """Within the block, `watcher` is told of each step."""
    watchers.append(watcher)
    try:
        yield watcher
    finally:
        watchers.remove(watcher)


def user_line() -> tuple[CodeType | None, int]:
    """The line of the innermost frame that is not minigrad's own: its code object and number."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        if not path.startswith(HERE) or path == MODELS:
            return frame.f_code, frame.f_lineno
        frame = frame.f_back
    return None, 0


def line_text(line: tuple[CodeType | None, int]) -> str:
    """Such as "lesson.py:12"."""
    code, number = line
    return f"{os.path.basename(code.co_filename)}:{number}" if code else "(unknown line)"
