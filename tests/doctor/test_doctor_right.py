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


COUNTS = np.random.default_rng(0)
FEATURES = COUNTS.normal(size=(600, 5)).astype(np.float32)
EVENTS = COUNTS.poisson(np.exp(FEATURES[:, :1] / 2 + 1)).astype(np.float32)
SIGNS = np.where(FEATURES[:, :1] > -1, 1, -1).astype(np.float32)
FAR = 30 + 10 * FEATURES[:, :1]
OWN = {
    "poisson": (lambda output, y: (output.exp() - y * output).mean(), EVENTS),
    "logistic": (lambda output, y: (1 + (-y * output).exp()).log().mean(), SIGNS),
    "critic": (lambda output, y: -(output * y).mean(), SIGNS),
    "scaled": (lambda output, y: ((10 * output + 30 - y) ** 2).mean(), FAR),
}


@pytest.mark.parametrize(("loss", "y"), OWN.values(), ids=OWN)
def test_a_loss_that_is_not_least_where_outputs_are_targets(loss, y):
    report = examine(net(5, 1), batches(mg.tensor(FEATURES), mg.tensor(y)), loss)
    assert not report, report
    assert report.not_checked["loss direction"].startswith("for losses of output - target")


def bonus(output, y):
    """Cross entropy that is lowered by the entropy of the guess, more than it can be."""
    p = output.log_softmax(1)
    return F.cross_entropy(output, y) + 1.2 * (p.exp() * p).sum(1).mean()


def test_a_bonus_for_being_unsure():
    report = examine(net(), batches(IMAGES, LABELS), bonus)
    assert not report, report
    assert report.not_checked["loss at start"].endswith("for equal scores; this one -0.461")


NEGATED = {
    "cross entropy": (10, lambda output, y: -F.cross_entropy(output, y), LABELS),
    "two classes": (
        1, lambda output, y: -F.binary_cross_entropy_with_logits(output, y),
        (LABELS % 2).float().unsqueeze(1)),
    "squares": (1, lambda output, y: -F.mse_loss(output, y), LABELS.float().unsqueeze(1) / 9),
}  # fmt: skip


@pytest.mark.parametrize(("outputs", "loss", "y"), NEGATED.values(), ids=NEGATED)
def test_the_sign_of_a_known_loss(outputs, loss, y):
    report = examine(net(outputs=outputs), batches(IMAGES, y), loss)
    assert checks(report) == ["loss direction"]
    assert "sign" in report[0].text


class OfClasses:
    """A sampler's batches: 8 images of each of 8 classes, one class after another."""

    def __iter__(self):
        chance = np.random.default_rng(0)
        for _ in range(20):
            kinds = chance.permutation(10)[:8]
            i = np.concatenate([chance.choice(np.flatnonzero(DIGITS.targets == k), 8)
                                for k in kinds])  # fmt: skip
            yield IMAGES[i], LABELS[i]


def triplet(output, y):
    d = ((output.unsqueeze(1) - output.unsqueeze(0)) ** 2).sum(2)
    same = mg.tensor((y.data[:, None] == y.data).astype(np.float32))
    return F.relu((d * same).sum(1) / 8 - (d * (1 - same)).sum(1) / 56 + 0.5).mean()


@pytest.mark.parametrize("size", [16, 2])
def test_batches_of_classes_in_blocks(size):
    report = examine(net(outputs=size), OfClasses(), triplet)
    assert not report, report


@pytest.mark.parametrize("together", [False, True])
def test_real_and_fake_in_halves(together):
    n = 32
    halves = [(IMAGES[i : i + n], mg.ones(n, 1)) for i in range(0, 640, n)]
    halves = [half for real in halves for half in (real, (mg.rand(n, 64), mg.zeros(n, 1)))]
    if together:
        halves = [tuple(map(mg.cat, zip(*halves[i : i + 2], strict=True)))
                  for i in range(0, 40, 2)]  # fmt: skip
    report = examine(net(outputs=1), halves, F.binary_cross_entropy_with_logits)
    assert not report, report


def test_two_views_of_each_example():
    class Views(nn.Layer):
        def __init__(self):
            super().__init__()
            self.net = net(outputs=16)

        def forward(self, x):
            return self.net(x.reshape(-1, 64))

    def contrast(z, _):
        z = F.normalize(z)
        n = len(z)
        return F.cross_entropy(
            z @ z.T - 1e4 * mg.eye(n), mg.arange(n).reshape(-1, 2).flip(1).flatten()
        )

    noise = mg.randn(len(IMAGES), 2, 64) / 10
    report = examine(Views(), batches(IMAGES.unsqueeze(1) + noise, LABELS), contrast)
    assert not report, report
    assert report.not_checked["examples apart"].startswith("7 examples have 14 outputs")


def test_one_batch_of_two_blocks():
    x = mg.cat([IMAGES[:500], mg.rand(500, 64)])
    whole = [(x, mg.cat([mg.ones(500, 1), mg.zeros(500, 1)]))]
    report = examine(net(outputs=1), whole, F.binary_cross_entropy_with_logits)
    assert not report, report


def test_a_negated_loss_that_is_maximized():
    model = net()
    optimizer = optim.Adam(model.parameters(), 1e-3, maximize=True)
    loader = batches(IMAGES, LABELS)
    report = examine(model, loader, lambda y, t: -F.cross_entropy(y, t), optimizer=optimizer)
    assert not report, report
