"""The adapter of students' own tests: it runs in their process, where minigrad may be mistaken."""

from __future__ import annotations

import sys
from types import CodeType, FunctionType, ModuleType
from typing import Any

import minigrad.debug  # noqa: F401  tests may use gradcheck, and cannot read files any more
from minigrad.course.inside import changed, planted
from minigrad.course.mutants import Mutant, original

mistakes: list[dict[FunctionType, CodeType]] = []


def prepare(solution: list[str], mutants: list[dict[str, Any]]) -> None:
    """Give the tests a module `solution` with these functions and classes of minigrad."""
    module = ModuleType("solution")
    for path in solution:
        setattr(module, path.rpartition(".")[2], original(path))
    sys.modules["solution"] = module
    mistakes.extend(planted(Mutant(**mutant)) for mutant in mutants)


def run_test(tests: Any, name: str, mistake: int | None) -> str | None:
    """Run a test, with a mistake planted if one is given; why it fails, or None."""
    try:
        with changed(mistakes[mistake] if mistake is not None else {}):
            getattr(tests, name)()
    except Exception as error:
        return f"{type(error).__name__}: {error}".partition("\n")[0]
    return None
