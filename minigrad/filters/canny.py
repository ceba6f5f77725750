"""Canny's edge detector (Canny, 1986), stage by stage."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from . import kernels
from .filtering import gradient, slide
from .images import check_array

ROUNDING = 1e-5  # what differs by less than this part is equal: the rest is float32's rounding


class CannyStages(NamedTuple):
    """What each stage leaves, arrays (H, W): the first four float32, the last three bool."""

    smoothed: np.ndarray
    magnitude: np.ndarray
    direction: np.ndarray
    thinned: np.ndarray
    strong: np.ndarray
    weak: np.ndarray
    edges: np.ndarray


def canny(
    image: np.ndarray, sigma: float = 1.0, low: float = 0.1, high: float = 0.2
) -> CannyStages:
    """Find edges in an array (H, W), (H, W, 1) or in color (H, W, 3), see `grayscale`.

    1. Smooth by a Gaussian of `sigma` pixels: `smoothed`.
    2. Take the Sobel gradient: `magnitude`, and `direction` in radians as in `gradient`.
    3. Thin the edges to lines of one pixel: `thinned` is the magnitude where it is greatest along
       its direction, elsewhere 0.
    4. Follow the lines: `strong` pixels are edges, `weak` ones only where a chain of them, by
       any of the 8 neighbors, leads to a strong one: `edges`.

    `low` and `high` are parts, 0..1, of the image's greatest magnitude, so uint8 and float images
    of any scale need the same; Canny recommends a high 2 to 3 times the low. A pixel is strong
    from `high` on, weak from `low` on. Outside the image the edge's pixels go on.
    """
    sigma = kernels.positive("canny", "sigma", sigma)
    _check_thresholds(low, high)
    gray = _gray("canny", image)
    smoothed = slide("canny", gray, kernels.gaussian(sigma=sigma), "replicate")
    x, y, magnitude, direction = gradient(smoothed, padding="replicate")
    magnitude[magnitude < ROUNDING * abs(gray).max()] = 0  # a flat image has no edges
    thinned = np.where(is_ridge(magnitude, x, y), magnitude, 0)
    greatest = magnitude.max()
    strong = (thinned > 0) & (thinned >= high * greatest)
    weak = (thinned > 0) & (thinned >= low * greatest) & ~strong
    edges = connected(strong, weak)
    return CannyStages(smoothed, magnitude, direction, thinned, strong, weak, edges)


def is_ridge(magnitude: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where the magnitude is greatest among three: here, a step ahead and a step back.

    A step along the gradient (x, y) ends on the rim of the 3x3 around the pixel, between a
    neighbor beside and one at a corner, where the magnitude is interpolated. Of two equal pixels
    the one that lies ahead, on the bright side, stays.
    """
    height, width = magnitude.shape
    framed = np.pad(magnitude, 1)
    rows, columns = np.ogrid[1 : height + 1, 1 : width + 1]
    right, down = np.sign(x).astype(int), np.sign(y).astype(int)
    steep = abs(y) > abs(x)
    beside_down, beside_right = np.where(steep, down, 0), np.where(steep, 0, right)
    longer = np.maximum(abs(x), abs(y))
    corner = np.minimum(abs(x), abs(y)) / np.where(longer > 0, longer, 1)  # the corner's weight

    def at_a_step(way: int) -> np.ndarray:
        beside = framed[rows + way * beside_down, columns + way * beside_right]
        diagonal = framed[rows + way * down, columns + way * right]
        return (1 - corner) * beside + corner * diagonal

    behind, ahead = (1 - ROUNDING) * at_a_step(-1), (1 + ROUNDING) * at_a_step(1)
    return (magnitude >= behind) & (magnitude > ahead)


def connected(strong: np.ndarray, weak: np.ndarray) -> np.ndarray:
    """The strong pixels, the weak ones that touch them, the weak ones that touch those, ..."""
    height, width = strong.shape[0] + 2, strong.shape[1] + 2  # framed: all have 8 neighbors
    edges, waiting = np.pad(strong, 1).reshape(-1), np.pad(weak, 1).reshape(-1)
    neighbors = [down * width + right for down in (-1, 0, 1) for right in (-1, 0, 1)]
    front = np.flatnonzero(edges)
    while front.size:
        around = np.add.outer(front, neighbors).ravel()
        front = np.unique(around[waiting[around]])
        edges[front] = True
        waiting[front] = False
    return edges.reshape(height, width)[1:-1, 1:-1].copy()


def grayscale(image: np.ndarray) -> np.ndarray:
    """0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601): (H, W, 3) -> float32 (H, W).

    An array (H, W) or (H, W, 1) is gray already. The scale stays.
    """
    return _gray("grayscale", image)


def _gray(owner: str, image: Any) -> np.ndarray:
    pixels = check_array(owner, image)
    if pixels.ndim == 2:
        return pixels
    if pixels.shape[2] == 1:
        return pixels[..., 0]
    if pixels.shape[2] != 3:
        edit = "; drop the transparency: image[..., :3]" if pixels.shape[2] == 4 else ""
        raise ValueError(
            f"{owner}: image must be gray or have 3 channels, got shape {pixels.shape}{edit}"
        )
    return pixels @ np.array([0.299, 0.587, 0.114], np.float32)


def _check_thresholds(low: Any, high: Any) -> None:
    for name, value in ("low", low), ("high", high):
        if not isinstance(value, Real) or not 0 <= float(value) <= 1:
            raise ValueError(
                f"canny: {name} is a part, 0..1, of the greatest magnitude, got {value!r}; for a "
                "magnitude m write m / canny(image).magnitude.max()"
            )
    if low > high:
        raise ValueError(
            f"canny: low={low} must not be above high={high}; write low={high}, high={low}"
        )
