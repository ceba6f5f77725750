"""Grading a folder of submissions."""

import csv
import json
from pathlib import Path

import pytest

from minigrad.course.assignment import find
from minigrad.course.grade import LIMITS, find_submissions, grade
from minigrad.course.own_tests import kills_of
from minigrad.course.report import gradescope, table, write_csv

RIGHT = ["einsum", "im2col", "fourier"]
FLIPPED = [("(window * w[o])", "(window * w[o, :, ::-1, ::-1])")]
OWN_TESTS = """
import numpy as np
from solution import conv

OPTIONS = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}
x = np.arange(32.0).reshape(2, 1, 4, 4)
w = np.arange(6.0).reshape(1, 1, 2, 3)


def test_db():
    y, backward = conv(x, w, np.zeros(1), **OPTIONS)
    assert backward(np.ones(y.shape))[2] == y.size


def test_that_is_wrong_itself():
    assert conv(x, w, None, **OPTIONS)[0].shape == (2, 1, 3, 3)
"""


@pytest.fixture
def course(hand_in):
    for name in RIGHT:
        hand_in(name, solution=name)
    hand_in("flipped", edits=FLIPPED)
    (hand_in("nothing") / "solution.py").unlink()
    hand_in("syntax", text="def conv(:\n")
    hand_in("renamed", text="def convolve(x):\n    return x\n")
    return Path("submissions")


def test_a_course(course, minigrad):
    code, out, _ = minigrad(
        "course", "grade", course, "--csv", "marks.csv", "--gradescope", "results", "--seed", 3
    )
    assert code == 0
    for name in RIGHT:
        assert f"{name:10}  20 / 20  4  2  2  2  3  2  3  2\n" in out
    assert "\nflipped" in out
    assert "nothing      0 / 20  -  -  -  -  -  -  -  -\n    no solution.py; there is" in out
    assert "    1, 2, 3, 4, 5, 6, 7, 8: SyntaxError: invalid syntax (line 1)\n" in out
    assert ": NameError: solution.py defines no conv; did you mean convolve? Rename it to" in out
    assert "1: y, plain (4)\n" in out
    assert "\nsubmissions were kept apart by: " in out
    assert out.rstrip().endswith("audited imports and files")

    with open("marks.csv", newline="") as file:
        rows = {row["submission"]: row for row in csv.DictReader(file)}
    assert len(rows) == 7
    assert rows["einsum"]["points"] == rows["einsum"]["of"] == "20"
    assert rows["einsum"]["y, with stride"] == "2"
    assert 0 < int(rows["flipped"]["points"]) < 20
    assert rows["flipped"]["y, plain"] == "0"
    assert "no solution.py" in rows["nothing"]["remarks"]

    results = json.loads(Path("results/flipped/results.json").read_text())
    assert results["score"] == int(rows["flipped"]["points"])
    assert [test["max_score"] for test in results["tests"]] == [4, 2, 2, 2, 3, 2, 3, 2]
    first = results["tests"][0]
    assert (first["name"], first["score"], first["status"]) == ("y, plain", 0, "failed")
    assert "the result for other inputs: w is flipped along axis 2 and 3." in first["output"]
    assert json.loads(Path("results/einsum/results.json").read_text())["score"] == 20


def test_the_mark_does_not_hang_on_seed_or_threads(hand_in):
    hand_in("fourier", solution="fourier")
    hand_in("flipped", edits=FLIPPED)
    marks = [
        {mark.name: mark.points for mark in grade("submissions", seed=seed, threads=threads)}
        for seed, threads in [(1, 1), (2, 2)]
    ]
    assert marks[0] == marks[1]
    assert marks[0]["fourier"] == 20


def test_one_submission_by_itself_as_gradescope_has_it(hand_in, minigrad):
    _, out, _ = minigrad("course", "grade", hand_in("me"), "--gradescope", "results")
    assert "me          20 / 20" in out
    assert json.loads(Path("results/results.json").read_text())["score"] == 20


def test_what_is_packed_is_named(hand_in):
    hand_in("=honest")
    Path("submissions/anna.zip").write_bytes(b"PK")
    marks = {mark.name: mark for mark in grade("submissions", 2)}
    assert marks["anna"].problem == "anna.zip is no Python file; unpack or convert it"
    write_csv(list(marks.values()), Path("marks.csv"))
    assert "\n'=honest,20,20," in Path("marks.csv").read_text()


