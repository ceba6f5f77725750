"""Random rotation, shift and scale: where in the input does each output pixel come from?"""

from collections.abc import Sequence

import numpy as np

from .base import Transform, draws
from .spatial import like, pad

Range = float | Sequence[float]


class RandomAffine(Transform):
    """Rotate, shift and scale at random about the image's center.

    `degrees`: a number d for -d..d, or (from, to), clockwise. `translate` = (a, b): shifts of up
    to a * width and b * height, in whole pixels. `scale` = (from, to), factors; above 1 enlarges.
    `interpolation`: "nearest" or "bilinear". `fill`: the value of pixels from outside the image.
    torchvision's `shear` and `center` are not offered.
    """

    def __init__(
        self,
        degrees: Range,
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        *,
        interpolation: str = "nearest",
        fill: float = 0,
    ) -> None:
        self.degrees = angle_range(self, degrees)
        self.translate = translate
        self.scale = scale
        self.interpolation = known_interpolation(self, interpolation)
        self.fill = fill
        if translate is not None and not (
            len(translate) == 2 and all(0 <= part <= 1 for part in translate)
        ):
            raise ValueError(
                "RandomAffine: translate must be (a, b), parts of the width and the height from 0 "
                f"to 1; got {translate!r}"
            )
        if scale is not None and not (len(scale) == 2 and 0 < scale[0] <= scale[1]):
            raise ValueError(
                f"RandomAffine: scale must be (from, to) with 0 < from <= to; got {scale!r}"
            )

    def pixels(self, x: np.ndarray) -> np.ndarray:
        """(N, ..., H, W) -> the same shape."""
        height, width = x.shape[-2:]
        across, down = self.translate or (0, 0)
        angle, dx, dy, zoom = draws(len(x), 4).T
        angle = np.radians(between(self.degrees, angle))
        dx = np.rint(between((-across * width, across * width), dx))
        dy = np.rint(between((-down * height, down * height), dy))
        zoom = between(self.scale or (1, 1), zoom)
        return warp(x, angle, dx, dy, zoom, self.interpolation, self.fill)


class RandomRotation(Transform):
    """Rotate at random about the image's center; the size stays.

    `degrees`: a number d for -d..d, or (from, to), counter-clockwise. `interpolation` and `fill`
    are those of RandomAffine.
    """

    def __init__(self, degrees: Range, interpolation: str = "nearest", *, fill: float = 0) -> None:
        self.degrees = angle_range(self, degrees)
        self.interpolation = known_interpolation(self, interpolation)
        self.fill = fill

    def pixels(self, x: np.ndarray) -> np.ndarray:
        """(N, ..., H, W) -> the same shape."""
        angle = -np.radians(between(self.degrees, draws(len(x), 1)[:, 0]))
        still, same = np.zeros(len(x)), np.ones(len(x))
        return warp(x, angle, still, still, same, self.interpolation, self.fill)


def warp(
    x: np.ndarray,
    angle: np.ndarray,
    dx: np.ndarray,
    dy: np.ndarray,
    zoom: np.ndarray,
    interpolation: str,
    fill: float,
) -> np.ndarray:
    """Rotate clockwise by `angle` (radians), enlarge by `zoom`, shift by `dx`, `dy` pixels.

    `x` is (N, ..., H, W), the others (N,). The way is walked backwards: each output pixel asks
    where it comes from, and the input is read there.
    """
    height, width = x.shape[-2:]
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    angle, dx, dy, zoom = (v[:, None, None] for v in (angle, dx, dy, zoom))
    v = np.arange(height)[:, None] - middle_y - dy  # (N, H, 1): undo the shift
    u = np.arange(width) - middle_x - dx  # (N, 1, W)
    cos, sin = np.cos(angle) / zoom, np.sin(angle) / zoom
    source_y = v * cos - u * sin + middle_y  # (N, H, W): undo rotation and zoom
    source_x = v * sin + u * cos + middle_x
    read = read_bilinear if interpolation == "bilinear" else read_nearest
    framed = pad(x, (1, 1, 1, 1), fill)  # what lies outside reads this border
    rows = np.clip(source_y + 1, 0, height + 1)
    columns = np.clip(source_x + 1, 0, width + 1)
    return read(framed, rows, columns)


def read_nearest(x: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """`x` (N, ..., H, W) at the pixels nearest to the places (N, h, w)."""
    at = flat_places(x, np.rint(rows).astype(int), np.rint(columns).astype(int))
    return x.reshape(-1).take(at)


def read_bilinear(x: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """`x` (N, ..., H, W) at the places (N, h, w), blended from the four pixels around each."""
    height, width = x.shape[-2:]
    top = np.minimum(rows.astype(int), height - 2)
    left = np.minimum(columns.astype(int), width - 2)
    flat = x.reshape(-1).astype(x.dtype if x.dtype.kind == "f" else np.float32)
    at = flat_places(x, top, left)
    down = spread(rows - top, x).astype(flat.dtype)
    right = spread(columns - left, x).astype(flat.dtype)
    upper, lower = flat.take(at), flat.take(at + width)
    upper += right * (flat.take(at + 1) - upper)
    lower += right * (flat.take(at + width + 1) - lower)
    upper += down * (lower - upper)
    return like(upper, x)


def flat_places(x: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Where the places (N, h, w) of each channel lie in `x.reshape(-1)`: (N, ..., h, w)."""
    *planes, height, width = x.shape
    starts = np.arange(0, x.size, height * width).reshape(*planes, 1, 1)
    return starts + spread(rows * width + columns, x)


def spread(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(N, h, w) -> (N, 1, h, w), where `x` has channels."""
    return values.reshape(len(x), *(1,) * (x.ndim - 3), *values.shape[1:])


def between(limits: Sequence[float] | np.ndarray, u: np.ndarray) -> np.ndarray:
    """Uniform draws u in [0, 1) moved to limits[0]..limits[1]."""
    return limits[0] + (limits[1] - limits[0]) * u


def angle_range(transform: Transform, degrees: Range) -> tuple[float, float]:
    """A number d as (-d, d); a pair stays."""
    if isinstance(degrees, (int, float)):
        if degrees < 0:
            raise ValueError(
                f"{type(transform).__name__}: degrees must not be negative, got {degrees}; "
                "for a range give (from, to)"
            )
        return -degrees, degrees
    if len(degrees) != 2 or degrees[0] > degrees[1]:
        raise ValueError(
            f"{type(transform).__name__}: degrees must be a number or (from, to), got {degrees!r}"
        )
    return degrees[0], degrees[1]


def known_interpolation(transform: Transform, interpolation: str) -> str:
    """`interpolation`, if it is one."""
    if interpolation not in ("nearest", "bilinear"):
        raise ValueError(
            f'{type(transform).__name__}: interpolation must be "nearest" or "bilinear", '
            f"got {interpolation!r}"
        )
    return interpolation
