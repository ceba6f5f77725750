"""The receptive field: how many input pixels, along an axis, one output pixel can depend on.

It grows with each window: a kernel of k at dilation d spans d (k - 1) + 1, and on a map whose
neighbours lie `jump` input pixels apart,

    field <- field + (span - 1) * jump,    jump <- jump * stride

A transposed convolution turns that round: its output's neighbours lie stride times closer, and one
of them sees the inputs within span / stride. Where branches meet, the widest counts. A deformable
convolution counts with its window as it is before it is deformed, and a norm not at all, though
it may take its mean from the whole map.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .nn import Layer, LayerNorm, Linear, MultiheadAttention, Upsample
from .nn.conv import ConvNd
from .nn.conv_transpose import ConvTransposeNd
from .nn.pool import AdaptivePoolNd, PoolNd
from .nn.utils import evaluating
from .tensor import Tensor, enable_grad

SIDE = 64  # of the image that `receptive_field` takes where it is given none


def receptive_field(model: Layer, *inputs: Tensor | Sequence[int]) -> tuple[int, ...]:
    """The receptive field of the model's last map, one number for each axis, in input pixels.

    `inputs`: what `forward` takes, each a Tensor or a shape such as (1, 1, 28, 28). Without them,
    one image of 64 pixels a side with the channels of the first convolution, of which the model may
    read as far as it can. The field can be larger than the image; where a layer looks at the whole
    map, it depends on the image's size. After a transposed convolution or a resizing it is an upper
    bound. RuntimeError if the model fails on its inputs or gives no map.

    >>> mg.receptive_field(nn.Sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.Conv2d(4, 8, 3)))
    (8, 8)
    """
    tensors = as_inputs(model, inputs or (_some_shape(model),))
    fields, found = Fields(tensors), []

    def note(layer: Layer, arguments: tuple, output: Any) -> None:
        found.append(fields.behind(layer, arguments, output))

    error = look(model, tensors, note)
    if inputs and error is not None:
        raise RuntimeError(f"receptive_field: the model fails on this input: {error}") from error
    known = [field for field in found if field is not None]
    if not known:
        raise RuntimeError(
            f"receptive_field: no layer of {type(model).__name__} gave a map of pixels; give the "
            "shape of its input, as in receptive_field(model, (1, 3, 32, 32))"
        ) from error
    return known[-1]


def look(model: Layer, inputs: Sequence[Tensor], note: Callable) -> Exception | None:
    """One forward in eval mode with note(layer, arguments, output) after each layer that computes.

    That is one that holds no others, or has parameters or products of its own besides. Returns what
    stopped the forward, or None.
    """

    def computes(layer: Layer) -> bool:
        own = type(layer)._multiply_adds is not Layer._multiply_adds or layer._sees_all
        return own or not list(layer.children()) or bool(list(layer.parameters(recurse=False)))

    handles = [m.register_forward_hook(note) for m in filter(computes, model.modules())]
    try:
        with evaluating(model), enable_grad():
            model(*inputs)
    except Exception as error:
        return error
    finally:
        for handle in handles:
            handle.remove()
    return None


def as_inputs(model: Layer, inputs: Sequence[Tensor | Sequence[int]]) -> list[Tensor]:
    """Tensors that share no state with the given ones; zeros of the model's dtype for a shape.

    Floats require grad, so that the forward records which output came from which input.
    """
    dtype = next((p.dtype for p in model.parameters()), np.dtype(np.float32))
    tensors = [Tensor(x.data if isinstance(x, Tensor) else np.zeros(x, dtype)) for x in inputs]
    for x in tensors:
        x.requires_grad = x.dtype.kind == "f"
    return tensors


def _some_shape(model: Layer) -> tuple[int, ...]:
    first = next((m for m in model.modules() if isinstance(m, ConvNd)), None)
    if first is None:
        raise ValueError(
            f"receptive_field: {type(model).__name__} has no convolution to tell the input's "
            "shape; give it, as in receptive_field(model, (1, 3, 32, 32))"
        )
    return (1, first.in_channels, *(SIDE,) * first._dims)


class Reach(NamedTuple):
    """Of a map: field and jump in input pixels, for each axis, and the map's sizes."""

    field: np.ndarray
    jump: np.ndarray
    sizes: tuple[int, ...]


