"""With PyTorch's weights and no dropout, the first 50 losses of a training are PyTorch's.

On real images where MINIGRAD_DATA has them, else on the digits that come with minigrad. In float64
they agree to rounding. In float32 a tie within rounding now and then sends the gradient of a
pooling window to another pixel, and training makes more of that from step to step, in PyTorch's own
float32 against its float64 as here: so that the median of several orders of the images counts. The
net with batch norms does it at every rate but small ones, in PyTorch too.
"""

import os

import copied
import numpy as np
import pytest
import torch
import torch.nn.functional as TF

import minigrad as mg
from minigrad.datasets import CIFAR10, MNIST, Digits
from minigrad.nn import functional as F

STEPS = 50

torch.set_num_threads(1)


def images(name, n):
    """The first n images (n, C, H, W) from 0 to 1, and their labels."""
    if "MINIGRAD_DATA" not in os.environ:
        data = Digits()
        x = data.data[:n, None] / 16
    elif name == "resnet":
        data = CIFAR10(train=False)
        x = data.data[:n].transpose(0, 3, 1, 2) / 255
    else:
        data = MNIST(train=False)
        x = data.data[:n, None] / 255
    return np.ascontiguousarray(x, np.float32), np.asarray(data.targets[:n], np.int64)


SMALL_RESIDUAL = """
class SmallResidual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, 8, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.blocks = nn.Sequential(
            ResidualBlock(8, 8), ResidualBlock(8, 16, stride=2), ResidualBlock(16, 16)
        )
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn(self.conv(x))))
        return self.fc(x.mean((2, 3)))
"""


def residual(library, functional, block, channels):
    scope = {"nn": library.nn, "F": functional, "ResidualBlock": block, "__name__": "user"}
    exec(SMALL_RESIDUAL, scope)
    return scope["SmallResidual"](channels)


def pair(name, channels, size):
    torch.manual_seed(0)
    if name != "resnet":
        return copied.pair(name, channels, 10, size)
    theirs = residual(torch, TF, copied.block(), channels)
    ours = residual(mg, F, mg.models.ResidualBlock, channels)
    copied.copy_weights(theirs, ours)
    return ours, theirs


SGD, ADAM = "SGD with momentum", "Adam"
RTOL = {"float64": 1e-10, "float32": 1e-4}


def optimizer_of(optim, kind, parameters, lr):
    if kind == ADAM:
        return optim.Adam(parameters, lr=lr)
    return optim.SGD(parameters, lr=lr, momentum=0.9)


def losses(net, optimizer, cross_entropy, batches):
    made = []
    for x, y in batches:
        loss = cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        made.append(loss.item())
    return np.array(made)


RATES = [
    ("float64", SGD, 1e-2),
    ("float64", ADAM, 1e-3),
    ("float32", SGD, 1e-2),
    ("float32", ADAM, 1e-3),
]
CALM = {("resnet", SGD): 1e-3, ("resnet", ADAM): 1e-4}
ORDERS = {"float64": [0], "float32": [0, 1, 2, 3, 4]}  # seeds of the images' order


@pytest.mark.parametrize(("dtype", "kind", "lr"), RATES)
@pytest.mark.parametrize("name", ["mnist_cnn", "lenet5", "resnet"])
def test_the_first_50_losses_are_those_of_pytorch(name, dtype, kind, lr):
    if dtype == "float32":
        lr = CALM.get((name, kind), lr)
    x, y = images(name, STEPS * 16)
    x = x.astype(dtype)
    apart = [worst(name, x, y, kind, lr, order) for order in ORDERS[dtype]]
    print(f"{name}, {dtype}, {kind}, lr {lr}: " + ", ".join(f"{a:.1e}" for a in apart))
    assert np.median(apart) < RTOL[dtype]


def worst(name, x, y, kind, lr, order):
    """How far the losses are from PyTorch's, relative, where they are furthest."""
    ours, theirs = pair(name, x.shape[1], x.shape[2])
    copied.no_dropout(ours, theirs)
    if x.dtype == np.float64:
        ours.double()
        theirs.double()
    shuffled = np.random.default_rng(order).permutation(len(x))
    parts = np.split(x[shuffled], STEPS), np.split(y[shuffled], STEPS)
    batches = list(zip(*parts, strict=True))
    expected = losses(
        theirs,
        optimizer_of(torch.optim, kind, theirs.parameters(), lr),
        TF.cross_entropy,
        [(torch.tensor(a), torch.tensor(b)) for a, b in batches],
    )
    made = losses(
        ours,
        optimizer_of(mg.optim, kind, ours.parameters(), lr),
        F.cross_entropy,
        [(mg.tensor(a), mg.tensor(b)) for a, b in batches],
    )
    return np.abs(made / expected - 1).max()
