"""The products that a convolution or pooling adds up: which input meets which weight."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np

from ..nn import Layer
from ..nn.conv import ConvNd
from ..nn.conv_transpose import ConvTransposeNd
from ..nn.deform import DeformConv, DeformConv2d
from ..nn.pool import AdaptivePoolNd, PoolNd
from ..tensor import Tensor, no_grad
from .reads import MAX_POOLS, reads

KINDS = (
    "a convolution or pooling layer (Conv, ConvTranspose, DeformConv, MaxPool, AvgPool, and their "
    "adaptive, global, dilated and causal kin)"
)
MOST_TAPS = 20_000_000  # 640 megabytes


class Taps:
    """What `debug.taps` returns: y[o] = bias + the sum of factor * x[i] * w[k] over its taps.

    Four arrays with an element for each tap: `outputs` holds o, `inputs` i, `weights` k (all count
    in row-major order; k is -1 for pooling, which has no weight) and `factors` the factor: 1 for a
    convolution, a share for an average, 1 for the pixel that wins a maximum, the bilinear weight
    times the mask for a deformable tap. Products with the padding's zeros are left out.
    """

    def __init__(self, layer: Any, x: np.ndarray, shape: tuple[int, ...], taps: list) -> None:
        self.layer, self.x, self.shape = layer, x, shape
        self.outputs, self.inputs, self.weights, self.factors = map(
            np.concatenate, zip(*taps, strict=True)
        )

    def output(self) -> np.ndarray:
        """What the layer makes of x, summed up tap by tap in float64."""
        y = self._sum(self.outputs, self._weight() * self.x.ravel()[self.inputs], self.shape)
        if isinstance(self.layer, MAX_POOLS):
            y.ravel()[np.bincount(self.outputs, minlength=y.size) == 0] = -np.inf
        bias = getattr(self.layer, "bias", None)
        if bias is not None:
            y += bias.data.reshape(-1, *[1] * self.layer._dims)
        return y

    def dx(self, dy: Any) -> np.ndarray:
        """The gradient of x for that of the output, dy, of the output's shape.

        Offsets and mask of a deformable convolution count as given: what flows back through them
        is not in it.
        """
        dy = self._gradient("dx", dy)
        return self._sum(self.inputs, self._weight() * dy.ravel()[self.outputs], self.x.shape)

    def dw(self, dy: Any) -> np.ndarray:
        """The gradient of the layer's weight for that of the output, dy, of the output's shape."""
        dy = self._gradient("dw", dy)
        if not isinstance(self.layer, ConvNd):
            raise ValueError(f"Taps.dw: {type(self.layer).__name__} has no weight; only dx(dy)")
        products = self.x.ravel()[self.inputs] * dy.ravel()[self.outputs]
        return self._sum(self.weights, products, self.layer.weight.shape)

    def _weight(self) -> np.ndarray | float:
        """The weight of each tap, 1 without weights."""
        if not isinstance(self.layer, ConvNd):
            return 1.0
        return self.layer.weight.data.ravel()[self.weights]

    def _sum(self, into: np.ndarray, products: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        summed = np.bincount(into, self.factors * products, math.prod(shape))
        return summed.astype(np.float64, copy=False).reshape(shape)  # of no taps it is int64

    def _gradient(self, method: str, dy: Any) -> np.ndarray:
        dy = dy.data if isinstance(dy, Tensor) else np.asarray(dy)
        if dy.shape != self.shape:
            raise ValueError(
                f"Taps.{method}: dy has shape {dy.shape}, it must have the output's, {self.shape}"
            )
        return dy

    def __repr__(self) -> str:
        kind = type(self.layer).__name__
        return f"{len(self.outputs):,} taps of {kind}, {self.x.shape} -> {self.shape}"


def taps(layer: Any, x: Tensor, offset: Tensor | None = None, mask: Tensor | None = None) -> Taps:
    """Each product that `layer` adds up for x, (C, *S) or (N, C, *S), listed from the definition.

    >>> conv, x = nn.Conv2d(1, 6, 3), mg.randn(1, 1, 8, 8)
    >>> taps = debug.taps(conv, x)
    >>> np.allclose(taps.output(), conv(x).detach(), atol=1e-6)
    True

    `taps.dx(dy)` and `taps.dw(dy)` are what the layer's backward should give.

    Takes convolutions (transposed, dilated, causal, grouped, deformable) and poolings (maximum,
    average, adaptive, global) in one to three dimensions. `offset` and `mask` are those that a
    DeformConv2d is given. The fast code has no part in it.
    """
    run("taps", layer, x, offset, mask)
    n = layer._dims
    lead = x.shape[: x.ndim - n - 1]
    images = x.data.reshape(-1, *x.shape[len(lead) :])
    moved = [
        [None] * len(images) if a is None else a.reshape(len(images), *a.shape[-n - 1 :])
        for a in moved_by(layer, x, offset, mask)
    ]
    pairs = channel_pairs(layer, images.shape[1])
    parts = []
    for number, (image, *offsets_and_mask) in enumerate(zip(images, *moved, strict=True)):
        sheets = reads(layer, image, *offsets_and_mask)
        _check_count(len(images) * len(pairs) * len(sheets[0].outputs))
        shape = (pairs[-1][0] + 1, *sheets[0].out)
        size, kernel = image[0].size, math.prod(sheets[0].kernel)
        for o, c, weight in pairs:
            sheet = sheets[c * len(sheets) // len(image)]
            kept = (sheet.pixels >= 0) & (sheet.factors != 0)
            first = (number * shape[0] + o) * math.prod(sheet.out)
            outputs, inputs = first + sheet.outputs, (number * len(image) + c) * size + sheet.pixels
            weights = np.full_like(sheet.taps, -1) if weight < 0 else weight * kernel + sheet.taps
            parts.append([part[kept] for part in (outputs, inputs, weights, sheet.factors)])
    return Taps(layer, x.data, (*lead, *shape), parts)


def run(name: str, layer: Any, x: Tensor, offset: Tensor | None, mask: Tensor | None) -> Tensor:
    """What `layer` makes of x, for the tool `name`; refuses what has no taps.

    It runs a copy, so that a DeformConv keeps the offsets of its own last forward, and without the
    user's hooks.
    """
    if not isinstance(layer, (ConvNd, PoolNd, AdaptivePoolNd)):
        raise TypeError(f"{name}: expected {KINDS}, {_got(layer)}")
    kind = type(layer).__name__
    if not type(layer).forward.__module__.startswith("minigrad.nn."):
        raise TypeError(
            f"{name}: {kind} has a forward of its own, which may do more than its base class; give "
            f"a layer of minigrad.nn, with {kind}'s weight in it"
        )
    if not isinstance(x, Tensor):
        given = f"{type(x).__module__}.{type(x).__name__}".removeprefix("builtins.")
        edit = "minigrad.from_numpy(x)" if isinstance(x, np.ndarray) else "minigrad.tensor(x)"
        raise TypeError(f"{name}: x must be a Tensor, got {given}; write {edit}")
    if 0 in x.shape:
        raise ValueError(f"{name}: x of shape {x.shape} holds no pixel to look at")
    if isinstance(layer, DeformConv2d):
        if offset is None:
            taps = math.prod(layer.kernel_size)
            raise ValueError(
                f"{name}: DeformConv2d reads where its second input says; give offset=, of shape "
                f"(N, {2 * taps}, H', W'), or take a DeformConv, which predicts it"
            )
        with no_grad():
            return copy.copy(layer).forward(x, offset, mask)
    if offset is not None or mask is not None:
        raise ValueError(f"{name}: only DeformConv2d takes offset and mask, the layer is {kind}")
    with no_grad():
        return copy.copy(layer).forward(x)


def _got(given: object) -> str:
    """What was given instead of a layer that has taps, and which of its parts have some."""
    kind = type(given).__name__
    if not isinstance(given, Layer):
        return f"got {kind}; build one, nn.Conv2d(1, 6, 5)"
    paths = [
        path for path, part in given.named_modules()
        if isinstance(part, (ConvNd, PoolNd, AdaptivePoolNd))
    ]  # fmt: skip
    if not paths:
        return f"got {kind}, which holds none"
    steps = [f"[{step}]" if step.isdecimal() else f".{step}" for step in paths[0].split(".")]
    return (
        f"got {kind}; pass one of the {len(paths)} in it, such as model{''.join(steps)}, with what "
        f"arrives there: debug.capture(model) has what each layer makes"
    )


def _check_count(count: int) -> None:
    if count > MOST_TAPS:
        raise ValueError(
            f"taps: there are {count:,}, at most {MOST_TAPS:,} are listed; take fewer images, a "
            "smaller map x[..., :16, :16], or fewer channels"
        )


def channel_pairs(layer: Any, channels: int) -> list[tuple[int, int, int]]:
    """(o, c, kernel) of each output channel o and input channel c that belong together.

    `kernel` counts the kernels in the weight; -1 without a weight.
    """
    if not isinstance(layer, ConvNd):
        return [(c, c, -1) for c in range(channels)]
    pairs, transposed = [], isinstance(layer, ConvTransposeNd)
    ins, outs = channels // layer.groups, layer.out_channels // layer.groups
    for o in range(layer.out_channels):
        group = o // outs
        for c in range(group * ins, (group + 1) * ins):
            kernel = c * outs + o % outs if transposed else o * ins + c % ins
            pairs.append((o, c, kernel))
    return pairs


def moved_by(
    layer: Any, x: Tensor, offset: Tensor | None, mask: Tensor | None
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Offsets and mask of a deformable layer: those given, or what its own convolution predicts."""
    offsets, masks = (None if a is None else a.data for a in (offset, mask))
    if isinstance(layer, DeformConv):
        predicted = taps(layer.offset, x).output()
        points = layer.offset_groups * math.prod(layer.kernel_size)
        offsets, rest = np.split(predicted, [2 * points], axis=-3)
        masks = 2 / (1 + np.exp(-rest)) if layer.modulated else None
    if offsets is not None and not np.isfinite(offsets).all():
        raise ValueError(
            f"{type(layer).__name__}: the offsets hold nan or inf, so there are taps that read "
            "nowhere; find what makes them with debug.detect_nan()"
        )
    return offsets, masks
