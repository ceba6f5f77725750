"""Trying one item: odd ways that are right, answers that nothing compares to, and chance."""

import re
import shutil
from pathlib import Path

import pytest
from attempts import ASSIGNMENTS, edited, what_is_said

from minigrad.course.grade import grade
from minigrad.course.remote import Limits
from minigrad.course.trial import UNSTEADY, try_item

RETURN = "    return y, conv_backward"
CONV = "def conv("
Y, DW = 0, 4  # items of assignment 2


def tried(folder, item):
    """How an item of assignment 2 goes."""
    assignment = ASSIGNMENTS["2"]
    return try_item(
        assignment, assignment.items[item], folder / "solution.py",
        seed=1, cases=4, limits=Limits(30, 512),
    )  # fmt: skip


RIGHT = {
    "a dataclass that is called": (
        (CONV, "from dataclasses import dataclass\n\n\n@dataclass\nclass Back:\n    way: object\n\n"
         "    def __call__(self, dy):\n        return self.way(dy)\n\n\ndef conv("),
        (RETURN, "    return y, Back(conv_backward)"),
    ),
    "long doubles": ((RETURN, "    return y.astype(np.longdouble), conv_backward"),),
    "a breakpoint that was left": ((RETURN, f"    breakpoint()\n{RETURN}"),),
}  # fmt: skip


@pytest.mark.parametrize("edits", RIGHT.values(), ids=list(RIGHT))
def test_odd_ways_that_are_right(edits, hand_in):
    folder = hand_in("me", edits=edits)
    assert [tried(folder, item).problem for item in (Y, DW)] == ["", ""]


ODD = {
    "a number beyond all floats": ("10**400, conv_backward", "y is a int, expected an array"),
    "complex numbers": ("y + 0j, conv_backward", r"dtype complex128; .*: take the \.real of compl"),
    "objects": ("y.astype(object), conv_backward", r"write \.astype\(float\) for objects"),
}


@pytest.mark.parametrize(("returned", "message"), ODD.values(), ids=list(ODD))
def test_odd_answers_are_named(returned, message, hand_in):
    outcome = tried(hand_in("me", edits=[(RETURN, f"    return {returned}")]), Y)
    assert re.search(message, outcome.problem)
    assert outcome.points == 0


def test_an_answer_that_nothing_compares_to_does_not_end_the_marking(hand_in, monkeypatch):
    def agree(*_):
        raise ZeroDivisionError("odd")

    monkeypatch.setattr("minigrad.course.op_item.agree", agree)
    outcome = tried(hand_in("me"), Y)
    assert outcome.problem == "what came back cannot be compared: ZeroDivisionError: odd"
    assert outcome.points == 0


def test_a_solution_that_is_wrong_now_and_then_is_wrong(hand_in):
    once = [
        (CONV, "calls = []\n\n\ndef conv("),
        (RETURN, f"    calls.append(1)\n    y = y + (len(calls) == 3)\n{RETURN}"),
    ]
    outcome = tried(hand_in("me", edits=once), Y)
    assert outcome.points == 0
    assert re.match(r"y is wrong at (\d+) of \1 elements", outcome.problem)
    assert outcome.cause == UNSTEADY
    assert outcome.case.startswith("for conv(")


def test_a_way_back_that_sees_the_last_call_only():
    text = edited(ASSIGNMENTS["2"], "loops", ("    padded =", "    global padded\n    padded ="))
    said = what_is_said(ASSIGNMENTS["2"], "dw, plain", text)[1]
    assert "It is right if conv_backward is called at once, but not after another call of" in said


def test_a_flipped_kernel_on_the_way_back_is_named():
    flipped = ("dy[n, o, i, j] * w[o]\n", "dy[n, o, i, j] * w[o, :, ::-1, ::-1]\n")
    text = edited(ASSIGNMENTS["2"], "loops", flipped)
    said = what_is_said(ASSIGNMENTS["2"], "dx, plain", text)[1]
    assert "It is the result for other inputs: w is flipped along axis " in said


def test_what_cannot_be_opened_costs_only_itself(hand_in, monkeypatch):
    def copyfile(source, to):
        if "locked" in str(source):
            raise PermissionError(f"Permission denied: {source.name}")
        return copy(source, to)

    copy = shutil.copyfile
    hand_in("locked")
    (hand_in("folder") / "solution.py").unlink()
    Path("submissions/folder/solution.py").mkdir()
    hand_in("honest")
    monkeypatch.setattr(shutil, "copyfile", copyfile)
    marks = {mark.name: mark for mark in grade("submissions", seed=1, quiet=True)}
    assert {name: mark.points for name, mark in marks.items()} == {
        "folder": 0, "honest": 20, "locked": 0,
    }  # fmt: skip
    assert "could not be tried: Permission denied: solution.py" in marks["locked"].problems[0]
    assert "no solution.py; there is" in marks["folder"].problem
