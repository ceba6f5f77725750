"""Try a student's file on the items of an assignment, each in a process of its own."""

from __future__ import annotations

import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .assignment import Assignment
from .item import Case, Item, Mismatch, shrink
from .remote import Died, Limits, Raised, Remote

RIGHT, MISSING, WRONG, RAISED, DIED = "right", "missing", "wrong", "raised", "died"
PATIENCE = 5  # times the seconds of a call, for all cases of an item
UNSTEADY = (
    "Tried again, the same case came out right: does it use chance, an array of np.empty that is "
    "not filled, or what another call has left behind?"
)


@dataclass
class Outcome:
    """How an item went: what failed, in which case, what it may be, and what was noticed.

    `printed` is what the file has printed in that case, or as it was loaded. `protection` is what
    kept it apart from the rest of the machine.
    """

    item: Item
    kind: str = RIGHT
    problem: str = ""
    case: str = ""
    cause: str = ""
    printed: str = ""
    remarks: tuple[str, ...] = ()
    protection: tuple[str, ...] = ()

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
            failing, end = [], time.monotonic() + PATIENCE * limits.seconds
            for tried, case in enumerate(item.cases(rng, cases)):
                if time.monotonic() > end:
                    raise Died(f"took {PATIENCE * limits.seconds:g} s for {tried} of {cases} cases")
                kind, problem = _problem(item, solution, case)
                if kind != RIGHT:
                    failing.append(case)
                if outcome.kind == RIGHT:
                    outcome.kind, outcome.problem = kind, problem
            if failing:
                _describe(outcome, solution, failing, end)
    except Raised as error:  # while the file was loaded
        outcome.kind, outcome.problem, outcome.printed = RAISED, str(error), solution.printed
    except OSError as error:  # a file that is not to be read, a disk that is full
        outcome.kind, outcome.problem = DIED, f"could not be tried: {error}"
    except Died as death:
        outcome.kind, outcome.problem, outcome.printed = DIED, str(death), solution.printed
        outcome.case = item.describe(case) if case else ""
    outcome.remarks, outcome.protection = tuple(solution.remarks), tuple(solution.protection)
    return outcome


def _describe(outcome: Outcome, solution: Remote, failing: list[Case], end: float) -> None:
    """Make the first case that fails as small as it can be by `end`, and look for the cause."""
    item, kind = outcome.item, outcome.kind
    if kind == MISSING:
        return

    def fails(case: Case) -> bool:
        return time.monotonic() < end and _problem(item, solution, case)[0] == kind

    smallest = shrink(item, failing[0], fails)
    solution.printed = ""
    again, problem = _problem(item, solution, smallest)
    outcome.printed = solution.printed
    if again == RIGHT:  # it has failed all the same: the first case counts
        outcome.case, outcome.cause = item.describe(failing[0]), UNSTEADY
        return
    outcome.kind, outcome.problem, outcome.case = again, problem, item.describe(smallest)
    if again == WRONG and time.monotonic() < end:
        # Of a single number any mistake is a factor: the cause shows in the largest case.
        with suppress(Exception):  # a cause is a help, no part of the mark
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
    except Died:
        raise
    except Exception as error:  # a forged answer, say, must not end the marking of all others
        return WRONG, f"what came back cannot be compared: {type(error).__name__}: {error}"
    return RIGHT, ""
