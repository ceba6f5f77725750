"""The assignments: a folder each, found by number or name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from .item import Item
from .mutants import Mutant

PLACES = [
    Path(__file__).parent / "assignments",  # an installed package
    Path(__file__).parents[2] / "examples" / "assignments",  # a checkout
]


@dataclass(frozen=True)
class Assignment:
    """One assignment. Its folder, such as "2_conv2d", holds what students get and items.py.

    `solution`: what is cut out of minigrad, such as "ops.conv.conv". `items` are what is marked,
    `mutants` are the mistakes that a student's own tests are tried on. `imports` are the first
    lines of the stub, `allowed` the packages that it may import.

    Where a folder has an adapter.py, its functions stand between items and solution:
    `solution.call("steps", ...)` then calls `steps(solution, ...)` of the adapter, where
    `solution.SGD` is the student's class. It runs in the student's process.
    """

    folder: Path
    title: str
    solution: Sequence[str]
    items: Sequence[Item]
    mutants: Sequence[Mutant]
    imports: str = "import numpy as np"
    allowed: Sequence[str] = ("numpy",)

    @property
    def number(self) -> int:
        """1 to 6."""
        return int(self.folder.name.partition("_")[0])

    @property
    def adapter(self) -> Path | None:
        """The file whose functions stand between items and solution, if there is one."""
        path = self.folder / "adapter.py"
        return path if path.exists() else None

    @property
    def points(self) -> int:
        """All points there are."""
        return sum(item.points for item in self.items)


def folders() -> dict[str, Path]:
    """The folder of each assignment by its number, "1" to "6"."""
    place = next((place for place in PLACES if place.is_dir()), None)
    if place is None:
        raise RuntimeError(f"{PLACES[0]} is missing, a part of minigrad; install minigrad again")
    found = sorted(folder for folder in place.iterdir() if (folder / "items.py").exists())
    return {folder.name.partition("_")[0]: folder for folder in found}


def find(number: str | int) -> Assignment:
    """The assignment of this number; ValueError, with a list of them, if there is none."""
    known = folders()
    folder = known.get(str(number))
    if folder is None:
        listed = ", ".join(folder.name.replace("_", " ", 1) for folder in known.values())
        raise ValueError(f"there is no assignment {number!r}; there are {listed}")
    facts = vars(run_file(folder / "items.py"))
    fields = ("title", "solution", "items", "mutants", "imports", "allowed")
    given = {name: facts[name.upper()] for name in fields if name.upper() in facts}
    return Assignment(folder, **given)


def run_file(path: Path) -> SimpleNamespace:
    """What a file that lies outside of packages defines."""
    names = {"__name__": path.stem, "__file__": str(path)}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    return SimpleNamespace(**names)
