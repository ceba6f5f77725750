"""What the engine remembers of a computation: a Node for each step, its layer, the user's line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from .origin import line_text, user_line
from .writes import change_since, handed_out, next_order, seal


class Running(threading.local):
    """What runs in this thread at this moment: the model, and the tools that watch.

    `layers` is its innermost layer as (layer, what ran when it was called), None outside; `ran`
    holds (layer, shape of its output) of the model's layers that are through.
    """

    layers: tuple | None = None
    ran: tuple | list = ()
    watchers: tuple = ()


running = Running()


class Node:
    """One step of a computation: what made a tensor, from what, and the way back.

    `inputs` holds for each input of the op a Node, a leaf Tensor, or None (needs no gradient).
    """

    __slots__ = (
        "__weakref__", "backward", "hooks", "inputs", "layers", "order", "origin", "sealed",
        "shape",
    )  # fmt: skip

    def __init__(self, backward: Callable, inputs: tuple, shape: tuple) -> None:
        self.backward: Callable | str = backward  # only its name once the graph is freed
        self.inputs = inputs
        self.shape = shape
        self.order = next_order()
        self.hooks: list | None = None
        self.layers = running.layers
        self.origin = user_line()
        self.sealed = seal(backward) if handed_out else ()

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


def refuse_stale(node: Node, backward: Callable) -> None:
    """Raise if memory that this way back keeps was written to since the node was made."""
    change = change_since(node.order, backward, node.sealed)
    if change is not None:
        array, how = change
        raise RuntimeError(
            f"{op_name(backward)} at {node.line} keeps an array of shape {array.shape} for its "
            f"gradient, and {how}; call backward() before that line, or make a new array there "
            "(x = x + 1, x.data.copy())"
        )


class Watcher:
    """What a debugging tool overrides to be told of each step, forward and backward.

    It is told of what runs in the thread that called `watch`, until `unwatch`.
    """

    def computed(self, op: Callable, inputs: tuple, options: dict, result: Any) -> None:
        """`op(*inputs, **options)` made the Tensor `result`."""

    def arrived(self, node: Node, dy: np.ndarray) -> Any:
        """The gradient of what `node` made is complete; its way back is to run next.

        What this returns, if not None, is the trace function of a debugger to show that way to.
        """

    def sent(self, node: Node, gradients: tuple) -> None:
        """The way back of `node` gave these gradients for its inputs."""

    def added(self, node: Node, i: int, dx: np.ndarray, total: np.ndarray) -> None:
        """Input i of `node` received dx; all that it has received so far is `total`."""

    def watch(self) -> None:
        """Be told from now on."""
        running.watchers += (self,)

    def unwatch(self) -> None:
        """Be told no more; a second time does nothing."""
        running.watchers = tuple(watcher for watcher in running.watchers if watcher is not self)


W = TypeVar("W", bound=Watcher)


@contextmanager
def watching(watcher: W) -> Iterator[W]:
    """Within the block, `watcher` is told of each step."""
    watcher.watch()
    try:
        yield watcher
    finally:
        watcher.unwatch()