def test_files_in_place_of_folders(hand_in):
    Path("files").mkdir()
    for name in ("einsum", "loops"):
        (hand_in(name, solution=name) / "solution.py").rename(f"files/{name}.py")
    assert {m.name: m.points for m in grade("files", 2)} == {"einsum": 20, "loops": 20}


def test_a_file_and_a_folder_of_one_name_are_two_submissions(hand_in):
    hand_in("anna")
    hand_in("berta.m")
    for name in ("anna.py", "carla.py"):
        Path("submissions", name).write_text("")
    assert list(find_submissions(Path("submissions"))) == ["anna", "anna.py", "berta.m", "carla"]


def test_what_a_mac_or_a_notebook_adds_is_no_second_solution(hand_in):
    folder = hand_in("me")
    for name in ("__MACOSX", ".ipynb_checkpoints"):
        (folder / name).mkdir()
        (folder / name / "solution.py").write_text("")
    (folder / "work").mkdir()
    (folder / "solution.py").rename(folder / "work" / "solution.py")
    assert grade("submissions")[0].points == 20


def test_a_solution_deeper_in_the_folder_is_found(hand_in):
    folder = hand_in("me")
    deep = folder / "homework" / "final"
    deep.mkdir(parents=True)
    (folder / "solution.py").rename(deep / "solution.py")
    assert grade("submissions")[0].points == 20
    (folder / "other").mkdir()
    (folder / "other" / "solution.py").write_text("")
    assert grade("submissions")[0].problem == "2 files are called solution.py; there must be one"


def test_a_link_out_of_the_submission_is_not_followed(hand_in):
    folder = hand_in("me")
    (folder / "solution.py").rename("elsewhere.py")
    (folder / "solution.py").symlink_to(Path("elsewhere.py").resolve())
    (mark,) = grade("submissions")
    assert (mark.points, mark.problem) == (0, "solution.py is a link out of the submission")


def test_a_test_that_fails_the_second_time_catches_nothing(hand_in):
    path = hand_in("me") / "test_mine.py"
    path.write_text("runs = []\n\n\ndef test_once():\n    runs.append(1)\n    assert runs == [1]\n")
    assert kills_of(find(2), path, LIMITS).caught == 0


def test_own_tests_are_scored_by_what_they_catch(hand_in):
    folder = hand_in("me")
    (folder / "test_mine.py").write_text(OWN_TESTS)
    (mark,) = grade(folder)
    assert (mark.kills.caught, mark.kills.planted) == (2, 8)
    assert "dw is zero" in mark.kills.survivors
    assert len(mark.kills.refused) == 1
    assert "    own tests: 2 of 8 mistakes caught" in "\n".join(table([mark]))
    said = gradescope(mark)["output"]
    assert "2 of 8 planted mistakes caught; not caught: dw is that of a flipped kernel" in said
    assert "fails for a right solution: test_that_is_wrong_itself (AssertionError: )" in said


@pytest.mark.parametrize(
    ("tests", "problem"),
    [
        ("", "none ran: the file has no function test_..."),
        ("def test(:", "none ran: SyntaxError: invalid syntax (line 1)"),
        ("raise ValueError('no')", "none ran: ValueError: no (line 1)"),
        ("import os\nos._exit(3)", "none ran: ended its process with exit code 3"),
    ],
)
def test_own_tests_that_cannot_run(tests, problem):
    Path("test_mine.py").write_text(tests)
    assert str(kills_of(find(2), Path("test_mine.py"), LIMITS)).startswith(problem)


def test_folders_that_cannot_be_graded(minigrad, hand_in):
    code, _, err = minigrad("course", "grade", "nowhere")
    assert code == 2
    assert "nowhere is no folder; write the one that holds the submissions" in err
    Path("empty").mkdir()
    assert "empty holds no submissions; it should have" in minigrad("course", "grade", "empty")[2]
    (hand_in("me") / "assignment.json").unlink()
    _, _, err = minigrad("course", "grade", "submissions")
    assert "which assignment is it? Of the submissions none says so; write --assignment" in err
    hand_in("you")
    other = hand_in("they") / "assignment.json"
    other.write_text('{"assignment": 1}')
    _, _, err = minigrad("course", "grade", "submissions")
    assert "Of the submissions they name 1 and 2; write --assignment" in err
