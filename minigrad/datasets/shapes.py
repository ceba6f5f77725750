"""Simple shapes, drawn by NumPy: a data set from nothing."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from .images import ImageDataset


def square(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Below 0 inside the shape, above 0 outside, about the distance to its edge."""
    return np.maximum(abs(x), abs(y)) - 0.75


def circle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The disc."""
    return np.hypot(x, y) - 0.85


def triangle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Equilateral: the common part of three half planes."""
    slope = np.sqrt(3) / 2
    return np.maximum(-y, np.maximum(slope * x + y / 2, y / 2 - slope * x)) - 0.5


def cross(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Two bars, one across the other."""
    x, y = abs(x), abs(y)
    return np.minimum(np.maximum(x - 0.95, y - 0.28), np.maximum(x - 0.28, y - 0.95))


def ring(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A circle's line."""
    return abs(np.hypot(x, y) - 0.7) - 0.2


SHAPES = {f.__name__: f for f in (square, circle, triangle, cross, ring)}


class SyntheticShapes(ImageDataset):
    """Squares, circles, triangles, crosses and rings of random size, place, turn and contrast.

    Works without files. `data`: uint8 (N, size, size), or with `channels=3` in color
    (N, size, size, 3). The classes come in turn. Same arguments, same images; those of
    `train=True` and `train=False` differ. `noise`: standard deviation, on the scale 0..1.
    """

    classes: ClassVar[list[str]] = list(SHAPES)

    def __init__(
        self,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        *,
        n: int | None = None,
        size: int = 28,
        channels: int = 1,
        noise: float = 0.05,
        seed: int = 0,
    ) -> None:
        super().__init__(train, transform, target_transform)
        if channels not in (1, 3):
            raise ValueError(f"SyntheticShapes: channels must be 1 or 3, got {channels}")
        for name, value in ("n", n), ("size", size):
            if value is not None and value < 1:
                raise ValueError(f"SyntheticShapes: {name} must be at least 1, got {value}")
        n = n or (2000 if train else 500)
        rng = np.random.default_rng([seed, train])
        self.mean, self.std = (0.5,) * channels, (0.31,) * channels
        self.targets = np.arange(n) % len(SHAPES)
        inside = draw(self.targets, size, rng)[..., None]
        contrast = rng.uniform(0.3, 0.8, (n, 1, 1, channels))
        dark = rng.uniform(0, 1 - contrast)
        light_shape = rng.random((n, 1, 1, channels)) < 0.5
        image = dark + contrast * np.where(light_shape, inside, 1 - inside)
        image += noise * rng.standard_normal(image.shape)
        self.data = np.rint(255 * image.clip(0, 1)).astype(np.uint8)
        if channels == 1:
            self.data = self.data[..., 0]


def draw(labels: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """For each label its shape, at random size, place and turn: (N, S, S), 1 inside, 0 outside.

    A pixel on the edge gets the part of it that is inside, about.
    """
    n = len(labels)
    radius = size * rng.uniform(0.2, 0.4, (n, 1, 1))
    center_x, center_y = rng.uniform(radius, size - radius, (2, n, 1, 1))
    angle = rng.uniform(0, 2 * np.pi, (n, 1, 1))
    pixel = np.arange(size) + 0.5
    across, down = pixel - center_x, pixel[:, None] - center_y  # (N, 1, S), (N, S, 1)
    x = (across * np.cos(angle) + down * np.sin(angle)) / radius
    y = (down * np.cos(angle) - across * np.sin(angle)) / radius
    inside = np.empty((n, size, size))
    for label, shape in enumerate(SHAPES.values()):
        mine = labels == label
        inside[mine] = (0.5 - shape(x[mine], y[mine]) * radius[mine]).clip(0, 1)
    return inside
