"""What README.md and the examples show is true."""

import inspect
import re
import runpy
import sys
from pathlib import Path

import pytest

from minigrad.ops import activation

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def test_the_ten_lines_train(capsys):
    names = {}
    exec(BLOCKS[0], names)
    assert names["loss"].item() < 0.2
    assert "cross_entropy" in capsys.readouterr().out


def test_the_op_shown_is_the_one_that_runs():
    assert BLOCKS[1] == inspect.getsource(activation.relu)


def test_the_commands_are_those_of_the_makefile():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    commands = re.findall(r"^make ([a-z-]+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert commands == ["train", "test"]
    assert set(commands) <= set(targets)


LESSONS = sorted(ROOT.glob("examples/[0-9]*.py"))


@pytest.mark.parametrize("script", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs(script, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(script.parent))
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path))  # as on a machine with the digits only
    monkeypatch.setattr(sys, "argv", [str(script), "--quick"])
    runpy.run_path(str(script), run_name="__main__")
    assert (tmp_path / "runs" / f"{script.stem}.png").exists()
    assert "\nmetric: " in capsys.readouterr().out
