"""From Pillow's images to Tensors and back, and from one dtype to another."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .base import Transform, as_array


class PILToTensor(Transform):
    """A Pillow image, or an array (H, W) or (H, W, C), as a Tensor (C, H, W) of its own dtype.

    The values stay: 0..255 for most images. ToTensor also scales them to 0..1.
    """

    def batch(self, images: Any) -> Tensor:
        """Arrays (N, H, W) or (N, H, W, C) as a Tensor (N, C, H, W)."""
        if isinstance(images, Tensor):
            raise TypeError("PILToTensor: the image is a Tensor already; leave PILToTensor() out")
        self._check(images, "N, ", 3)
        planes = images[:, None] if images.ndim == 3 else np.moveaxis(images, -1, 1)
        return Tensor(planes.copy())


class ToPILImage:
    """A Tensor (C, H, W) or an array (H, W) or (H, W, C) as a Pillow image.

    Floats in 0..1 become 0..255, rounded down as in torchvision; what lies outside is cut off.
    `mode` is Pillow's, such as "RGB" or "L", by default that of 1, 2, 3 or 4 channels.
    """

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Tensor | np.ndarray) -> Any:
        """Make a Pillow image of one image."""
        from PIL import Image

        x = pic.data if isinstance(pic, Tensor) else as_array(pic)
        if not isinstance(x, np.ndarray) or x.ndim not in (2, 3):
            raise ValueError(
                "ToPILImage: expected a Tensor (C, H, W) or an array (H, W, C), got "
                f"{type(pic).__name__} of shape {np.shape(x)}; take one image of a batch: images[0]"
            )
        if isinstance(pic, Tensor) and x.ndim == 3:
            x = np.moveaxis(x, 0, -1)
        if x.ndim == 3 and x.shape[2] == 1:
            x = x[:, :, 0]
        if x.dtype.kind == "f":
            x = np.clip(x * 255, 0, 255).astype(np.uint8)
        if x.dtype != np.uint8 or (x.ndim == 3 and x.shape[2] > 4):
            raise ValueError(
                f"ToPILImage: a Pillow image has 1 to 4 channels of uint8 0..255 (or floats 0..1), "
                f"got shape {pic.shape} of {x.dtype}; Tensors are (C, H, W), arrays (H, W, C)"
            )
        image = Image.fromarray(x)
        return image if self.mode in (None, image.mode) else image.convert(self.mode)

    def __repr__(self) -> str:
        return f"ToPILImage({f'mode={self.mode!r}' if self.mode else ''})"


class ConvertImageDtype(Transform):
    """The same image in another dtype: uint8 is 0..255, a float 0..1.

    To uint8, 0..1 is cut into 256 equal parts, as in torchvision: 1.0 becomes 255.
    """

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)
        self._known(self.dtype)

    def batch(self, images: Any) -> Any:
        """Convert many images of any layout."""
        self._check(images, "N, ", 3)
        x = images.data if isinstance(images, Tensor) else images
        self._known(x.dtype)
        if x.dtype == self.dtype:
            return images
        if self.dtype.kind == "f":
            y = x.astype(self.dtype)
            y = y / self.dtype.type(255) if x.dtype.kind == "u" else y
        else:
            y = np.clip(x * x.dtype.type(255.999), 0, 255).astype(np.uint8)
        return Tensor(y) if isinstance(images, Tensor) else y

    def _known(self, dtype: np.dtype) -> None:
        if dtype.kind != "f" and dtype != np.uint8:
            raise TypeError(
                f"ConvertImageDtype: images are uint8 or floats, not {dtype}; for other types "
                "write x.to(dtype), which leaves the values as they are"
            )
