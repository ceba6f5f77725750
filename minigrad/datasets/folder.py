"""Image files of your own, a folder for each class."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..utils.data import Dataset

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


class ImageFolder(Dataset):
    """Images in `root/CLASS/.../name.png`: `dataset[i]` is (image, label), after the transforms.

    The classes are the folders in `root`, in alphabetical order. An image is what `loader(path)`
    makes of the file, by default a uint8 array (H, W, 3). `samples`: (path, label) of each image;
    `targets`: the labels; `class_to_idx`: the label of each class. Files with other endings than
    those of images are passed over. ValueError where there is no class, or a class has no image.
    """

    def __init__(
        self,
        root: str | os.PathLike,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        loader: Callable[[str], Any] | None = None,
    ) -> None:
        self.root = Path(root).expanduser()
        self.transform = transform
        self.target_transform = target_transform
        self.loader = read_rgb if loader is None else loader
        if not self.root.is_dir():
            raise ValueError(
                f"ImageFolder: there is no folder {str(self.root)!r}; put the images of each class "
                "into a folder of its own below it, root/CLASS/name.png"
            )
        self.classes = sorted(entry.name for entry in os.scandir(self.root) if entry.is_dir())
        if not self.classes:
            raise ValueError(
                f"ImageFolder: {str(self.root)!r} has no folders, one for each class is needed: "
                "root/CLASS/name.png"
            )
        self.class_to_idx = {name: label for label, name in enumerate(self.classes)}
        self.samples = self.imgs = [
            (str(path), label)
            for name, label in self.class_to_idx.items()
            for path in sorted((self.root / name).rglob("*"))
            if path.suffix.lower() in EXTENSIONS
        ]
        self.targets = [label for _, label in self.samples]
        empty = [name for name in self.classes if self.class_to_idx[name] not in set(self.targets)]
        if empty:
            raise ValueError(
                f"ImageFolder: found no image for {', '.join(empty)} in {str(self.root)!r}; an "
                f"image's name ends in one of {' '.join(EXTENSIONS)}"
            )

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, label = self.samples[index]
        image, target = self.loader(path), label
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def __repr__(self) -> str:
        return f"ImageFolder({len(self)} images of {len(self.classes)} classes in {self.root})"


def read_rgb(path: str) -> np.ndarray:
    """An image file as a uint8 array (H, W, 3), whatever its colors."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except UnidentifiedImageError:
        raise ValueError(
            f"ImageFolder: {path!r} is no image that can be read; delete it, or save it anew as PNG"
        ) from None
