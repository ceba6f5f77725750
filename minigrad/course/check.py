"""Help a student: what is right so far, and of what is wrong the smallest case that fails."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .assignment import Assignment, find
from .item import Item
from .new import RECORD, SOLUTION, number_of
from .remote import Limits
from .trial import DIED, MISSING, RAISED, RIGHT, Outcome, try_item

SEED = 1  # the same cases each time, so that a mended mistake shows
CASES = 25
LIMITS = Limits(seconds=20, megabytes=2048)
MARKS = {RIGHT: "✓", MISSING: "·"}
MOST_SHOWN = 1000  # characters of what the file has printed


def check(folder: str | Path) -> Iterator[str]:
    """The report: a line for each item as it has been tried, and all about the first wrong one."""
    assignment, path = opened(Path(folder))
    width = max(len(item.name) for item in assignment.items)
    outcomes, told = [], set()

    def try_one(item: Item) -> Outcome:
        return try_item(assignment, item, path, seed=SEED, cases=CASES, limits=LIMITS)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for outcome in pool.map(try_one, assignment.items):
            outcomes.append(outcome)
            said = "the same" if outcome.problem in told else outcome.summary
            if outcome.kind in (RAISED, DIED):
                told.add(outcome.problem)
            line = f"{MARKS.get(outcome.kind, '✗')} {outcome.item.name:{width}}  {said}"
            yield line.rstrip()
    yield ""
    yield from _details(outcomes)


def opened(folder: Path) -> tuple[Assignment, Path]:
    """The assignment of a student's folder, and the file with the solution."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; write the one that `minigrad course new` made")
    number = number_of(folder)
    if number is None:
        raise ValueError(
            f"{folder} has no {RECORD} that says which assignment it is; check the folder that "
            "`minigrad course new` made"
        )
    path = folder / SOLUTION
    if not path.is_file():
        others = ", ".join(sorted(p.name for p in folder.glob("*.py"))) or "no Python file"
        raise ValueError(f"{folder} has no {SOLUTION}; there is {others}")
    return find(number), path


def _details(outcomes: list[Outcome]) -> Iterator[str]:
    remarks = dict.fromkeys(remark for outcome in outcomes for remark in outcome.remarks)
    yield from (f"Note: {remark}." for remark in remarks)
    wrong = next((o for o in outcomes if o.kind not in MARKS), None)
    if wrong is not None:
        yield from filter(None, (f"{wrong.item.name}: {wrong.problem}", wrong.case, wrong.cause))
        if wrong.printed:
            yield f"It printed:\n{textwrap.indent(wrong.printed[:MOST_SHOWN].rstrip(), '    ')}"
        yield ""
    points, possible = sum(o.points for o in outcomes), sum(o.item.points for o in outcomes)
    yield f"{points} of {possible} points, on cases like those that the grader draws."
