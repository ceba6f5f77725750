"""Run a Layer once, there and back: arrays in, arrays out. Adapters use it for students' layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ..nn import Layer
from ..tensor import Tensor

CLASS = "nn."  # what an option that names a layer class begins with


def run_layer(
    layer_class: type[Layer], part: str, options: dict[str, Any], state: dict[str, np.ndarray],
    training: bool, x: np.ndarray, dy: np.ndarray | None = None,
) -> dict[str, np.ndarray]:  # fmt: skip
    """What `layer_class(**options)` makes of x, in float64, with these parameters and buffers.

    `part`: "y" is just that, "gradients" also those that arrive at x and the parameters if y has
    the shape of dy, "buffers" are what those hold after the call. The keys are words for a message.
    """
    layer = build(layer_class, options)
    layer.double().train(training).load_state_dict(state)
    start = Tensor(x, requires_grad=True)
    y = layer(start)
    if not isinstance(y, Tensor):
        raise TypeError(
            f"{layer_class.__name__}.forward returned {type(y).__name__}, expected a Tensor"
        )
    if part == "buffers":
        return {f"{name} after the call": b.numpy() for name, b in layer.named_buffers()}
    result = {"y": y.detach().numpy()}
    if part == "y" or dy is None or y.shape != dy.shape:
        return result
    if y.requires_grad:
        y.backward(dy)
    for name, leaf in {"x": start, **dict(layer.named_parameters())}.items():
        if leaf.grad is not None:
            result[f"the gradient of {name}"] = leaf.grad.numpy()
    return result


def build(layer_class: type[Layer], options: dict[str, Any]) -> Layer:
    """`layer_class(**options)`, where an option such as "nn.ReLU" stands for that class."""

    def made(option: Any) -> Any:
        is_class = isinstance(option, str) and option.startswith(CLASS)
        return getattr(nn, option.removeprefix(CLASS)) if is_class else option

    return layer_class(**{name: made(option) for name, option in options.items()})
