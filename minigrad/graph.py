"""What the engine remembers of a computation: one Node for each step, and the user's line."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
MODELS = HERE + "models.py"  # the ready-made nets count as the user's code

_next_order = itertools.count().__next__


class Node:
    """One step of a computation: what made a tensor, from what, and the way back.

    `inputs` holds for each input of the op a Node, a leaf Tensor, or None (needs no gradient).
    """

    __slots__ = (
        "__weakref__", "backward", "hooks", "inputs", "order", "origin", "shape", "versions",
    )  # fmt: skip

    def __init__(self, backward: Callable, inputs: tuple, versions: tuple, shape: tuple) -> None:
        self.backward: Callable | str = backward  # only its name once the graph is freed
        self.inputs = inputs
        self.versions = versions
        self.shape = shape
        self.order = _next_order()
        self.hooks: list | None = None
        self.origin = _user_line()

    @property
    def name(self) -> str:
        """The op's name, such as "conv2d"."""
        return op_name(self.backward)

    @property
    def line(self) -> str:
        """The user's file and line that made this node, such as "lesson.py:12"."""
        code, lineno = self.origin
        return f"{os.path.basename(code.co_filename)}:{lineno}" if code else "(unknown line)"

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


def _user_line() -> tuple:
    """The innermost frame that is not minigrad's own, as (code, line number)."""
    frame: FrameType | None = sys._getframe(3)
    while frame is not None:
        path = frame.f_code.co_filename
        if not path.startswith(HERE) or path == MODELS:
            return frame.f_code, frame.f_lineno
        frame = frame.f_back
    return None, 0
