"""Submissions that try something else than to solve the assignment: each is handled and named."""

import re
from pathlib import Path

import pytest

import minigrad
from minigrad.course.assignment import find
from minigrad.course.grade import grade
from minigrad.course.remote import Limits
from minigrad.course.trial import try_item

SECONDS = 2  # for those that never end; the others have time, on a busy machine too
BODY = "    (sh, sw), ((top, bottom), (left, right)) = stride, padding\n"
ITEMS = find(2).folder / "items.py"
SOURCE = Path(minigrad.__file__).parent / "ops" / "conv.py"
WRONG = ("(window * w[o]).sum()", "2 * (window * w[o]).sum()")


def first(text):
    """An edit that puts lines at the top of conv."""
    return (BODY, "".join(f"    {line}\n" for line in text.splitlines()) + BODY)


HOSTILE = {
    "endless loop": (first("while True:\n    pass"), "ran longer than 2 s: an endless loop?"),
    "loop that swallows": (
        first("while True:\n    try:\n        1 / 0\n    except BaseException:\n        pass"),
        "ran longer than 2 s: an endless loop?",
    ),
    "memory bomb": (
        first("hoard = []\nwhile True:\n    hoard.append(np.ones(3 * 10**7))"),
        "needed more than 512 MB",
    ),
    "sys.exit": (first("import sys\nsys.exit(0)"), "called sys.exit(0)"),
    "os._exit": (first("import os\nos._exit(0)"), "ended its process with exit code 0: os._exit?"),
    "import of minigrad": (
        ("import numpy as np", "import numpy as np\nfrom minigrad.ops.conv import conv as own"),
        "imports minigrad.ops.conv, which is the solution itself",
    ),
    "hidden import": (
        first("return __import__('mini' + 'grad').ops.conv.conv(x, w, b)"),
        "imports minigrad, which is the solution itself",
    ),
    "reading minigrad's source": (
        first(f"names = {{}}\nexec(open({str(SOURCE)!r}).read(), names)"),
        "tried to read ",
    ),
    "reading the items": (first(f"open({str(ITEMS)!r})"), "tried to read "),
    "starting a process": (first("import os\nos.system('true')"), "tried to start a process"),
}


def tried(folder, seconds=30):
    """How the first item goes."""
    assignment, limits = find(2), Limits(seconds, megabytes=512)
    path = folder / "solution.py"
    return try_item(assignment, assignment.items[0], path, seed=1, cases=20, limits=limits)


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_is_gained(name, hand_in):
    edit, said = HOSTILE[name]
    outcome = tried(hand_in("hostile", edits=[edit]), SECONDS if "loop" in name else 30)
    assert outcome.points == 0
    assert said in "\n".join([outcome.problem, *outcome.remarks])


def test_a_slow_solution_does_not_hold_the_others_up(hand_in):
    outcome = tried(hand_in("slow", edits=[first("import time\ntime.sleep(0.9)")]), seconds=1)
    assert outcome.points == 0
    assert re.match(r"took 5 s for \d of 20 cases", outcome.problem)


def test_a_patched_comparison_gains_nothing_and_is_named(hand_in):
    patch = (
        "import numpy as np",
        "import numpy as np\nnp.allclose = np.isclose = lambda *a, **k: 1",
    )
    wrong = tried(hand_in("wrong", edits=[patch, WRONG]))
    right = tried(hand_in("right", edits=[patch]))
    assert (wrong.points, right.points) == (0, 4)
    for outcome in (wrong, right):
        said = "replaces numpy.allclose: the grader does not compare in your process"
        assert any(said in remark for remark in outcome.remarks)


def test_nothing_is_written_outside_of_the_scratch(hand_in, tmp_path):
    target = tmp_path / "outside.txt"
    edit = first(f"try:\n    open({str(target)!r}, 'w').write('x')\nexcept OSError:\n    pass\n"
                 "open('scratch.txt', 'w').write('x')")  # fmt: skip
    folder = hand_in("me", edits=[edit])
    before = sorted(path.name for path in folder.iterdir())
    outcome = tried(folder)
    assert outcome.points == 4
    assert not target.exists()
    assert any(f"tried to write {target.resolve()}" in remark for remark in outcome.remarks)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_one_hostile_submission_leaves_the_others_alone(hand_in):
    hand_in("hostile", edits=[HOSTILE["sys.exit"][0]])
    hand_in("honest")
    marks = {mark.name: mark for mark in grade("submissions", seed=1)}
    assert (marks["hostile"].points, marks["honest"].points) == (0, 20)
    assert marks["honest"].remarks == []
    assert "called sys.exit(0)" in marks["hostile"].problems[0]
