"""Try a student's file on the items of an assignment, each in a process of its own."""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .assignment import Assignment
from .item import Case, Item, Mismatch, shrink
from .remote import Died, Limits, Raised, Remote

RIGHT, MISSING, WRONG, RAISED, DIED = "right", "missing", "wrong", "raised", "died"


@dataclass
class Outcome:
    """How an item went: what failed, in which case, what it may be, and what was noticed."""

    item: Item
    kind: str = RIGHT
    problem: str = ""
    case: str = ""
    cause: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The problem in one line."""
        return "not written yet" if self.kind == MISSING else self.problem.partition("\n")[0]

    @property
    def points(self) -> int:
        """All points of the item or none."""
        return self.item.points if self.kind == RIGHT else 0


def try_item(
    assignment: Assignment, item: Item, path: Path, *,
    seed: int, cases: int, limits: Limits, threads: int = 1, explained: bool = False,
) -> Outcome:  # fmt: skip
    """Try one item on random cases, until one fails.

    `explained`: make the case that fails as small as it can be, and look for the cause.
    """
    outcome = Outcome(item)
    rng = np.random.default_rng([seed, zlib.crc32(item.name.encode())])
    try:
        with open_solution(assignment, item, path, limits, threads) as solution:
            try:
                failing = next(
                    (c for c in item.cases(rng, cases) if _fails(item, solution, c)), None
                )
                if failing is not None:
                    _describe(outcome, solution, failing, explained)
            finally:
                outcome.remarks = tuple(solution.remarks)
    except Raised as error:  # while the file was loaded
        outcome.kind, outcome.problem = RAISED, str(error)
    except Died as death:
        outcome.kind, outcome.problem = DIED, str(death)
    return outcome


def open_solution(
    assignment: Assignment, item: Item, path: Path, limits: Limits, threads: int
) -> Remote:
    """The student's file in a process of its own, with what the assignment allows."""
    return Remote(
        path,
        limits=limits,
        allowed=assignment.allowed,
        adapter=assignment.adapter,
        threads=threads,
    )


def _fails(item: Item, solution: Remote, case: Case) -> bool:
    try:
        item.run(solution, case)
    except (Mismatch, Raised):
        return True
    return False


def _describe(outcome: Outcome, solution: Remote, case: Case, explained: bool) -> None:
    item, whole = outcome.item, case
    kind, _ = _problem(item, solution, case)
    if explained and kind != MISSING:
        case = shrink(item, case, lambda c: _problem(item, solution, c)[0] == kind)
    outcome.kind, outcome.problem = _problem(item, solution, case)
    if kind == MISSING:
        return
    outcome.case = item.describe(case)
    if explained and kind == WRONG:
        # Of a single number any mistake is a factor: the cause shows in the case before it shrank.
        with suppress(Mismatch, Raised):
            outcome.cause = item.explain(solution, whole)


def _problem(item: Item, solution: Remote, case: Case) -> tuple[str, str]:
    """What kind of failure a case is, and what to say of it."""
    try:
        item.run(solution, case)
    except Mismatch as mismatch:
        return WRONG, str(mismatch)
    except Raised as error:
        missing = error.type == "NotImplementedError"
        return MISSING if missing else RAISED, str(error)
    return RIGHT, ""
