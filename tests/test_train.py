import csv
import io
import math
import re
import sys

import numpy as np
import pytest
from training import HELD_OUT, SHAPES, bits, fit, net, setting

import minigrad as mg
from minigrad import nn, optim, train
from minigrad.nn import functional as F
from minigrad.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau, StepLR
from minigrad.serialization import load
from minigrad.utils.data import DataLoader, Subset, TensorDataset

# ---- what fit does


def test_fit_does_what_the_loop_of_every_tutorial_does():
    model, history = fit(2)
    other, loader, optimizer = setting()
    for _ in range(2):
        total = right = 0
        for x, y in loader:
            optimizer.zero_grad()
            output = other(x)
            loss = F.cross_entropy(output, y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            right += (output.argmax(1) == y).sum().item()
    assert bits(model) == bits(other)
    assert history["train_loss"][1] == pytest.approx(total / 60)
    assert history["train_accuracy"][1] == pytest.approx(right / 60)
    other.eval()
    x, y = next(iter(DataLoader(HELD_OUT, 20)))
    assert history["valid_loss"][1] == pytest.approx(F.cross_entropy(other(x), y).item(), rel=1e-5)


def test_it_learns():
    _, history = fit(20, lr=0.02)
    assert history["train_loss"][-1] < 0.85 * math.log(5)  # chance is log(5)


def test_history(tmp_path):
    _, history = fit(3, run_folder=tmp_path)
    assert history["epoch"] == [1, 2, 3]
    assert len(history) == 3
    assert history.best.valid_loss == min(history["valid_loss"])
    with pytest.raises(KeyError, match="no 'loss'; it has epoch, lr, train_loss"):
        history["loss"]
    rows = list(csv.DictReader((tmp_path / "metrics.csv").read_text().splitlines()))
    assert [float(row["valid_accuracy"]) for row in rows] == history["valid_accuracy"]
    assert list(rows[0]) == [
        "epoch", "lr", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy", "seconds"
    ]  # fmt: skip


def test_regression_has_no_accuracy():
    x = mg.randn(20, 3)
    loader = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), 5)
    model = nn.Linear(3, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    history = train.fit(model, loader, nn.MSELoss(), optimizer, 8, progress=False)
    assert history["train_loss"][-1] < 0.1
    assert history["train_accuracy"] == [None] * 8
    assert history["valid_loss"] == [None] * 8
    assert ",,,," in history.to_csv()


def test_evaluate_counts_every_sample_once_and_leaves_the_modes_alone():
    model = net()
    model[1].eval()
    loss, accuracy = train.evaluate(model, DataLoader(HELD_OUT, 7), F.cross_entropy)
    whole_loss, whole_accuracy = train.evaluate(model, DataLoader(HELD_OUT, 20), F.cross_entropy)
    assert loss == pytest.approx(whole_loss, rel=1e-5)
    assert accuracy == whole_accuracy
    assert [m.training for m in model] == [True, False, True, True, True, True]


def test_predict():
    model = net().eval()
    outputs, targets = train.predict(model, DataLoader(HELD_OUT, 6))
    x, y = next(iter(DataLoader(HELD_OUT, 20)))
    assert np.allclose(outputs, model(x).detach(), atol=1e-6)
    assert np.array_equal(targets, y)


def test_a_terminal_gets_a_bar_with_the_time_left(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stderr", Terminal())
    fit(1, progress=True)
    assert re.search(r"epoch 1/1: .* 0/4 \[00:00<", sys.stderr.getvalue())


def test_schedulers_by_epoch_and_by_batch():
    _, by_epoch = fit(3, schedule=lambda o: StepLR(o, 1, gamma=0.1))
    assert by_epoch["lr"] == pytest.approx([0.01, 0.001, 0.0001])
    cycle = {"schedule": lambda o: OneCycleLR(o, 0.01, total_steps=12), "scheduler_every": "batch"}
    _, by_batch = fit(3, **cycle)
    _, _, optimizer = setting()
    scheduler, rates = OneCycleLR(optimizer, 0.01, total_steps=12), []
    for step in range(12):
        if step % 4 == 0:  # 60 images in batches of 16
            rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    assert by_batch["lr"] == pytest.approx(rates)


def test_a_plateau_is_one_of_the_validation_loss():
    watched = []

    class Watching(ReduceLROnPlateau):
        def step(self, metrics):
            watched.append(metrics)
            super().step(metrics)

    _, history = fit(2, schedule=Watching)
    assert watched == history["valid_loss"]
    watched.clear()
    _, history = fit(2, schedule=Watching, valid=False)
    assert watched == history["train_loss"]


def test_early_stopping_counts_epochs_since_the_best(tmp_path):
    _, history = fit(50, lr=0.0, patience=3, run_folder=tmp_path)  # nothing ever improves ...
    best = history.best.epoch  # ... but batch norm's running means move
    assert len(history) == best + 3 < 50
    assert all(loss >= history.best.valid_loss for loss in history["valid_loss"])
    _, more = fit(50, lr=0.0, patience=3, run_folder=tmp_path, resume=True)
    assert len(more) == len(history)


def test_the_best_weights_are_those_of_the_best_epoch(tmp_path):
    _, history = fit(6, lr=0.05, run_folder=tmp_path)
    best = net()
    best.load_state_dict(history.best_weights)
    loss, _ = train.evaluate(best, DataLoader(HELD_OUT, 8), F.cross_entropy)
    assert loss == history.best.valid_loss
    best.load_state_dict(load(tmp_path / "best.safetensors"))
    assert train.evaluate(best, DataLoader(HELD_OUT, 8), F.cross_entropy)[0] == loss


def test_what_is_printed(capsys):
    fit(2, progress=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("epoch 1/2  loss ")
    assert "valid accuracy" in lines[0]
    fit(1)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


# ---- bad input


def test_nan_ends_the_training_and_says_what_to_try(tmp_path):
    folder = tmp_path / "run"
    _, loader, _ = setting()
    steps = 0

    def broken(outputs, targets):
        nonlocal steps
        steps += 1
        return F.cross_entropy(outputs, targets) * (math.nan if steps == 6 else 1)

    model, loader, optimizer = setting(lr=0.5)
    with pytest.raises(
        RuntimeError,
        match=r"loss became nan in epoch 2, step 2. The learning rate is 0.5; try a lower one, "
        r"such as 0.05. What was saved after epoch 1 stands",
    ):
        train.fit(model, loader, broken, optimizer, 3, run_folder=folder, progress=False)
    assert len(load(folder / "checkpoint.safetensors")["epochs"]) == 1


def test_nan_in_the_data_is_named():
    loader = [(mg.tensor([[math.nan]]), mg.tensor([[1.0]]))]
    model = nn.Linear(1, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(RuntimeError, match="The inputs of this batch hold nan or inf"):
        train.fit(model, loader, F.mse_loss, optimizer, 1, progress=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "epochs must be an int of at least 0, got -1"),
        ({"epochs": 2.0}, "epochs must be an int of at least 0, got 2.0"),
        ({"patience": 0}, "patience must be an int of at least 1, got 0"),
        ({"patience": 2, "valid": False}, "patience= watches the validation loss; give valid_loa"),
        ({"resume": True}, "resume=True needs run_folder="),
        (
            {"scheduler_every": "step"},
            "scheduler_every must be one of 'epoch', 'batch', got 'step'",
        ),
        (
            {"schedule": ReduceLROnPlateau, "scheduler_every": "batch"},
            "ReduceLROnPlateau watches whole epochs",
        ),
    ],
)
def test_settings_that_make_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        fit(**{"epochs": 1, **options})


def test_loaders_that_give_nothing_or_something_else():
    model, _, optimizer = setting()
    empty = DataLoader(Subset(SHAPES, range(5)), 16, drop_last=True)
    with pytest.raises(ValueError, match="fit: the loader gave no batches; is the data set empty"):
        train.fit(model, empty, F.cross_entropy, optimizer, 1, progress=False)
    with pytest.raises(TypeError, match=r"a batch must be \(inputs, targets\).*gave Tensor"):
        train.evaluate(model, [mg.zeros(2, 1, 8, 8)], F.cross_entropy)
    with pytest.raises(TypeError, match="the loader gave list of 3"):
        train.predict(model, [[1, 2, 3]])
