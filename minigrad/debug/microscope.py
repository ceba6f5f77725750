"""The convolution microscope: a page on which one layer's taps and gradients can be followed."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np

from ..geometry import output_size
from ..nn.conv import ConvNd
from ..nn.conv_transpose import ConvTransposeNd
from ..nn.deform import Deformable
from ..nn.pool import AdaptivePoolNd
from ..tensor import Tensor, enable_grad
from .page import Page, make_page
from .reads import MAX_POOLS, Reads, reads
from .sizes import size_formula
from .taps import channel_pairs, moved_by, run

SIDES = {1: 64, 2: 64, 3: 16}  # the longest axis that is shown, by the number of axes
MOST_NUMBERS = 400_000  # that a page holds, beside its taps: about two megabytes
MOST_TAPS = 250_000  # of a channel; a list of winners for each channel counts a quarter
RIM = 2  # places beyond the padding that are drawn where deformable taps read there


def microscope(
    layer: Any,
    x: Tensor,
    gradient: Tensor | np.ndarray | None = None,
    offset: Tensor | None = None,
    mask: Tensor | None = None,
) -> Page:
    """A page that shows what each output of `layer` is summed up from, and where gradients go.

    >>> debug.microscope(nn.Conv2d(1, 6, 3), mg.randn(1, 8, 8)).save("conv.html")

    Click an output pixel, or move it with the arrow keys: its taps light up on the input and the
    kernel, and their products are listed up to the layer's value. Click an input pixel to see which
    outputs send it gradient: `gradient` is that of the output, ones by default.

    Takes the layers that `debug.taps` takes, and x (C, *S) or (N, C, *S), of which the first image
    is shown. A map that is too large is cropped, and the page says so. `offset` and `mask` are
    those that a DeformConv2d is given.
    """
    if gradient is not None and not isinstance(gradient, (Tensor, np.ndarray)):
        kind = type(gradient).__name__
        raise TypeError(f"microscope: gradient must be a Tensor or an array, got {kind}")
    n = getattr(layer, "_dims", 0)
    notes = []
    if isinstance(x, Tensor) and x.ndim == n + 2 and len(x) > 1:
        notes.append(f"The first of {len(x)} images.")
    dy = Tensor(gradient) if isinstance(gradient, np.ndarray) else gradient
    x, offset, mask, dy = (_first(a, n) for a in (x, offset, mask, dy))
    y = run("microscope", layer, x, offset, mask)
    if dy is not None and dy.shape != y.shape:
        raise ValueError(
            f"microscope: gradient has shape {dy.shape[1:]}, the output of one image has "
            f"{y.shape[1:]}; they must be the same"
        )
    kept = _window(layer, x.shape)
    if kept != x.shape[2:]:
        if gradient is not None or offset is not None:
            raise ValueError(
                f"microscope: of x {x.shape[2:]} only {kept} can be shown, and gradient or offset "
                f"fit the whole; crop x before, x[..., {', '.join(f':{k}' for k in kept)}], and "
                "compute them for it"
            )
        starts = [(size - k) // 2 for size, k in zip(x.shape[2:], kept, strict=True)]
        cut = tuple(slice(start, start + k) for start, k in zip(starts, kept, strict=True))
        x = Tensor(np.ascontiguousarray(x.data[(slice(None), slice(None), *cut)]))
        at = ", ".join(f"{start} to {start + k - 1}" for start, k in zip(starts, kept, strict=True))
        notes.append(f"The input is too large for a page; shown is its middle, pixels {at}.")

    offsets, masks = (None if a is None else a[0] for a in moved_by(layer, x, offset, mask))
    sheets = reads(layer, x.data[0], offsets, masks)
    pairs = channel_pairs(layer, x.shape[1])
    shown = _channels(layer, x, sheets[0], pairs)
    if shown < pairs[-1][0] + 1:
        notes.append(
            f"The page holds the first {shown} of {pairs[-1][0] + 1} output channels; the gradient "
            "is that of these alone."
        )
    values, dx, seed = _both_ways(layer, x, dy, shown, offsets, masks)
    data = {
        "kind": _kind(layer),
        "layer": f"{type(layer).__name__}({layer.extra_repr()})",
        "formula": size_formula(layer, x.shape[2:], sheets[0].out),
        "notes": [*notes, *_remarks(layer, sheets[0])],
        "dims": n,
        "x": _spatial(x.data[0]),
        "y": _spatial(values),
        "dx": _spatial(dx),
        "dy": _spatial(seed),
        "kernel": _three(sheets[0].kernel),
        "masked": masks is not None,
        "groups": getattr(layer, "groups", x.shape[1]),
        "channels": pairs[-1][0] + 1,
        **_weights(layer, pairs, shown),
        **_rows(layer, sheets, x.shape[2:]),
    }
    return make_page("reads microscope", f"{type(layer).__name__} under the microscope", data)


def _first(a: Any, n: int) -> Any:
    """The first image of a Tensor (N, C, *S) or (C, *S), as a batch of one; others as they are."""
    if not isinstance(a, Tensor) or a.ndim not in (n + 1, n + 2):
        return a
    return Tensor(a.data[:1] if a.ndim == n + 2 else a.data[None])


def _window(layer: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """How much of each axis is shown, of x (1, C, *S): as much as a page can hold."""
    side = 2 * SIDES[layer._dims]
    while True:
        side //= 2
        kept = _cut(layer, shape[2:], side)
        taps = math.prod(kept)
        if isinstance(layer, ConvTransposeNd):
            taps *= math.prod(layer.kernel_size)
        elif not isinstance(layer, AdaptivePoolNd):
            taps = math.prod(output_size(layer, kept)) * math.prod(_spans(layer, 1))
        if isinstance(layer, MAX_POOLS):
            taps = taps * max(4, shape[1]) // 4
        taps *= 4 if isinstance(layer, Deformable) else 1
        if side <= 4 or (shape[1] * math.prod(kept) <= MOST_NUMBERS // 4 and taps <= MOST_TAPS):
            return kept


def _cut(layer: Any, size: tuple[int, ...], side: int) -> tuple[int, ...]:
    """Of each axis `side` pixels, or more where the window is longer, and fewer if it grows."""
    if isinstance(layer, ConvTransposeNd):
        return tuple(min(n, max(side // s, 1)) for n, s in zip(size, layer.stride, strict=True))
    if isinstance(layer, AdaptivePoolNd):
        return tuple(min(n, side) for n in size)
    spans = _spans(layer, layer.dilation)
    return tuple(min(n, max(side, span)) for n, span in zip(size, spans, strict=True))


def _spans(layer: Any, dilation: Any) -> list[int]:
    """How many pixels the window covers along each axis, with taps that lie so far apart."""
    kernel, apart = (
        np.broadcast_to(option, layer._dims).tolist() for option in (layer.kernel_size, dilation)
    )
    return [d * (k - 1) + 1 for k, d in zip(kernel, apart, strict=True)]


def _channels(layer: Any, x: Tensor, sheet: Reads, pairs: list) -> int:
    """How many output channels there is room for."""
    channels = pairs[-1][0] + 1
    weights = len(pairs) // channels * math.prod(sheet.kernel) if isinstance(layer, ConvNd) else 0
    each = weights + 2 * math.prod(sheet.out)
    return max(1, min(channels, (MOST_NUMBERS - 2 * x.numel()) // each))


def _both_ways(
    layer: Any, x: Tensor, dy: Tensor | None, shown: int, offsets: Any, masks: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the layer itself makes of x, (O, *S), and of dy: the values that the sums must meet."""
    frozen = copy.deepcopy(layer).double().requires_grad_(False)
    x = Tensor(x.data.astype(np.float64), requires_grad=True)
    with enable_grad():
        if isinstance(layer, Deformable):  # offsets count as given
            moved = (None if a is None else Tensor(a[None].astype(x.data.dtype)) for a in
                     (offsets, masks))  # fmt: skip
            y = frozen._deform(x, *moved)
        else:
            y = frozen.forward(x)  # without the user's hooks
    seed = np.zeros_like(y.data)
    seed[:, :shown] = 1 if dy is None else dy.data[:, :shown]
    y.backward(seed)
    assert x.grad is not None
    return y.data[0, :shown], x.grad.data[0], seed[0, :shown]


