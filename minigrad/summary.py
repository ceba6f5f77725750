"""What a model is made of: one forward, looked at layer by layer.

The receptive field is the number of input pixels, along an axis, that one output pixel can depend
on. It grows with each window: a kernel of k at dilation d spans d (k - 1) + 1, and on a map whose
neighbours lie `jump` input pixels apart,

    field <- field + (span - 1) * jump,    jump <- jump * stride

Where branches meet, the widest counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from .nn import Layer, Linear
from .nn.conv import ConvNd
from .nn.pool import PoolNd
from .tensor import Tensor, enable_grad

Reach = tuple[np.ndarray, np.ndarray, tuple[int, ...]]  # field and jump of each axis; map's sizes


@dataclass(frozen=True)
class Row:
    """One layer: its path in the model, what it is, and what came out of it."""

    path: str
    layer: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    receptive_field: tuple[int, ...] | None


@dataclass(frozen=True)
class Summary:
    """The rows of a model; `print` shows them as a table. `error`: what stopped the forward."""

    rows: list[Row]
    parameters: int
    trainable: int
    error: Exception | None = None

    @property
    def multiply_adds(self) -> int:
        """Of all layers together, for one sample."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def receptive_field(self) -> tuple[int, ...] | None:
        """Of the last layer that gives a map; it can be larger than the image."""
        return next((r.receptive_field for r in reversed(self.rows) if r.receptive_field), None)

    def __str__(self) -> str:
        head = ("path", "layer", "output shape", "parameters", "multiply-adds", "receptive field")
        table = [head, *map(_cells, self.rows)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = []
        for cells in table:
            left = [cell.ljust(n) for cell, n in zip(cells[:3], widths[:3], strict=True)]
            right = [cell.rjust(n) for cell, n in zip(cells[3:], widths[3:], strict=True)]
            lines.append("  ".join(left + right))
        lines.insert(1, "-" * len(lines[0]))
        lines.append(lines[1])
        if self.error is not None:
            return "\n".join([*lines, f"stopped here: {self.error}"])
        frozen = self.parameters - self.trainable
        lines.append(
            f"parameters: {self.parameters:,}" + (f" ({frozen:,} frozen)" if frozen else "")
        )
        lines.append(f"multiply-adds of one sample: {self.multiply_adds:,}")
        if self.receptive_field:
            lines.append(f"receptive field: {_by(self.receptive_field)} pixels")
        return "\n".join(lines)


def summary(model: Layer, *inputs: Tensor | Sequence[int]) -> Summary:
    """Run the model once, in eval mode, and note for each layer shape, parameters and work.

    `inputs`: what `forward` takes, each a Tensor or a shape such as (1, 1, 28, 28). A row stands
    for a layer that holds no others, each time it runs. Multiply-adds are those of convolutions
    and linear layers. What `forward` does by functions has no row of its own; if it shrinks the
    map it counts in the receptive field as a pooling without overlap.
    If a layer fails, the rows end there and the Summary says why.
    """
    tensors = [Tensor(x.data if isinstance(x, Tensor) else np.zeros(x, np.float32)) for x in inputs]
    reaches: dict[Any, Reach] = {}
    for x in tensors:
        if x.dtype.kind == "f":
            x.requires_grad = True  # so that the forward records which output came from which input
            start = np.ones(max(x.ndim - 2, 0), int)
            reaches[x] = (start, start, x.shape[2:])
    rows: list[Row] = []
    counted: set[int] = set()
    paths = {layer: path for path, layer in model.named_modules()}
    error = None

    def note(layer: Layer, arguments: tuple, output: Any) -> None:
        own = [p for p in layer.parameters(recurse=False) if id(p) not in counted]
        counted.update(map(id, own))
        rows.append(
            Row(
                paths[layer],
                _describe(layer),
                getattr(output, "shape", ()),
                sum(p.numel() for p in own),
                _multiply_adds(layer, output),
                _receptive_field(layer, arguments, output, reaches),
            )
        )

    single = [m for m in paths if not list(m.children()) or list(m.parameters(recurse=False))]
    handles = [layer.register_forward_hook(note) for layer in single]
    try:
        with evaluating(model), enable_grad():
            model(*tensors)
    except Exception as failure:
        error = failure
    finally:
        for handle in handles:
            handle.remove()
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return Summary(rows, sum(n for n, _ in sizes), sum(n for n, train in sizes if train), error)


@contextmanager
def evaluating(model: Layer) -> Iterator[None]:
    """Within the block the model is in eval mode; afterwards each layer is as it was before."""
    modes = [(layer, layer.training) for layer in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for layer, training in modes:
            layer.training = training


def _multiply_adds(layer: Layer, output: Any) -> int:
    """Each value of the output is a sum of so many products; for one sample of the batch."""
    if isinstance(layer, ConvNd):
        return output[0].numel() * layer.weight[0].numel()
    if isinstance(layer, Linear):
        return output[0].numel() * layer.in_features
    return 0


def _receptive_field(
    layer: Layer, arguments: tuple, output: Any, reaches: dict[Any, Reach]
) -> tuple[int, ...] | None:
    """The receptive field of `output`, which is noted in `reaches` for the layers behind it."""
    x: Any = arguments[0] if arguments else None
    before = _reach_of(x, reaches)
    if before is None or not isinstance(output, Tensor) or output.ndim != x.ndim or x.ndim < 3:
        return None
    if isinstance(layer, (ConvNd, PoolNd)):
        field, jump, _ = before
        spans = np.multiply(layer.dilation, np.subtract(layer.kernel_size, 1))
        after = (field + spans * jump, jump * np.asarray(layer.stride), output.shape[2:])
    else:
        after = _resized(before, output.shape[2:])
    reaches[output.grad_fn] = after
    return tuple(after[0].tolist())


def _reach_of(x: Any, reaches: dict[Any, Reach]) -> Reach | None:
    """The widest of what `x` was computed from, as far back as the nearest layers' outputs."""
    if not isinstance(x, Tensor):
        return None
    found, seen = [], set()
    todo: list[Any] = [x if x.grad_fn is None else x.grad_fn]
    while todo:
        node = todo.pop()
        if node in reaches:
            found.append(_resized(reaches[node], x.shape[2:]))
        elif node is not None and node not in seen:
            seen.add(node)
            todo += [target for target, _ in getattr(node, "next_functions", ())]
    return max(found, key=lambda reach: reach[0].sum(), default=None)


def _resized(reach: Reach, sizes: tuple[int, ...]) -> Reach:
    """Follow the reach to a map of other sizes: r times smaller is a window of r at stride r."""
    field, jump, before = reach
    if len(before) != len(sizes):
        return reach
    shrink = np.maximum(np.rint(np.divide(before, sizes)), 1).astype(int)
    grow = np.maximum(np.rint(np.divide(sizes, before)), 1).astype(int)
    return field + (shrink - 1) * jump, jump * shrink // grow, sizes


def _describe(layer: Layer) -> str:
    """The class, and of a window what makes it: "Conv2d 3x3, stride 2, depthwise"."""
    text = type(layer).__name__
    if isinstance(layer, (ConvNd, PoolNd)):
        text += " " + _by(np.broadcast_to(layer.kernel_size, layer._dims))
        for name in ("stride", "dilation"):
            sizes = np.broadcast_to(getattr(layer, name), layer._dims)
            if sizes.max() > 1:
                text += f", {name} {sizes[0] if len(set(sizes)) == 1 else _by(sizes)}"
    if isinstance(layer, ConvNd) and layer.groups > 1:
        depthwise = layer.groups == layer.in_channels
        text += ", depthwise" if depthwise else f", {layer.groups} groups"
    return text


def _cells(row: Row) -> tuple[str, ...]:
    field = _by(row.receptive_field) if row.receptive_field else ""
    numbers = [f"{n:,}" if n else "" for n in (row.parameters, row.multiply_adds)]
    return (row.path, row.layer, str(tuple(row.shape)), *numbers, field)


def _by(sizes: Sequence[int] | np.ndarray) -> str:
    """Sizes as in 3x3."""
    return "x".join(map(str, sizes))
