import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import QUICK, same_weights

from minigrad.serialization import load
from minigrad.train import loop


@pytest.mark.parametrize("options", [["--augment"], ["--scheduler", "constant"]])
def test_resume_after_ctrl_c_gives_the_same_bits(options, minigrad, monkeypatch):
    """Interrupted in the second of three epochs, from the first validation on."""
    quick = [*QUICK, "--epochs", "3", *options]
    minigrad(*quick, "--out", "straight")
    calls, evaluate = [], loop.evaluate

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return evaluate(*arguments)

    monkeypatch.setattr(loop, "evaluate", interrupted)
    code, out, err = minigrad(*quick, "--out", "stopped")
    assert code == 130
    assert "test accuracy" not in out
    assert err == (
        "\nminigrad: interrupted; the last complete epoch stands, go on with: "
        "minigrad train --resume --out stopped\n"
    )
    code, out, _ = minigrad("train", "--resume", "--out", "stopped")
    assert code == 0
    assert "epoch 1/3" not in out
    assert same_weights("straight", "stopped")


def test_ctrl_c_on_the_real_command(tmp_path):
    command = [sys.executable, "-m", "minigrad", "train", "--model", "mlp", "--epochs", "5000"]
    options = ["--batch-size", "500", "--scheduler", "constant", "--out", "run"]
    root = str(Path(__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": root}
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as process:
        while not process.stdout.readline().startswith("epoch"):
            assert process.poll() is None
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.count("\n") == 2
    assert "go on with: minigrad train --resume --out run" in err
    assert load("run/checkpoint.safetensors")["epochs"]


def test_resume_takes_the_newest_run_and_more_epochs_of_a_constant_rate(minigrad):
    minigrad(*QUICK, "--scheduler", "constant", "--epochs", "3", "--out", "straight")
    minigrad(*QUICK, "--scheduler", "constant")
    code, out, _ = minigrad("train", "--resume", "--epochs", "3")
    assert code == 0
    assert "epoch 3/3" in out
    assert json.loads(Path("runs/mlp-digits/config.json").read_text())["epochs"] == 3
    assert same_weights("straight", "runs/mlp-digits")


def test_resume_refuses_other_settings_and_longer_schedules(minigrad):
    minigrad(*QUICK)
    code, _, err = minigrad("train", "--resume", "--lr", "0.1")
    assert code == 2
    assert "was trained with --lr 0.005, and --resume goes on as before; leave out --lr" in err
    code, _, err = minigrad("train", "--resume", "--epochs", "9")
    assert code == 2
    assert "the one-cycle schedule of" in err
    assert "--epochs 9, or with --scheduler constant" in err
