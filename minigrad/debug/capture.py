"""Every layer's activations and their gradients, by path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..nn import Layer
from ..tensor import Tensor


class Activation:
    """What a layer made: `value`, and once backward has passed `gradient`, of the same shape."""

    def __init__(self, layer: Layer, value: Tensor) -> None:
        self.layer = layer
        self.value = value.detach()
        self.gradient: Tensor | None = None
        if value.requires_grad:
            value.register_hook(self._keep)

    def _keep(self, gradient: Tensor) -> None:
        self.gradient = gradient

    def __repr__(self) -> str:
        arrived = "no gradient yet" if self.gradient is None else "with its gradient"
        return f"{type(self.layer).__name__} {self.value.shape}, {arrived}"


@contextmanager
def capture(model: Layer) -> Iterator[dict[str, Activation]]:
    """Within the block, collect what each layer of `model` makes: {path: Activation}, in order.

    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    >>> with debug.capture(model) as made:
    ...     loss = model(mg.ones(5, 2)).sum()
    >>> loss.backward()
    >>> made["0"].value.shape, made["0"].gradient.shape
    ((5, 3), (5, 3))

    The paths are those of `named_modules`, "" for the model itself. A layer that runs again gets
    "path (2)" and so on. What is no Tensor, such as the pair that attention returns, is left out.
    """
    if not isinstance(model, Layer):
        raise TypeError(f"capture: expected a Layer, got {type(model).__name__}")
    made: dict[str, Activation] = {}

    def collect(path: str) -> Callable:
        def hook(layer: Layer, inputs: tuple, output: object) -> None:
            if isinstance(output, Tensor):
                key, times = path, 1
                while key in made:
                    times += 1
                    key = f"{path} ({times})"
                made[key] = Activation(layer, output)

        return hook

    handles = [layer.register_forward_hook(collect(path)) for path, layer in model.named_modules()]
    try:
        yield made
    finally:
        for handle in handles:
            handle.remove()
