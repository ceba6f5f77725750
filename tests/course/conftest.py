import shutil
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.course.new import new

SOLUTIONS = Path(__file__).parent / "solutions"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def minigrad(capsys):
    """Run the command line in this process; return (exit code, output, errors)."""

    def run(*arguments):
        capsys.readouterr()
        try:
            code = main(list(map(str, arguments)))
        except SystemExit as exit:  # argparse
            code = exit.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def hand_in(tmp_path):
    """A submission of assignment 2: its folder, with `text` or a right solution in it.

    Without tests of its own, which take time.
    """

    def write(name, text=None, solution="loops", edits=()):
        folder = new(2, tmp_path / "submissions" / name)
        (folder / "test_mine.py").unlink()
        path = folder / "solution.py"
        shutil.copyfile(SOLUTIONS / "2_conv2d" / f"{solution}.py", path)
        text = path.read_text() if text is None else text
        for old, new_ in edits:
            assert old in text
            text = text.replace(old, new_)
        path.write_text(text)
        return folder

    return write