class Fields:
    """The reaches of the maps of one forward, found through the recorded graph."""

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        self._reaches: dict[Any, Reach | None] = {}  # None: not known
        for x in inputs:
            if x.requires_grad:
                ones = np.ones(max(x.ndim - 2, 0))
                self._reaches[x] = Reach(ones, ones, x.shape[2:])

    def behind(self, layer: Layer, arguments: tuple, output: Any) -> tuple[int, ...] | None:
        """The receptive field of a layer's `output`, to be called in the order of the forward."""
        x: Any = arguments[0] if arguments else None
        output = output[0] if isinstance(output, tuple) else output
        if not isinstance(output, Tensor) or not isinstance(x, Tensor):
            return None
        if _on_tokens(layer):
            self._reaches[output.grad_fn] = None
        if _on_tokens(layer) or output.ndim != x.ndim or x.ndim < 3:
            return None
        window, before = _window(layer, x.shape[2:], output.shape[2:]), self._of(x)
        reach = self._of(output) if window is None else before
        if reach is None or before is None:
            self._reaches[output.grad_fn] = None
            return None
        if window is not None:
            spread, stride = window
            reach = Reach(reach.field + spread * reach.jump, reach.jump * stride, output.shape[2:])
        elif layer._sees_all:
            whole = np.subtract(before.sizes, 1) * before.jump
            reach = reach._replace(field=before.field + whole)
        self._reaches[output.grad_fn] = reach
        return tuple(int(field) for field in np.floor(reach.field + 1e-6))

    def _of(self, x: Tensor) -> Reach | None:
        """The widest of what `x` was computed from, as far back as the nearest layers' outputs."""
        found, seen = [], set()
        todo: list[Any] = [x if x.grad_fn is None else x.grad_fn]
        while todo:
            node = todo.pop()
            if node in self._reaches:
                reach = self._reaches[node]
                if reach and len(reach.sizes) == x.ndim - 2:  # else it counts along other axes
                    found.append(_resized(reach, x.shape[2:]))
            elif node is not None and node not in seen:
                seen.add(node)
                todo += [target for target, _ in getattr(node, "next_functions", ())]
        return max(found, key=lambda reach: reach.field.sum(), default=None)


def _on_tokens(layer: Layer) -> bool:
    """Whether the layer works on tokens (N, L, features), the axes of which are those of no map."""
    norm = isinstance(layer, LayerNorm) and len(layer.normalized_shape) == 1
    return norm or isinstance(layer, (Linear, MultiheadAttention))


def _window(
    layer: Layer, before: tuple[int, ...], after: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray] | None:
    """(span - 1, stride) of a layer that slides a window, in pixels of its input."""
    if isinstance(layer, AdaptivePoolNd):
        axes = zip(before, after, strict=True)
        widest = [max(-(-(i + 1) * n // m) - i * n // m for i in range(m)) for n, m in axes]
        return np.subtract(widest, 1), np.divide(before, after)
    if isinstance(layer, Upsample):
        spread = np.full(len(before), 0 if layer.mode.startswith("nearest") else 1)
        return spread, np.divide(before, after)
    if not isinstance(layer, (ConvNd, PoolNd)):
        return None
    spread = np.multiply(layer.dilation, np.subtract(layer.kernel_size, 1))
    stride = np.asarray(layer.stride)
    return (spread / stride, 1 / stride) if isinstance(layer, ConvTransposeNd) else (spread, stride)


def _resized(reach: Reach, sizes: tuple[int, ...]) -> Reach:
    """Follow the reach to a map of other sizes, made by functions.

    One r times smaller is a window of r at stride r, one that is larger looks at two neighbours.
    """
    shrink = np.maximum(np.rint(np.divide(reach.sizes, sizes)), 1)
    grow = np.maximum(np.rint(np.divide(sizes, reach.sizes)), 1)
    field = reach.field + (shrink - 1 + (grow > 1)) * reach.jump
    return Reach(field, reach.jump * shrink / grow, sizes)
