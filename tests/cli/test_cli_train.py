import re
from pathlib import Path

import pytest
from command import QUICK, same_weights

from minigrad.cli.data import batches_to_use
from minigrad.cli.pictures import draw
from minigrad.serialization import load


def test_train_and_what_it_leaves(minigrad):
    code, out, err = minigrad(*QUICK)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == (
        "mlp (50,826 parameters) on digits: 1,298 training, 144 validation, 355 test images"
    )
    assert lines[1] == f"run folder: {Path('runs/mlp-digits')}"
    assert lines[2].startswith("epoch 1/2  loss ")
    assert lines[3].startswith("epoch 2/2  loss ")
    assert re.fullmatch(r"test accuracy: \d\d?\.\d\d%", lines[-1])
    assert len(lines) == 6
    assert {path.name for path in Path("runs/mlp-digits").iterdir()} == {
        "config.json", "checkpoint.safetensors", "best.safetensors", "metrics.csv"
    }  # fmt: skip


def test_the_pictures(run_folder, monkeypatch, minigrad):
    assert {path.name for path in run_folder.glob("*.png")} == {
        "curves.png", "confusion_matrix.png", "filters.png", "wrong_guesses.png"
    }  # fmt: skip
    monkeypatch.setattr("minigrad.cli.train.draw", draw)
    _, out, _ = minigrad(*QUICK, "--out", "mlp")  # has no filters to show
    assert "drawn in mlp: curves.png, confusion_matrix.png, wrong_guesses.png" in out
    assert len(list(Path("mlp").glob("*.png"))) == 3


def test_three_epochs_of_lenet_are_well_above_chance(run_folder, minigrad):
    _, out, _ = minigrad("evaluate", str(run_folder))
    assert float(re.search(r"test accuracy: (.*)%", out)[1]) > 85


def test_default_folders_are_numbered(minigrad):
    first, second = minigrad(*QUICK), minigrad(*QUICK)
    assert first[0] == second[0] == 0
    assert {path.name for path in Path("runs").iterdir()} == {"mlp-digits", "mlp-digits-2"}
    assert same_weights("runs/mlp-digits", "runs/mlp-digits-2")  # the same seed


def test_another_seed_gives_another_net(minigrad):
    minigrad(*QUICK, "--out", "a")
    minigrad(*QUICK, "--out", "b", "--seed", "1")
    assert not same_weights("a", "b")


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta"])
def test_every_optimizer_trains_with_its_default_rate(optimizer, minigrad):
    code, out, _ = minigrad(*QUICK, "--optimizer", optimizer, "--epochs", "4", "--augment")
    assert code == 0
    assert float(out.split()[-1].rstrip("%")) > 20


@pytest.mark.parametrize("scheduler", ["cosine", "plateau", "constant"])
def test_every_scheduler(scheduler, minigrad):
    assert minigrad(*QUICK, "--scheduler", scheduler)[0] == 0
    lines = Path("runs/mlp-digits/metrics.csv").read_text().splitlines()
    rates = [line.split(",")[1] for line in lines[1:]]
    assert float(rates[0]) == 0.005
    assert (float(rates[1]) < 0.005) == (scheduler == "cosine")


def test_patience_stops_and_takes_the_best_weights(minigrad):
    options = ["--lr", "0.5", "--scheduler", "constant", "--patience", "1", "--epochs", "90"]
    code, out, _ = minigrad(*QUICK, *options)
    assert code == 0
    best = int(re.search(r"stopped early: no lower loss than in epoch (\d+)", out)[1])
    run = load("runs/mlp-digits/checkpoint.safetensors")
    assert len(run["epochs"]) == best + 1
    _, again, _ = minigrad("evaluate")
    assert again.splitlines()[-1] == out.splitlines()[-1]


def test_the_batches_of_cifar_that_are_there(monkeypatch, tmp_path):
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path))
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    assert batches_to_use("cifar10", download=False) is None  # none: the data set says so
    (folder / "data_batch_1.bin").touch()
    assert batches_to_use("cifar10", download=False) == [1]
    assert batches_to_use("cifar10", download=True) is None
    assert batches_to_use("mnist", download=False) is None
    for number in range(2, 6):
        (folder / f"data_batch_{number}.bin").touch()
    assert batches_to_use("cifar10", download=False) is None


def test_one_batch_of_real_cifar(data_folder, monkeypatch, minigrad):
    monkeypatch.setenv("MINIGRAD_DATA", str(data_folder))
    if batches_to_use("cifar10", download=False) != [1]:
        pytest.skip("all of CIFAR-10 is there")
    code, out, _ = minigrad(
        "train", "--model", "mlp", "--data", "cifar10", "--epochs", "1", "--augment"
    )
    assert code == 0
    assert "9,000 training, 1,000 validation, 10,000 test images" in out
    assert "of CIFAR-10's five training files only data_batch_1.bin is there; --download" in out
    assert float(out.split()[-1].rstrip("%")) > 20
