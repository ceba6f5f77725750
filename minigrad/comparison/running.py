"""One forward and backward of each model, with what every layer took, gave and received."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..debug.checkup.snapshot import unchanged
from ..grad_mode import enable_grad
from ..nn import Layer
from ..tensor import Tensor


@dataclass
class Ran:
    """A layer that ran: its inputs and outputs, and in `gradients` what arrived at the outputs."""

    path: str
    layer: Any
    inputs: list[np.ndarray]
    outputs: list[np.ndarray]
    gradients: list[np.ndarray | None]


@dataclass
class Run:
    """What one model did. `ran`: {(path, how often before): Ran}, in the order in which they ended.

    `tensors` and `tensor_gradients`: each layer's own parameters and buffers by path, as they were
    before, and the gradients of the parameters; `after`, its buffers after the run. `error`: what
    stopped it.
    """

    model: Any
    tensors: dict[str, dict[str, np.ndarray]]
    ran: dict[tuple[str, int], Ran] = field(default_factory=dict)
    loss: float | None = None
    tensor_gradients: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    after: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    error: Exception | None = None


def run_both(
    torch: Any,
    torch_model: Any,
    model: Layer,
    batch: Any,
    loss: Any,
    target: Any,
    float64: bool = False,
) -> tuple[Run, Run]:
    """The runs of PyTorch's model and of minigrad's, both on the same numbers.

    `float64`: in double precision, where rounding hardly ever decides on which side of a kink, such
    as relu's, a number lies.
    """
    floats = [_array(p).dtype for p in torch_model.parameters() if p.is_floating_point()]
    dtype = np.dtype(np.float64) if float64 else next(iter(floats), None)
    inputs = [_cast(_array(x), dtype) for x in _several(batch)]
    goal = [] if target is None else [_cast(_array(target), dtype)]
    torch_loss, own_loss = loss or (None, None)
    keep = _unchanged_in_torch(torch, torch_model)
    with keep, torch.enable_grad(), _double(torch_model, float64):
        theirs = _run(torch_model, torch.tensor, inputs, torch_loss, goal)
    if theirs.error is not None:
        raise theirs.error
    with unchanged([model]), enable_grad(), _double(model, float64):
        ours = _run(model, lambda x: Tensor(x.copy()), inputs, own_loss, goal)
    return theirs, ours


@contextmanager
def _double(model: Any, wanted: bool) -> Iterator[None]:
    """Within the block, if `wanted`, floating parameters and buffers are float64."""
    before = [(x, x.data) for x in (*model.parameters(), *model.buffers())] if wanted else []
    for x, data in before:
        x.grad = None
        if isinstance(data, np.ndarray):
            x.data = data.astype(np.float64) if data.dtype.kind == "f" else data
        else:
            x.data = data.double() if data.is_floating_point() else data
    try:
        yield
    finally:
        for x, data in before:
            x.grad = None
            x.data = data


def _run(model: Any, tensor: Callable, inputs: list, loss: Callable | None, goal: list) -> Run:
    paths = dict(model.named_modules())
    run = Run(model, {path: _own_tensors(layer) for path, layer in paths.items()})
    for p in model.parameters():
        p.grad = None
    with _watching(paths, run.ran):
        try:
            output = model(*map(tensor, inputs))
            value = (
                _combination(output, tensor) if loss is None else loss(output, *map(tensor, goal))
            )
        except Exception as error:
            run.error = error
            return run
        if loss is not None:
            run.loss = float(value.item())
        if value.requires_grad:
            value.backward()
    for path, layer in paths.items():
        run.after[path] = _buffers(layer)
        run.tensor_gradients[path] = {
            name: _array(p.grad)
            for name, p in layer.named_parameters(recurse=False)
            if p.grad is not None
        }
    return run


def _combination(output: Any, tensor: Callable) -> Any:
    """A fixed random combination of all outputs, whose gradient tells each element apart."""
    rng = np.random.default_rng(0)
    floating = [y for y in _tensors(output) if _array(y).dtype.kind == "f"]
    return sum(
        (y * tensor(rng.standard_normal(tuple(y.shape)).astype(_array(y).dtype))).sum()
        for y in floating
    )


@contextmanager
def _watching(paths: dict[str, Any], ran: dict[tuple[str, int], Ran]) -> Iterator[None]:
    """Within the block, note each layer that runs."""

    def note(path: str) -> Callable:
        def hook(layer: Any, inputs: tuple, output: Any) -> None:
            made = _tensors(output)
            taken, given = ([_array(x) for x in several] for several in (_tensors(inputs), made))
            entry = Ran(path, layer, taken, given, [None] * len(made))
            ran[path, sum(known == path for known, _ in ran)] = entry
            for i, y in enumerate(made):
                if y.requires_grad:
                    y.register_hook(lambda g, i=i: entry.gradients.__setitem__(i, _array(g)))

        return hook

    handles = [layer.register_forward_hook(note(path)) for path, layer in paths.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _own_tensors(layer: Any) -> dict[str, np.ndarray]:
    """The layer's parameters and buffers; of the layers in it if one of the library's holds them.

    Such a layer, as MultiheadAttention, may use the parameters of a part without running the part.
    """
    whole = is_of_library(layer)
    return {name: _array(p) for name, p in layer.named_parameters(recurse=whole)} | _buffers(layer)


def is_of_library(layer: Any) -> bool:
    """Whether PyTorch or minigrad wrote its forward; a Sequential's is that of its parts."""
    module = type(layer).__module__
    containers = ("Sequential", "ModuleList", "ModuleDict")
    return module.startswith(("torch.nn.", "minigrad.nn.")) and (
        type(layer).__name__ not in containers
    )


