"""Leave a model, its optimizer and all chance as they were, to the bit."""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ...nn import Layer
from ...optim import Optimizer
from ...optim.lr_scheduler import LRScheduler
from ...origin import HERE
from ...random import Generator, get_rng_state, set_rng_state
from ...tensor import Tensor
from ...writes import forget_writes, next_order

ABSENT = object()
LARGE = 2**26  # bytes of an array around a step that is taken for data, which no step writes to
OBJECTS = Layer, Optimizer, LRScheduler  # what these hold is put back too

Undo = list[Callable[[], Any]]


@contextmanager
def unchanged(things: Iterable[Any], functions: Iterable[Any] = ()) -> Iterator[None]:
    """After the block, `things` and all chance are as they were before it.

    Of `functions` it is the variables around them that are put back: those of an enclosing
    function, the globals they name, and for methods what their object holds; of objects of the
    user's own among them the attributes, not those of objects that they hold in turn.
    """
    undo: Undo = []
    seen: set[int] = set()
    now = next_order()
    for thing in things:
        _remember(thing, undo, seen)
    for function in functions:
        for holder, variables in surroundings(function):
            undo.append(partial(_put_back_variables, holder, variables))
            for value in filter(_is_small, variables.values()):
                _remember(value, undo, seen)
                if _is_plain(value):
                    undo.append(partial(_put_back_items, vars(value), dict(vars(value))))
                    for held in filter(_is_small, vars(value).values()):
                        _remember(held, undo, seen)
    try:
        with same_chance():
            yield
    finally:
        for put_back in undo:
            put_back()
        forget_writes(now)


def _is_small(value: Any) -> bool:
    return getattr(value.data if isinstance(value, Tensor) else value, "nbytes", 0) < LARGE


def _is_plain(value: Any) -> bool:
    """Whether it is an object of the user's own, such as a meter or a running average."""
    known = (*OBJECTS, Tensor, type, ModuleType, FunctionType, MethodType)
    module = sys.modules.get(type(value).__module__)
    theirs = not str(getattr(module, "__file__", "")).startswith(HERE)
    return (
        theirs and not isinstance(value, known) and isinstance(getattr(value, "__dict__", 0), dict)
    )


@contextmanager
def same_chance() -> Iterator[None]:
    """After the block, minigrad's, NumPy's and Python's streams of chance are where they were."""
    streams, of_numpy, of_python = get_rng_state(), np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        set_rng_state(streams)
        np.random.set_state(of_numpy)
        random.setstate(of_python)


def _remember(thing: Any, undo: Undo, seen: set[int]) -> None:
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, Tensor):
        undo.append(partial(_put_back_tensor, thing, _slots(thing), list(thing.hooks or ())))
        _remember(thing.data, undo, seen)
        _remember(thing.grad, undo, seen)
    elif isinstance(thing, np.ndarray):
        if thing.flags.writeable and not thing.dtype.hasobject:
            undo.append(partial(np.copyto, thing, thing.copy()))
    elif isinstance(thing, OBJECTS):
        _remember(vars(thing), undo, seen)
    elif isinstance(thing, Generator):
        undo.append(
            partial(setattr, thing.numpy.bit_generator, "state", thing.numpy.bit_generator.state)
        )
    elif isinstance(thing, np.random.Generator):
        stream = thing.bit_generator
        undo.append(partial(setattr, stream, "state", stream.state))
    elif isinstance(thing, (dict, list, set, deque)):
        undo.append(partial(_put_back_items, thing, copy(thing)))
        for value in list(thing.values() if isinstance(thing, dict) else thing):
            _remember(value, undo, seen)
    elif isinstance(thing, tuple):
        for value in thing:
            _remember(value, undo, seen)


def _slots(tensor: Tensor) -> dict[str, Any]:
    names = ("_data", "_requires_grad", "grad", "hooks")
    return {name: getattr(tensor, name) for name in names}


def _put_back_tensor(tensor: Tensor, slots: dict[str, Any], hooks: list) -> None:
    for name, value in slots.items():
        setattr(tensor, name, value)
    if tensor.hooks is not None:
        tensor.hooks[:] = hooks


def _put_back_items(thing: Any, before: Any) -> None:
    thing.clear()
    (thing.extend if isinstance(thing, (list, deque)) else thing.update)(before)


def surroundings(function: Any) -> list[tuple[Any, dict[str, Any]]]:
    """The variables that a user's function sees around it: pairs (where they are kept, values).

    They are kept in cells (name, cell), in the globals, or by the object that a method belongs to.
    The functions that it calls by name are looked at too. A global that is not there is ABSENT.
    """
    found: list[tuple[Any, dict[str, Any]]] = []
    todo, seen = [function], set()
    while todo:
        f = todo.pop()
        if isinstance(f, partial):
            f = f.func
        if isinstance(f, MethodType):
            found.append((f.__self__, dict(vars(f.__self__))))
            f = f.__func__
        elif not isinstance(f, FunctionType) and hasattr(f, "__dict__") and callable(f):
            found.append((f, dict(vars(f))))
            f = type(f).__call__
        if not isinstance(f, FunctionType) or f in seen or f.__code__.co_filename.startswith(HERE):
            continue
        seen.add(f)
        cells = list(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True))
        cells = [(name, cell) for name, cell in cells if _is_filled(cell)]
        inner = {name: cell.cell_contents for name, cell in cells}
        outer = {name: f.__globals__.get(name, ABSENT) for name in f.__code__.co_names}
        found += [(cells, inner), (f.__globals__, outer)]
        todo += [v for v in (*inner.values(), *outer.values())
                 if isinstance(v, (FunctionType, MethodType))]  # fmt: skip
    return found


def _is_filled(cell: Any) -> bool:
    """Whether the variable has a value yet."""
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _put_back_variables(holder: Any, before: dict[str, Any]) -> None:
    if isinstance(holder, list):
        for name, cell in holder:
            cell.cell_contents = before[name]
    elif isinstance(holder, dict):
        for name, value in before.items():
            if value is not ABSENT:
                holder[name] = value
            else:
                holder.pop(name, None)
    else:
        _put_back_items(vars(holder), before)
