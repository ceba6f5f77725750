"""What looks odd and is right: the doctor raises no alarm."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import debug, nn, optim
from minigrad.utils.data import DataLoader, TensorDataset

F = nn.functional
rng = np.random.default_rng(0)
KIND = rng.integers(0, 20, 300)
ONE_HOT = np.eye(20, dtype=np.float32)[KIND]
SHARES = rng.dirichlet(np.ones(4), 300).astype(np.float32)
IMAGES = rng.random((300, 1, 8, 8), np.float32)
FAKE = (np.arange(300) % 2).astype(np.float32)[:, None]
VALUES = rng.normal(3, 2, (300, 1)).astype(np.float32)
RARE = (np.arange(300) % 100 == 50).astype(np.int64)
PIXELS = rng.integers(0, 2, (300, 8, 8))


def small(inputs, outputs, *more):
    return nn.Sequential(nn.Linear(inputs, 16), nn.ReLU(), nn.Linear(16, outputs), *more)


def pixelwise():
    return nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 2, 1))


def discriminator():
    """DCGAN's, with its start."""
    model = nn.Sequential(
        nn.Conv2d(1, 16, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(16, 32, 4, 2, 1),
        nn.BatchNorm2d(32), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128, 1),
    )  # fmt: skip
    nn.init.normal_(model[0].weight, 0, 0.02)
    nn.init.normal_(model[3].weight, 1, 0.02)
    return model


def quantile(output, target):
    return mg.maximum(0.9 * (target - output), 0.1 * (output - target)).mean()


ODD = {
    "one-hot inputs": (lambda: small(20, 4), ONE_HOT, KIND % 4, F.cross_entropy),
    "probabilities as targets": (lambda: small(20, 4), ONE_HOT, SHARES, F.cross_entropy),
    "Kullback-Leibler": (
        lambda: small(20, 4, nn.LogSoftmax(1)), ONE_HOT, SHARES,
        nn.KLDivLoss(reduction="batchmean")),
    "a quantile": (lambda: small(20, 1), ONE_HOT, VALUES, quantile),
    "a loss that may be negative": (
        lambda: small(20, 1), ONE_HOT, VALUES, lambda o, y: (o - y).abs().mean() - 5),
    "real and fake in turn": (
        discriminator, IMAGES, FAKE, F.binary_cross_entropy_with_logits),
    "a class of one in a hundred": (lambda: small(20, 2), ONE_HOT, RARE, F.cross_entropy),
    "pixels all labelled 1": (pixelwise, IMAGES, np.ones_like(PIXELS), F.cross_entropy),
    "a sum": (lambda: small(20, 4), ONE_HOT, KIND % 4, nn.CrossEntropyLoss(reduction="sum")),
    "scales of a whole map": (
        lambda: nn.Sequential(nn.LayerNorm([1, 8, 8]), nn.Conv2d(1, 8, 3), nn.LayerNorm([8, 6, 6]),
                              nn.Flatten(), nn.Linear(288, 2)),
        IMAGES, PIXELS[:, 0, 0], F.cross_entropy),
    "few examples, the rare class not among them": (
        lambda: small(20, 2), ONE_HOT[:60], 0 * KIND[:60], F.cross_entropy),
    "no hidden layer": (lambda: nn.Linear(20, 4), ONE_HOT, KIND % 4, F.cross_entropy),
}  # fmt: skip


def no_alarm(model, loader, loss, optimizer):
    report = debug.doctor(model, loader, loss, optimizer)
    assert not report, report
    assert not any("failed" in reason for reason in report.not_checked.values()), report
    return report


@pytest.mark.parametrize(("make", "x", "y", "loss"), ODD.values(), ids=ODD)
def test_no_alarm(make, x, y, loss):
    mg.manual_seed(0)
    model = make()
    loader = DataLoader(TensorDataset(mg.tensor(x), mg.tensor(y)), 30, shuffle=True)
    no_alarm(model, loader, loss, optim.Adam(model.parameters(), lr=1e-3))


