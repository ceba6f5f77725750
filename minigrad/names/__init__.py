"""What to say of a name that minigrad lacks: whether PyTorch has it, and what there is instead.

A `place` is a module as scripts call it: "torch", "nn", "nn.functional", "optim.lr_scheduler";
"Tensor" for methods; "datasets", "transforms", "models", "ops" and "utils" for torchvision's.
The names of PyTorch are in pytorch.txt, which `make names` writes, those of torchvision in
torchvision.txt. All is read only when an error is about to be raised.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from opcode import opname
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NoReturn

from ..origin import user_frame

HERE = Path(__file__).parent
LOOK_IN = (
    "nn", "nn.functional", "nn.init", "nn.utils", "optim", "optim.lr_scheduler", "utils.data",
    "transforms", "datasets", "models",
)  # fmt: skip


def tell_missing(module: str) -> None:
    """Let a module tell, of each name that it lacks, what there is instead."""
    vars(sys.modules[module])["__getattr__"] = missing(module)  # a type checker must not see it


def missing(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module: AttributeError that tells of PyTorch's name and the edit.

    ImportError with the same words if `from module import name` asks.
    """

    def __getattr__(name: str) -> NoReturn:
        owner, frame = sys.modules[module], user_frame()
        if name.startswith("__") or _is_submodule(owner, name):
            raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
        text = explain(place_of(module), name, owner)
        if frame is not None and _is_import(frame):
            raise ImportError(text, name=module)
        raise AttributeError(text, name=name)

    return __getattr__


def place_of(module: str) -> str:
    """The place of one of minigrad's modules."""
    if module == "minigrad":
        return "torch"
    return module.removeprefix("minigrad.").removeprefix("compat.").removeprefix("torchvision.")


def explain(place: str, name: str, owner: Any) -> str:
    """Why `owner`, the module or class at `place`, has no `name`, and what to write."""
    full = f"{place}.{name}"
    edit = instead(place, name)
    if edit:
        return f"{full} is PyTorch's, minigrad does not have it. Instead: {edit}"
    near = _nearest(name, owner)
    if name in known().get(place, ()):
        nearest = f"; the nearest here: {', '.join(near)}" if near else ""
        return (
            f"{full} is PyTorch's, minigrad does not have it{nearest}. All such names: "
            "examples/unsupported.md"
        )
    elsewhere = [f"{other}.{name}" for other in LOOK_IN if _has(f"minigrad.{other}", name)]
    if elsewhere:
        return f"{full} does not exist; {' and '.join(elsewhere)} do{'es' * (len(elsewhere) < 2)}"
    guess = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"neither minigrad nor PyTorch has {full}{guess}"


def instead(place: str, name: str) -> str:
    """What to write in place of PyTorch's name, "" where there is nothing to say."""
    from .table import INSTEAD

    tensor = sys.modules["minigrad.tensor"].Tensor
    full = f"{place}.{name}"
    if full in INSTEAD:
        return INSTEAD[full]
    if name not in known().get(place, ()):
        return ""
    base = name.removesuffix("_")
    if place == "Tensor":
        formula = INSTEAD.get(f"torch.{base}")
        if formula:
            return formula
        if base != name and hasattr(tensor, base):
            return f"`x = x.{base}(...)`, which makes a new tensor"
    if place == "torch" and _has("minigrad.nn.functional", name):
        return f"`F.{name}(...)`"
    if place == "torch" and callable(getattr(tensor, name, None)):
        return f"`x.{name}(...)`"
    return INSTEAD.get(f"{place}.*", "")


@cache
def known() -> dict[str, frozenset[str]]:
    """The public names of PyTorch and torchvision, by place."""
    names: dict[str, set[str]] = {}
    for file in ("pytorch.txt", "torchvision.txt"):
        for line in (HERE / file).read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                here = names.setdefault(line.strip("[]"), set())
            elif not line.startswith("#"):
                here.update(line.split())
    return {place: frozenset(found) for place, found in names.items()}


def _nearest(name: str, owner: Any) -> list[str]:
    """Up to three public names of `owner` like this one, whatever their capitals."""
    public = {
        have.lower(): have
        for have in sorted(dir(owner), key=lambda have: not _is_module(owner, have))
        if not have.startswith("_")
    }
    return [public[low] for low in difflib.get_close_matches(name.lower(), public, 3, 0.7)]


def _has(module: str, name: str) -> bool:
    return name in vars(sys.modules.get(module, object))


def _is_module(owner: Any, name: str) -> bool:
    return isinstance(vars(owner).get(name), ModuleType)


def _is_submodule(owner: Any, name: str) -> bool:
    """Whether Python will find the name by itself: a part of a package that is not loaded yet."""
    return hasattr(owner, "__path__") and find_spec(f"{owner.__name__}.{name}") is not None


def _is_import(frame: FrameType) -> bool:
    """Whether `from module import name` asks: Python would drop the words of an AttributeError."""
    return (
        frame.f_globals.get("__name__") == "importlib._bootstrap"
        or opname[frame.f_code.co_code[frame.f_lasti]] == "IMPORT_FROM"
    )
