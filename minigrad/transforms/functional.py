"""The transforms as functions, under torchvision's names: `import ... functional as TF`.

An image is what the transforms take: an array (H, W) or (H, W, C), a Tensor (C, H, W), or a
Pillow image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tensor import Tensor
from . import color
from .base import Normalize, ToTensor, Transform
from .convert import ConvertImageDtype, PILToTensor, ToPILImage
from .spatial import CenterCrop, Pad, RandomHorizontalFlip, RandomVerticalFlip, Resize, Size


def to_tensor(pic: Any) -> Tensor:
    """An image as a float32 Tensor (C, H, W); uint8 values 0..255 become 0..1."""
    return ToTensor()(pic)


def pil_to_tensor(pic: Any) -> Tensor:
    """An image as a Tensor (C, H, W) of its own dtype."""
    return PILToTensor()(pic)


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A Tensor (C, H, W) or an array as a Pillow image."""
    return ToPILImage(mode)(pic)


def convert_image_dtype(image: Any, dtype: Any = np.float32) -> Any:
    """The same image in another dtype: uint8 is 0..255, a float 0..1."""
    return ConvertImageDtype(dtype)(image)


def normalize(tensor: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(x - mean) / std on a float Tensor (C, H, W)."""
    return Normalize(mean, std)(tensor)


def resize(img: Any, size: Size, *, antialias: bool = True) -> Any:
    """Bilinear resizing to `size` = (h, w); one int is the length of the shorter side."""
    return Resize(size, antialias=antialias)(img)


def center_crop(img: Any, output_size: Size) -> Any:
    """The middle `output_size` = (h, w) or one int."""
    return CenterCrop(output_size)(img)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """The window of (height, width) pixels whose upper left corner is (top, left)."""
    return _Crop(top, left, height, width)(img)


def pad(img: Any, padding: Size, fill: float = 0, padding_mode: str = "constant") -> Any:
    """Add a border, as the transform Pad does."""
    return Pad(padding, fill, padding_mode)(img)


def hflip(img: Any) -> Any:
    """Mirror left and right."""
    return RandomHorizontalFlip(1)(img)


def vflip(img: Any) -> Any:
    """Mirror top and bottom."""
    return RandomVerticalFlip(1)(img)


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """0.299 red + 0.587 green + 0.114 blue, in 1 or 3 equal channels."""
    return color.Grayscale(num_output_channels)(img)


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """0 is black, 1 the image, 2 twice as bright."""
    return _Adjust(color.adjust_brightness, brightness_factor)(img)


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """0 is the image's mean gray, 1 the image, 2 twice the contrast."""
    return _Adjust(color.adjust_contrast, contrast_factor)(img)


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """0 is gray, 1 the image, 2 colors twice as strong."""
    return _Adjust(color.adjust_saturation, saturation_factor)(img)


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """Turn the color wheel by `hue_factor`, from -0.5 to 0.5 of it."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"adjust_hue: hue_factor must be from -0.5 to 0.5, got {hue_factor}")
    return _Adjust(color.adjust_hue, hue_factor)(img)


class _Adjust(color.ColorTransform):
    def __init__(self, change: Callable, amount: float) -> None:
        self.change = change
        self.amount = amount

    def colors(self, x: np.ndarray) -> np.ndarray:
        """(N, C, H, W) -> the same shape."""
        return self.change(x, x.dtype.type(self.amount))


class _Crop(Transform):
    def __init__(self, top: int, left: int, height: int, width: int) -> None:
        self.rows, self.columns = (top, top + height), (left, left + width)

    def pixels(self, x: np.ndarray) -> np.ndarray:
        """(N, ..., H, W) -> (N, ..., height, width)."""
        (top, bottom), (left, right), (height, width) = self.rows, self.columns, x.shape[-2:]
        if not (0 <= top < bottom <= height and 0 <= left < right <= width):
            raise ValueError(
                f"crop: rows {top}..{bottom} and columns {left}..{right} do not lie within an "
                f"image of {height} x {width}; pad it first"
            )
        return x[..., top:bottom, left:right]
