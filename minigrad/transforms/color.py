"""Colors: gray, and random changes of brightness, contrast, saturation and hue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tensor import Tensor
from .base import Transform, draws
from .spatial import like
from .warp import between

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601: how bright red, green and blue look


class ColorTransform(Transform):
    """Base class of the transforms that look at all channels of a pixel: write `colors`.

    `colors(x)` gets the images as an array (N, C, H, W), floats in 0..1.
    """

    def batch(self, images: Any) -> Any:
        """Transform many images: arrays (N, H, W) or (N, H, W, C), or a Tensor (N, C, H, W)."""
        self._check(images, "N, ", 3)
        if isinstance(images, Tensor):
            return Tensor(self._recolor(images.data))
        if images.ndim == 3:
            y = self._recolor(images[:, None])
            return y[:, 0] if y.shape[1] == 1 else np.moveaxis(y, 1, -1)
        return np.moveaxis(self._recolor(np.moveaxis(images, -1, 1)), 1, -1)

    def _recolor(self, x: np.ndarray) -> np.ndarray:
        if x.ndim < 4 or x.shape[1] not in (1, 3):
            raise ValueError(
                f"{type(self).__name__}: an image has 1 or 3 channels, got shape {x.shape[1:]}; "
                "arrays are (H, W, C), Tensors (C, H, W)"
            )
        if x.dtype.kind == "f":
            return self.colors(x)
        if x.dtype != np.uint8:
            raise TypeError(
                f"{type(self).__name__}: an image is uint8 0..255 or floats 0..1, not {x.dtype}"
            )
        return like(self.colors(x.astype(np.float32) / 255) * 255, x)

    def colors(self, x: np.ndarray) -> np.ndarray:
        """Transform an array (N, C, H, W)."""
        raise TypeError(f"{type(self).__name__} needs a method colors(self, x)")


class Grayscale(ColorTransform):
    """Gray images of 1 or 3 equal channels: 0.299 red + 0.587 green + 0.114 blue."""

    def __init__(self, num_output_channels: int = 1) -> None:
        if num_output_channels not in (1, 3):
            raise ValueError(
                f"Grayscale: num_output_channels must be 1 or 3, got {num_output_channels!r}"
            )
        self.num_output_channels = num_output_channels

    def colors(self, x: np.ndarray) -> np.ndarray:
        """(N, C, H, W) -> (N, 1 or 3, H, W)."""
        return np.repeat(gray(x), self.num_output_channels, 1)


class ColorJitter(ColorTransform):
    """Change brightness, contrast, saturation and hue by random amounts, in random order.

    `brightness`, `contrast`, `saturation`: a number d for factors from 1 - d (0 at least) to 1 + d,
    or (from, to). `hue`: a number d up to 0.5 for turns of the color wheel from -d to d, or
    (from, to). Images of one channel have neither saturation nor hue.
    """

    def __init__(
        self,
        brightness: float | Sequence[float] = 0,
        contrast: float | Sequence[float] = 0,
        saturation: float | Sequence[float] = 0,
        hue: float | Sequence[float] = 0,
    ) -> None:
        self.brightness = factors("brightness", brightness)
        self.contrast = factors("contrast", contrast)
        self.saturation = factors("saturation", saturation)
        self.hue = span("hue", hue, -0.5, 0.5)

    def colors(self, x: np.ndarray) -> np.ndarray:
        """(N, C, H, W) -> the same shape."""
        x, u = x.copy(), draws(len(x), 8)
        changes: list[tuple[Callable, tuple[float, float]]] = [
            (adjust_brightness, self.brightness),
            (adjust_contrast, self.contrast),
            (adjust_saturation, self.saturation),
            (adjust_hue, self.hue),
        ]
        order = u[:, 4:].argsort(1)  # which change is an image's first, second ...
        for turn in order.T:
            for i, (change, limits) in enumerate(changes):
                these = turn == i
                amount = between(limits, u[these, i])[:, None, None, None].astype(x.dtype)
                x[these] = change(x[these], amount)
        return x


def gray(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) -> (N, 1, H, W)."""
    return x if x.shape[1] == 1 else np.einsum("nchw,c->nhw", x, LUMA.astype(x.dtype))[:, None]


def blend(x: np.ndarray, other: Any, factor: Any) -> np.ndarray:
    """`other` at factor 0, x at 1, and beyond x above 1; cut off at 0 and 1."""
    return np.clip(factor * x + (1 - factor) * other, 0, 1)


def adjust_brightness(x: np.ndarray, factor: Any) -> np.ndarray:
    """Between black (0), x (1) and brighter: (N, C, H, W) in 0..1."""
    return blend(x, x.dtype.type(0), factor)


def adjust_contrast(x: np.ndarray, factor: Any) -> np.ndarray:
    """Between the image's mean gray (0), x (1) and more contrast: (N, C, H, W) in 0..1."""
    return blend(x, gray(x).mean((1, 2, 3), keepdims=True), factor)


def adjust_saturation(x: np.ndarray, factor: Any) -> np.ndarray:
    """Between gray (0), x (1) and stronger colors: (N, C, H, W) in 0..1."""
    return blend(x, gray(x), factor)


def adjust_hue(x: np.ndarray, turns: Any) -> np.ndarray:
    """Turn the color wheel: (N, 3, H, W) in 0..1, `turns` of it; 1/3 makes green of red.

    The largest and the smallest of a pixel's three values, its value and its chroma, stay.
    """
    if x.shape[1] == 1 or not np.any(turns):
        return x
    red, green, blue = x[:, 0], x[:, 1], x[:, 2]
    value, least = x.max(1), x.min(1)
    chroma = value - least
    safe = np.where(chroma == 0, 1, chroma)
    sextant = np.select(  # 0 is red, 2 green, 4 blue
        [value == red, value == green],
        [(green - blue) / safe, 2 + (blue - red) / safe],
        4 + (red - green) / safe,
    )
    place = sextant[:, None] + 6 * turns - np.array([0, 2, 4], x.dtype)[:, None, None]
    distance = abs((place + 3) % 6 - 3)  # from each channel's own color, 0 to 3
    share = np.clip(2 - distance, 0, 1).astype(x.dtype)
    return least[:, None] + chroma[:, None] * share


def factors(name: str, value: float | Sequence[float]) -> tuple[float, float]:
    """A number d as (1 - d, 1 + d), none below 0; a pair stays."""
    if isinstance(value, (int, float)) and value >= 0:
        return max(1 - value, 0), 1 + value
    return span(name, value, 0, np.inf)


def span(
    name: str, value: float | Sequence[float], least: float, most: float
) -> tuple[float, float]:
    """A number d as (-d, d); a pair (from, to) stays. Both must lie within least..most."""
    low, high = (-value, value) if isinstance(value, (int, float)) else value
    if not least <= low <= high <= most:
        raise ValueError(
            f"ColorJitter: {name} must be a number of at least 0, or (from, to), within {least} to "
            f"{most}, got {value!r}"
        )
    return low, high
