"""Padding, resizing and rearranging of images."""

from __future__ import annotations

import math
from typing import Any

from ...methods.base import need_float
from ...ops import interpolate as resizing
from ...ops import shape as shaping
from ...tensor import Tensor, apply


def pad(
    input: Tensor, pad: tuple[int, ...], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Add a border: `pad` = (left, right, top, bottom, ...), the last axis first.

    mode is "constant" (filled with `value`), "reflect", "replicate" or "circular".
    """
    if not isinstance(pad, (tuple, list)) or len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ValueError(
            f"pad: give two numbers for each axis to pad, the last axis first, at most "
            f"{2 * input.ndim} for shape {input.shape}; got {pad!r}"
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
    if n not in LINEAR.values() or (mode != "nearest" and LINEAR.get(mode) != n):
        raise ValueError(
            f"interpolate: mode {mode!r} does not fit shape {input.shape}; use 'nearest'"
            f" or {[name for name, axes in LINEAR.items() if axes == n] or 'an input (N, C, H, W)'}"
        )
    if mode != "nearest":
        need_float(f"interpolate, mode {mode!r}", input)
    given = scale_factor if size is None else size
    given = tuple(given) if isinstance(given, (tuple, list)) else (given,) * n
    scale = given if size is None else None
    if scale is not None and len(scale) == n:
        given = tuple(math.floor(s * f) for s, f in zip(input.shape[2:], scale, strict=True))
    if len(given) != n or min(given) < 1:
        raise ValueError(f"interpolate: the size must be {n} numbers of at least 1, got {given}")
    kind = "nearest" if mode == "nearest" else "linear"
    return apply(
        resizing.interpolate,
        input,
        size=given,
        scale=None if recompute_scale_factor else scale,
        mode=kind,
        align_corners=bool(align_corners),
    )


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(N, C*r*r, H, W) -> (N, C, H*r, W*r): channels become pixels (Shi et al. 2016)."""
    r = _factor("pixel_shuffle", "upscale_factor", input, upscale_factor)
    *lead, channels, height, width = input.shape
    if channels % (r * r):
        raise ValueError(
            f"pixel_shuffle: {channels} channels are not divisible by upscale_factor^2 = {r * r}"
        )
    x = input.reshape(*lead, channels // (r * r), r, r, height, width)
    n = len(lead)
    x = x.permute(*range(n), n, n + 3, n + 1, n + 4, n + 2)  # -> (N, C, H, r, W, r)
    return x.reshape(*lead, channels // (r * r), height * r, width * r)


def _factor(name: str, argument: str, x: Tensor, r: int) -> int:
    if x.ndim < 3 or r < 1:
        raise ValueError(
            f"{name}: expected (..., C, H, W) and {argument} of at least 1, got {x.shape} and {r}"
        )
    return r


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(N, C, H*r, W*r) -> (N, C*r*r, H, W): the inverse of `pixel_shuffle`."""
    r = _factor("pixel_unshuffle", "downscale_factor", input, downscale_factor)
    *lead, channels, height, width = input.shape
    if height % r or width % r:
        raise ValueError(f"pixel_unshuffle: {height} x {width} is not divisible by {r}")
    x = input.reshape(*lead, channels, height // r, r, width // r, r)
    n = len(lead)
    x = x.permute(*range(n), n, n + 2, n + 4, n + 1, n + 3)  # -> (N, C, r, r, H, W)
    return x.reshape(*lead, channels * r * r, height // r, width // r)
