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
    seed: int, cases: int, limits: Limits, threads: int = 1,
) -> Outcome:  # fmt: skip
    """Try one item on random cases. One that fails is made as small as it can be, and explained."""
    outcome = Outcome(item)
    rng = np.random.default_rng([seed, zlib.crc32(item.name.encode())])
    hollow = assignment.solution if item.hollow is None else item.hollow
    solution = Remote(
        path,
        limits=limits,
        allowed=assignment.allowed,
        hollow=hollow if "minigrad" in assignment.allowed else (),
        adapter=assignment.adapter,
        threads=threads,
    )
    case: Case | None = None
    try:
        with solution:
            failing = []
            for case in item.cases(rng, cases):
                if _problem(item, solution, case)[0] != RIGHT:
                    failing.append(case)
            if failing:
                _describe(outcome, solution, failing)
    except Raised as error:  # while the file was loaded
        outcome.kind, outcome.problem = RAISED, str(error)
    except Died as death:
        outcome.kind, outcome.problem = DIED, str(death)
        outcome.case = item.describe(case) if case else ""
    outcome.remarks = tuple(solution.remarks)
    return outcome


def _describe(outcome: Outcome, solution: Remote, failing: list[Case]) -> None:
    """Make the first case that fails as small as it can be, and look for the cause."""
    item, smallest = outcome.item, failing[0]
    kind, _ = _problem(item, solution, smallest)
    if kind != MISSING:
        smallest = shrink(item, smallest, lambda c: _problem(item, solution, c)[0] == kind)
    outcome.kind, outcome.problem = _problem(item, solution, smallest)
    if kind == MISSING:
        return
    outcome.case = item.describe(smallest)
    if kind == WRONG:
        # Of a single number any mistake is a factor: the cause shows in the largest case.
        with suppress(Mismatch, Raised, ValueError, TypeError):
            outcome.cause = item.explain(solution, max(failing, key=item.size))


def _problem(item: Item, solution: Remote, case: Case) -> tuple[str, str]:
    """How a case goes, and what to say of it if it fails."""
    try:
        item.run(solution, case)
    except Mismatch as mismatch:
        return WRONG, str(mismatch)
    except Raised as error:
        missing = error.type == "NotImplementedError"
        return MISSING if missing else RAISED, str(error)
    return RIGHT, ""
