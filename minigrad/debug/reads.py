"""What a window reads, written from the definitions as loops over pixels and taps.

The fast code has no part in it, so that each can be checked against the other. `n` is the number of
spatial axes, a size or a place one whole number for each of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from ..nn.conv import ConvNd
from ..nn.conv_transpose import ConvTransposeNd
from ..nn.deform import Deformable
from ..nn.dilated import CausalConv1d
from ..nn.functional.shapes import sizes
from ..nn.pool import (
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    AdaptivePoolNd,
    MaxPoolNd,
)

Size = tuple[int, ...]
Row = tuple[Size, Size, Size, Size | None, float]  # output, tap, place, pixel, factor
MAX_POOLS = MaxPoolNd, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d


class Reads(NamedTuple):
    """What channels that read alike read: a row for each output pixel and tap, outputs in order.

    Pixels and taps are numbered in row-major order. A deformable tap has a row for each of the four
    pixels around its point.
    """

    out: Size  # sizes of the output
    kernel: Size  # sizes of the window
    outputs: np.ndarray  # (R,)  the output pixel
    taps: np.ndarray  # (R,)  the tap
    places: np.ndarray  # (R, n)  the place that is read; in the padding it lies beyond the input
    pixels: np.ndarray  # (R,)  the input pixel that stands there; -1 for a zero
    factors: np.ndarray  # (R,)  what its value counts, beside the weight
    points: np.ndarray | None = None  # (R, n)  deformable: the point that the tap samples,
    origins: np.ndarray | None = None  # (R, n)  and the place it would read if it did not move


def reads(
    layer: Any, image: np.ndarray, offset: np.ndarray | None, mask: np.ndarray | None
) -> list[Reads]:
    """The reads of each set of channels that read alike: C / len(result) neighbours are one.

    image (C, *size); for deformable layers offset (2 * groups * K, *out), mask (groups * K, *out).
    """
    size = image.shape[1:]
    if isinstance(layer, Deformable):
        assert offset is not None
        groups = len(offset) // (2 * math.prod(layer.kernel_size))
        return [_deformable(layer, size, offset, mask, group) for group in range(groups)]
    if isinstance(layer, ConvTransposeNd):
        return [_transposed(layer, size)]
    if isinstance(layer, ConvNd):
        out, before = conv_geometry(layer, size)
        return [_listed(size, out, layer.kernel_size, _conv(layer, size, out, before))]
    adaptive = isinstance(layer, AdaptivePoolNd)
    windows = _adaptive(layer, size) if adaptive else _pooling(layer, size)
    if not isinstance(layer, MAX_POOLS):
        return [windows]
    return [windows._replace(factors=_winners(windows, channel)) for channel in image]


def conv_geometry(layer: ConvNd, size: Size) -> tuple[Size, Size]:
    """The output's size of a convolution, and how much is padded before each axis."""
    out, before = [], []
    axes = zip(size, layer.kernel_size, layer.stride, layer.dilation, strict=True)
    for axis, (n, k, s, d) in enumerate(axes):
        span = d * (k - 1) + 1
        if isinstance(layer, CausalConv1d):
            first, total = span - 1, span - 1
        elif layer.padding == "same":
            total = max((math.ceil(n / s) - 1) * s + span - n, 0)
            first = total // 2
        else:
            first = 0 if isinstance(layer.padding, str) else layer.padding[axis]
            total = 2 * first
        out.append((n + total - span) // s + 1)
        before.append(first)
    return tuple(out), tuple(before)


def _conv(layer: ConvNd, size: Size, out: Size, before: Size) -> Iterator[Row]:
    """Output q reads q * stride + t * dilation - padding with its tap t."""
    for q, t in product(_positions(out), _positions(layer.kernel_size)):
        axes = zip(q, t, layer.stride, layer.dilation, before, strict=True)
        place = tuple(i * s + j * d - p for i, j, s, d, p in axes)
        yield q, t, place, _folded(place, size, layer.padding_mode), 1.0


def _folded(place: Size, size: Size, mode: str) -> Size | None:
    """The pixel that stands at a place, by the padding mode; None for a zero."""
    if all(0 <= i < n for i, n in zip(place, size, strict=True)):
        return place
    if mode == "zeros":
        return None
    if mode == "circular":
        return tuple(i % n for i, n in zip(place, size, strict=True))
    if mode == "replicate":
        return tuple(min(max(i, 0), n - 1) for i, n in zip(place, size, strict=True))
    return tuple((n - 1) - abs((n - 1) - abs(i)) for i, n in zip(place, size, strict=True))


def _transposed(layer: ConvTransposeNd, size: Size) -> Reads:
    """Input pixel i lays the kernel onto i * stride + t * dilation - padding, tap by tap."""
    out, before = [], []
    axes = zip(
        size, layer.kernel_size, layer.stride, layer.dilation, layer.output_padding, strict=True
    )
    for axis, (n, k, s, d, added) in enumerate(axes):
        whole = (n - 1) * s + d * (k - 1) + 1
        if layer.padding == "same":  # undoes a "same" convolution of a map of n * s + added
            out.append(n * s + added)
            before.append(max(whole - out[-1], 0) // 2)
        else:
            before.append(0 if isinstance(layer.padding, str) else layer.padding[axis])
            out.append(whole - 2 * before[-1] + added)

    rows: list[Row] = []
    for i, t in product(_positions(size), _positions(layer.kernel_size)):
        axes = zip(i, t, layer.stride, layer.dilation, before, strict=True)
        q = tuple(a * s + j * d - p for a, j, s, d, p in axes)
        if all(0 <= a < n for a, n in zip(q, out, strict=True)):
            rows.append((q, t, i, i, 1.0))
    rows.sort(key=lambda row: row[0])
    return _listed(size, tuple(out), layer.kernel_size, rows)


def _deformable(
    layer: Deformable, size: Size, offset: np.ndarray, mask: np.ndarray | None, group: int
) -> Reads:
    """Tap t samples where a convolution's does, moved by its offset, between four pixels.

    Dai et al., Deformable convolutional networks, 2017, equations 2 to 4.
    """
    out, before = conv_geometry(layer, size)
    taps = math.prod(layer.kernel_size)
    rows: list[Row] = []
    points, origins = [], []
    for q, t, place, _, _ in _conv(layer, size, out, before):
        tap = group * taps + t[0] * layer.kernel_size[1] + t[1]
        y, x = place[0] + offset[(2 * tap, *q)], place[1] + offset[(2 * tap + 1, *q)]
        top, left = math.floor(y), math.floor(x)
        for i, j in product((top, top + 1), (left, left + 1)):
            share = (1 - abs(y - i)) * (1 - abs(x - j))
            factor = share if mask is None else share * mask[(tap, *q)]
            rows.append((q, t, (i, j), _folded((i, j), size, "zeros"), factor))
            points.append((y, x))
            origins.append(place)
    found = _listed(size, out, layer.kernel_size, rows)
    return found._replace(points=np.array(points), origins=np.array(origins))


def _pooling(layer: Any, size: Size) -> Reads:
    """A window's values: the padding's zeros are among them, for a mean that counts them."""
    options = (layer.kernel_size, layer.stride, layer.padding, layer.dilation)
    kernel, stride, before, dilation = (sizes("", "", option, len(size), 0) for option in options)
    out = []
    for n, k, s, p, d in zip(size, kernel, stride, before, dilation, strict=True):
        room = (n + 2 * p - d * (k - 1) - 1) / s
        count = (math.ceil(room) if layer.ceil_mode else math.floor(room)) + 1
        if layer.ceil_mode and (count - 1) * s >= n + p:
            count -= 1  # no window begins in the padding behind
        out.append(count)

    rows: list[Row] = []
    for q in _positions(tuple(out)):
        window = []
        for t in _positions(kernel):
            axes = zip(q, t, stride, dilation, before, strict=True)
            place = tuple(i * s + j * d - p for i, j, s, d, p in axes)
            if all(i < n + p for i, n, p in zip(place, size, before, strict=True)):
                window.append((t, place, _folded(place, size, "zeros")))
        counted = window
        if not getattr(layer, "count_include_pad", True):
            counted = [row for row in window if row[2] is not None]
        rows += [(q, t, place, pixel, 1 / len(counted)) for t, place, pixel in window]
    return _listed(size, tuple(out), kernel, rows)


def _adaptive(layer: AdaptivePoolNd, size: Size) -> Reads:
    """Window i of an axis covers floor(i * size / out) up to ceil((i + 1) * size / out)."""
    asked = layer.output_size
    asked = asked if isinstance(asked, (tuple, list)) else (asked,) * len(size)
    out = tuple(n if a is None else a for a, n in zip(asked, size, strict=True))
    kernel = tuple(
        max(math.ceil((i + 1) * n / o) - i * n // o for i in range(o))
        for n, o in zip(size, out, strict=True)
    )
    rows: list[Row] = []
    for q in _positions(out):
        first = tuple(i * n // o for i, n, o in zip(q, size, out, strict=True))
        behind = (math.ceil((i + 1) * n / o) for i, n, o in zip(q, size, out, strict=True))
        window = tuple(b - a for a, b in zip(first, behind, strict=True))
        for t in _positions(window):
            place = tuple(a + j for a, j in zip(first, t, strict=True))
            rows.append((q, t, place, place, 1 / math.prod(window)))
    return _listed(size, out, kernel, rows)


def _winners(windows: Reads, channel: np.ndarray) -> np.ndarray:
    """1 for the greatest value of each window, 0 for all others.

    Of equal ones it is the first, of several nan, which count as the greatest, the last.
    """
    factors = np.zeros(len(windows.outputs))
    best: dict[int, int] = {}
    values = channel.ravel()
    for row, (output, pixel) in enumerate(zip(windows.outputs, windows.pixels, strict=True)):
        if pixel < 0:
            continue
        held = values[windows.pixels[best[output]]] if output in best else None
        if held is None or values[pixel] > held or np.isnan(values[pixel]):
            best[output] = row
    factors[list(best.values())] = 1
    return factors


def _positions(size: Size) -> Iterator[Size]:
    return product(*map(range, size))


def _listed(size: Size, out: Size, kernel: Size, rows: Iterable[Row]) -> Reads:
    """The rows as arrays."""
    rows = list(rows)
    return Reads(
        out,
        kernel,
        outputs=np.array([_number(q, out) for q, _, _, _, _ in rows], np.int64),
        taps=np.array([_number(t, kernel) for _, t, _, _, _ in rows], np.int64),
        places=np.array([place for _, _, place, _, _ in rows], np.int64).reshape(-1, len(size)),
        pixels=np.array(
            [-1 if pixel is None else _number(pixel, size) for _, _, _, pixel, _ in rows], np.int64
        ),
        factors=np.array([factor for _, _, _, _, factor in rows], np.float64),
    )


def _number(place: Size, size: Size) -> int:
    """The row-major number of a place."""
    number = 0
    for i, n in zip(place, size, strict=True):
        number = number * n + i
    return number
