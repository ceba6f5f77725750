"""Leave a model, its optimizer and all chance as they were, to the bit."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from ...graph import HERE
from ...nn import Layer
from ...optim import Optimizer
from ...optim.lr_scheduler import LRScheduler
from ...random import Generator, get_rng_state, set_rng_state
from ...tensor import Tensor

OBJECTS = Layer, Optimizer, LRScheduler  # what these hold is put back too

Undo = list[Callable[[], Any]]


@contextmanager
def unchanged(things: Iterable[Any], functions: Iterable[Any] = ()) -> Iterator[None]:
    """After the block, `things` and all chance are as they were before it.

    Of `functions` it is the variables around them that are put back: those of an enclosing
    function, the globals they name, and for methods what their object holds.
    """
    undo: Undo = []
    seen: set[int] = set()
    for thing in things:
        _remember(thing, undo, seen)
    for function in functions:
        for holder, variables in surroundings(function):
            undo.append(partial(_put_back_variables, holder, variables))
            for value in variables.values():
                _remember(value, undo, seen)
    streams, of_numpy, of_python = get_rng_state(), np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        for put_back in undo:
            put_back()
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
    elif isinstance(thing, dict):
        undo.append(partial(_put_back_dict, thing, dict(thing)))
        for value in list(thing.values()):
            _remember(value, undo, seen)
    elif isinstance(thing, list):
        undo.append(partial(thing.__setitem__, slice(None), list(thing)))
        for value in thing:
            _remember(value, undo, seen)
    elif isinstance(thing, tuple):
        for value in thing:
            _remember(value, undo, seen)


def _slots(tensor: Tensor) -> dict[str, Any]:
    names = ("_data", "_version", "_requires_grad", "grad", "hooks")
    return {name: getattr(tensor, name) for name in names}


def _put_back_tensor(tensor: Tensor, slots: dict[str, Any], hooks: list) -> None:
    for name, value in slots.items():
        setattr(tensor, name, value)
    if tensor.hooks is not None:
        tensor.hooks[:] = hooks


def _put_back_dict(thing: dict, before: dict) -> None:
    thing.clear()
    thing.update(before)


def _put_back_variables(holder: Any, before: dict[str, Any]) -> None:
    if isinstance(holder, dict):
        holder.update(before)
    else:
        for name, cell in holder:
            cell.cell_contents = before[name]


def surroundings(function: Any) -> list[tuple[Any, dict[str, Any]]]:
    """The variables that a user's function sees around it: pairs (where they are kept, values).

    Also those of the functions that it calls by name.
    """
    found: list[tuple[Any, dict[str, Any]]] = []
    todo, seen = [function], set()
    while todo:
        f = todo.pop()
        if isinstance(f, partial):
            f = f.func
        if isinstance(f, MethodType):
            found.append((vars(f.__self__), dict(vars(f.__self__))))
            f = f.__func__
        elif not isinstance(f, FunctionType) and hasattr(f, "__dict__") and callable(f):
            found.append((vars(f), dict(vars(f))))
            f = vars(type(f)).get("__call__")
        if not isinstance(f, FunctionType) or f in seen or _is_ours(f):
            continue
        seen.add(f)
        cells = [
            (name, cell)
            for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True)
            if _is_filled(cell)
        ]
        found.append((cells, {name: cell.cell_contents for name, cell in cells}))
        names = [name for name in f.__code__.co_names if name in f.__globals__]
        found.append((f.__globals__, {name: f.__globals__[name] for name in names}))
        values = [*found[-2][1].values(), *found[-1][1].values()]
        todo += [value for value in values if isinstance(value, (FunctionType, MethodType))]
    return found


def _is_ours(function: FunctionType) -> bool:
    return function.__code__.co_filename.startswith(HERE)


def _is_filled(cell: Any) -> bool:
    """Whether the variable has a value yet."""
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True
