"""What an image may be, checked once for all filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor


def as_planes(image: Any) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """A checked image as one-channel images (planes, 1, H, W), and the way back to its layout.

    Each channel is filtered by itself, so channels may as well stand where the batch does.
    """
    if isinstance(image, Tensor):
        *lead, height, width = image.shape
        planes = image.reshape(-1, 1, height, width)
        return planes, lambda y: y.reshape(*lead, *y.shape[2:])
    if image.ndim == 2:
        return Tensor(image[None, None]), lambda y: np.ascontiguousarray(y.data[0, 0])
    planes = Tensor(np.moveaxis(image, -1, 0)[:, None])
    return planes, lambda y: np.ascontiguousarray(np.moveaxis(y.data[:, 0], 0, -1))


def check_image(owner: str, image: Any) -> Any:
    """An array, see `check_array`, or a float Tensor (C, H, W) or (N, C, H, W)."""
    if not isinstance(image, Tensor):
        return check_array(owner, image)
    _check_type(owner, image.dtype, "image.to(minigrad.uint8)", "image.float()")
    if image.ndim not in (3, 4):
        edit = "; write image.unsqueeze(0)" if image.ndim == 2 else ""
        raise ValueError(
            f"{owner}: image must be a Tensor (C, H, W) or (N, C, H, W), got shape "
            f"{image.shape}{edit}"
        )
    _check_empty(owner, image.shape)
    return image if image.dtype.kind == "f" else image.float()


def check_array(owner: str, image: Any) -> np.ndarray:
    """An array (H, W) or (H, W, C) of uint8 or finite floats, as float32 in its own scale."""
    if isinstance(image, Tensor):
        raise TypeError(
            f"{owner}: image must be an array (H, W) or (H, W, C), got a Tensor of shape "
            f"{image.shape}{_array_edit(image)}"
        )
    if not isinstance(image, np.ndarray):
        raise TypeError(
            f"{owner}: image must be an array, got {type(image).__name__}; for a list or a Pillow "
            "image write np.asarray(image)"
        )
    _check_type(owner, image.dtype, "image.astype(np.uint8)", "image.astype(np.float32)")
    if image.ndim not in (2, 3) or (image.ndim == 3 and not 1 <= image.shape[-1] <= 4):
        raise ValueError(
            f"{owner}: image must be an array (H, W), or (H, W, C) with 1 to 4 channels, got shape "
            f"{image.shape}{_layout_edit(image.shape)}"
        )
    _check_empty(owner, image.shape)
    if not np.isfinite(image).all():
        raise ValueError(
            f"{owner}: image holds nan or inf; write np.nan_to_num(image), or find where they came "
            "from: np.argwhere(~np.isfinite(image))"
        )
    return image.astype(np.float32, copy=False)


def _array_edit(image: Tensor) -> str:
    """How to make an array of the first image of a Tensor, or of the first map if it has many."""
    lead = image.ndim - 2
    if lead not in (0, 1, 2):
        return ""
    edit = "image" + "[0]" * (lead == 2)
    if lead:
        edit += ".permute(1, 2, 0)" if image.shape[-3] in (1, 3) else "[0]"
    return f"; write {edit}{'.detach()' * image.requires_grad}.numpy()"


def _check_type(owner: str, dtype: np.dtype, as_uint8: str, as_float: str) -> None:
    if dtype == np.uint8 or dtype.kind == "f":
        return
    edits = {
        "b": f"{as_float} for 0 and 1, or 255 * {as_uint8}",
        "c": "abs(image), or filter image.real and image.imag one by one",
        "O": "np.stack(images) if it holds equal arrays, and filter one at a time",
    }
    edit = edits.get(dtype.kind, f"{as_uint8} if the values are 0..255, else {as_float}")
    raise TypeError(f"{owner}: image must be uint8 (0..255) or float, got {dtype}; write {edit}")


def _check_empty(owner: str, shape: tuple[int, ...]) -> None:
    if 0 in shape:
        raise ValueError(f"{owner}: image has no pixels, its shape is {shape}")


def _layout_edit(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return "; write image[None] for a signal, an image of one row"
    if len(shape) == 3 and shape[0] in (1, 3):
        return "; if the channels come first, write np.moveaxis(image, 0, -1)"
    batch = "; filter one image at a time, or a batch as a Tensor: minigrad.tensor(images).float()"
    return {3: f"{batch}.unsqueeze(1)", 4: f"{batch}.permute(0, 3, 1, 2)"}.get(len(shape), "")
