"""Right scripts of a less common kind: the doctor raises no alarm."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import debug, nn, optim
from minigrad.datasets import Digits
from minigrad.utils.data import DataLoader, TensorDataset

F = nn.functional
DIGITS = Digits()
IMAGES = mg.tensor(DIGITS.data).float().flatten(1) / 255
LABELS = mg.tensor(DIGITS.targets)


def batches(x, y, size=64):
    return DataLoader(TensorDataset(x, y), batch_size=size, shuffle=True)


def net(inputs=64, outputs=10):
    mg.manual_seed(0)
    return nn.Sequential(nn.Linear(inputs, 32), nn.ReLU(), nn.Linear(32, outputs))


def examine(model, loader, loss=F.cross_entropy, lr=1e-3, step=None, optimizer=None):
    mg.manual_seed(0)
    optimizer = optimizer or optim.Adam(model.parameters(), lr)
    return debug.doctor(model, loader, loss, optimizer, step)


def checks(report):
    return [finding.check for finding in report]


class Gan:
    """DCGAN's loop: the backward of the generator reaches the discriminator, too."""

    def __init__(self):
        self.generator, self.critic = net(16, 64), net(64, 1)
        self.of_generator = optim.Adam(self.generator.parameters(), 2e-4)
        self.of_critic = optim.Adam(self.critic.parameters(), 2e-4)

    def loss(self, image, target):
        return F.binary_cross_entropy_with_logits(self.critic(image), target)

    def step(self, real, _):
        n = len(real)
        fake = self.generator(mg.randn(n, 16))
        self.of_critic.zero_grad()
        (self.loss(real, mg.ones(n, 1)) + self.loss(fake.detach(), mg.zeros(n, 1))).backward()
        self.of_critic.step()
        self.of_generator.zero_grad()
        self.loss(fake, mg.ones(n, 1)).backward()
        self.of_generator.step()


def test_the_discriminator_of_a_gan():
    gan, loss = Gan(), F.binary_cross_entropy_with_logits
    loader = batches(IMAGES, mg.ones(len(IMAGES), 1))
    report = examine(gan.critic, loader, loss, step=gan.step, optimizer=gan.of_critic)
    assert not report, report
    assert report.passed["zero_grad"] == "6 backwards, none adds to gradients that were used"


def test_the_generator_of_a_gan():
    gan = Gan()
    noise = [(mg.randn(64, 16), mg.ones(64, 1)) for _ in range(10)]

    def step(z, y):
        gan.step(IMAGES[: len(z)], y)

    report = examine(gan.generator, noise, gan.loss, step=step, optimizer=gan.of_generator)
    assert not report, report
    assert "parameters found" in report.passed


def test_a_gan_that_forgets_zero_grad():
    gan = Gan()

    def step(real, _):
        fake = gan.generator(mg.randn(len(real), 16))
        gan.loss(real, mg.ones(len(real), 1)).backward()
        gan.loss(fake.detach(), mg.zeros(len(real), 1)).backward()
        gan.of_critic.step()

    loader = batches(IMAGES, mg.ones(len(IMAGES), 1))
    loss = F.binary_cross_entropy_with_logits
    report = examine(gan.critic, loader, loss, step=step, optimizer=gan.of_critic)
    assert checks(report) == ["zero_grad"]
    assert report[0].evidence.startswith("2 of 6 backwards")


BYTES = mg.tensor(DIGITS.data).unsqueeze(1)


def convolutions(*first):
    mg.manual_seed(0)
    rest = nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 10)
    return nn.Sequential(*first, *rest)


class Shares(nn.Layer):
    def forward(self, x):
        return x.float() / 255


@pytest.mark.parametrize(
    ("model", "x"),
    [
        (convolutions(Shares()), BYTES),
        (convolutions(Shares()), BYTES.float()),
        (convolutions(nn.BatchNorm2d(1)), BYTES.float()),
        (nn.Sequential(nn.Flatten(), nn.Embedding(256, 4), nn.Flatten(), nn.Linear(256, 10)),
         BYTES),
    ],
)  # fmt: skip
def test_a_model_that_normalises(model, x):
    report = examine(model, batches(x, LABELS))
    assert not report, report
    assert "as the model makes them" in report.passed["inputs"]


@pytest.mark.parametrize("x", [BYTES, BYTES.float()])
def test_a_step_that_normalises(x):
    model = convolutions()
    optimizer = optim.Adam(model.parameters(), 1e-3)

    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(x.float() / 255), y).backward()
        optimizer.step()

    report = examine(model, batches(x, LABELS), step=step, optimizer=optimizer)
    assert not report, report
    assert report.passed["inputs"].startswith("as your step makes them, 0 to 1, mean 0.3")
    assert report.passed["forward"] == "(64, 1, 8, 8) -> (64, 10)"


def test_a_step_that_does_not_normalise():
    model = convolutions()
    optimizer = optim.Adam(model.parameters(), 1e-3)

    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(x + 1), y).backward()
        optimizer.step()

    report = examine(model, batches(BYTES.float(), LABELS), step=step, optimizer=optimizer)
    assert checks(report) == ["inputs"]
