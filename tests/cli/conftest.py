import pytest

from minigrad.cli import main


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINIGRAD_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("minigrad.cli.train.draw", lambda *_: ["(nothing)"])  # takes its time


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A LeNet that has seen the digits for three epochs."""
    folder = tmp_path_factory.mktemp("runs") / "lenet"
    options = ["--epochs", "3", "--batch-size", "16", "--lr", "0.01", "--out", str(folder)]
    assert main(["train", *options]) == 0
    return folder


@pytest.fixture
def minigrad(capsys):
    """Run the command line in this process; return (exit code, output, errors)."""

    def run(*arguments):
        capsys.readouterr()
        try:
            code = main(list(arguments))
        except SystemExit as exit:  # argparse
            code = exit.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
