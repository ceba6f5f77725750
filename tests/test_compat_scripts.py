"""The scripts of tests/scripts, untouched, through python -m minigrad.compat."""

import os
import subprocess
import sys

import pytest
from test_scripts import RUN, SCRIPTS, place

# As in test_scripts, what is small about the data is told to the data set, not to the script.
SMALL = RUN.partition("sys.argv")[0]
UNTOUCHED = SMALL + "from minigrad.compat.__main__ import main\nmain()\n"

__all__ = ["place"]  # a fixture

KINDS = {
    "mnist": (["--dry-run", "--epochs", "1", "--batch-size=32"], "Train Epoch: 1 [0/1280 (0%)]"),
    "vae": (["--epochs", "1"], "Average loss"),
    "dcgan": (
        ["--dataset=fake", "--ngf=8", "--ndf=8", "--batchSize=16", "--outf=gan", "--dry-run"],
        "Loss_D:",
    ),
    "cifar_blitz": ([], "Accuracy for class"),
    "quickstart": ([], 'Actual: "Sneaker"'),
    "cifar_resnet": (["--epochs", "1", "--lr", "0.02"], "Saving.."),
}


def test_every_script_is_among_them():
    assert {path.stem for path in SCRIPTS.glob("*.py")} == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_a_script_of_pytorchs_kind_runs_untouched(name, place):
    options, printed = KINDS[name]
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-c", UNTOUCHED, str(SCRIPTS / f"{name}.py"), *options]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert printed in done.stdout
