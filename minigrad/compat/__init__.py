"""Scripts written for PyTorch, run as they are: `import torch` gives minigrad itself.

`python -m minigrad.compat script.py` does it for a script, `install()` for what is imported after.
`torch.a.b` is the very module `minigrad.a.b`; torchvision is the package beside this file.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from ..names import explain, place_of

STANDS_FOR = {"torch": "minigrad", "torchvision": "minigrad.compat.torchvision"}


def install() -> None:
    """From now on `import torch` and `import torchvision`, and all below them, give minigrad.

    RuntimeError if PyTorch itself has been imported already.
    """
    for root, stand_in in STANDS_FOR.items():
        imported = sys.modules.get(root)
        if imported is not None and imported.__name__ != stand_in:
            raise RuntimeError(
                f"compat: the real {root} is imported already, from {imported.__file__}; call "
                "minigrad.compat.install() before anything imports it, or run the script by "
                "python -m minigrad.compat script.py"
            )
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())


class Finder(MetaPathFinder):
    """Finds minigrad's modules under PyTorch's names."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """How to import `fullname`; None, so that others are asked, for what is not PyTorch's."""
        if fullname.partition(".")[0] not in STANDS_FOR:
            return None
        return ModuleSpec(fullname, Alias(stand_in(fullname)))


class Alias(Loader):
    """Gives a module that exists already."""

    def __init__(self, module: ModuleType) -> None:
        self.module, self.spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself, no copy."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Run nothing; take back the name that Python's import has just written on the module."""
        module.__spec__ = self.spec


def stand_in(fullname: str) -> ModuleType:
    """The module of minigrad for one of PyTorch's; ModuleNotFoundError says what there is."""
    parent, _, name = fullname.rpartition(".")
    if not parent:
        return import_module(STANDS_FOR[fullname])
    owner = sys.modules[parent]
    known = vars(owner).get(name)
    if isinstance(known, ModuleType):
        return known
    wanted = f"{owner.__name__}.{name}"
    try:
        return import_module(wanted)
    except ModuleNotFoundError as error:
        if error.name != wanted:
            raise
    text = explain(place_of(owner.__name__), name, owner)
    raise ModuleNotFoundError(text, name=fullname)
