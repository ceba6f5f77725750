"""What teachers and students type."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from attempts import ASSIGNMENTS, edited, tried

import minigrad as mg

OVERWRITES = ("dw[o] += dy[n, o, i, j] *", "dw[o] = dy[n, o, i, j] *")
ONES = ("padded = np.zeros((N, C, top", "padded = np.ones((N, C, top")


def test_a_new_folder_says_what_to_do(minigrad):
    code, out, _ = minigrad("course", "new", 2, "--to", "mine")
    assert (code, out) == (
        0, "mine: write solution.py; README.md says what. Then: minigrad course check mine\n"
    )  # fmt: skip
    assert (Path("mine") / "solution.py").read_text().startswith('"""Assignment 2: ')


def test_the_folder_is_named_after_the_assignment_by_itself(minigrad):
    minigrad("course", "new", 2)
    assert Path("2_conv2d/solution.py").exists()


def test_a_stub_is_not_written_yet(minigrad):
    minigrad("course", "new", 2, "--to", "mine")
    code, out, _ = minigrad("course", "check", "mine")
    assert code == 0
    assert "· y, plain                     not written yet\n" in out
    assert out.endswith("0 of 20 points, on cases like those that the grader draws.\n")


def test_a_right_solution_is_told_so(minigrad, hand_in):
    _, out, _ = minigrad("course", "check", hand_in("me"))
    assert out.count("✓ ") == 8
    assert "20 of 20 points" in out


def test_a_wrong_result_is_shown_in_the_smallest_case(minigrad, hand_in):
    _, out, _ = minigrad("course", "check", hand_in("me", edits=[ONES]))
    assert "✗ y, with padding              y is wrong at 1 of 2 elements\n" in out
    assert (
        """\
y, with padding: y is wrong at 1 of 2 elements
yours:
    [[[[1., 1.]]]]
expected:
    [[[[0., 1.]]]]
for conv(x, w, b, stride=(1, 1), padding=((0, 0), (1, 0)), dilation=(1, 1), groups=1) with
x =
    [[[[1.]]]]
w =
    [[[[1.]]]]
b = None
"""
        in out
    )


def test_a_wrong_gradient_comes_with_the_diagnosis(minigrad, hand_in):
    _, out, _ = minigrad("course", "check", hand_in("me", edits=[OVERWRITES]))
    assert "✓ y, with padding" in out
    assert "dw, plain: dw is wrong at 1 of 1 elements\nyours:\n    [[[[4.]]]]\nexpected:\n" in out
    assert "for conv(x, w, b, stride=(1, 1), padding=((0, 0), (0, 0))" in out
    assert "[1](dy) with\nx =\n    [[[[1., 2.]]]]\n" in out
    assert "gradcheck: the gradient of w (" in out


def test_a_flipped_kernel_is_named(minigrad, hand_in):
    edits = [("(window * w[o])", "(window * w[o, :, ::-1, ::-1])")]
    _, out, _ = minigrad("course", "check", hand_in("me", edits=edits))
    assert "✗ y, plain" in out
    assert "It is the result for other inputs: w is flipped along axis 2 and 3." in out


@pytest.mark.parametrize(
    ("item", "edits", "message"),
    [
        ("y, plain", [("return y, conv_backward", "return y")],
         "conv returned ndarray, expected the pair"),
        ("y, plain", [("return y, conv_backward", "return y[..., None], conv_backward")],
         "y has shape (1, 1, 1, 1, 1), expected (1, 1, 1, 1)"),
        ("y, plain", [("padded = np.zeros", "x *= 2\n    padded = np.zeros")],
         "conv writes into its input;"),
        ("db", [("db = None", "dy += 1\n        db = None")], "conv_backward writes into dy"),
        ("db", [(", dw, db\n", ", dw\n")],
         "conv_backward returned tuple of 2, expected a tuple"),
        ("db", [("b is None else b[o]", "b is None else b[o + 1]")], "IndexError: index 1 is out"),
        ("db", [("db = None if b is None else dy.sum((0, 2, 3))", "db = None")],
         "db is None, expected an array of shape (1,)"),
        ("dw, plain", [("padded = np.zeros", "global padded\n    padded = np.zeros")],
         "dw is wrong at "),
        ("db", [("dy.sum((0, 2, 3))", "'sum'")], "db is a str, expected an array of numbers"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(item, edits, message, tmp_path):
    assignment = ASSIGNMENTS["2"]
    text = edited(assignment, "loops", *edits)
    assert message in tried(assignment, tmp_path, text, item).problem


def test_what_was_printed_in_that_case_is_shown(minigrad, hand_in):
    edits = [ONES, ("padded[:, :, top", "print('shape', x.shape)\n    padded[:, :, top")]
    _, out, _ = minigrad("course", "check", hand_in("me", edits=edits[::-1]))
    assert "b = None\nIt printed:\n    shape (1, 1, 1, 1)\n\n" in out


@pytest.mark.parametrize("solution", ["kn2row", "im2col"])  # float64 and float32
def test_the_script_takes_any_right_solution(solution, hand_in):
    folder = hand_in("me", solution=solution)
    environment = {**os.environ, "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, "explore.py"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "digits right" in done.stdout


def test_an_assignment_that_is_not_there(minigrad):
    code, out, err = minigrad("course", "new", 9, "--to", "mine")
    assert (code, out) == (2, "")
    assert "there is no assignment '9'; there are " in err
    assert "2 conv2d" in err
    assert not Path("mine").exists()


def test_a_folder_that_exists_is_kept(minigrad):
    Path("mine").mkdir()
    Path("mine/solution.py").write_text("hours of work")
    code, out, err = minigrad("course", "new", 2, "--to", "mine")
    assert (code, out) == (2, "")
    assert "mine exists already, and nothing of yours is overwritten; write --to with" in err
    assert [path.name for path in Path("mine").iterdir()] == ["solution.py"]
    assert Path("mine/solution.py").read_text() == "hours of work"


def test_folders_that_cannot_be_checked(minigrad, hand_in):
    Path("other").mkdir()
    assert "nowhere is no folder; write the one that" in minigrad("course", "check", "nowhere")[2]
    assert "other has no assignment.json that says which" in minigrad("course", "check", "other")[2]
    folder = hand_in("me")
    (folder / "solution.py").rename(folder / "solved.py")
    code, _, err = minigrad("course", "check", folder)
    assert code == 2
    assert "has no solution.py; there is explore.py, solved.py, test_visible.py" in err


def test_a_syntax_error_is_shown_with_its_line(minigrad, hand_in):
    _, out, _ = minigrad(
        "course", "check", hand_in("me", text="import numpy as np\n\ndef conv(:\n")
    )
    assert "✗ y, plain                     SyntaxError: invalid syntax (line 3)\n" in out
    assert "✗ y, with stride               the same\n" in out
    assert "def conv(:\n         ^\n" in out


def test_a_file_without_the_function(minigrad, hand_in):
    _, out, _ = minigrad("course", "check", hand_in("me", text="def convolve(x):\n    return x\n"))
    assert "NameError: solution.py defines no conv; " in out


def test_checking_leaves_the_folder_as_it_was(minigrad, hand_in):
    folder = hand_in("me")
    before = {path: path.read_bytes() for path in folder.rglob("*")}
    minigrad("course", "check", folder)
    assert {path: path.read_bytes() for path in folder.rglob("*")} == before


def test_minigrads_own_convolution_is_as_it_was():
    x, w = mg.ones(1, 1, 3, 3), mg.ones(1, 1, 2, 2)
    assert (mg.nn.functional.conv2d(x, w) == 4).all()
