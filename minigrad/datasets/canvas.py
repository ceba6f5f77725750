"""Several real digits on a canvas, to find or to color in."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..nn.arguments import choice, whole
from ..tensor import Tensor
from ..transforms import apply_to_batch
from .digits import Digits
from .images import ImageDataset
from .scenes import SIDE, as_bytes, check_noise, number, scales, span

INK = 0.35  # a pixel belongs to its digit from this brightness on
TRIES = 20  # places drawn for a digit; the first that is free is taken


class DigitCanvas(ImageDataset):
    """Digits at random places on a canvas, to find (`target="boxes"`) or to color in ("mask").

    `dataset[i]` is (image, target), the image uint8 (size, size). The target "mask" is int64
    (size, size): 0 is background, digit + 1 its ink. The target "boxes" is a dict: "boxes" float32
    (K, 4), the corners x1, y1, x2, y2 in pixels of the rectangle around the ink, and "labels"
    int64 (K,), the digits; where a canvas has fewer than K digits the rest of both is -1. All of
    them are arrays, too: `data` (N, size, size), `masks`, `boxes` (N, K, 4), `labels` (N, K).

    `n` canvases (2000 for training, 500 for the test) with `digits` digits each, a number or
    (fewest, most); `scale` times 8 pixels large, a number or (from, to). Boxes never overlap: a
    digit for which 20 random places were all taken is left out. `noise`: standard deviation, on
    the scale 0..1. `transform` works on the image alone, so it must not move anything.
    """

    classes = Digits.classes
    mean = (0.103,)
    std = (0.214,)

    def __init__(
        self,
        train: bool = True,
        transform: Callable | None = None,
        *,
        target: str = "mask",
        n: int | None = None,
        size: int = 32,
        digits: int | Sequence[int] = (1, 3),
        scale: float | Sequence[float] = (1.0, 2.0),
        noise: float = 0.05,
        seed: int = 0,
    ) -> None:
        super().__init__(train, transform, None)
        self.target = choice("DigitCanvas", "target", target, ("mask", "boxes"))
        n, size = number(self, n), whole(self, "size", size, SIDE)
        fewest, most = span(self, "digits", digits)
        zooms = scales(self, scale, size)
        check_noise(self, noise)
        source, rng = Digits(train=train), np.random.default_rng([seed, train])
        which = rng.integers(len(source), size=(n, most))
        zoom = rng.uniform(*zooms, which.shape)
        digit = enlarge(source.data[which] / 255, zoom, int(np.ceil(SIDE * zooms[1])))
        counts = rng.integers(fewest, most + 1, n)
        corners, self.boxes = arrange(digit > INK, counts, size, rng)
        self.labels = np.where(self.boxes[..., 0] < 0, -1, source.targets[which])
        image, self.masks = paste(digit, self.labels, corners, size)
        self.data = as_bytes(image, noise, rng)
        self.targets = self.masks

    def _target(self, index: int) -> Any:
        if self.target == "mask":
            return self.masks[index].copy()
        return {"boxes": self.boxes[index].copy(), "labels": self.labels[index].copy()}

    def get_batch(self, indices: np.ndarray) -> list:
        """Images (N, ...) and masks (N, size, size), or the dict of boxes and labels."""
        if self.target == "mask":
            return super().get_batch(indices)
        found = {"boxes": Tensor(self.boxes[indices]), "labels": Tensor(self.labels[indices])}
        return [apply_to_batch(self.transform, self.data[indices]), found]


def enlarge(images: np.ndarray, zoom: np.ndarray, side: int) -> np.ndarray:
    """Images (..., h, w) enlarged by `zoom` (...), bilinear, in the corner of (..., side, side).

    Pixel p of the result lies at (p + 0.5) / zoom - 0.5 in the image; the two pixels around that
    place share in it, the nearer one more.
    """
    place = (np.arange(side) + 0.5) / zoom[..., None] - 0.5
    share = np.maximum(0, 1 - abs(place[..., None] - np.arange(images.shape[-1])))
    return share @ images @ share.swapaxes(-1, -2)


def arrange(
    ink: np.ndarray, counts: np.ndarray, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Where the first `counts` (N,) digits of each canvas go, from their ink (N, K, P, P).

    Returns the upper left corners of the patches, as y, x (N, K, 2), and the boxes of the ink
    (N, K, 4), float32; -1 for digits that are not there.
    """
    n, most = ink.shape[:2]
    corners, boxes = np.full((n, most, 2), -1), np.full((n, most, 4), -1)
    counts = counts.copy()
    for k in range(most):
        first_y, last_y = ends(ink[:, k].max(2))
        first_x, last_x = ends(ink[:, k].max(1))
        first = np.stack([first_y, first_x], 1)
        extent = np.stack([last_y, last_x], 1) - first
        todo = np.flatnonzero(counts > k)
        for _ in range(TRIES):
            upper = rng.integers(size - extent[todo] + 1)  # y, x of the box
            lower = upper + extent[todo]
            other = boxes[todo, :k]
            apart_y = (lower[:, :1] <= other[..., 1]) | (other[..., 3] <= upper[:, :1])
            apart_x = (lower[:, 1:] <= other[..., 0]) | (other[..., 2] <= upper[:, 1:])
            free = (apart_y | apart_x).all(1)
            corners[todo[free], k] = (upper - first[todo])[free]
            boxes[todo[free], k] = np.c_[upper[:, ::-1], lower[:, ::-1]][free]
            todo = todo[~free]
        counts[todo] = k  # full: later digits are left out with this one
    return corners, boxes.astype(np.float32)


def ends(used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each row of (N, P): the first True, and one past the last."""
    return used.argmax(1), used.shape[1] - used[:, ::-1].argmax(1)


def paste(
    patches: np.ndarray, labels: np.ndarray, corners: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Patches (N, K, P, P) at their corners (N, K, 2): images (N, size, size) and class masks."""
    n, most, side, _ = patches.shape
    around = size + 2 * side  # with room for the faint rim of a patch that sticks out
    image, mask = np.zeros((n, around, around)), np.zeros((n, around, around), np.int64)
    for k in range(most):
        (there,) = np.nonzero(labels[:, k] >= 0)
        top, left = side + corners[there, k].T
        rows, columns = np.arange(side) + top[:, None], np.arange(side) + left[:, None]
        place = there[:, None, None], rows[:, :, None], columns[:, None, :]
        patch = patches[there, k]
        image[place] = np.maximum(image[place], patch)
        mask[place] = np.where(patch > INK, labels[there, k, None, None] + 1, mask[place])
    inner = slice(side, side + size)
    return image[:, inner, inner], mask[:, inner, inner].copy()
