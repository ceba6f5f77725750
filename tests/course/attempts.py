"""Solutions tried in this process: right ones, and such with a mistake edited in."""

from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from minigrad.course.assignment import find, folders, run_file
from minigrad.course.item import Mismatch, shrink
from minigrad.course.mutants import original
from minigrad.course.remote import Limits
from minigrad.course.trial import try_item

CASES = 20  # in which a mistake is looked for
FEW = 8  # of each item, for what is right
SOLUTIONS = sorted((Path(__file__).parent / "solutions").glob("*/*.py"))
ASSIGNMENTS = {number: find(number) for number in folders()}


class Own:
    """Minigrad's own functions as a solution: right by definition, save for those replaced."""

    changed = ()

    def __init__(self, assignment, **replaced):
        functions = {path.rpartition(".")[2]: original(path) for path in assignment.solution}
        self.solution = SimpleNamespace(**{**functions, **replaced})
        self.adapter = run_file(assignment.adapter) if assignment.adapter else None

    def call(self, name, /, *arguments, **options):
        adapted = getattr(self.adapter, name, None)
        if adapted is not None:
            return adapted(self.solution, *arguments, **options)
        return getattr(self.solution, name)(*arguments, **options)


def failure(item, solution, seed=0, cases=FEW):
    """Why an item fails, or None."""
    drawn = item.cases(np.random.default_rng(seed), cases)
    return next(filter(None, (problem(item, solution, case) for case in drawn)), None)


def problem(item, solution, case):
    """What is wrong in a case, or None."""
    try:
        with np.errstate(all="ignore"):  # nobody sees a warning of the student's process
            item.run(solution, case)
    except Mismatch as mismatch:
        return str(mismatch)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def edited(assignment, name, *edits):
    """The text of a right solution with each (old, new) replaced once."""
    path = next(p for p in SOLUTIONS if (p.parent.name, p.stem) == (assignment.folder.name, name))
    text = path.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def own(assignment, text):
    """What a text defines, in the place of minigrad's own functions."""
    names = {"__name__": "solution"}
    exec(compile(text, "solution", "exec"), names)
    return Own(assignment, **names)


def losses(assignment, name, *edits, only=None):
    """What a solution loses by these edits: {item: why}, but for items that take long.

    `only`: the name of the one item to try.
    """
    solution = own(assignment, edited(assignment, name, *edits))
    items = [item for item in assignment.items if item.at_most != 1 and only in (None, item.name)]
    found = {item.name: failure(item, solution, cases=CASES) for item in items}
    return {name: why for name, why in found.items() if why}


def what_is_said(assignment, prefix, text):
    """The first item, of those whose names begin so, that fails, and all that a student reads."""
    solution = own(assignment, text)
    for item in assignment.items:
        if not item.name.startswith(prefix):
            continue
        drawn = list(item.cases(np.random.default_rng(0), CASES))
        failing = [case for case in drawn if problem(item, solution, case)]
        if failing:
            small = shrink(item, failing[0], lambda c, item=item: bool(problem(item, solution, c)))
            said = [problem(item, solution, small), item.describe(small)]
            with suppress(Mismatch), np.errstate(all="ignore"):  # the cause: by other calls
                said.append(item.explain(solution, max(failing, key=item.size)))
            return item.name, "\n".join(said)
    raise AssertionError("no item has failed")


def tried(assignment, folder, text, name):
    """How the item of this name goes with this text, in a process of its own."""
    path = folder / "solution.py"
    path.write_text(text)
    item = next(item for item in assignment.items if item.name == name)
    return try_item(assignment, item, path, seed=1, cases=4, limits=Limits(30))
