"""The engine: a Tensor remembers how it was made, and `backward` walks that memory from the end.

Forward: `apply` runs an op on plain arrays. The op returns its result and its own way back, and
`apply` keeps that way back in a Node, together with the nodes it came from and the user's line.

Backward: `backprop.walk_back` goes from node to node, the newest first. What arrives at a leaf goes
into `leaf.grad`.
"""

from __future__ import annotations

import sys
import weakref
from bdb import Bdb
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import copy_context
from sys import gettrace
from typing import Any

import numpy as np

from . import backprop
from .grad_mode import recording
from .graph import Node, RemovableHandle, running
from .kernels.rows import copy_runs
from .kernels.threads import traced
from .methods import Methods
from .methods.base import need_tensor
from .methods.text import describe
from .origin import called_by_user
from .writes import take_in

QUIET = copy_context()  # in it NumPy does not warn: inf and nan are results like others
QUIET.run(np.seterr, all="ignore")
settrace: Any = sys.settrace  # Any: in `backward` the None that it returns is a value


def apply(op: Callable, *inputs: Any, **options: Any) -> Tensor:
    """Run `op` on the arrays of `inputs` and remember the way back.

    `op(*arrays, **options)` returns (result array, way back); the way back takes the gradient of
    the result and returns a tuple with the gradient of each input, and is None where there is no
    derivative. An input that is no Tensor (a number, an array, None) is passed on as it is.
    An op with the keyword `needs` is told which inputs want a gradient and can spare the others.
    """
    arrays, needs, targets = [], [], []
    for x in inputs:
        if isinstance(x, Tensor):
            needed = x._requires_grad and recording.enabled
            arrays.append(x._data)
            needs.append(needed)
            targets.append((x if x._node is None else x._node) if needed else None)
        else:
            if isinstance(x, np.ndarray):
                take_in(x, op.__name__)
            elif isinstance(x, (list, tuple)) or (x is None and not arrays):  # a bias may be None
                need_tensor(op.__name__, x)
            arrays.append(x)
            needs.append(False)
            targets.append(None)
    if op.__kwdefaults__ is not None and "needs" in op.__kwdefaults__:
        options["needs"] = needs
    # 12% faster for small arrays; but in QUIET NumPy's print options are not the user's
    run = _run if traced() else QUIET.copy().run
    data, backward = run(op, *arrays, **options)

    result = Tensor.__new__(Tensor)
    result._data = data if type(data) is np.ndarray else np.asarray(data)
    result.grad = result.hooks = result._node = None
    result._requires_grad = recorded = backward is not None and True in needs
    if recorded:
        result._node = Node(backward, tuple(targets), result._data.shape)
    for watcher in running.watchers:
        watcher.computed(op, inputs, options, result)
    return result


@np.errstate(all="ignore")
def _run(op: Callable, *arrays: Any, **options: Any) -> tuple[Any, Any]:
    return op(*arrays, **options)


