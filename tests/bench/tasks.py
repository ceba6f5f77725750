"""What the benchmark times, written once for both frameworks: `module` is torch or minigrad.

A task takes (module, name, batch) and returns a function without arguments that does it once.
"""

import gzip
import os
from pathlib import Path

import numpy as np
from kinds import KINDS
from layers import LAYERS
from nets import NETS

GROWTH = {  # axis -> the sizes it takes; the others stay at those of `growing_net`
    "batch": (1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
    "side": (16, 24, 32, 48, 64, 96, 128),
    "channels": (8, 16, 32, 64, 128, 256),
    "depth": (1, 2, 4, 8, 16),
}


def images(module, batch, shape):
    """Random numbers as a batch of images."""
    rng = np.random.default_rng(0)
    return module.from_numpy(rng.standard_normal((batch, *shape), np.float32))


def step(module, name, batch):
    """A training step of a net: forward, backward, SGD with momentum."""
    build, shape = NETS[name]
    x, model = images(module, batch, shape), build(module.nn)
    if name == "autoencoder":  # an image is to come out as it went in
        return training_step(module, model, x, x, module.nn.functional.mse_loss)
    labels = module.from_numpy(np.random.default_rng(1).integers(0, 10, batch))
    return training_step(module, model, x, labels, module.nn.functional.cross_entropy)


def training_step(module, model, x, target, criterion):
    optimizer = module.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def run() -> None:
        optimizer.zero_grad()
        criterion(model(x), target).backward()
        optimizer.step()

    return run


def inference(module, name, batch):
    """A forward pass of a trained net, nothing recorded."""
    build, shape = NETS[name]
    x, model = images(module, batch, shape), build(module.nn).eval()

    def run() -> None:
        with module.no_grad():
            model(x)

    return run


def layer(module, name, batch):
    """Forward, and the gradients of the input and of all parameters, of one block or layer."""
    build, shape = (KINDS | LAYERS)[name][:2]
    x, model = images(module, batch, shape), build(module.nn)
    x.requires_grad = True
    dy = images(module, batch, tuple(model(x).shape)[1:])

    def run() -> None:
        x.grad = None
        model.zero_grad()
        model(x).backward(dy)

    return run


def optimizer(module, name, batch):
    """An optimizer's step on `batch` matrices of 256 x 256."""
    weights = [module.nn.Parameter(images(module, 256, (256,))) for _ in range(batch)]
    for w in weights:
        w.grad = images(module, 256, (256,))
    settings = {"momentum": 0.9} if name == "SGD" else {}
    return getattr(module.optim, name)(weights, lr=1e-3, **settings).step


def chain(module, name, batch):
    """`batch` additions and multiplications of one number, and the way back."""
    x = module.tensor(1.0, requires_grad=True)

    def run() -> None:
        x.grad, y = None, x
        for _ in range(batch // 2):
            y = y * 1.001
            y = y + 0.001
        y.backward()

    return run


def epoch(module, name, batch):
    """An epoch of MNIST from its files: normalised, shifted at random, LeNet-5, SGD."""
    load = minigrad_loader if module.__name__ == "minigrad" else torch_loader
    model = NETS["lenet5"][0](module.nn)
    optimizer = module.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def run() -> None:
        for x, target in load(batch):
            optimizer.zero_grad()
            module.nn.functional.cross_entropy(model(x), target).backward()
            optimizer.step()

    return run


def minigrad_loader(batch):
    from minigrad.datasets import MNIST
    from minigrad.transforms import Compose, Normalize, RandomCrop, ToTensor
    from minigrad.utils.data import DataLoader

    crop = RandomCrop(28, padding=2)
    transform = Compose([crop, ToTensor(), Normalize(MNIST.mean, MNIST.std)])
    return DataLoader(MNIST(transform=transform), batch_size=batch, shuffle=True)


def torch_loader(batch):
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    raw = Path(os.environ["MINIGRAD_DATA"]) / "MNIST" / "raw"

    def read(name, header):
        with gzip.open(raw / name) as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)

    pixels = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
    labels = torch.from_numpy(read("train-labels-idx1-ubyte.gz", 8).astype(np.int64))
    dataset = TensorDataset(
        (torch.from_numpy(pixels.astype(np.float32)) / 255 - 0.1307) / 0.3081, labels
    )
    for x, target in DataLoader(dataset, batch_size=batch, shuffle=True):
        padded = torch.nn.functional.pad(x, (2, 2, 2, 2), value=-0.1307 / 0.3081)
        rows, columns = torch.randint(0, 5, (2, len(x))).tolist()
        places = zip(padded, rows, columns, strict=True)
        yield torch.stack([image[:, i : i + 28, j : j + 28] for image, i, j in places]), target


def growth(module, name, batch):
    """A training step of a plain net with one size changed; `name` is "axis=size"."""
    axis, size = name.split("=")
    sizes = {"batch": 32, "side": 32, "channels": 32, "depth": 4} | {axis: int(size)}
    x = images(module, sizes["batch"], (sizes["channels"], sizes["side"], sizes["side"]))
    return training_step(
        module, growing_net(module.nn, sizes["channels"], sizes["depth"]), x, x,
        module.nn.functional.mse_loss,
    )  # fmt: skip


def growing_net(nn, channels, depth):
    def block():
        conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        return [conv, nn.BatchNorm2d(channels), nn.ReLU()]

    return nn.Sequential(*(part for _ in range(depth) for part in block()))


TASKS = {
    task.__name__: task
    for task in (step, inference, layer, optimizer, chain, epoch, growth)
}  # fmt: skip
