"""Padding, resizing and rearranging of images."""

from __future__ import annotations

import math
from typing import Any

from ...ops import interpolate as resizing
from ...ops import shape as shaping
from ...tensor import Tensor, apply


def pad(
    input: Tensor, pad: tuple[int, ...], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Add a border: `pad` = (left, right, top, bottom, ...), the last axis first.

    mode is "constant" (filled with `value`), "reflect", "replicate" or "circular".
    """
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ValueError(
            f"pad: give two numbers for each axis to pad, the last axis first, at most "
            f"{2 * input.ndim} for shape {input.shape}; got {tuple(pad)}"
        )
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)][::-1]
    pairs = [(0, 0)] * (input.ndim - len(pairs)) + pairs
    return apply(shaping.pad, input, padding=pairs, mode=mode, value=value or 0.0)


LINEAR = {"linear": 1, "bilinear": 2, "trilinear": 3}


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
) -> Tensor:
    """Resize (N, C, *S) to `size`, or by `scale_factor`.

    mode is "nearest", "linear" (N, C, L), "bilinear" (N, C, H, W) or "trilinear" (N, C, D, H, W).
    """
    n = input.ndim - 2
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate: give either size or scale_factor")
    if mode != "nearest" and LINEAR.get(mode) != n:
        raise ValueError(
            f'interpolate: mode {mode!r} does not fit an input of shape {input.shape}; use "nearest"'
            f" or {[name for name, axes in LINEAR.items() if axes == n] or 'an input (N, C, H, W)'}"
        )
    scale = None
    if size is not None:
        size = (size,) * n if isinstance(size, int) else tuple(size)
    else:
        scale = scale_factor if isinstance(scale_factor, (tuple, list)) else (scale_factor,) * n
        size = tuple(math.floor(s * f) for s, f in zip(input.shape[2:], scale, strict=True))
    if len(size) != n or min(size) < 1:
        raise ValueError(f"interpolate: the size must be {n} numbers of at least 1, got {size}")
    kind = "nearest" if mode == "nearest" else "linear"
    return apply(
        resizing.interpolate,
        input,
        size=size,
        scale=None if recompute_scale_factor else scale,
        mode=kind,
        align_corners=bool(align_corners),
    )


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(N, C*r*r, H, W) -> (N, C, H*r, W*r): channels become pixels (Shi et al. 2016)."""
    r = upscale_factor
    *lead, channels, height, width = input.shape
    if channels % (r * r):
        raise ValueError(
            f"pixel_shuffle: {channels} channels are not divisible by upscale_factor^2 = {r * r}"
        )
    x = input.reshape(*lead, channels // (r * r), r, r, height, width)
    n = len(lead)
    x = x.permute(*range(n), n, n + 3, n + 1, n + 4, n + 2)  # -> (N, C, H, r, W, r)
    return x.reshape(*lead, channels // (r * r), height * r, width * r)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(N, C, H*r, W*r) -> (N, C*r*r, H, W): the inverse of `pixel_shuffle`."""
    r = downscale_factor
    *lead, channels, height, width = input.shape
    if height % r or width % r:
        raise ValueError(f"pixel_unshuffle: {height} x {width} is not divisible by {r}")
    x = input.reshape(*lead, channels, height // r, r, width // r, r)
    n = len(lead)
    x = x.permute(*range(n), n, n + 2, n + 4, n + 1, n + 3)  # -> (N, C, r, r, H, W)
    return x.reshape(*lead, channels * r * r, height // r, width // r)
