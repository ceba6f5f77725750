"""torch.jit and torch.compile: every function and model stays the Python that it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from .names import tell_missing as _tell_missing

T = TypeVar("T")


def _as_it_is(name: str, obj: T) -> T:
    warnings.warn(f"{name}: minigrad compiles nothing, what was given runs as it is", stacklevel=3)
    return obj


def compile(model: Any = None, **options: Any) -> Any:
    """`model`, a Layer or a function, as it is, and a warning; also a decorator."""
    if model is not None:
        return _as_it_is("compile", model)

    def decorator(function: T) -> T:
        return _as_it_is("compile", function)

    return decorator


def script(obj: T) -> T:
    """`obj`, a Layer or a function, as it is, and a warning; also a decorator."""
    return _as_it_is("jit.script", obj)


def trace(func: Callable, example_inputs: Any = None, **options: Any) -> Callable:
    """`func`, a Layer or a function, as it is, and a warning."""
    return _as_it_is("jit.trace", func)


_tell_missing(__name__)
