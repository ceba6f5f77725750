"""Mark a folder of submissions, offline: each item of each submission in its own process."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from .assignment import Assignment, find
from .new import SOLUTION, number_of
from .own_tests import OWN_TESTS, Kills, kills_of
from .remote import Limits
from .trial import MISSING, RIGHT, Outcome, try_item

CASES = 25
LIMITS = Limits(seconds=20, megabytes=1024)
PACKED = (".zip", ".gz", ".tar", ".tgz", ".7z", ".rar", ".ipynb")  # nobody is left out in silence


@dataclass
class Mark:
    """What a submission gets. `problem`: why nothing of it could be tried, "" if it was."""

    name: str
    assignment: Assignment
    problem: str = ""
    outcomes: list[Outcome] = field(default_factory=list)
    kills: Kills | None = None

    @property
    def points(self) -> int:
        """The sum over the items."""
        return sum(outcome.points for outcome in self.outcomes)

    @property
    def problems(self) -> list[str]:
        """What is wrong, in a line each."""
        if self.problem:
            return [self.problem]
        said: dict[str, list[str]] = {}
        for i, outcome in enumerate(self.outcomes, 1):
            if outcome.kind != RIGHT:
                said.setdefault(outcome.summary, []).append(str(i))
        return [f"{', '.join(numbers)}: {text}" for text, numbers in said.items()]

    @property
    def remarks(self) -> list[str]:
        """What was noticed, each thing once."""
        found = [remark for outcome in self.outcomes for remark in outcome.remarks]
        return list(dict.fromkeys(found))


def grade(
    folder: str | os.PathLike, number: str | int | None = None, *,
    seed: int | None = None, limits: Limits = LIMITS, threads: int = 1, jobs: int | None = None,
    quiet: bool = False,
) -> list[Mark]:  # fmt: skip
    """The marks of all submissions in `folder`: folders with a solution.py, or Python files.

    `number`: the assignment; None is what the submissions' own records say, if they agree. `seed`
    draws the cases, the same for all; None draws one at random, which no one can foresee. `threads`
    are those that a student's NumPy may use, `jobs` how many items run side by side.
    """
    submissions = find_submissions(Path(folder))
    assignment = find(_number(submissions.values()) if number is None else number)
    seed = secrets.randbits(64) if seed is None else seed
    marks = [Mark(name, assignment) for name in submissions]
    tasks: list[Callable[[], None]] = []
    for mark, place in zip(marks, submissions.values(), strict=True):
        path, mark.problem = _solution_in(place)
        if path is None:
            mark.outcomes = [Outcome(item, MISSING, mark.problem) for item in assignment.items]
        else:
            tasks += _tasks(mark, path, seed, limits, threads)
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        done = pool.map(lambda task: task(), tasks)
        # None: no bar where nobody looks on
        disable = True if quiet else None
        for _ in tqdm(done, total=len(tasks), desc="grading", unit="item", disable=disable):
            pass
    return marks


def find_submissions(folder: Path) -> dict[str, Path]:
    """The submissions by name: the folders and Python files in `folder`, or `folder` itself."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; write the one that holds the submissions")
    if (folder / SOLUTION).exists():
        return {folder.resolve().name: folder}
    found = [
        path
        for path in sorted(folder.iterdir())
        if not path.name.startswith((".", "__"))
        and (path.is_dir() or path.suffix == ".py" or path.suffix in PACKED)
    ]
    if not found:
        raise ValueError(
            f"{folder} holds no submissions; it should have a folder with a {SOLUTION} for each "
            "student, or a Python file for each"
        )
    names = {path.name for path in found}
    return {
        path.stem if path.is_file() and path.stem not in names else path.name: path
        for path in found
    }


def _number(places: Iterable[Path]) -> int:
    """The assignment that the submissions' own records name."""
    found = [number_of(place if place.is_dir() else place.parent) for place in places]
    named = {number for number in found if number is not None}
    if len(named) != 1:
        said = "they name " + " and ".join(map(str, sorted(named))) if named else "none says so"
        raise ValueError(f"which assignment is it? Of the submissions {said}; write --assignment")
    return named.pop()


def _solution_in(place: Path) -> tuple[Path | None, str]:
    """The file to try, or why there is none."""
    if place.suffix in PACKED and place.is_file():
        return None, f"{place.name} is no Python file; unpack or convert it"
    if place.is_file():
        found = [place]
    else:
        files = _files(place, SOLUTION)
        found = [place / SOLUTION] if place / SOLUTION in files else files
    if len(found) > 1:
        return None, f"{len(found)} files are called {SOLUTION}; there must be one"
    if not found:
        others = ", ".join(path.name for path in _files(place, "*.py")) or "no Python file"
        return None, f"no {SOLUTION}; there is {others}"
    if not found[0].resolve().is_relative_to(place.resolve()):
        return None, f"{found[0].name} is a link out of the submission"
    return found[0], ""


def _files(place: Path, pattern: str) -> list[Path]:
    """The files in a folder and below it, without those of __MACOSX, .ipynb_checkpoints, .venv."""
    return [
        path
        for path in sorted(place.rglob(pattern))
        if path.is_file()
        and not any(part.startswith((".", "__")) for part in path.relative_to(place).parts[:-1])
    ]


def _tasks(
    mark: Mark, path: Path, seed: int, limits: Limits, threads: int
) -> list[Callable[[], None]]:
    """One task for each item, and one for the student's own tests; each fills its place in."""
    items = mark.assignment.items
    mark.outcomes = [Outcome(item) for item in items]

    def try_one(i: int) -> None:
        mark.outcomes[i] = try_item(
            mark.assignment, items[i], path,
            seed=seed, cases=CASES, limits=limits, threads=threads,
        )  # fmt: skip

    def try_tests() -> None:
        mark.kills = kills_of(mark.assignment, path.with_name(OWN_TESTS), limits)

    tasks: list[Callable[[], None]] = [lambda i=i: try_one(i) for i in range(len(items))]  # type: ignore[misc]
    return [*tasks, try_tests] if path.with_name(OWN_TESTS).is_file() else tasks
