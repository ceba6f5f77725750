"""What the doctor's report says, and that its numbers are right."""

import re

import numpy as np

import minigrad as mg
from minigrad import debug, nn, optim
from minigrad.utils.data import DataLoader, TensorDataset

F = nn.functional


def setting(*layers, n=200, features=6, classes=3, lr=1e-2, make=optim.SGD):
    """A model of these layers, a loader of random data, and an optimizer."""
    mg.manual_seed(0)
    x = mg.randn(n, features)
    y = mg.tensor(x.data[:, :classes].argmax(1))
    model = nn.Sequential(*(layers or (nn.Linear(features, 8), nn.ReLU(), nn.Linear(8, classes))))
    loader = DataLoader(TensorDataset(x, y), 50)
    return model, loader, F.cross_entropy, make(model.parameters(), lr=lr)


def only(report, check):
    """The one finding."""
    assert [finding.check for finding in report] == [check], report
    return report[0]


def test_a_net_in_order():
    report = debug.doctor(*setting())
    assert isinstance(report, debug.Report)
    assert not report
    assert list(report) == []
    text = str(report)
    assert text == repr(report)
    assert re.match(
        r"debug.doctor: no findings, \d\d checks passed, \d not made, in 0.\d s\n", text
    )
    assert "    forward              (50, 6) -> (50, 3)\n" in text
    assert "equal scores give ln 3 = 1.099" in report.passed["loss at start"]
    assert report.passed["optimizer"] == "4 parameters in SGD"
    assert report.not_checked["zero_grad"].startswith("needs your training step: doctor(..., step=")
    assert text.count("needs your training step") == 1


def test_findings_are_shown_with_number_line_and_edit():
    model, loader, loss, optimizer = setting()
    model[0].bias.data[...] = -50
    report = debug.doctor(model, loader, loss, optimizer)
    finding = only(report, "dead units")
    assert isinstance(finding, debug.Finding)
    assert finding.evidence == "100% of 8 units, on 50 examples"
    assert re.fullmatch(r"test_doctor_report.py:\d+", finding.line)
    assert finding.edit.startswith("a larger start or a smaller bias: nn.init.zeros_(layer.bias)")
    lines = str(report).splitlines()
    assert lines[0].startswith("debug.doctor: 1 finding, ")
    assert lines[2] == f" 1  dead units           {finding.line}"
    assert lines[3].startswith("    relu at test_doctor_report.py:")
    assert "    found: 100% of 8 units, on 50 examples" in lines
    assert "    write: a larger start" in str(report)
    assert max(map(len, lines)) <= 100
    assert report.not_checked["one batch"] == "mend first: dead units"


def test_the_update_is_what_sgd_does():
    model, loader, loss, optimizer = setting(nn.Linear(6, 3), lr=0.3)
    x, y = next(iter(loader))
    w, b = (p.data.astype(np.float64) for p in model.parameters())
    first = w.copy()
    x, t = x.data[:32].astype(np.float64), np.eye(3)[y.data[:32]]
    for _ in range(3):  # the gradient of cross entropy, by hand
        e = np.exp(x @ w.T + b)
        d = (e / e.sum(1, keepdims=True) - t) / 32
        w, b = w - 0.3 * d.T @ x, b - 0.3 * d.sum(0)
    size = np.linalg.norm(w - first) / 3 / np.linalg.norm(first)
    said = debug.doctor(model, loader, loss, optimizer).passed["update size"]
    assert said == f"{size:.1e} of a weight a step, lr=0.3"


def test_the_leak_is_as_large_as_it_says():
    class Leaky(nn.Layer):
        def __init__(self):
            super().__init__()
            self.last = nn.Linear(6, 3)

        def forward(self, x):
            y = self.last(x)
            return y + 0.01 * y.mean(0)  # the batch's mean

    _, loader, loss, _ = setting()
    model = Leaky()
    report = debug.doctor(model, loader, loss, optim.SGD(model.parameters(), lr=0.01))
    finding = only(report, "examples apart")
    x = next(iter(loader))[0].data[:8]
    y = model.last(mg.tensor(x)).detach().numpy()
    size = np.abs(y[:7] + 0.01 * y[:7].mean(0)).max()
    moved = 0.01 * np.abs(y[7] - y[0]).max() / 7 / size
    assert f"6 of the 6 others, by up to {100 * moved:.3g}%" in finding.evidence
    place = f"at mean at {finding.line}, in Leaky"
    assert finding.text == f"examples of a batch influence each other, {place}"


def test_batch_norm_is_no_leak():
    layers = nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)
    report = debug.doctor(*setting(*layers))
    text = "changing one example leaves the outputs of the 6 others as they were"
    assert report.passed["examples apart"] == text
    layers[1].track_running_stats = False
    layers[1].running_mean = layers[1].running_var = layers[1].num_batches_tracked = None
    report = debug.doctor(*setting(*layers))
    assert "batch norm without running statistics" in report.not_checked["examples apart"]


def test_labels_that_are_sorted_and_labels_that_are_rare():
    model, loader, loss, optimizer = setting()
    x, y = loader.dataset.tensors
    order = np.argsort(y.data, kind="stable")
    loader = DataLoader(TensorDataset(x[order], y[order]), 50)
    finding = only(debug.doctor(model, loader, loss, optimizer), "labels")
    assert finding.evidence == "a batch holds 1.5 of 3 classes, shuffled about 3.0"
    rare = mg.tensor((np.arange(200) % 40 == 0).astype(np.int64))
    loader = DataLoader(TensorDataset(x, rare), 50)
    assert not debug.doctor(model, loader, loss, optimizer)


def test_a_model_that_fails_is_a_finding_with_the_users_line():
    class Net(nn.Layer):
        def __init__(self):
            super().__init__()
            self.last = nn.Linear(7, 3)

        def forward(self, x):
            return self.last(x)  # here

    _, loader, loss, _ = setting()
    model = Net()
    report = debug.doctor(model, loader, loss, optim.SGD(model.parameters(), lr=0.01))
    finding = only(report, "forward")
    with open(__file__) as file:
        here = [i for i, line in enumerate(file, 1) if line.endswith("# here\n")]
    assert finding.line == f"test_doctor_report.py:{here[0]}"
    assert "in_features" in finding.text
    assert report.not_checked["loss at start"] == "mend first: forward"


def test_a_loss_that_becomes_nan_is_followed_to_its_op():
    model, loader, _, optimizer = setting()

    def loss(output, target):
        return -output.log().mean()  # logits below 0

    finding = only(debug.doctor(model, loader, loss, optimizer), "loss")
    assert finding.text.startswith("the loss is nan: log at test_doctor_report.py:")
    assert "log of a negative number" in finding.edit


def test_a_schedule_for_batches_is_no_finding():
    model, loader, loss, optimizer = setting(n=2000)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=len(loader))

    def step(x, y):
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
        scheduler.step()

    report = debug.doctor(model, loader, loss, optimizer, step)
    assert not report
    assert report.passed["scheduler"].endswith("calls")
    assert scheduler.last_epoch == 0


def test_a_model_in_eval_mode():
    model, loader, loss, optimizer = setting(nn.Linear(6, 8), nn.Dropout(0.2), nn.Linear(8, 3))
    report = debug.doctor(model.eval(), loader, loss, optimizer)
    assert only(report, "train mode").evidence == "model.training is False"
    assert not model.training
    model, loader, loss, optimizer = setting()
    assert not debug.doctor(model.eval(), loader, loss, optimizer)