class Tensor(Methods):
    """A NumPy array that can remember how it was computed.

    `data` is the plain array. With `requires_grad=True` every result computed from the tensor is
    recorded, and `result.backward()` puts d result / d tensor into `.grad`, a Tensor too.
    `Tensor(array)` wraps an array as it is, `Tensor(list)` makes float32 of it;
    `minigrad.tensor(...)` copies, and chooses the dtype by the numbers.

    >>> x = mg.tensor([2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad.tolist()
    [4.0, 6.0]
    """

    __slots__ = ("__weakref__", "_data", "_node", "_requires_grad", "grad", "hooks")
    __array_priority__ = 1000  # array + Tensor is a Tensor

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        if not isinstance(requires_grad, bool):
            raise TypeError(
                f"Tensor: requires_grad must be True or False, got {requires_grad!r}; for a tensor "
                f"of a shape write minigrad.empty({data!r}, {requires_grad!r})"
            )
        self._data = data if isinstance(data, np.ndarray) else np.asarray(data)
        if isinstance(data, (list, tuple)) and self._data.dtype.kind in "fiub":
            self._data = self._data.astype(np.float32)  # as in PyTorch, also whole numbers
        if self._data.dtype.kind not in "fiub":
            raise TypeError(
                f"Tensor: cannot hold values of type {self._data.dtype}; "
                "give real numbers or booleans in a rectangular shape"
            )
        if called_by_user():
            take_in(self._data, "Tensor(...)")
        self.grad: Tensor | None = None
        self.hooks: list | None = None
        self._node: Node | None = None
        self._requires_grad = False
        if requires_grad:
            self.requires_grad = True

    _apply = staticmethod(apply)

    @property
    def requires_grad(self) -> bool:
        """Whether results computed from this tensor are recorded for `backward`."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if value and self.data.dtype.kind != "f":
            raise RuntimeError(
                f"only floating point tensors can require grad, this one is {self.data.dtype}; "
                "write x.float() first"
            )
        if not value and self._node is not None:
            raise RuntimeError(
                f"this tensor was computed by {self._node}; requires_grad can only be taken from "
                "leaves. Write x.detach() for a tensor without its history"
            )
        self._requires_grad = bool(value)

    @property
    def grad_fn(self) -> Node | None:
        """The node that made this tensor; None for a leaf."""
        return self._node

    @property
    def is_leaf(self) -> bool:
        """True where no recorded op made this tensor."""
        return self._node is None

    def _is_recording(self) -> bool:
        return self._requires_grad and recording.enabled

    def detach(self) -> Tensor:
        """A tensor on the same array, without history."""
        return Tensor(self._data)

    def detach_(self) -> Tensor:
        """Forget how this tensor was made: from here on it is a leaf without gradient."""
        self._node, self._requires_grad = None, False
        return self

    def retain_grad(self) -> None:
        """Let `backward` fill `.grad` of this tensor although it is no leaf."""
        if not self._requires_grad:
            raise RuntimeError("retain_grad: this tensor does not require grad")
        if self._node is not None:
            me = weakref.ref(self)

            def keep(gradient: Tensor) -> None:
                tensor = me()
                if tensor is not None:
                    tensor.grad = Tensor(gradient.data.copy())

            self.register_hook(keep)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook(gradient)` when this tensor's gradient is complete.

        What the hook returns, if not None, takes the gradient's place. `.remove()` on the result
        takes the hook away.
        """
        if not self._requires_grad:
            raise RuntimeError("register_hook: this tensor does not require grad, so it gets none")
        holder = self if self._node is None else self._node
        if holder.hooks is None:
            holder.hooks = []
        return RemovableHandle(holder.hooks, _on_array(hook))

    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        """Add to `.grad` of every leaf the derivative of this tensor by that leaf.

        A tensor of more than one element needs `gradient`, of its own shape: the derivative of
        whatever comes after it. The graph is freed on the way unless `retain_graph=True`.

        >>> x = mg.ones(2, requires_grad=True)
        >>> for _ in range(2):
        ...     (3 * x).backward(gradient=mg.ones(2))
        >>> x.grad.tolist()
        [6.0, 6.0]
        """
        # One line, since pdb is to see no more of the engine before it gets to the ops' ways back.
        pdb = isinstance(getattr(tracer := gettrace(), "__self__", None), Bdb) and [settrace(None)]
        try:
            with np.errstate(all="ignore"):
                walk = self._walk_back(gradient, retain_graph, tracer if pdb else None)
                deque(walk, maxlen=0)
        finally:
            if pdb:
                settrace(tracer)

    def _walk_back(self, gradient: Any, retain_graph: bool, tracer: Any = None) -> Iterator:
        """The steps of `backward`, each waiting to be asked for."""
        start = self if self._node is None else self._node
        return backprop.walk_back(start, _seed(self, gradient), retain_graph, _settle, tracer)

    def __repr__(self) -> str:
        made = f"{self._node.name} at {self._node.line}" if self._node is not None else ""
        return describe(self.data, self._requires_grad, made)


def _on_array(hook: Callable[[Tensor], Tensor | None]) -> Callable[[np.ndarray], np.ndarray]:
    """The user's hook for Tensors as one for arrays, which returns the gradient to go on with.

    It gets a copy, which it may write into: other inputs may share the gradient itself.
    """

    def on_array(dy: np.ndarray) -> np.ndarray:
        own = Tensor(dy.copy(order="K"))
        replaced = hook(own)
        if replaced is None:
            return own._data
        if not isinstance(replaced, Tensor) or replaced.shape != dy.shape:
            raise RuntimeError(
                f"a hook must return None or a Tensor of the gradient's shape {dy.shape}, it "
                f"returned {replaced!r}"
            )
        return np.asarray(replaced.data, dy.dtype)

    return on_array


def _seed(root: Tensor, gradient: Any) -> np.ndarray:
    """The gradient that `backward` starts from: an array of its own, laid out like the tensor."""
    if not root._requires_grad:
        raise RuntimeError(
            "backward: this tensor does not require grad and was not computed from one that does; "
            "was it computed under no_grad() or from detached tensors?"
        )
    shape, dtype = root.data.shape, root.data.dtype
    if gradient is None:
        if root.data.size != 1:
            raise RuntimeError(
                f"backward: a gradient is implied only for one element, this tensor has shape "
                f"{shape}; write loss.sum().backward(), or pass gradient= of shape {shape}"
            )
        return np.ones(shape, dtype)
    given = np.asarray(gradient.data if isinstance(gradient, Tensor) else gradient, dtype)
    if given.shape != shape:
        raise RuntimeError(
            f"backward: gradient has shape {given.shape}, the tensor has shape {shape}; "
            "they must be the same"
        )
    seed = np.empty_like(root.data)
    copy_runs(seed, given)
    return seed


def _settle(leaf: Tensor, dx: np.ndarray) -> None:
    """Add what arrived at a leaf to its `.grad`."""
    leaf.grad = Tensor(dx if leaf.grad is None else leaf.grad.data + dx)