def test_a_net_that_has_learned_moves_little():
    mg.manual_seed(0)
    x, y = mg.tensor(ONE_HOT), mg.tensor(KIND % 4)
    model = small(20, 4)
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    for _ in range(400):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    loader = DataLoader(TensorDataset(x, y), 30, shuffle=True)
    report = no_alarm(model, loader, F.cross_entropy, optim.SGD(model.parameters(), lr=1e-3))
    assert float(report.passed["update size"].split()[0]) < 1e-6


def test_one_batch_is_learned_without_dropout():
    said = []
    for layer in (nn.Dropout(0.98), nn.Identity()):
        mg.manual_seed(0)
        model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), layer, nn.Linear(32, 4))
        loader = DataLoader(TensorDataset(mg.tensor(ONE_HOT), mg.tensor(KIND % 4)), 30)
        optimizer = optim.Adam(model.parameters(), lr=1e-2)
        said.append(no_alarm(model, loader, F.cross_entropy, optimizer).passed["one batch"])
    assert said[0] == said[1]


def test_a_layer_that_is_frozen_by_hand_and_a_loss_with_parameters():
    class Scaled(nn.Layer):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(mg.ones(1))

        def forward(self, output, target):
            return F.cross_entropy(self.scale * output, target)

    mg.manual_seed(0)
    model, loss = small(20, 4), Scaled()
    model[0].requires_grad_(False)
    optimizer = optim.Adam([*model[2].parameters(), *loss.parameters()], lr=1e-2)
    loader = DataLoader(TensorDataset(mg.tensor(ONE_HOT), mg.tensor(KIND % 4)), 30)
    no_alarm(model, loader, loss, optimizer)


def test_a_number_beside_the_model_that_the_optimizer_knows():
    mg.manual_seed(0)
    model, temperature = small(20, 4), mg.ones(1, requires_grad=True)

    def loss(output, target):
        return F.cross_entropy(temperature * output, target)

    optimizer = optim.Adam([*model.parameters(), temperature], lr=1e-2)
    loader = DataLoader(TensorDataset(mg.tensor(ONE_HOT), mg.tensor(KIND % 4)), 30)
    no_alarm(model, loader, loss, optimizer)


def test_what_the_first_call_and_the_latest_have_kept():
    mg.manual_seed(0)
    model, first, latest = small(20, 4), None, None
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    loader = DataLoader(TensorDataset(mg.tensor(ONE_HOT), mg.tensor(KIND % 4)), 30)

    def step(x, y):
        nonlocal first, latest
        optimizer.zero_grad()
        latest = F.cross_entropy(model(x), y)
        first = first or latest
        latest.backward()
        optimizer.step()

    report = debug.doctor(model, loader, F.cross_entropy, optimizer, step)
    assert not report
    assert report.passed["kept graphs"] == "none is left of 3 calls"


@settings(max_examples=8, derandomize=True, database=None)
@given(
    widths=st.lists(st.integers(8, 40), min_size=0, max_size=4),
    activation=st.sampled_from([nn.ReLU, nn.Tanh, nn.GELU, nn.LeakyReLU, nn.ELU, nn.SiLU]),
    norm=st.sampled_from([None, nn.BatchNorm1d, nn.LayerNorm]),
    dropout=st.sampled_from([0, 0.5]),
    classes=st.integers(2, 6),
    rate=st.sampled_from([3e-4, 1e-3, 3e-3]),
    optimizer=st.sampled_from([optim.Adam, optim.RMSprop, optim.AdamW]),
)
def test_no_alarm_on_nets_of_all_kinds(widths, activation, norm, dropout, classes, rate, optimizer):
    mg.manual_seed(0)
    layers, last = [], 6
    for width in widths:
        layers += [nn.Linear(last, width), *([norm(width)] if norm else []), activation()]
        layers += [nn.Dropout(dropout)] if dropout else []
        last = width
    model = nn.Sequential(*layers, nn.Linear(last, classes))
    x = mg.randn(200, 6)
    loader = DataLoader(TensorDataset(x, mg.tensor(x.data[:, :classes].argmax(1))), 50)
    no_alarm(model, loader, F.cross_entropy, optimizer(model.parameters(), lr=rate))
