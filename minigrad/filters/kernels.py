"""The kernels, each a function that returns a new float32 array (kh, kw).

They are written for correlation, as convolution layers compute: the kernel lies on the image as it
is printed here. x grows to the right, y downwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from numbers import Real
from typing import Any, ParamSpec

import numpy as np

from ..nn.functional.shapes import sizes
from ..tensor import Tensor

P = ParamSpec("P")


def takes_no_image(make: Callable[P, np.ndarray]) -> Callable[P, np.ndarray]:
    """Let a function that makes a kernel say how to use it when it is given an image."""

    @wraps(make)
    def checked(*args: P.args, **options: P.kwargs) -> np.ndarray:
        for value in (*args, *options.values()):
            if isinstance(value, (np.ndarray, Tensor)) and value.ndim > 1:
                name = make.__name__
                raise TypeError(
                    f"{name}: makes a kernel and takes no image; write "
                    f"filters.apply(image, filters.{name}())"
                )
        return make(*args, **options)

    return checked


@takes_no_image
def sobel_x() -> np.ndarray:
    """The slope to the right, smoothed by 1 2 1 down the columns: 8 times d/dx.

    Positive where the image grows brighter to the right (Sobel and Feldman, 1968).
    """
    return _kernel([-1, 0, 1], [-2, 0, 2], [-1, 0, 1])


@takes_no_image
def sobel_y() -> np.ndarray:
    """The slope downwards, smoothed by 1 2 1 along the rows: 8 times d/dy.

    Positive where the image grows brighter towards the bottom (Sobel and Feldman, 1968).
    """
    return _kernel([-1, -2, -1], [0, 0, 0], [1, 2, 1])


@takes_no_image
def prewitt_x() -> np.ndarray:
    """The slope to the right, averaged over three rows: 6 times d/dx (Prewitt, 1970)."""
    return _kernel([-1, 0, 1], [-1, 0, 1], [-1, 0, 1])


@takes_no_image
def prewitt_y() -> np.ndarray:
    """The slope downwards, averaged over three columns: 6 times d/dy (Prewitt, 1970)."""
    return _kernel([-1, -1, -1], [0, 0, 0], [1, 1, 1])


@takes_no_image
def scharr_x() -> np.ndarray:
    """The slope to the right, smoothed by 3 10 3: 32 times d/dx.

    The weights make the gradient's direction as true as 3x3 can (Scharr, 2000).
    """
    return _kernel([-3, 0, 3], [-10, 0, 10], [-3, 0, 3])


@takes_no_image
def scharr_y() -> np.ndarray:
    """The slope downwards, smoothed by 3 10 3: 32 times d/dy (Scharr, 2000)."""
    return _kernel([-3, -10, -3], [0, 0, 0], [3, 10, 3])


@takes_no_image
def laplacian(neighbors: int = 4) -> np.ndarray:
    """The sum of the 4 (or 8) neighbors minus as many times the pixel.

    With 4 it is d²/dx² + d²/dy² by second differences. Positive on dark spots, 0 on slopes.
    """
    if neighbors == 4:
        return _kernel([0, 1, 0], [1, -4, 1], [0, 1, 0])
    if neighbors == 8:
        return _kernel([1, 1, 1], [1, -8, 1], [1, 1, 1])
    raise ValueError(
        f"laplacian: neighbors must be 4 (up, down, left, right) or 8 (the corners too), "
        f"got {neighbors!r}"
    )


@takes_no_image
def gaussian(size: int | tuple[int, int] | None = None, sigma: float = 1.0) -> np.ndarray:
    """exp(-(x² + y²) / (2 sigma²)), scaled to the sum 1; x and y count from the middle.

    `sigma` is in pixels. `size` is one int or (kh, kw), odd or even; without it the kernel
    reaches 4 sigma to each side, outside of which lies less than 1e-4 of the weight.
    """
    sigma = positive("gaussian", "sigma", sigma)
    if size is None:
        size = 2 * int(4 * sigma + 0.5) + 1
    if isinstance(size, float):
        raise ValueError(
            f"gaussian: size must be a whole number of pixels, got {size}; for a standard "
            f"deviation write gaussian(sigma={size})"
        )
    exponents = (
        -0.5 * ((np.arange(n) - (n - 1) / 2) / sigma) ** 2
        for n in sizes("gaussian", "size", size, 2, 1)
    )
    column, row = (np.exp(e - e.max()) for e in exponents)  # the largest is 1, never all are 0
    weights = np.outer(column / column.sum(), row / row.sum())
    return weights.astype(np.float32)


@takes_no_image
def box(size: int | tuple[int, int] = 3) -> np.ndarray:
    """The mean of a window of `size`, one int or (kh, kw)."""
    height, width = sizes("box", "size", size, 2, 1)
    return np.full((height, width), 1 / (height * width), np.float32)


@takes_no_image
def sharpen() -> np.ndarray:
    """The pixel minus the Laplacian of its 4 neighbors: flat areas stay, edges get steeper."""
    return _kernel([0, -1, 0], [-1, 5, -1], [0, -1, 0])


@takes_no_image
def emboss() -> np.ndarray:
    """The pixel plus its slope towards the lower right: a relief of the image."""
    return _kernel([-2, -1, 0], [-1, 1, 1], [0, 1, 2])


@takes_no_image
def identity() -> np.ndarray:
    """The pixel itself: the image comes out as it went in."""
    return _kernel([0, 0, 0], [0, 1, 0], [0, 0, 0])


def positive(owner: str, name: str, value: Any) -> float:
    """`value` as a finite number above 0; `owner` is the function that asks."""
    if (
        not isinstance(value, Real)
        or isinstance(value, bool)
        or not math.isfinite(value)
        or value <= 0
    ):
        got = type(value).__name__ if np.ndim(value) else repr(value)
        raise ValueError(f"{owner}: {name} must be a number above 0, got {got}")
    return float(value)


def _kernel(*rows: list[int]) -> np.ndarray:
    return np.array(rows, np.float32)
