"""What a model is made of: one forward, looked at layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .nn import Layer
from .nn.conv import ConvNd
from .nn.pool import PoolNd
from .reach import Fields, as_inputs, look
from .tensor import Tensor


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
        """Of all layers together."""
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
            reason, *_ = str(self.error).splitlines()  # the rest are the shapes above
            return "\n".join([*lines, f"stopped here: {reason}"])
        frozen = self.parameters - self.trainable
        lines.append(
            f"parameters: {self.parameters:,}" + (f" ({frozen:,} frozen)" if frozen else "")
        )
        lines.append(f"multiply-adds: {self.multiply_adds:,}")
        if self.receptive_field:
            lines.append(f"receptive field: {_by(self.receptive_field)} pixels")
        return "\n".join(lines)


def summary(model: Layer, *inputs: Tensor | Sequence[int]) -> Summary:
    """Run the model once, in eval mode, and note for each layer shape, parameters and work.

    `inputs`: what `forward` takes, each a Tensor or a shape such as (1, 1, 28, 28). A row stands
    for a layer that holds no others or computes by itself, each time it runs. Multiply-adds are
    those of convolutions, linear layers and attention for this input: of one sample if it holds
    one. What `forward` does by functions has no row
    of its own; if it shrinks the map it counts in the receptive field as a pooling without overlap.
    If a layer fails, the rows end there and the Summary says why.

    >>> model = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.Flatten())
    >>> print(mg.summary(model, (1, 1, 28, 28)))
    path  layer       output shape    parameters  multiply-adds  receptive field
    ----------------------------------------------------------------------------
    0     Conv2d 5x5  (1, 6, 24, 24)         156         86,400              5x5
    1     ReLU        (1, 6, 24, 24)                                         5x5
    2     Flatten     (1, 3456)
    ----------------------------------------------------------------------------
    parameters: 156
    multiply-adds: 86,400
    receptive field: 5x5 pixels
    """
    tensors = as_inputs(model, inputs)
    fields = Fields(tensors)
    rows: list[Row] = []
    counted: set[int] = set()
    paths = {layer: path for path, layer in model.named_modules()}

    def note(layer: Layer, arguments: tuple, output: Any) -> None:
        own = [p for p in layer.parameters(recurse=False) if id(p) not in counted]
        counted.update(map(id, own))
        rows.append(
            Row(
                paths[layer],
                _describe(layer),
                getattr(output[0] if isinstance(output, tuple) else output, "shape", ()),
                sum(p.numel() for p in own),
                layer._multiply_adds(arguments[0] if arguments else None, output),
                fields.behind(layer, arguments, output),
            )
        )

    error = look(model, tensors, note)
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return Summary(rows, sum(n for n, _ in sizes), sum(n for n, train in sizes if train), error)


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
