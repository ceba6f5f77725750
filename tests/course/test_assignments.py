"""What holds for every assignment: right solutions have all points, mistakes lose some."""

import os
import re
import subprocess
import sys

import pytest
from attempts import ASSIGNMENTS, FEW, SOLUTIONS, Own, failure

from minigrad.course.assignment import run_file
from minigrad.course.new import new, stub_file

MUTANTS = [(a, mutant) for a in ASSIGNMENTS.values() for mutant in a.mutants]
ITEMS = [(a, item) for a in ASSIGNMENTS.values() for item in a.items]

each = pytest.mark.parametrize("assignment", ASSIGNMENTS.values(), ids=list(ASSIGNMENTS))


def points(assignment, solution, seed=0):
    """What a solution gets, without a process of its own; the second assignment is tried most."""
    cases = 30 if assignment.number == 2 else FEW
    return sum(i.points for i in assignment.items if not failure(i, solution, seed, cases))


def run(folder, script):
    environment = {**os.environ, "MPLBACKEND": "agg"}
    command = [sys.executable, "-W", "error", script]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


def use_own(assignment, folder):
    """Let minigrad's own functions be the solution."""
    lines = [f"from minigrad.{path.rpartition('.')[0]} import {path.rpartition('.')[2]}"
             for path in assignment.solution]  # fmt: skip
    (folder / "solution.py").write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("assignment", "item"), ITEMS, ids=[f"{a.number} {i.name}" for a, i in ITEMS]
)
def test_minigrads_own_functions_are_right(assignment, item):
    assert failure(item, Own(assignment)) is None


@pytest.mark.parametrize("path", SOLUTIONS, ids=[f"{p.parent.name}/{p.stem}" for p in SOLUTIONS])
def test_every_right_solution_has_all_points(path):
    assignment = ASSIGNMENTS[path.parent.name.partition("_")[0]]
    solution = Own(assignment, **vars(run_file(path)))
    assert points(assignment, solution, seed=1) == assignment.points


@each
def test_there_are_several_different_right_solutions(assignment):
    written = [path for path in SOLUTIONS if path.parent.name == assignment.folder.name]
    assert len(written) >= 3


@pytest.mark.parametrize(
    ("assignment", "mutant"), MUTANTS, ids=[f"{a.number} {m.what}" for a, m in MUTANTS]
)
def test_every_planted_mistake_loses_points(assignment, mutant):
    solution = Own(assignment, **{mutant.name: mutant.plant()})
    assert any(failure(item, solution, cases=5) for item in assignment.items)


@each
def test_the_stub_holds_no_solution_and_says_what_is_missing(assignment):
    text = stub_file(assignment)
    assert "<solution" not in text
    assert text.count("raise NotImplementedError") == text.count("# Your code: ") > 0
    compile(text, "solution.py", "exec")


@each
def test_what_students_get(assignment, tmp_path):
    folder = new(assignment.number, tmp_path / "mine")
    names = {path.name for path in folder.iterdir()}
    assert {"README.md", "solution.py", "test_visible.py", "test_mine.py", "explore.py"} <= names
    assert not {"items.py", "adapter.py"} & names
    readme = (folder / "README.md").read_text()
    table = re.findall(r"^\|([^|]*)\| *(\d+) *\|$", readme, re.MULTILINE)
    marked = [re.sub(r" \(.*\)", "", name).strip() for name, _ in table]
    assert marked == [item.name for item in assignment.items]
    assert [int(number) for _, number in table] == [item.points for item in assignment.items]


@each
def test_the_visible_checks_pass_for_the_right_functions_only(assignment, tmp_path):
    folder = new(assignment.number, tmp_path / "mine")
    stub = run(folder, "test_visible.py")
    assert stub.returncode != 0
    assert "your code is missing here" in stub.stderr
    use_own(assignment, folder)
    right = run(folder, "test_visible.py")
    assert right.returncode == 0, right.stderr
    tests = re.findall(r"^def (test_\w+)", (folder / "test_visible.py").read_text(), re.MULTILINE)
    assert right.stdout.count("passed: test_") == len(tests) >= 5


@each
def test_the_script_runs_with_the_right_functions(assignment, tmp_path):
    folder = new(assignment.number, tmp_path / "mine")
    use_own(assignment, folder)
    done = run(folder, "explore.py")
    assert done.returncode == 0, done.stderr
    assert list(folder.glob("*.png"))
