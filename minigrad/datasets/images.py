"""What all image sets share."""

import operator
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..transforms import apply_to_batch
from ..utils.data import Dataset


class ImageDataset(Dataset):
    """Images with a label each: `dataset[i]` is (image, label), after the transforms.

    `data`: uint8, (N, H, W) or (N, H, W, C). `targets`: int64, (N,). Both are arrays, but as in
    torchvision Tensors in MNIST, and `targets` a list in CIFAR; what is assigned to them may be any
    of these. `classes`: the labels' names. `mean` and `std`: of the training images, one value a
    channel, on the scale 0..1 that ToTensor gives. Without a transform the image is a uint8 array.
    """

    data: Any
    targets: Any
    classes: ClassVar[list[str]]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __init__(
        self, train: bool, transform: Callable | None, target_transform: Callable | None
    ) -> None:
        self.train = train
        self.transform = transform
        self.target_transform = target_transform

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class name."""
        return {name: label for label, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        name, n = type(self).__name__, len(self)
        try:
            index = operator.index(index)
        except TypeError:
            raise TypeError(
                f"{name}: the index must be an int, got {index!r}; "
                "for a part of the set write Subset(dataset, range(0, 100))"
            ) from None
        if not -n <= index < n:
            raise IndexError(f"{name} has {n} images; there is no {index}")
        image, label = np.asarray(self.data)[index].copy(), self._target(index)
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def _target(self, index: int) -> Any:
        return int(self.targets[index])

    def get_batch(self, indices: np.ndarray) -> list:
        """Images and labels at `indices`, transformed together where the transforms can do that."""
        if isinstance(self.targets, list):  # to make an array of all of them takes long
            labels = np.asarray([self.targets[i] for i in indices])
        else:
            labels = np.asarray(self.targets)[indices]
        return [
            apply_to_batch(self.transform, np.asarray(self.data)[indices]),
            apply_to_batch(self.target_transform, labels),
        ]

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.data.shape[1:]))
        part = "training" if self.train else "test"
        return f"{type(self).__name__}({part} set: {len(self)} images {shape})"
