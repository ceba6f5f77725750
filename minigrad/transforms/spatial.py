"""Flips, crops, padding and resizing: pixels move by whole places, or are averaged."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .base import Transform, draws

Size = int | Sequence[int]


class RandomHorizontalFlip(Transform):
    """Mirror left and right with probability `p`."""

    axis = -1

    def __init__(self, p: float = 0.5) -> None:
        self.p = probability(self, p)

    def pixels(self, x: np.ndarray) -> np.ndarray:
        """(N, ..., H, W) -> the same shape."""
        flip = draws(len(x), 1)[:, 0] < self.p
        x = x.copy()
        x[flip] = np.flip(x[flip], self.axis)
        return x


class RandomVerticalFlip(RandomHorizontalFlip):
    """Mirror top and bottom with probability `p`."""

    axis = -2


class Pad(Transform):
    """Add a border: `padding` is one width, (left and right, top and bottom), or
    (left, top, right, bottom). `padding_mode`: "constant" (with `fill`, in the image's own units),
    "edge", "reflect" or "symmetric".
    """

    def __init__(self, padding: Size, fill: float = 0, padding_mode: str = "constant") -> None:
        self.padding = sides(self, padding)
        self.fill = fill
        self.padding_mode = known_mode(self, padding_mode)

    def pixels(self, x: np.ndarray) -> np.ndarray:
        """(N, ..., H, W) -> (N, ..., top + H + bottom, left + W + right)."""
        return pad(x, self.padding, self.fill, self.padding_mode)


class CenterCrop(Transform):
    """The middle `size` = (h, w) or one int; a smaller image gets a border of 0 first."""

    def __init__(self, size: Size) -> None:
        self.size = height_width(self, size)

    def pixels(self, x: np.ndarray) -> np.ndarray:
        """(N, ..., H, W) -> (N, ..., h, w)."""
        (h, w), (height, width) = self.size, x.shape[-2:]
        dy, dx = max(h - height, 0), max(w - width, 0)
        x = pad(x, (dx // 2, dy // 2, (dx + 1) // 2, (dy + 1) // 2))
        top, left = round((x.shape[-2] - h) / 2), round((x.shape[-1] - w) / 2)
        return x[..., top : top + h, left : left + w]


class RandomCrop(Transform):
    """A window of `size` = (h, w) or one int at a random place, after padding the image.

    `padding`, `fill` and `padding_mode` are those of Pad. `pad_if_needed=True` also pads an image
    that is smaller than the window.
    """

    def __init__(
        self,
        size: Size,
        padding: Size | None = None,
        pad_if_needed: bool = False,
        fill: float = 0,
        padding_mode: str = "constant",
    ) -> None:
        self.size = height_width(self, size)
        self.padding = None if padding is None else sides(self, padding)
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = known_mode(self, padding_mode)

    def pixels(self, x: np.ndarray) -> np.ndarray:
        """(N, ..., H, W) -> (N, ..., h, w)."""
        if self.padding is not None:
            x = pad(x, self.padding, self.fill, self.padding_mode)
        missing = [max(want - have, 0) for want, have in zip(self.size, x.shape[-2:], strict=True)]
        if any(missing):
            if not self.pad_if_needed:
                raise ValueError(
                    f"RandomCrop: size {self.size} is larger than the image {x.shape[-2:]}; "
                    "give a smaller size, padding=, or pad_if_needed=True"
                )
            dy, dx = missing
            x = pad(x, (dx, dy, dx, dy), self.fill, self.padding_mode)
        # (N, ..., H, W) -> (N, ..., places down, places across, h, w): a view, nothing is copied
        windows = np.lib.stride_tricks.sliding_window_view(x, self.size, axis=(-2, -1))
        top, left = (draws(len(x), 2) * windows.shape[-4:-2]).astype(int).T
        return windows[np.arange(len(x)), ..., top, left, :, :]


class Resize(Transform):
    """Bilinear resizing to `size` = (h, w); one int is the length of the shorter side.

    With `antialias=True` a pixel of a smaller image averages all pixels it covers, as Pillow does;
    with False it blends only the nearest two in each direction.
    """

    def __init__(self, size: Size, *, antialias: bool = True) -> None:
        self.size = size if isinstance(size, int) else height_width(self, size)
        height_width(self, size)
        self.antialias = antialias

    def pixels(self, x: np.ndarray) -> np.ndarray:
        """(N, ..., H, W) -> (N, ..., h, w)."""
        height, width = x.shape[-2:]
        if isinstance(self.size, int):
            short = min(height, width)
            h, w = self.size * height // short, self.size * width // short
        else:
            h, w = self.size
        rows = resize_weights(height, h, self.antialias)
        columns = resize_weights(width, w, self.antialias)
        return like(rows @ x @ columns.T, x)


def resize_weights(n: int, m: int, antialias: bool) -> np.ndarray:
    """The matrix (m, n) that makes m pixels of n: a triangle around the place of each new pixel."""
    centers = (np.arange(m) + 0.5) * n / m - 0.5
    reach = max(n / m, 1) if antialias else 1
    weights = np.maximum(0, 1 - abs(np.arange(n) - centers[:, None]) / reach)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def like(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """`values` in the type of `x`: rounded where that holds integers."""
    return (np.rint(values) if x.dtype.kind in "iu" else values).astype(x.dtype)


def pad(
    x: np.ndarray, padding: tuple[int, ...], fill: float = 0, mode: str = "constant"
) -> np.ndarray:
    """Pad the last two axes of `x` by (left, top, right, bottom)."""
    left, top, right, bottom = padding
    widths = [(0, 0)] * (x.ndim - 2) + [(top, bottom), (left, right)]
    options: dict[str, Any] = {"constant_values": fill} if mode == "constant" else {}
    return np.pad(x, widths, mode, **options)  # type: ignore[call-overload]


def probability(transform: Transform, p: float) -> float:
    """`p`, if it is one."""
    if not 0 <= p <= 1:
        raise ValueError(f"{type(transform).__name__}: p must be from 0 to 1, got {p}")
    return p


def known_mode(transform: Transform, mode: str) -> str:
    """`mode`, if it is a way to pad."""
    modes = ("constant", "edge", "reflect", "symmetric")
    if mode not in modes:
        raise ValueError(
            f"{type(transform).__name__}: padding_mode must be one of {', '.join(modes)}; "
            f"got {mode!r}"
        )
    return mode


def height_width(transform: Transform, size: Size) -> tuple[int, int]:
    """A size as (height, width); an int means a square."""
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or not all(isinstance(n, int) and n > 0 for n in pair):
        raise ValueError(
            f"{type(transform).__name__}: size must be an int or (height, width), each at least 1; "
            f"got {size!r}"
        )
    return pair


def sides(transform: Transform, padding: Size) -> tuple[int, ...]:
    """A padding as (left, top, right, bottom)."""
    widths = (padding,) if isinstance(padding, int) else tuple(padding)
    if len(widths) not in (1, 2, 4) or not all(isinstance(n, int) and n >= 0 for n in widths):
        raise ValueError(
            f"{type(transform).__name__}: padding must be an int, (left and right, top and bottom) "
            f"or (left, top, right, bottom), each at least 0; got {padding!r}"
        )
    return widths * (4 // len(widths))
