"""CIFAR-10 and CIFAR-100, in the binary format (the Python one is pickled, and is never read)."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from .download import (
    data_root,
    extract,
    fetch,
    is_intact,
    refuse_damaged,
    refuse_missing,
)
from .images import ImageDataset

PIXELS = 3 * 32 * 32


class CIFAR10(ImageDataset):
    """Photographs in 10 classes: 50,000 training and 10,000 test images of 32x32 pixels, 3 colors.

    A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009. Read from
    `root/cifar-10-batches-bin/`; `root` defaults to $MINIGRAD_DATA, else a cache folder of the
    user. `download=True` gets and unpacks the archive (170 MB) if a file is missing or damaged.
    RuntimeError, naming the file, if one is missing, cut short or changed. `batches=(1,)` takes
    only these of the training files 1 to 5, 10,000 images each.
    """

    folder = "cifar-10-batches-bin"
    archive = "cifar-10-binary.tar.gz"
    archive_md5 = "c32a1d4ab5d03f1284b67883e8d87530"
    mirrors: ClassVar[list[str]] = ["https://www.cs.toronto.edu/~kriz/"]
    train_files: ClassVar[dict[str, str | None]] = {
        "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
        "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
        "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
        "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
        "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
    }
    test_files: ClassVar[dict[str, str | None]] = {
        "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d"
    }
    label_bytes = 1  # before the pixels of each image
    train_size, test_size = 10_000, 10_000  # images in a file
    classes: ClassVar[list[str]] = [
        "airplane", "automobile", "bird", "cat", "deer",
        "dog", "frog", "horse", "ship", "truck",
    ]  # fmt: skip
    mean = (0.4914, 0.4822, 0.4465)
    std = (0.2470, 0.2435, 0.2616)

    def __init__(
        self,
        root: str | Path | None = None,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        *,
        batches: Sequence[int] | None = None,
    ) -> None:
        super().__init__(train, transform, target_transform)
        self.root = data_root(root)
        names = list(self.train_files if train else self.test_files)
        if train and batches is not None:
            known = range(1, len(names) + 1)
            if isinstance(batches, int) or not batches or not set(batches) <= set(known):
                raise ValueError(
                    f"{type(self).__name__}: batches must be a list of numbers from 1 to "
                    f"{len(names)}, such as [1], got {batches!r}"
                )
            names = [names[batch - 1] for batch in batches]
        if download:
            self._download(names)
        folder = self.root / self.folder
        absent = [folder / name for name in names if not (folder / name).exists()]
        if absent:
            raise refuse_missing(type(self).__name__, absent, self.root)
        images, labels = zip(*(self._read(folder / name) for name in names), strict=True)
        self.data = np.concatenate(images)
        self.targets = np.concatenate(labels).tolist()

    def _md5(self, name: str) -> str | None:
        return (self.train_files | self.test_files)[name]

    def _read(self, path: Path) -> tuple[np.ndarray, np.ndarray]:
        if not is_intact(path, self._md5(path.name)):
            raise refuse_damaged(path, "its checksum is wrong")
        images, labels = read_batch(path, self.label_bytes)
        expected = self.train_size if self.train else self.test_size
        if len(images) != expected or labels.max() >= len(self.classes):
            raise refuse_damaged(
                path,
                f"it has {len(images)} images with labels up to {labels.max()}; expected "
                f"{expected} and labels up to {len(self.classes) - 1}",
            )
        return images, labels

    def _download(self, names: list[str]) -> None:
        folder, archive = self.root / self.folder, self.root / self.archive
        if all(is_intact(folder / name, self._md5(name)) for name in names):
            return
        if not is_intact(archive, self.archive_md5):
            fetch([mirror + self.archive for mirror in self.mirrors], archive, self.archive_md5)
        extract(archive, self.train_files | self.test_files, folder)


class CIFAR100(CIFAR10):
    """Photographs in 100 classes: 50,000 training and 10,000 test images of 32x32 pixels, 3 colors.

    The label is the fine one. Read from `root/cifar-100-binary/`; otherwise as CIFAR10.
    """

    folder = "cifar-100-binary"
    archive = "cifar-100-binary.tar.gz"
    archive_md5 = "03b5dce01913d631647c71ecec9e9cb8"
    train_files: ClassVar[dict[str, str | None]] = {"train.bin": None}  # no checksum is published
    test_files: ClassVar[dict[str, str | None]] = {"test.bin": None}
    label_bytes = 2  # the coarse label, then the fine one
    train_size, test_size = 50_000, 10_000
    classes: ClassVar[list[str]] = [
        "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle",
        "bottle", "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle",
        "caterpillar", "cattle", "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch",
        "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest",
        "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower",
        "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
        "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear",
        "pickup_truck", "pine_tree", "plain", "plate", "poppy", "porcupine", "possum", "rabbit",
        "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk",
        "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar", "sunflower",
        "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor", "train",
        "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm",
    ]  # fmt: skip
    mean = (0.5071, 0.4865, 0.4409)
    std = (0.2673, 0.2564, 0.2762)


def read_batch(path: str | Path, label_bytes: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """One binary file: images, uint8 (N, 32, 32, 3), and labels, int64 (N,).

    A record is its label bytes (CIFAR-100 has 2, of which the second is the fine label), then
    32x32 red, green and blue values. The images are a view on the file's order, channels first:
    that is also the order that layers want, so a batch need not be turned around.
    """
    path, record = Path(path), label_bytes + PIXELS
    content = np.fromfile(path, np.uint8)
    if len(content) == 0 or len(content) % record:
        raise refuse_damaged(
            path, f"its {len(content)} bytes are no whole number of records of {record} bytes"
        )
    records = content.reshape(-1, record)
    images = records[:, label_bytes:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return images, records[:, label_bytes - 1].astype(np.int64)


def batches_present(root: str | Path | None = None) -> list[int]:
    """The numbers of the CIFAR-10 training files that are there, for `CIFAR10(batches=...)`."""
    folder = data_root(root) / CIFAR10.folder
    files = enumerate(CIFAR10.train_files, 1)
    return [number for number, name in files if (folder / name).exists()]
