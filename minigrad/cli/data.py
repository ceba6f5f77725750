"""The data sets of the command line, by name."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

from ..datasets import CIFAR10, MNIST, Digits, FashionMNIST, ImageDataset
from ..datasets.cifar import batches_present
from ..random import Generator
from ..transforms import (
    Compose,
    Normalize,
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    ToTensor,
)
from ..utils.data import DataLoader, Subset, random_split

VALIDATION = 5000  # images held out of the training set, but at most a tenth of it
TEST_BATCH = 250


@dataclass(frozen=True)
class Source:
    """A data set: what its images are like, how they are augmented, how to train on it."""

    dataset: Callable[..., ImageDataset]
    channels: int
    size: int
    augment: tuple[Callable, ...]
    epochs: int
    batch_size: int = 64
    adam_lr: float = 0.003

    @property
    def classes(self) -> list[str]:
        """The names of the labels."""
        return self.dataset.classes  # type: ignore[attr-defined]

    def transform(self, augment: bool = False) -> Compose:
        """From the images as they are stored to the input of a model."""
        normalize = Normalize(self.dataset.mean, self.dataset.std)  # type: ignore[attr-defined]
        return Compose([*(self.augment if augment else ()), ToTensor(), normalize])


TURN = RandomAffine(10, interpolation="bilinear")
TURN_AND_SHIFT = RandomAffine(10, (0.1, 0.1), (0.9, 1.1), interpolation="bilinear")
FLIP = RandomHorizontalFlip()

SOURCES = {
    "digits": Source(Digits, 1, 8, (TURN,), epochs=20, batch_size=32, adam_lr=0.005),
    "mnist": Source(MNIST, 1, 28, (TURN_AND_SHIFT,), epochs=3),
    "fashion-mnist": Source(FashionMNIST, 1, 28, (FLIP,), epochs=5),
    "cifar10": Source(CIFAR10, 3, 32, (RandomCrop(32, padding=4), FLIP), epochs=10),
}


def training_parts(
    name: str, batches: list[int] | None, augment: bool, seed: int, download: bool
) -> tuple[Subset, Subset]:
    """The training images without those held out for validation, and those held out.

    The same seed holds out the same images. Only the former are augmented.
    """
    source = SOURCES[name]
    options = {} if batches is None else {"batches": batches}
    plain = source.dataset(transform=source.transform(), download=download, **options)
    varied = copy.copy(plain)
    varied.transform = source.transform(augment)
    held_out = min(len(plain) // 10, VALIDATION)
    chance = Generator().manual_seed(seed)
    train, valid = random_split(varied, [len(plain) - held_out, held_out], chance)
    return train, Subset(plain, valid.indices)


def test_loader(name: str, download: bool) -> DataLoader:
    """The test images, in order."""
    source = SOURCES[name]
    dataset = source.dataset(train=False, transform=source.transform(), download=download)
    return DataLoader(dataset, TEST_BATCH)


def batches_to_use(name: str, download: bool) -> list[int] | None:
    """Which training files to read where only some of them are there; None for all."""
    if name != "cifar10" or download:
        return None
    present = batches_present()
    return present if 0 < len(present) < len(CIFAR10.train_files) else None