def _kind(layer: Any) -> str:
    if isinstance(layer, Deformable):
        return "deformable"
    if isinstance(layer, ConvTransposeNd):
        return "transposed"
    if isinstance(layer, ConvNd):
        return "convolution"
    return "maximum" if isinstance(layer, MAX_POOLS) else "average"


def _remarks(layer: Any, sheet: Reads) -> list[str]:
    """What a reader of the page has to know of this layer."""
    remarks = []
    if isinstance(layer, Deformable):
        remarks.append(
            "Offsets and mask count as given: the gradient that x receives through the convolution "
            "that predicts them is not in these sums."
        )
    untouched = math.prod(sheet.out) - len(np.unique(sheet.outputs))
    if untouched and isinstance(layer, ConvTransposeNd):
        remarks.append(
            f"The hatched output pixels ({untouched}) are touched by no input pixel, since stride, "
            "dilation or output_padding leave them out; they hold the bias alone."
        )
    return remarks


def _weights(layer: Any, pairs: list, shown: int) -> dict[str, Any]:
    """The kernels as (shown, input channels of each, taps), and the bias, if there are any."""
    if not isinstance(layer, ConvNd):
        return {"w": None, "b": None}
    kernels = layer.weight.data.reshape(-1, math.prod(layer.kernel_size))
    numbers = [kernel for o, _, kernel in pairs if o < shown]
    return {
        "w": kernels[numbers].reshape(shown, -1, kernels.shape[1]),
        "b": None if layer.bias is None else layer.bias.data[:shown],
    }


