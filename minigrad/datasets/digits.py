"""The digits: 1,797 real handwritten digits of 8x8 pixels, installed with the package."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .download import md5sum
from .images import ImageDataset

NAME = "digits.csv.gz"
MD5 = "9b335364a7bfd63947c7480a5bd51f2d"
PLACES = [
    Path(__file__).parent / NAME,  # an installed package
    Path(__file__).parents[2] / "datasets" / "digits" / NAME,  # a checkout
]


class Digits(ImageDataset):
    """Handwritten digits 0 to 9: 1,442 training and 355 test images of 8x8 pixels.

    By E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, CC BY 4.0. Works without network. The pixels, 0..16 in the file, are scaled to
    0..255 as in the other sets (`np.rint(data * 16 / 255)` gives them back). Of each class, every
    fifth image in the file's order is a test image.
    `root` and `download` are there so that one line serves for every data set; neither is needed.

    >>> digits = mg.datasets.Digits(train=False, transform=mg.transforms.ToTensor())
    >>> image, label = digits[0]
    >>> len(digits), image.shape, label
    (355, (1, 8, 8), 5)
    """

    classes: ClassVar[list[str]] = [str(digit) for digit in range(10)]
    mean = (0.3052,)
    std = (0.3760,)

    def __init__(
        self,
        root: Any = None,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(train, transform, target_transform)
        table = read_table()
        pixels, labels = table[:, :-1].reshape(-1, 8, 8), table[:, -1]
        part = is_test(labels) != train
        self.data = np.rint(pixels[part] * (255 / 16)).astype(np.uint8)
        self.targets = labels[part]


def read_table() -> np.ndarray:
    """The file as an int64 array (1797, 65): 64 pixels 0..16, row by row, then the label."""
    path = next((place for place in PLACES if place.exists()), None)
    if path is None:
        raise RuntimeError(
            f"Digits: {PLACES[0]} is missing, a part of minigrad; install minigrad again"
        )
    if md5sum(path) != MD5:
        raise RuntimeError(
            f"Digits: {path} is damaged (its checksum is wrong); delete it and install minigrad "
            "again, or restore it with git"
        )
    with gzip.open(path, "rt") as file:
        return np.loadtxt(file, np.int64, delimiter=",")


def is_test(labels: np.ndarray) -> np.ndarray:
    """True for every fifth image of each class."""
    test = np.zeros(len(labels), bool)
    for digit in range(10):
        test[np.flatnonzero(labels == digit)[4::5]] = True
    return test
