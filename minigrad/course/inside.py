"""Minigrad in a student's process: without what the student is to write, or with a mistake in it.

A function is changed in place, by its code, so that every name and every reference that leads to it
leads to the change.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any

from .cut import BEGIN
from .mutants import Mutant, original


def hollow(path: str) -> None:
    """Let what is cut out of `path`, such as "ops.conv.conv", say that it is the solution itself.

    Of a class these are the methods with a marker in them, or all where there is none.
    """
    for function in _functions(path):
        function.__code__ = _refusal(path, function)


def planted(mutant: Mutant) -> dict[FunctionType, CodeType]:
    """The functions that a mutant changes, with their code in it."""
    other = mutant.plant()
    return {
        function: (getattr(other, function.__name__) if inspect.isclass(other) else other).__code__
        for function in _functions(mutant.path)
    }


@contextmanager
def changed(codes: dict[FunctionType, CodeType]) -> Iterator[None]:
    """Within the block, these functions have other code, everywhere."""
    before = {function: function.__code__ for function in codes}
    try:
        for function, code in codes.items():
            function.__code__ = code
        yield
    finally:
        for function, code in before.items():
            function.__code__ = code


def _functions(path: str) -> Iterator[FunctionType]:
    """The function of this path, or the methods of the class that students write."""
    found: Any = original(path)
    if inspect.isclass(found):
        methods = [value for value in vars(found).values() if isinstance(value, FunctionType)]
        marked = [method for method in methods if BEGIN in inspect.getsource(method)]
        yield from marked or methods
    else:
        yield found


def _refusal(path: str, function: FunctionType) -> CodeType:
    """Code that refuses to be the solution; it closes over the same names as the function."""
    free = function.__code__.co_freevars
    text = f"minigrad.{path} is the solution itself: write your own"
    outer = f"def outer({', '.join(free)}):\n    def refuse(*given, **options):\n"
    outer += "".join(f"        {name}\n" for name in free)
    outer += f"        raise RuntimeError({text!r})\n    return refuse"
    names: dict[str, Any] = {}
    exec(outer, names)
    return names["outer"](*free).__code__
