"""Many images as one picture: torchvision's `make_grid` and `save_image`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensor import Tensor


def make_grid(
    tensor: Tensor | Sequence[Tensor],
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """Lay images out in rows of `nrow`: (N, C, H, W) -> (3, grid's height, grid's width).

    `tensor`: images (N, C, H, W), a list of images (C, H, W), or one image (C, H, W) or (H, W),
    which gets no border. One channel becomes three equal ones. Around and between the images lie
    `padding` pixels of `pad_value`. `normalize=True` moves the values to 0..1: `value_range` =
    (low, high), by default the least and the greatest value, of all images or with
    `scale_each=True` of each one.
    """
    images = _as_batch(tensor)
    if nrow < 1 or padding < 0:
        raise ValueError(
            f"make_grid: nrow must be at least 1 and padding at least 0, got nrow={nrow} and "
            f"padding={padding}"
        )
    if normalize:
        images = _normalized(images, value_range, scale_each)
    n, channels, height, width = images.shape
    if n == 1:
        return Tensor(images[0])
    columns = min(nrow, n)
    rows = -(-n // columns)
    down, across = height + padding, width + padding
    size = channels, rows * down + padding, columns * across + padding
    grid = np.full(size, pad_value, images.dtype)
    for i, image in enumerate(images):
        top, left = i // columns * down + padding, i % columns * across + padding
        grid[:, top : top + height, left : left + width] = image
    return Tensor(grid)


def save_image(
    tensor: Tensor | Sequence[Tensor],
    fp: str | os.PathLike | Any,
    format: str | None = None,
    **kwargs: Any,
) -> None:
    """Write images as one picture to a file; the name's ending says as what, such as .png.

    `tensor` and further options are those of `make_grid`; values are floats in 0..1, what lies
    outside is cut off. `fp`: a path, or an open file together with `format`, such as "png".
    """
    from PIL import Image

    grid = make_grid(tensor, **kwargs).data
    if grid.dtype.kind != "f":
        raise TypeError(
            f"save_image: expected floats in 0..1, the images are {grid.dtype}; write "
            "images.float() / 255 if they are 0..255"
        )
    if isinstance(fp, (str, os.PathLike)):
        folder = os.path.dirname(fp) or "."
        if not os.path.isdir(folder):
            raise ValueError(
                f"save_image: there is no folder {folder!r}; write "
                f"os.makedirs({folder!r}, exist_ok=True) before"
            )
    with np.errstate(invalid="ignore"):  # nan becomes 0
        pixels = np.clip(grid * 255 + 0.5, 0, 255).astype(np.uint8)
    Image.fromarray(np.moveaxis(pixels, 0, -1)).save(fp, format=format)


def _as_batch(tensor: Any) -> np.ndarray:
    """The images as an array (N, C, H, W), C not 1."""
    if isinstance(tensor, (list, tuple)) and tensor and all(isinstance(t, Tensor) for t in tensor):
        shapes = {t.shape for t in tensor}
        if len(shapes) > 1:
            raise ValueError(
                f"make_grid: all images must have one shape, got {sorted(shapes)}; "
                "resize them, for example with transforms.Resize((64, 64))"
            )
        x = np.stack([t.data for t in tensor])
    elif isinstance(tensor, Tensor):
        x = tensor.data
    else:
        raise TypeError(
            "make_grid: expected a Tensor (N, C, H, W) or a list of Tensors (C, H, W), got "
            f"{type(tensor).__name__}"
            + ("" if isinstance(tensor, (list, tuple)) else "; write minigrad.tensor(...)")
        )
    if x.ndim == 2:
        x = x[None]
    if x.ndim == 3:
        x = x[None]
    if x.ndim != 4 or not len(x):
        raise ValueError(
            f"make_grid: expected images (N, C, H, W), one (C, H, W) or one (H, W), got shape "
            f"{x.shape}; write images.view(-1, 1, 28, 28) for flattened digits"
        )
    return np.repeat(x, 3, 1) if x.shape[1] == 1 else x


def _normalized(
    x: np.ndarray, value_range: tuple[float, float] | None, scale_each: bool
) -> np.ndarray:
    if x.dtype.kind != "f":
        raise TypeError(
            f"make_grid: normalize=True needs floats, the images are {x.dtype}; write x.float()"
        )
    axes = (1, 2, 3) if scale_each else None
    if value_range is None:
        low, high = x.min(axes, keepdims=True), x.max(axes, keepdims=True)
    elif isinstance(value_range, (tuple, list)) and len(value_range) == 2:
        low, high = (np.asarray(value, x.dtype) for value in value_range)
    else:
        raise TypeError(
            f"make_grid: value_range must be (low, high), such as (-1, 1), got {value_range!r}"
        )
    return (np.clip(x, low, high) - low) / np.maximum(high - low, x.dtype.type(1e-5))
