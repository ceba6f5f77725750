"""A small training, for the tests of `minigrad.train`: always the same one."""

import minigrad as mg
from minigrad import nn, optim, train
from minigrad.datasets import SyntheticShapes
from minigrad.nn import functional as F
from minigrad.transforms import Compose, RandomAffine, ToTensor
from minigrad.utils.data import DataLoader

AUGMENT = Compose([RandomAffine(10, (0.1, 0.1)), ToTensor()])
SHAPES = SyntheticShapes(transform=AUGMENT, n=60, size=8)
HELD_OUT = SyntheticShapes(train=False, transform=ToTensor(), n=20, size=8)


def net():
    """A little of everything that has a state: weights, running means, chance."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(),
        nn.Linear(4 * 36, 5),
    )  # fmt: skip


def setting(lr=0.01, loader_seed=None):
    """Model, loaders, optimizer: new, and always the same."""
    mg.manual_seed(7)
    model = net()
    generator = None if loader_seed is None else mg.Generator().manual_seed(loader_seed)
    loader = DataLoader(SHAPES, 16, shuffle=True, generator=generator)
    return model, loader, optim.Adam(model.parameters(), lr=lr)


def fit(epochs, lr=0.01, loader_seed=None, schedule=None, valid=True, **options):
    model, loader, optimizer = setting(lr, loader_seed)
    if schedule is not None:
        options["scheduler"] = schedule(optimizer)
    valid_loader = DataLoader(HELD_OUT, 8) if valid else None
    options = {"progress": False, **options}
    history = train.fit(model, loader, F.cross_entropy, optimizer, epochs, valid_loader, **options)
    return model, history


def bits(model):
    return {name: t.data.tobytes() for name, t in model.state_dict().items()}


def without_seconds(history):
    return [epoch._replace(seconds=0) for epoch in history]
