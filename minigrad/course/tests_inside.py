"""The adapter of students' own tests: it runs in their process, where minigrad may be mistaken."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from minigrad.course.inside import plant
from minigrad.course.mutants import Mutant, original


def prepare(solution: list[str]) -> None:
    """Give the tests a module `solution` with these functions and classes of minigrad."""
    module = ModuleType("solution")
    for path in solution:
        setattr(module, path.rpartition(".")[2], original(path))
    sys.modules["solution"] = module


def run_test(tests: Any, name: str, mutant: dict[str, Any] | None) -> str | None:
    """Run a test, with a mistake planted if one is given; why it fails, or None."""
    mend = plant(Mutant(**mutant)) if mutant else lambda: None
    try:
        getattr(tests, name)()
    except Exception as error:
        return f"{type(error).__name__}: {error}".partition("\n")[0]
    finally:
        mend()
    return None
