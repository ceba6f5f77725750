"""Backpropagation: from the loss back to the leaves, the newest step first.

Take the newest node that has a gradient, call its way back, and add what comes out to the gradients
of its inputs. A node is always newer than its inputs, so when its turn comes all contributions to
its gradient have arrived.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import writes
from .graph import Node, op_name, refuse_stale, running
from .kernels.elementwise import calculate
from .kernels.rows import contiguous


def walk_back(
    start: Any, seed: np.ndarray, retain_graph: bool, settle: Callable, tracer: Any = None
) -> Iterator[tuple[Node, np.ndarray]]:
    """Yield each node with its complete gradient, and after that run its way back.

    `start` is a Node or a leaf, `seed` its gradient. `node.backward(dy)` returns one gradient for
    each of `node.inputs`; these are Nodes, leaves, and None where no gradient is needed. In the end
    `settle(leaf, gradient)` is called once for every leaf that `start` depends on, each with an
    array of its own. `tracer` is that of a pdb, which is to see the ways back and hooks.
    """
    # <solution: the walk, with `yield node, dy` before `node.backward(dy)` is called>
    grads: dict[Any, np.ndarray] = {start: seed}
    todo: list[tuple[int, Node]] = [(-start.order, start)] if isinstance(start, Node) else []
    while todo:
        node = heapq.heappop(todo)[1]
        dy = grads.pop(node)
        if node.hooks:
            dy = _run_hooks(node.hooks, dy, tracer)
        backward, inputs = node.backward, node.inputs
        if isinstance(backward, str):
            raise RuntimeError(
                f"backward a second time through {node}: its graph was freed by the first. "
                "Compute the loss anew before each backward(), or write "
                "loss.backward(retain_graph=True) the first time"
            )
        if node.order < writes.latest or node.sealed:
            refuse_stale(node, backward)
        for watcher in running.watchers:
            tracer = watcher.arrived(node, dy) or tracer
        yield node, dy
        gradients = backward(dy) if tracer is None else _call(backward, dy, tracer)
        for watcher in running.watchers:
            watcher.sent(node, gradients)
        for i, target in enumerate(inputs):
            if target is None:
                continue
            dx = gradients[i]
            if dx is None:
                raise RuntimeError(
                    f"{node} has no derivative by its input {i}; give it x.detach() there"
                )
            if dx.shape != target.shape:
                raise RuntimeError(
                    f"{op_name(backward)}_backward returned a gradient of shape {dx.shape} for "
                    f"its input {i} of shape {target.shape} (made at {node.line}); a gradient has "
                    "its input's shape: sum over the axes that were broadcast"
                )
            is_leaf = not isinstance(target, Node)
            if target in grads:
                grads[target] = calculate(np.add, grads[target], dx)
            elif is_leaf:
                grads[target] = _own(dx, dy, gradients[:i])
            else:
                grads[target] = dx
                heapq.heappush(todo, (-target.order, target))
            for watcher in running.watchers:
                watcher.added(node, i, dx, grads[target])
        if not retain_graph:
            node.backward, node.inputs, node.sealed = backward.__name__, (), ()

    for leaf, dx in grads.items():
        settle(leaf, _run_hooks(leaf.hooks, dx, tracer) if leaf.hooks else dx)
    # </solution>


def _run_hooks(hooks: list, dy: np.ndarray, tracer: Any) -> np.ndarray:
    for hook in list(hooks):  # one may take itself away
        dy = hook(dy) if tracer is None else _call(hook, dy, tracer)
    return dy


def _own(dx: np.ndarray, dy: np.ndarray, others: tuple) -> np.ndarray:
    """A gradient that no one else holds: a leaf keeps it, and the user may write into it."""
    shared = dx is dy or dx.base is not None or any(dx is other for other in others)
    return contiguous(dx) if shared else dx


def _call(function: Callable, dy: np.ndarray, tracer: Any) -> Any:
    """function(dy), seen by pdb, whose trace function is `tracer`, but not the engine around it.

    pdb stops at the function's first line, not at its def.
    """

    def at_first_line(frame: Any, event: str, arg: Any) -> Any:
        sys.settrace(tracer)
        return tracer

    sys.settrace(at_first_line)
    result, _ = function(dy), sys.settrace(None)  # type: ignore[func-returns-value]
    return result  # the line before it is one, lest the debugger stop between its two parts
