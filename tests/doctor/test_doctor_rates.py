"""Right scripts of a less common kind: small starts, chance in the depth, what is frozen."""

import numpy as np
import pytest
from mistakes import examine
from test_doctor_right import IMAGES, LABELS, batches, checks, net
from test_doctor_right import examine as examine_own

from minigrad import nn, optim

F = nn.functional


@pytest.mark.parametrize(("deviation", "rate"), [(0.001, 0.1), (0.001, 0.5), (0.01, 0.5)])
def test_a_small_start_of_softmax_regression(deviation, rate):
    model = nn.Linear(64, 10)
    nn.init.normal_(model.weight, std=deviation)
    nn.init.zeros_(model.bias)
    optimizer = optim.SGD(model.parameters(), rate)
    report = examine_own(model, batches(IMAGES, LABELS), optimizer=optimizer)
    assert not report, report


@pytest.mark.parametrize(
    ("script", "old", "rate"), [("mlp", "lr=1e-3", 10), ("lenet", "lr=0.05", 50)]
)
def test_a_proposed_rate_trains(script, old, rate):
    edit = next(f.edit for f in examine(script, old, f"lr={rate}") if f.check == "update size")
    assert rate / 1000 <= float(edit.removeprefix("lr=")) < rate
    assert edit.strip("lr=.0") in ("1", "3")
    assert not examine(script, old, edit)


def test_a_rate_of_0():
    model = net()
    optimizer = optim.SGD(model.parameters(), 0.0)
    report = examine_own(model, batches(IMAGES, LABELS), optimizer=optimizer)
    assert (checks(report), report[0].edit) == (["update size"], "an lr above 0")


class Block(nn.Layer):
    """Left out by chance, as in stochastic depth."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(32, 32)

    def forward(self, x):
        return x if np.random.rand() < 0.3 else x + self.linear(x).relu()


def test_a_layer_that_chance_leaves_out():
    for seed in range(3):
        model = net(outputs=32)
        model = nn.Sequential(model, *[Block() for _ in range(5)], nn.Linear(32, 10))
        np.random.seed(seed)
        report = examine_own(model, batches(IMAGES, LABELS))
        assert "parameters reached" not in checks(report), report


@pytest.mark.parametrize("frozen", [False, True])
def test_a_frozen_net_that_is_kept_in_eval_mode(frozen):
    model = nn.Sequential(
        nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 10)
    )
    head = model[4]
    model[:4].requires_grad_(not frozen)
    trained = head.parameters() if frozen else model.parameters()
    optimizer = optim.Adam(trained, 1e-3)

    def step(x, y):
        model.eval()
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    report = examine_own(model, batches(IMAGES, LABELS), step=step, optimizer=optimizer)
    assert checks(report) == ([] if frozen else ["train mode"])


def test_a_scheduler_that_the_step_does_not_call():
    model = net()
    optimizer = optim.Adam(model.parameters(), 1e-3)
    used = optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=60)
    other = optim.lr_scheduler.ExponentialLR(optim.SGD(net().parameters(), 0.1), 0.1)

    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        used.step()
        if len(x) > 64:
            other.step()

    report = examine_own(model, batches(IMAGES, LABELS), step=step, optimizer=optimizer)
    assert not report, report
    assert "scheduler" in report.passed