def _rows(layer: Any, sheets: list[Reads], size: tuple[int, ...]) -> dict[str, Any]:
    """The reads as the page has them, a row of numbers for each sheet that differs.

    A place is numbered within the frame: the input and as much of its padding as is read.
    """
    places = np.stack([sheet.places for sheet in sheets])
    flat = places.reshape(-1, len(size))
    low = np.minimum(flat.min(0, initial=0), 0)
    high = np.maximum(flat.max(0, initial=0) + 1, size)
    if isinstance(layer, Deformable):  # taps may stray far
        rim = np.array(layer.padding) + RIM
        low, high = np.maximum(low, -rim), np.minimum(high, size + rim)
    inside = ((places >= low) & (places < high)).all(-1)
    frame = np.ravel_multi_index(np.moveaxis(places - low, -1, 0), high - low, mode="clip")
    factors = np.stack([sheet.factors for sheet in sheets])
    if isinstance(layer, MAX_POOLS):
        factors = factors.astype(bool)
    data = {
        "first": _three(low.tolist(), 0),
        "frame": _three((high - low).tolist()),
        "outputs": sheets[0].outputs,
        "taps": sheets[0].taps,
        "places": _same(np.where(inside, frame, -1)),
        "pixels": _same(np.stack([sheet.pixels for sheet in sheets])),
        "factors": None if (factors == 1).all() else _same(factors),
        "sheets": len(sheets),
    }
    if isinstance(layer, Deformable):
        # A tap's four rows share them.
        data["points"] = np.array([sheet.points for sheet in sheets])[:, ::4]
        data["origins"] = np.array(sheets[0].origins)[::4]
    return data


def _same(rows: np.ndarray) -> np.ndarray:
    """The first row alone if all are alike."""
    return rows[:1] if (rows == rows[0]).all() else rows


def _three(sizes: Any, filled: int = 1) -> list[int]:
    """Sizes as (planes, rows, columns)."""
    return [*[filled] * (3 - len(sizes)), *sizes]


def _spatial(a: np.ndarray) -> np.ndarray:
    """(C, *S) as (C, planes, rows, columns)."""
    return a.reshape(len(a), *_three(a.shape[1:]))
