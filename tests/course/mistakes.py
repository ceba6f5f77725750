"""Right solutions with a mistake in them, and what a student reads of it."""

from contextlib import suppress

import numpy as np
from test_assignments import SOLUTIONS

from minigrad.course.assignment import Own
from minigrad.course.item import Mismatch, shrink
from minigrad.course.remote import Limits
from minigrad.course.trial import try_item

CASES = 20


def edited(assignment, name, *edits):
    """The text of a right solution with each (old, new) replaced once."""
    path = next(p for p in SOLUTIONS if (p.parent.name, p.stem) == (assignment.folder.name, name))
    text = path.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def what_is_said(assignment, function, text):
    """The first item about `function` that fails, and what is said: problem, small case, cause."""
    names = {}
    exec(text, names)
    solution = Own(assignment, **names)

    def problem(item, case):
        try:
            item.run(solution, case)
        except Mismatch as mismatch:
            return str(mismatch)
        return ""

    for item in assignment.items:
        if not item.name.startswith(f"{function}:"):
            continue
        for case in item.cases(np.random.default_rng(0), CASES):
            if problem(item, case):
                small = shrink(item, case, lambda case, item=item: problem(item, case) != "")
                said = [problem(item, small), item.describe(small)]
                with suppress(Mismatch):  # the cause is looked for by other calls
                    said.append(item.explain(solution, case))
                return item.name, "\n".join(said)
    raise AssertionError("no item has failed")


def tried(assignment, folder, text, name):
    """How the item of this name goes with this text, in a process of its own."""
    path = folder / "solution.py"
    path.write_text(text)
    item = next(item for item in assignment.items if item.name == name)
    return try_item(assignment, item, path, seed=1, cases=4, limits=Limits())