def _buffers(layer: Any) -> dict[str, np.ndarray]:
    """Its buffers, less the count of batches, on which no output depends."""
    named = layer.named_buffers(recurse=False)
    return {name: _array(b) for name, b in named if name != "num_batches_tracked"}


@contextmanager
def _unchanged_in_torch(torch: Any, model: Any) -> Iterator[None]:
    """After the block, PyTorch's gradients, buffers and chance are what they were."""
    gradients = [(p, p.grad) for p in model.parameters()]
    buffers = [
        (layer._buffers, name, b, b.clone())
        for layer in model.modules()
        for name, b in layer.named_buffers(recurse=False)
    ]
    chance = torch.get_rng_state()
    try:
        yield
    finally:
        for p, gradient in gradients:
            p.grad = gradient
        for held, name, b, value in buffers:
            with torch.no_grad():
                b.copy_(value)
            held[name] = b
        torch.set_rng_state(chance)


def _several(value: Any) -> list:
    return list(value) if isinstance(value, (tuple, list)) else [value]


def _tensors(value: Any) -> list:
    """The tensors in what a layer takes or gives, also within tuples, lists and dicts."""
    if isinstance(value, (tuple, list)):
        return [x for item in value for x in _tensors(item)]
    if isinstance(value, dict):
        return _tensors(list(value.values()))
    return [value] if hasattr(value, "requires_grad") else []


def _array(x: Any) -> np.ndarray:
    """A copy of the numbers in an array or a tensor of either library."""
    if isinstance(x, Tensor):
        return x.data.copy()
    if hasattr(x, "detach"):
        return x.detach().cpu().numpy().copy()
    if isinstance(x, (np.ndarray, np.generic)):
        return np.array(x)
    raise TypeError(
        f"compare: batch and target must be arrays or tensors, got {type(x).__name__}; write "
        "np.asarray(...) around it"
    )


def _cast(x: np.ndarray, dtype: Any) -> np.ndarray:
    """Floating numbers in the model's own dtype."""
    return x.astype(dtype) if dtype is not None and x.dtype.kind == "f" else x
