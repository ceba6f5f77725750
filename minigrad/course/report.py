"""Marks as a table, as CSV, and as Gradescope's results.json."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..serialization import write_file
from .grade import Mark
from .trial import RIGHT, Outcome


def table(marks: Sequence[Mark]) -> Iterator[str]:
    """A line for each submission, and what is to be said of it below."""
    names = [mark.name for mark in marks]
    width = max(len("submission"), *map(len, names))
    items = marks[0].assignment.items
    yield f"{'submission':{width}}  points  " + "  ".join(str(i + 1) for i in range(len(items)))
    for mark in marks:
        cells = "  ".join(
            f"{o.points if o.kind == RIGHT else '-':>{len(str(i + 1))}}"
            for i, o in enumerate(mark.outcomes)
        )
        yield f"{mark.name:{width}}  {mark.points:>2} / {mark.assignment.points}  {cells}"
        problems = mark.problems
        remarks = [text for text in mark.remarks if text not in "\n".join(problems)]
        yield from (f"    {text}" for text in [*problems, *remarks])
        if mark.kills is not None:
            yield f"    own tests: {mark.kills.caught} of {mark.kills.planted} mistakes caught"
    yield ""
    yield from (f"{i + 1}: {item.name} ({item.points})" for i, item in enumerate(items))
    layers = dict.fromkeys(layer for m in marks for o in m.outcomes for layer in o.protection)
    yield f"\nsubmissions were kept apart by: {', '.join(layers) or 'nothing, for none was run'}"


def write_csv(marks: Sequence[Mark], path: Path) -> None:
    """One row for each submission: the points of each item, of all, and what was noticed."""
    items = [item.name for item in marks[0].assignment.items]
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["submission", "points", "of", *items, "own tests catch", "remarks"])
        for mark in marks:
            caught = "" if mark.kills is None else f"{mark.kills.caught}/{mark.kills.planted}"
            said = "; ".join([*mark.problems, *mark.remarks])
            points = [outcome.points for outcome in mark.outcomes]
            rows.writerow(
                [_plain(mark.name), mark.points, mark.assignment.points, *points, caught, said]
            )


def _plain(text: str) -> str:
    """A text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def gradescope(mark: Mark) -> dict[str, Any]:
    """The results.json that Gradescope reads, for one submission."""
    tests = [
        {
            "name": outcome.item.name,
            "score": outcome.points,
            "max_score": outcome.item.points,
            "status": "passed" if outcome.kind == RIGHT else "failed",
            "output": feedback(outcome),
        }
        for outcome in mark.outcomes
    ]
    said = [*filter(None, [mark.problem]), *mark.remarks]
    if mark.kills is not None:
        said.append(f"your own tests: {mark.kills}")
    return {"score": mark.points, "output": "\n".join(said), "tests": tests}


def write_gradescope(marks: Sequence[Mark], folder: Path) -> None:
    """Write NAME/results.json for each submission; of one alone, results.json itself."""
    for mark in marks:
        place = folder if len(marks) == 1 else folder / mark.name
        place.mkdir(parents=True, exist_ok=True)
        write_file(place / "results.json", json.dumps(gradescope(mark), indent=2).encode())


def feedback(outcome: Outcome) -> str:
    """All that is known of how an item went."""
    return "\n".join(filter(None, (outcome.problem, outcome.case, outcome.cause)))
