"""A random part of the image, enlarged: the usual augmentation of ImageNet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .base import Transform, draws
from .spatial import Size, height_width, like, resize_weights
from .warp import between

TRIES = 10  # windows drawn for an image; the first that fits is taken


class RandomResizedCrop(Transform):
    """A window of random size and shape at a random place, resized to `size` = (h, w) or one int.

    `scale`: the window's part of the image's area, from and to. `ratio`: its width / height, from
    and to, drawn evenly in the logarithm. Where none of 10 windows fits, the largest one in the
    middle whose ratio is allowed is taken. Resizing is that of Resize.
    Szegedy et al., Going Deeper with Convolutions, CVPR 2015, section 6.
    """

    def __init__(
        self,
        size: Size,
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
        *,
        antialias: bool = True,
    ) -> None:
        self.size = height_width(self, size)
        self.scale = tuple(scale)
        self.ratio = tuple(ratio)
        self.antialias = antialias
        if len(self.scale) != 2 or not 0 < self.scale[0] <= self.scale[1] <= 1:
            raise ValueError(
                f"RandomResizedCrop: scale must be (from, to) within 0 to 1, got {self.scale}"
            )
        if len(self.ratio) != 2 or not 0 < self.ratio[0] <= self.ratio[1]:
            raise ValueError(
                f"RandomResizedCrop: ratio must be (from, to) with 0 < from <= to, got {self.ratio}"
            )

    def pixels(self, x: np.ndarray) -> np.ndarray:
        """(N, ..., H, W) -> (N, ..., h, w)."""
        windows = self._windows(len(x), x.shape[-2:])
        y = np.empty((*x.shape[:-2], *self.size), np.float32 if x.dtype.kind in "iu" else x.dtype)
        for image, out, (top, left, height, width) in zip(x, y, windows.tolist(), strict=True):
            rows = resize_weights(height, self.size[0], self.antialias)
            columns = resize_weights(width, self.size[1], self.antialias)
            out[...] = rows @ image[..., top : top + height, left : left + width] @ columns.T
        return like(y, x)

    def _windows(self, n: int, image: tuple[int, ...]) -> np.ndarray:
        """(top, left, height, width) of a window for each image."""
        size = np.array(image)
        tries = draws(n, 4 * TRIES).reshape(n, TRIES, 4)
        area = size.prod() * between(self.scale, tries[..., 0])
        ratio = np.exp(between(np.log(self.ratio), tries[..., 1]))
        sizes = np.rint(np.sqrt(np.stack([area / ratio, area * ratio], -1)))  # (N, TRIES, 2)
        fits = ((sizes > 0) & (sizes <= size)).all(-1)
        first = np.arange(n), fits.argmax(1)
        window, place = sizes[first], np.floor(tries[first][:, 2:] * (size - sizes[first] + 1))
        height, width = image
        nearest = min(max(width / height, self.ratio[0]), self.ratio[1])
        middle = np.rint([min(height, width / nearest), min(width, height * nearest)])
        none_fits = ~fits.any(1)
        window[none_fits], place[none_fits] = middle, np.floor((size - middle) / 2)
        return np.concatenate([place, window], 1).astype(int)
