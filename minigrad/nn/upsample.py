"""Layers that change the size of a map by other means than a convolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tensor import Tensor
from . import functional as F
from .arguments import whole
from .functional.vision import resize_to
from .layer import Layer


class Upsample(Layer):
    """Enlarge (N, C, *sizes) to `size`, or by `scale_factor`.

    >>> nn.Upsample(scale_factor=2)(mg.tensor([[[1.0, 2.0]]])).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    """

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        scale_factor: float | Sequence[float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ) -> None:
        super().__init__()
        given = resize_to("Upsample", size, scale_factor, mode, align_corners, None)
        value: Any = given[0] if len(given) == 1 else given
        self.size = None if size is None else value
        self.scale_factor = value if size is None else None
        self.mode, self.align_corners = mode, align_corners

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *sizes) -> (N, C, *new sizes)."""
        return F.interpolate(x, self.size, self.scale_factor, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        """Size or factor, and mode."""
        wanted = "scale_factor" if self.size is None else "size"
        return f"{wanted}={getattr(self, wanted)}, mode={self.mode!r}"


class PixelShuffle(Layer):
    """Channels become pixels: (N, C*r*r, H, W) -> (N, C, H*r, W*r), r the upscale factor.

    Shi et al., Real-Time Single Image and Video Super-Resolution, 2016.

    >>> nn.PixelShuffle(2)(mg.zeros(1, 12, 5, 5)).shape
    (1, 3, 10, 10)
    """

    _shown = ("upscale_factor",)

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = whole(self, "upscale_factor", upscale_factor)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C*r*r, H, W) -> (N, C, H*r, W*r)."""
        return F.pixel_shuffle(x, self.upscale_factor)


class PixelUnshuffle(Layer):
    """Pixels become channels, the inverse: (N, C, H*r, W*r) -> (N, C*r*r, H, W)."""

    _shown = ("downscale_factor",)

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = whole(self, "downscale_factor", downscale_factor)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H*r, W*r) -> (N, C*r*r, H, W)."""
        return F.pixel_unshuffle(x, self.downscale_factor)
