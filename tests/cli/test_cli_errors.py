import re
from pathlib import Path

import numpy as np
import pytest
from command import QUICK
from matplotlib.image import imsave

from minigrad.cli import main


def png(content=None):
    imsave("whole.png", np.zeros((9, 9)))
    whole = Path("whole.png").read_bytes()
    Path("bad.png").write_bytes(whole[: len(whole) // 2] if content is None else content)
    return "bad.png"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (png, "bad.png is damaged or cut short"),
        (lambda: png(b"\x89PNG\r\n\x1a\n"), "bad.png is damaged or cut short"),
        (lambda: png(b"GIF89a"), "bad.png is no PNG image; convert it to PNG first"),
        (lambda: "nowhere.png", "there is no image nowhere.png"),
    ],
)
def test_images_that_cannot_be_read(make, message, run_folder, minigrad):
    code, out, err = minigrad("predict", make(), "--run", str(run_folder))
    assert (code, out) == (2, "")
    assert err.startswith(f"minigrad: error: {message}")


def test_a_folder_that_exists_is_refused_and_kept(minigrad):
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years of work")
    code, out, err = minigrad(*QUICK, "--out", "mine")
    assert (code, out) == (2, "")
    assert "mine exists already; choose another --out, or go on with the run in it by" in err
    assert [path.name for path in Path("mine").iterdir()] == ["thesis.txt"]


def test_folders_that_hold_no_run(minigrad):
    Path("empty").mkdir()
    assert "there is no run in" in minigrad("evaluate")[2]
    assert "there is no folder gone" in minigrad("evaluate", "gone")[2]
    assert (
        "empty is no run folder of minigrad: it has no config.json"
        in (minigrad("train", "--resume", "--out", "empty")[2])
    )
    assert minigrad("evaluate", "empty")[0] == 2


def test_a_damaged_config_or_checkpoint_is_refused(minigrad):
    minigrad(*QUICK)
    config, checkpoint = (
        Path("runs/mlp-digits") / name for name in ("config.json", "checkpoint.safetensors")
    )
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1])
    code, _, err = minigrad("evaluate")
    assert code == 1
    assert "checkpoint.safetensors is damaged or cut short" in err
    checkpoint.unlink()
    code, _, err = minigrad("evaluate", "runs/mlp-digits")
    assert code == 2
    assert "has no complete epoch yet; train on with minigrad train --resume" in err
    text = config.read_text()
    for content in (text[:20], "[]", "{}", text.replace("mlp", "alexnet")):
        config.write_text(content)
        code, _, err = minigrad("train", "--resume")
        assert code == 2
        assert "config.json is damaged or of another version" in err


def test_missing_data_is_reported_and_leaves_no_folder(minigrad, tmp_path):
    code, out, err = minigrad("train", "--data", "mnist")
    assert (code, out) == (1, "")
    assert err.startswith("minigrad: error: MNIST: missing")
    assert "--data digits" in err
    assert not Path("runs").exists()


def test_a_rate_that_is_too_high_ends_in_one_line(minigrad):
    code, _, err = minigrad(*QUICK, "--lr", "1e9", "--optimizer", "sgd")
    assert code == 1
    assert re.match(r"minigrad: error: fit: the loss became (nan|inf) in epoch", err)
    assert "try a lower one" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epochs", "0"], "argument --epochs: expected a whole number of at least 1, got '0'"),
        (["--batch-size", "x"], "argument --batch-size: expected a whole number"),
        (["--model", "vgg"], "argument --model: invalid choice: 'vgg'"),
        (["--lr", "-1"], "Adam: lr must be a finite number"),
        (["--weight-decay", "-1"], "Adam: weight_decay must be"),
    ],
)
def test_wrong_options(arguments, message, minigrad):
    code, _, err = minigrad("train", *arguments)
    assert code == 2
    assert message in err
    assert not Path("runs").exists()


def test_traceback_is_there_for_who_wants_it(minigrad):
    with pytest.raises(ValueError, match="there is no folder gone"):
        main(["evaluate", "gone", "--traceback"])
