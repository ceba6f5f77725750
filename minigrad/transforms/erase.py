"""Random erasing (Zhong et al., Random Erasing Data Augmentation, AAAI 2020)."""

from collections.abc import Sequence

import numpy as np

from .base import Transform, draws
from .spatial import probability
from .warp import between, spread

TRIES = 10  # rectangles drawn for an image; the first that fits is taken


class RandomErasing(Transform):
    """With probability `p`, overwrite a random rectangle with `value`.

    `scale`: the rectangle's part of the image's area, from and to. `ratio`: its height / width,
    from and to, drawn evenly in the logarithm. An image stays whole where none of 10 rectangles
    fits.
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: float = 0,
    ) -> None:
        self.p = probability(self, p)
        self.scale = tuple(scale)
        self.ratio = tuple(ratio)
        self.value = value
        if len(self.scale) != 2 or not 0 <= self.scale[0] <= self.scale[1] <= 1:
            raise ValueError(
                f"RandomErasing: scale must be (from, to) within 0 to 1, got {self.scale}"
            )
        if len(self.ratio) != 2 or not 0 < self.ratio[0] <= self.ratio[1]:
            raise ValueError(
                f"RandomErasing: ratio must be (from, to) with 0 < from <= to, got {self.ratio}"
            )

    def pixels(self, x: np.ndarray) -> np.ndarray:
        """(N, ..., H, W) -> the same shape."""
        n, image = len(x), np.array(x.shape[-2:])
        u = draws(n, 1 + 4 * TRIES)
        wanted, tries = u[:, 0] < self.p, u[:, 1:].reshape(n, TRIES, 4)
        area = image.prod() * between(self.scale, tries[..., 0])
        ratio = np.exp(between(np.log(self.ratio), tries[..., 1]))
        sizes = np.rint(np.sqrt(np.stack([area * ratio, area / ratio], -1)))  # (N, TRIES, 2)
        fits = (sizes < image).all(-1)
        first = np.arange(n), fits.argmax(1)
        size, place = sizes[first], tries[first][:, 2:]
        start = np.floor(place * (image - size + 1))
        row, column = np.arange(image[0]), np.arange(image[1])
        (top, left), (height, width) = start.T[..., None], size.T[..., None]  # each (N, 1)
        rows = (row >= top) & (row < top + height)
        columns = (column >= left) & (column < left + width)
        erase = (wanted & fits.any(1))[:, None, None] & rows[:, :, None] & columns[:, None, :]
        return np.where(spread(erase, x), x.dtype.type(self.value), x)
