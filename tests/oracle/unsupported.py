"""Write down what PyTorch has (minigrad/names/pytorch.txt) and what of it minigrad lacks.

`make names` runs this; test_names_oracle.py says when it is due.
"""

import importlib
import textwrap
from pathlib import Path
from types import ModuleType

import torch

import minigrad
from minigrad import names

ROOT = Path(minigrad.__file__).parent.parent
NAMES = ROOT / "minigrad" / "names" / "pytorch.txt"
PAGE = ROOT / "examples" / "unsupported.md"

PLACES = [
    "torch", "Tensor", "nn", "nn.functional", "nn.init", "nn.utils", "optim", "optim.lr_scheduler",
    "utils", "utils.data", "amp", "accelerator", "cuda", "backends", "jit",
]  # fmt: skip
TORCHVISION = ["datasets", "transforms", "models", "ops", "utils"]
# Modules that PyTorch imports only when asked for, and constants that cannot be called; and helpers
# that lie about among the functions.
ASKED_FOR = {
    "torch": {"distributed", "onnx", "channels_last", "contiguous_format", "preserve_format"},
    "utils": {"tensorboard", "model_zoo", "mobile_optimizer"},
}
HELPERS = {"boolean_dispatch", "handle_torch_function", "has_torch_function", "adaptive_pool"}

INTRODUCTION = """\
# What PyTorch has and minigrad has not

`make names` writes this page, from PyTorch {version} and from the documentation of torchvision. An
error for one of these names says the same: what to write instead, where there is something. Between
backticks, `x`, `a`, `b`, `c` are tensors, `u` and `v` vectors.
"""


def public(place):
    """The public names of one of PyTorch's modules, or of Tensor."""
    if place == "Tensor":
        return sorted(name for name in dir(torch.Tensor) if not name.startswith("_"))
    path = "torch" if place == "torch" else f"torch.{place}"
    module = importlib.import_module(path)
    listed = getattr(module, "__all__", None)

    def is_public(name):
        value = getattr(module, name, None)
        if isinstance(value, ModuleType):
            return value.__name__ == f"{path}.{name}"
        home = str(getattr(value, "__module__", None) or "torch")
        if listed is not None:
            return name in listed and not (isinstance(value, type) and home == "torch._C")
        belongs = home.startswith("torch.nn") if place.startswith("nn") else True
        builtin = home in ("torch", "torch._C", "torch._C._nn", "torch._jit_internal")
        return name not in HELPERS and callable(value) and (belongs or builtin)

    found = {name for name in dir(module) if not name.startswith("_") and is_public(name)}
    return sorted(found | ASKED_FOR.get(place, set()))


def names_text():
    lines = [
        f"# The public names of PyTorch {torch.__version__.partition('+')[0]}; `make names` writes "
        "this file."
    ]
    for place in PLACES:
        lines += [
            f"[{place}]",
            *textwrap.wrap(" ".join(public(place)), 100),
        ]
    return "\n".join(lines) + "\n"


def owner(place):
    if place == "Tensor":
        return minigrad.Tensor
    if place == "ops":
        place = "compat.torchvision.ops"
    return importlib.import_module("minigrad" if place == "torch" else f"minigrad.{place}")


def lacking(place):
    return sorted(name for name in names.known()[place] if not hasattr(owner(place), name))


def page_text():
    parts = [INTRODUCTION.format(version=torch.__version__.partition("+")[0])]
    for place in dict.fromkeys([*PLACES, *TORCHVISION]):
        whole = f"torch.{place}" if place in PLACES and place != "torch" else place
        if place in TORCHVISION:
            whole = (
                f"torchvision.{place}" if place not in PLACES else f"{whole}, torchvision.{place}"
            )
        told = {name: names.instead(place, name) for name in lacking(place)}
        if not told:
            continue
        parts.append(f"## {place}\n")
        by_edit: dict[str, list[str]] = {}
        for name, edit in told.items():
            by_edit.setdefault(edit, []).append(f"`{name}`")
        others = by_edit.pop("", [])
        rows = [f"| {', '.join(alike)} | {edit} |" for edit, alike in by_edit.items()]
        if rows:
            parts += ["\n".join(["| name | instead |", "|---|---|", *rows]), ""]
        if others:
            parts += [textwrap.fill(", ".join(others), 100), ""]
    return "\n".join(parts).rstrip() + "\n"


def write():
    NAMES.write_text(names_text(), encoding="utf-8")
    names.known.cache_clear()
    PAGE.write_text(page_text(), encoding="utf-8")


if __name__ == "__main__":
    write()
