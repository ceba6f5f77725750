"""Hand an assignment out: a folder with a stub, the text, visible checks and a script."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from .assignment import Assignment, find
from .cut import stub_of

SOLUTION = "solution.py"
RECORD = "assignment.json"
KEPT_BACK = ("items.py", "adapter.py")  # what marks, and what the marks are made with


def new(number: str | int, to: str | os.PathLike) -> Path:
    """Write the folder of an assignment; ValueError if anything of that name is there."""
    assignment = find(number)
    folder = Path(to)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(
            f"{folder} exists already, and nothing of yours is overwritten; write --to with the "
            "name of a new folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(assignment.folder.iterdir()):
        if file.is_file() and file.name not in KEPT_BACK:
            shutil.copyfile(file, folder / file.name)
    (folder / SOLUTION).write_text(stub_file(assignment), encoding="utf-8")
    record = {"assignment": assignment.number, "title": assignment.title}
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return folder


def stub_file(assignment: Assignment) -> str:
    """The text of solution.py as students get it."""
    packages = " and ".join(
        {"numpy": "NumPy"}.get(package, package) for package in assignment.allowed
    )
    head = (
        f'"""Assignment {assignment.number}: {assignment.title}.\n\n'
        'Fill in what is marked "Your code"; README.md derives the formulas. Beside Python itself '
        f"only\n{packages} may be imported. `minigrad course check .` says what is right so far.\n"
        '"""\n\n'
        f"{assignment.imports.strip()}\n"
    )
    return "\n\n".join([head, *map(stub_of, assignment.solution)])


def number_of(folder: Path) -> int | None:
    """Which assignment a folder belongs to; None if it does not say."""
    try:
        return int(json.loads((folder / RECORD).read_text(encoding="utf-8"))["assignment"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
