"""What a transform is, and the ones between a uint8 image and a normalized Tensor.

An image is an array (H, W) or (H, W, C), as image files have it, or a Tensor (C, H, W), as layers
want it. A batch of images has one more axis in front.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..random import generator
from ..tensor import Tensor
from ..utils.data import default_collate, vectorized


class Transform:
    """Base class of the image transforms: a subclass writes `pixels` or `batch`.

    `pixels(x)` gets the images as an array (N, ..., H, W), whatever the user's layout.
    """

    def __call__(self, image: Any) -> Any:
        """Transform one image."""
        self._check(image, "", 2)
        one = Tensor(image.data[None]) if isinstance(image, Tensor) else image[None]
        result = self.batch(one)
        return Tensor(result.data[0]) if isinstance(result, Tensor) else result[0]

    def batch(self, images: Any) -> Any:
        """Transform many images: arrays (N, H, W) or (N, H, W, C), or a Tensor (N, C, H, W)."""
        self._check(images, "N, ", 3)
        if isinstance(images, Tensor):
            return Tensor(self.pixels(images.data))
        if images.ndim == 3:
            return self.pixels(images)
        return np.moveaxis(self.pixels(np.moveaxis(images, -1, 1)), 1, -1)

    def pixels(self, x: np.ndarray) -> np.ndarray:
        """Transform an array (N, ..., H, W)."""
        raise TypeError(f"{type(self).__name__} needs a method pixels(self, x)")

    def _check(self, images: Any, many: str, ndim: int) -> None:
        if not isinstance(images, (np.ndarray, Tensor)):
            raise TypeError(
                f"{type(self).__name__}: expected an array or a Tensor, got "
                f"{type(images).__name__}; for a Pillow image write np.asarray(image)"
            )
        if images.ndim < ndim or (isinstance(images, np.ndarray) and images.ndim > ndim + 1):
            raise ValueError(
                f"{type(self).__name__}: expected an array ({many}H, W) or ({many}H, W, C) or a "
                f"Tensor ({many}C, H, W), got {type(images).__name__} of shape {images.shape}"
            )

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({options})"


def draws(images: int, numbers: int) -> np.ndarray:
    """Uniform draws in [0, 1) from the stream "augment", a row for each image: (N, numbers).

    Row by row: so a batch gets the same numbers as its images one after another.
    """
    return generator("augment").random((images, numbers))


def apply_to_batch(transform: Callable | None, items: np.ndarray) -> Any:
    """`transform` on each of `items`, as one batch: at once where it can, else one by one."""
    if transform is None:
        return Tensor(items)
    if vectorized(transform, "batch", "__call__"):
        result = transform.batch(items)  # type: ignore[attr-defined]
        return result if isinstance(result, Tensor) else Tensor(result)
    one_by_one = items.tolist() if items.ndim == 1 else items  # labels come as plain ints
    return default_collate([transform(item) for item in one_by_one])


class Compose(Transform):
    """One transform after another.

    A batch goes through at once if every one of them can do that, else image by image.

    >>> from minigrad.transforms import Compose, Normalize, ToTensor
    >>> transform = Compose([ToTensor(), Normalize(mean=(0.5,), std=(0.5,))])
    >>> transform(np.array([[0, 255]], np.uint8)).tolist()
    [[[-1.0, 1.0]]]
    """

    def __init__(self, transforms: Sequence[Callable]) -> None:
        self.transforms = list(transforms)

    def __call__(self, image: Any) -> Any:
        """Transform one image."""
        for transform in self.transforms:
            image = transform(image)
        return image

    def batch(self, images: Any) -> Any:
        """Transform many images."""
        if not all(vectorized(t, "batch", "__call__") for t in self.transforms):
            return apply_to_batch(self.__call__, images)
        for transform in self.transforms:
            images = transform.batch(images)  # type: ignore[attr-defined]
        return images

    def __repr__(self) -> str:
        lines = [f"\n    {t!r}" for t in self.transforms]
        return f"Compose({''.join(lines)}\n)"


class Lambda:
    """A function of your own as a transform; it always gets one image."""

    def __init__(self, lambd: Callable) -> None:
        if not callable(lambd):
            raise TypeError(f"Lambda: expected a function, got {type(lambd).__name__}")
        self.lambd = lambd

    def __call__(self, image: Any) -> Any:
        """Transform one image."""
        return self.lambd(image)

    def __repr__(self) -> str:
        return "Lambda()"


class ToTensor(Transform):
    """An image array (H, W) or (H, W, C) as a float32 Tensor (C, H, W).

    uint8 values 0..255 become 0..1; values of other types are only converted, as in torchvision.
    """

    def batch(self, images: Any) -> Tensor:
        """Arrays (N, H, W) or (N, H, W, C) as a Tensor (N, C, H, W)."""
        if isinstance(images, Tensor):
            raise TypeError("ToTensor: the image is a Tensor already; use ToTensor() only once")
        self._check(images, "N, ", 3)
        planes = images[:, None] if images.ndim == 3 else np.moveaxis(images, -1, 1)
        x = planes.astype(np.float32, order="C")
        if images.dtype == np.uint8:
            x /= np.float32(255)
        return Tensor(x)


class Normalize(Transform):
    """(x - mean) / std on a float Tensor (C, H, W): one mean and std a channel, or one for all."""

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]) -> None:
        self.mean = tuple(np.atleast_1d(np.asarray(mean, float)).tolist())
        self.std = tuple(np.atleast_1d(np.asarray(std, float)).tolist())
        if 0 in self.std:
            raise ValueError(f"Normalize: std must not be 0, got {self.std}")

    def batch(self, images: Any) -> Tensor:
        """A Tensor (N, C, H, W) as another, normalized."""
        if not isinstance(images, Tensor) or images.dtype.kind != "f":
            raise TypeError(
                f"Normalize: expected a float Tensor, got {type(images).__name__} of type "
                f"{images.dtype}; put ToTensor() before Normalize()"
            )
        self._check(images, "N, ", 3)
        x = images.data
        for name, values in ("mean", self.mean), ("std", self.std):
            if len(values) not in (1, x.shape[-3]):
                raise ValueError(
                    f"Normalize: {name} has {len(values)} values, the image has {x.shape[-3]} "
                    f"channels (shape {x.shape}); give one value a channel"
                )
        x = x - np.array(self.mean, x.dtype)[:, None, None]
        x /= np.array(self.std, x.dtype)[:, None, None]
        return Tensor(x)
