"""The packages that a student's file may import, and what it replaces in them."""

from __future__ import annotations

import builtins
import importlib
import pkgutil
import sys
from collections.abc import Iterable

from .gate import SOLUTION

TOOLS = {  # of minigrad, that solutions do not need, and that take long to import
    "__main__", "cli", "comparison", "compat", "course", "debug", "plot", "train",
}  # fmt: skip
WATCHED = ["numpy", "numpy.linalg", "numpy.random", "numpy.fft"]


def import_all(packages: Iterable[str]) -> None:
    """Import them, and what of minigrad nets need: its files cannot be read any more afterwards."""
    for name in packages:
        module = importlib.import_module(name)
        if name != SOLUTION:
            continue
        for part in pkgutil.iter_modules(module.__path__, f"{name}."):
            if part.name.removeprefix(f"{name}.") in TOOLS:
                continue
            within = importlib.import_module(part.name)
            for found in pkgutil.walk_packages(getattr(within, "__path__", []), f"{part.name}."):
                importlib.import_module(found.name)
        with sys.modules[f"{name}.kernels.threads"].one_blas_thread():
            pass  # it finds the BLAS library now, while C functions may still be called


class Watch:
    """Tells what a student's file replaces in NumPy and in Python, and puts it back."""

    def __init__(self) -> None:
        modules = [builtins, *(sys.modules[name] for name in WATCHED if name in sys.modules)]
        self.kept = [
            (f"{module.__name__}.{key}", vars(module), key, value)
            for module in modules
            for key, value in vars(module).items()
            if callable(value) and not key.startswith("_")
        ]

    def put_back(self) -> list[str]:
        """The names of what was replaced. Calls nothing of Python's: that may be what was."""
        replaced = []
        for name, names, key, value in self.kept:
            if key not in names or names[key] is not value:
                names[key] = value
                replaced += [name]
        if "numpy.testing" in sys.modules:  # slow to import, so there is nothing to put back
            for key, value in vars(sys.modules["numpy.testing"]).items():
                if getattr(value, "__module__", None) == "submission":
                    replaced.append(f"numpy.testing.{key}")
        return replaced
