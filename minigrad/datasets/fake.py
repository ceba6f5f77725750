"""Noise in the shape of a data set: to try a script without any data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..nn.arguments import whole
from ..utils.data import Dataset


class FakeData(Dataset):
    """`size` random images with random labels: `dataset[i]` is (image, label), always the same.

    `image_size` is (C, H, W), as in torchvision; without a transform the image is a uint8 array
    (H, W, C). `random_offset` makes other images, as long as two sets' offsets are `size` apart.
    """

    def __init__(
        self,
        size: int = 1000,
        image_size: Sequence[int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        random_offset: int = 0,
    ) -> None:
        self.size = whole(self, "size", size)
        if len(image_size) != 3:
            raise ValueError(f"FakeData: image_size must be (C, H, W), got {image_size!r}")
        self.image_size = tuple(whole(self, "image_size", n) for n in image_size)
        self.num_classes = whole(self, "num_classes", num_classes)
        self.transform = transform
        self.target_transform = target_transform
        self.random_offset = random_offset

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not -self.size <= index < self.size:
            raise IndexError(f"FakeData has {self.size} images; there is no {index}")
        rng = np.random.default_rng(index % self.size + self.random_offset)
        channels, height, width = self.image_size
        image: Any = rng.integers(256, size=(height, width, channels), dtype=np.uint8)
        label: Any = int(rng.integers(self.num_classes))
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def __repr__(self) -> str:
        channels, height, width = self.image_size
        return f"FakeData({self.size} images {channels} x {height} x {width})"
