"""The formula of a layer's output size, with its numbers."""

from __future__ import annotations

from typing import Any

from ..nn.conv import ConvNd
from ..nn.conv_transpose import ConvTransposeNd
from ..nn.dilated import CausalConv1d
from ..nn.functional.shapes import AXES, sizes
from ..nn.pool import AdaptivePoolNd


def size_formula(layer: Any, size: tuple[int, ...], out: tuple[int, ...]) -> list[str]:
    """A line for each axis, such as "H: floor((28 + 2·2 − 1·(5 − 1) − 1) / 1) + 1 = 28".

    Axes of equal numbers share a line.
    """
    names: dict[str, str] = {}
    for axis, name in enumerate(AXES[len(size)].split(", ")):
        text = _expression(layer, axis, size[axis], out[axis])
        names[text] = f"{names[text]} and {name}" if text in names else name
    return [f"{axes}: {text}" for text, axes in names.items()]


def _expression(layer: Any, axis: int, n: int, out: int) -> str:
    if isinstance(layer, AdaptivePoolNd):
        return f"{out}, as asked: window i covers floor(i·{n}/{out}) up to ceil((i + 1)·{n}/{out})"
    options = (layer.kernel_size, layer.stride, layer.dilation)
    k, s, d = (sizes("", "", option, layer._dims, 1)[axis] for option in options)
    same = isinstance(layer, ConvNd) and layer.padding == "same"
    if isinstance(layer, CausalConv1d):
        return f"{n} + {d * (k - 1)} zeros before it − {d}·({k} − 1) = {out}"
    if isinstance(layer, ConvTransposeNd):
        added = layer.output_padding[axis]
        if same:
            return f"{n}·{s} {'−' if added < 0 else '+'} {abs(added)} = {out}"
        cut = 0 if isinstance(layer.padding, str) else layer.padding[axis]
        return f"({n} − 1)·{s} − 2·{cut} + {d}·({k} − 1) + {added} + 1 = {out}"
    if same:
        return f"ceil({n} / {s}) = {out}"
    p = 0 if layer.padding == "valid" else sizes("", "", layer.padding, layer._dims, 0)[axis]
    window = f"(({n} + 2·{p} − {d}·({k} − 1) − 1) / {s}) + 1"
    if not getattr(layer, "ceil_mode", False):
        return f"floor{window} = {out}"
    least = -(-(n + 2 * p - d * (k - 1) - 1) // s) + 1
    dropped = ", without the last window: it would begin in the padding" if least > out else ""
    return f"ceil{window} = {least}{dropped}"
