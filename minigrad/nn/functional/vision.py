"""Padding, resizing and rearranging of images."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np

from ...methods.base import need_float, need_tensor
from ...ops import interpolate as resizing
from ...ops import shape as shaping
from ...tensor import Tensor, apply
from ..arguments import choice


def pad(
    input: Tensor, pad: tuple[int, ...], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Add a border: `pad` = (left, right, top, bottom, ...), the last axis first.

    mode is "constant" (filled with `value`), "reflect", "replicate" or "circular".

    >>> x = mg.tensor([[1, 2], [3, 4]])
    >>> F.pad(x, (1, 0, 0, 1)).tolist()  # one column on the left, one row below
    [[0, 1, 2], [0, 3, 4], [0, 0, 0]]
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

    >>> F.interpolate(mg.tensor([[[0.0, 1.0]]]), size=4, mode="linear").tolist()
    [[[0.0, 0.25, 0.75, 1.0]]]
    """
    n = need_tensor("interpolate", input).ndim - 2
    given = resize_to("interpolate", size, scale_factor, mode, align_corners, n)
    if n not in LINEAR.values() or LINEAR.get(mode, n) != n:
        fits = [f"'{name}'" for name, axes in LINEAR.items() if axes == n]
        raise ValueError(
            f"interpolate: mode {mode!r} does not fit shape {input.shape}; use 'nearest' or "
            f"{fits[0] if fits else 'an input (N, C, H, W)'}"
        )
    if mode != "nearest":
        need_float(f"interpolate, mode {mode!r}", input)
    new = given = given * n if len(given) == 1 else given
    if size is None:
        new = tuple(math.floor(s * f) for s, f in zip(input.shape[2:], given, strict=True))
        if min(new) < 1:
            raise ValueError(
                f"interpolate: scale_factor={scale_factor} leaves nothing of shape {input.shape}, "
                f"its axes would be {new}; write a larger scale_factor"
            )
    return apply(
        resizing.interpolate,
        input,
        size=new,
        scale=None if recompute_scale_factor or size is not None else given,
        mode="nearest" if mode == "nearest" else "linear",
        align_corners=bool(align_corners),
    )


def resize_to(
    name: str, size: Any, scale_factor: Any, mode: str, align_corners: bool | None, n: int | None
) -> tuple[Any, ...]:
    """The checked numbers of size or scale_factor: one, or one for each of n axes."""
    if (size is None) == (scale_factor is None):
        raise ValueError(
            f"{name}: give either size or scale_factor, got size={size} and "
            f"scale_factor={scale_factor}"
        )
    choice(name, "mode", mode, ["nearest", *LINEAR])
    if mode == "nearest" and align_corners is not None:
        raise ValueError(
            f"{name}: align_corners={align_corners} means nothing to mode='nearest'; leave it out, "
            "or write mode='bilinear' for images"
        )
    value, n = scale_factor if size is None else size, LINEAR.get(mode, n)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    kind: Any = Real if size is None else Integral
    good = [isinstance(v, kind) and not isinstance(v, bool) and 0 < v < math.inf for v in values]
    if all(good) and len(values) in (1, n or max(1, len(values))):
        return tuple(map(float if size is None else int, values))
    wanted = "scale_factor must be a number above 0"
    edit = ""
    if size is not None:
        wanted = "size must be a whole number of at least 1"
        if isinstance(value, float) and value.is_integer():
            edit = f"; write size={int(value)}"
    each = "each axis" if n is None else f"each of {n} axes"
    raise ValueError(f"{name}: {wanted}, or one for {each}, got {value!r}{edit}")


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
