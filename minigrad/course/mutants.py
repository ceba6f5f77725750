"""Mistakes planted in minigrad's own source, to see whether tests notice them."""

from __future__ import annotations

import importlib
import inspect
from typing import Any, NamedTuple


class Mutant(NamedTuple):
    """`old` is replaced by `new` in the module of `path`, the `nth` time it stands there.

    `path` is what is tested, such as "ops.conv.conv"; `what` says in words what is wrong.
    """

    path: str
    old: str
    new: str
    what: str
    nth: int = 0

    @property
    def name(self) -> str:
        """The function or class with the mistake."""
        return self.path.rpartition(".")[2]

    def plant(self) -> Any:
        """The function or class with the mistake in it; minigrad itself stays as it is."""
        path = f"minigrad.{self.path.rpartition('.')[0]}"
        source = replaced(inspect.getsource(importlib.import_module(path)), *self[1:3], self.nth)
        names = {"__name__": path, "__package__": path.rpartition(".")[0]}
        exec(compile(source, f"<mutant of {path}>", "exec"), names)
        return names[self.name]


def replaced(source: str, old: str, new: str, nth: int = 0) -> str:
    """`source` with `new` for the `nth` `old`; ValueError if there are not that many."""
    parts = source.split(old)
    if len(parts) < nth + 2:
        raise ValueError(f"{old!r} does not stand there {nth + 1} times")
    return old.join(parts[: nth + 1]) + new + old.join(parts[nth + 1 :])


def original(path: str) -> Any:
    """Minigrad's own function or class, such as "ops.conv.conv"; ValueError if it has none such."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(f"minigrad.{module}"), name)
    except (ImportError, AttributeError):
        raise ValueError(f'minigrad has no {path!r}; write for example "ops.conv.conv"') from None
