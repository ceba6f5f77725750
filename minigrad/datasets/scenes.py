"""The real digits turned and scaled, or in motion; and what all sets made of them share.

They are generated when they are built, from the training or the test images of `Digits`. Same
arguments, same data.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ..nn.arguments import whole
from ..transforms.warp import warp
from ..utils.data import TensorDataset
from .digits import Digits
from .images import ImageDataset

SIDE = 8  # pixels of a digit before it is scaled


class WarpedDigits(ImageDataset):
    """One digit an image, at a random scale, turn and place; the label is the digit.

    `data`: uint8 (N, size, size). `scale` times 8 pixels large, a number or (from, to); turned by
    up to `degrees` either way (60: a 6 does not become a 9); moved by up to `shift` pixels each
    way from the middle. `n`: 2000 images for training, 500 for the test. `noise`: standard
    deviation, on the scale 0..1.
    """

    classes = Digits.classes
    mean = (0.128,)
    std = (0.236,)

    def __init__(
        self,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        *,
        n: int | None = None,
        size: int = 20,
        scale: float | Sequence[float] = (1.0, 2.0),
        degrees: float = 60,
        shift: float = 2,
        noise: float = 0.05,
        seed: int = 0,
    ) -> None:
        super().__init__(train, transform, target_transform)
        n, size = number(self, n), whole(self, "size", size, SIDE)
        zooms = scales(self, scale, size)
        if not 0 <= degrees <= 180:
            raise ValueError(f"WarpedDigits: degrees must be from 0 to 180, got {degrees}")
        if not 0 <= shift <= size / 2:
            raise ValueError(
                f"WarpedDigits: shift must be from 0 to {size / 2:g}, half the size, got {shift}"
            )
        check_noise(self, noise)
        source, rng = Digits(train=train), np.random.default_rng([seed, train])
        which = rng.integers(len(source), size=n)
        angle = np.radians(rng.uniform(-degrees, degrees, n))
        dx, dy = rng.uniform(-shift, shift, (2, n))
        zoom = rng.uniform(*zooms, n)
        framed = in_frame(source.data[which] / 255, size)
        self.data = as_bytes(warp(framed, angle, dx, dy, zoom, "bilinear", 0), noise, rng)
        self.targets = source.targets[which]


class MovingDigits(TensorDataset):
    """Clips of a digit that moves steadily in one of 4 or 8 directions; the label says in which.

    `dataset[i]` is (clip, label), the clip a uint8 Tensor (frames, size, size); for Conv3d write
    `clips.unsqueeze(1).float() / 255`. What leaves at one side comes in again at the other, and
    the start is anywhere: so every single frame of every class shows any digit at any place, and
    only the order of frames gives the direction away.

    `n`: 2000 clips for training, 500 for the test; the directions come in turn. `speed`: whole
    pixels a frame along each axis that moves, a number or (from, to). `noise`: standard
    deviation, on the scale 0..1, drawn anew for each frame.
    """

    names: ClassVar[list[str]] = [
        "right", "down", "left", "up", "down right", "down left", "up left", "up right",
    ]  # fmt: skip
    steps = np.array([(0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, -1), (-1, 1)])

    def __init__(
        self,
        train: bool = True,
        *,
        n: int | None = None,
        frames: int = 8,
        size: int = 16,
        directions: int = 4,
        speed: int | Sequence[int] = 1,
        noise: float = 0.05,
        seed: int = 0,
    ) -> None:
        self.train = train
        n, size = number(self, n), whole(self, "size", size, SIDE)
        frames = whole(self, "frames", frames, 2)
        if directions not in (4, 8):
            raise ValueError(f"MovingDigits: directions must be 4 or 8, got {directions!r}")
        slow, fast = span(self, "speed", speed)
        if fast >= size / 2:
            raise ValueError(
                f"MovingDigits: speed must be below {size / 2:g}, half the size, got {speed}; "
                "faster, a step to the right looks like one to the left"
            )
        check_noise(self, noise)
        source, rng = Digits(train=train), np.random.default_rng([seed, train])
        self.classes = self.names[:directions]
        self.targets = np.arange(n) % directions
        which = rng.integers(len(source), size=n)
        speeds = rng.integers(slow, fast + 1, (n, 1, 1))
        start = rng.integers(size, size=(n, 1, 2))
        # how far down and right the digit lies in each frame: (n, frames, 2)
        moved = start + speeds * self.steps[self.targets][:, None] * np.arange(frames)[:, None]
        rows, columns = np.moveaxis(np.arange(size) - moved[..., None], 2, 0) % size
        picture = in_frame(source.data[which] / 255, size)
        clip = picture[np.arange(n)[:, None, None, None], rows[..., None], columns[:, :, None]]
        self.data = as_bytes(clip, noise, rng)
        super().__init__(self.data, self.targets)

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.data.shape[1:]))
        return (
            f"MovingDigits({'training' if self.train else 'test'} set: {len(self)} clips {shape})"
        )


def in_frame(images: np.ndarray, size: int) -> np.ndarray:
    """Images (N, 8, 8) in the middle of (N, size, size)."""
    before = (size - SIDE) // 2
    around = (before, size - SIDE - before)
    return np.pad(images, ((0, 0), around, around))


def as_bytes(image: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Brightness 0..1, with noise, as uint8."""
    noisy = image + np.float32(noise) * rng.standard_normal(image.shape, np.float32)
    return np.rint(255 * noisy.clip(0, 1)).astype(np.uint8)


def number(dataset: Any, n: int | None) -> int:
    """`n`, or how many there are without it."""
    if n is None:
        return 2000 if dataset.train else 500
    return whole(dataset, "n", n)


def span(dataset: Any, name: str, value: int | Sequence[int]) -> tuple[int, int]:
    """A whole number k as (k, k); a pair (from, to) stays."""
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) == 2:
        low, high = (whole(dataset, name, end) for end in pair)
        if low <= high:
            return low, high
    raise ValueError(
        f"{type(dataset).__name__}: {name} must be a whole number or (from, to), got {value!r}"
    )


def scales(dataset: Any, scale: float | Sequence[float], size: int) -> tuple[float, float]:
    """A scale s as (s, s); a pair (from, to) stays. The largest digit must fit into `size`."""
    low, high = scale if isinstance(scale, (tuple, list)) and len(scale) == 2 else (scale, scale)
    if not (isinstance(low, (int, float)) and isinstance(high, (int, float)) and 0 < low <= high):
        raise ValueError(
            f"{type(dataset).__name__}: scale must be a number or (from, to) with 0 < from <= to, "
            f"got {scale!r}"
        )
    if SIDE * high > size:
        raise ValueError(
            f"{type(dataset).__name__}: digits of {SIDE} x {high:g} pixels do not fit into size "
            f"{size}; give size={int(np.ceil(SIDE * high))} or more, or a scale up to "
            f"{size / SIDE:g}"
        )
    return low, high


def check_noise(dataset: Any, noise: float) -> None:
    """The noise is a standard deviation."""
    if not noise >= 0:
        raise ValueError(f"{type(dataset).__name__}: noise must be at least 0, got {noise}")
