"""Stepping through backprop with pdb, as a real process: what the user types and sees."""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad
from minigrad.ops import activation

SCRIPT = """\
import minigrad as mg
from minigrad import debug, nn

mg.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
loss = nn.functional.cross_entropy(net(mg.randn(5, 4)), mg.tensor([0, 1, 0, 1, 1]))
{before}
loss.backward()
print("the end:", net[0].weight.grad.shape)
"""


def pdb(tmp_path, before, *commands, under_pdb=False):
    """What pdb prints when the script is run and these commands are typed."""
    script = tmp_path / "lesson.py"
    script.write_text(SCRIPT.format(before=before))
    done = subprocess.run(
        [sys.executable, *(["-m", "pdb"] if under_pdb else []), str(script)],
        input="\n".join([*commands, ""]),
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(minigrad.__file__).parent.parent)},
    )
    assert not done.stderr, done.stderr
    return done.stdout


def stops(output):
    """Where pdb stopped: (file, function) of each "> path(line)function()"."""
    return re.findall(r"> \S*?([\w.]+)\(\d+\)([\w<>]+)\(\)", output)


def test_three_steps_lead_from_loss_backward_into_the_first_op(tmp_path):
    output = pdb(tmp_path, "breakpoint()", "step", "step", "step", "p sorted(locals())", "c")
    assert stops(output)[-1] == ("classification.py", "cross_entropy_backward")
    assert "'log_p'" in output  # kept by the op, under the name that it has in forward
    assert "-> dy = _for_each(dy, len(e)) * scale" in output  # the first line of its body
    assert "the end:" in output


def test_the_next_steps_go_from_op_to_op(tmp_path):
    over = ["step"] * 3 + ["return", "step"] * 3
    functions = [name for _, name in stops(pdb(tmp_path, "breakpoint()", *over, "c"))]
    order = [name for i, name in enumerate(functions) if name not in functions[:i]]
    ways_back = [name for name in order if name.endswith("_backward")]
    assert ways_back == ["cross_entropy_backward", "linear_backward", "relu_backward"]
    assert "walk_back" not in functions


def test_next_goes_over_the_whole_backward(tmp_path):
    output = pdb(tmp_path, "breakpoint()", "next", "p net[0].weight.grad is not None", "c")
    assert stops(output)[-1] == ("lesson.py", "<module>")
    assert "\n(Pdb) True\n" in output


def test_a_breakpoint_in_an_ops_backward_is_met(tmp_path):
    lines, first = inspect.getsourcelines(activation.relu)
    number = first + next(i for i, line in enumerate(lines) if "return (" in line)
    place = f"{activation.__file__}:{number}"
    output = pdb(tmp_path, "pass", f"b {place}", "c", "p dy.shape", "q", under_pdb=True)
    assert stops(output)[-1] == ("activation.py", "relu_backward")
    assert "(Pdb) (5, 3)\n" in output


def test_a_breakpoint_in_a_hook_is_met(tmp_path):
    before = "net[0].weight.register_hook(lambda g: breakpoint())"
    output = pdb(tmp_path, before, "p g.shape", "c")
    assert "(3, 4)" in output
    assert "the end: (3, 4)" in output


@pytest.mark.parametrize("under_pdb", [False, True])
def test_break_on_stops_on_the_first_line_of_the_ops_backward(tmp_path, under_pdb):
    start = ["c"] if under_pdb else []
    output = pdb(
        tmp_path, 'debug.break_on(op="relu")', *start, "p dy.shape", "p positive.shape", "c",
        *(["q"] if under_pdb else []), under_pdb=under_pdb,
    )  # fmt: skip
    assert "break_on: relu at lesson.py:6, in 1 (ReLU): gradient (5, 3)" in output
    assert ("activation.py", "relu_backward") in stops(output)
    assert output.count("(Pdb) (5, 3)\n") == 2
    assert "the end:" in output


def test_one_can_step_on_from_where_break_on_stopped(tmp_path):
    output = pdb(tmp_path, 'debug.break_on(op="relu")', "return", "step", "c")
    assert stops(output)[-1][1] == "linear_backward"
    assert "the end:" in output


def test_kernels_run_on_the_calling_thread_under_a_debugger(tmp_path):
    before = (
        "from minigrad.kernels import threads\n"
        "import threading\n"
        "mg.set_num_threads(4)\n"
        "names = lambda: set(threads.run(lambda i: threading.current_thread().name, range(8)))\n"
        "breakpoint()"
    )
    output = pdb(tmp_path, before, "p names()", "c")
    assert "(Pdb) {'MainThread'}" in output
