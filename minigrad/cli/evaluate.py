"""minigrad evaluate: how well does a trained model do on the test images?"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from ..datasets import ImageDataset
from ..nn import Layer
from ..nn import functional as F
from ..tensor import Tensor
from ..train import predict
from ..train.checkpoint import CHECKPOINT
from ..utils.data import DataLoader
from .data import SOURCES, test_loader
from .runs import find_run, trained_model

HELP = "test a trained model on the test images"
DESCRIPTION = "Test the model of a run on the test images of its data set, class by class."


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `minigrad evaluate`."""
    parser.add_argument(
        "folder", nargs="?", metavar="FOLDER", help="the run folder (default: the newest in runs/)"
    )
    parser.add_argument(
        "--download", action="store_true", help="get the data set from the network if needed"
    )


def run(args: argparse.Namespace) -> None:
    """Print the accuracy of each class, the loss, and the accuracy of all."""
    folder = find_run(args.folder, CHECKPOINT)
    config, model = trained_model(folder)
    result = test(model, test_loader(config.data, args.download))
    classes = SOURCES[config.data].classes
    print(f"{config.model} of {folder} on the test images of {config.data}")
    width = max(map(len, ["class", *classes]))
    print(f"{'class':{width}}  images  accuracy")
    right = result.guesses == result.targets
    for label, name in enumerate(classes):
        mine = result.targets == label
        print(f"{name:{width}}  {mine.sum():6,}  {right[mine].mean():8.2%}")
    print(f"test loss: {result.loss:.4f}")
    print(f"test accuracy: {result.accuracy:.2%}")


@dataclass(frozen=True)
class TestResult:
    """What a model said to the test images (logits, (N, C)), and what was right (N,)."""

    dataset: ImageDataset
    logits: Tensor
    targets: np.ndarray

    @property
    def guesses(self) -> np.ndarray:
        """The class with the greatest logit, for each image."""
        return self.logits.data.argmax(1)

    @property
    def accuracy(self) -> float:
        """The share of images guessed right, 0 to 1."""
        return float((self.guesses == self.targets).mean())

    @property
    def loss(self) -> float:
        """The mean cross-entropy."""
        return F.cross_entropy(self.logits, Tensor(self.targets)).item()


def test(model: Layer, loader: DataLoader) -> TestResult:
    """Let the model guess all images of `loader`."""
    logits, targets = predict(model, loader)
    return TestResult(loader.dataset, Tensor(logits), targets)
