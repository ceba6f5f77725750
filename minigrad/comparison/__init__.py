"""A PyTorch model and minigrad's beside each other: where do they begin to differ?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..nn import Layer
from .judging import Comparison, judge
from .running import run_both

__all__ = ["Comparison", "compare"]

IN_FLOAT64 = (
    "(The table is of float64. In float32 a number near a kink, such as relu's, falls on different "
    "sides by rounding, and gradients differ by what passes there.)"
)


def compare(
    torch_model: Any,
    minigrad_model: Layer,
    batch: Any,
    loss: tuple[Callable, Callable] | None = None,
    target: Any = None,
    rtol: float = 1e-5,
    gradient_rtol: float = 1e-4,
) -> Comparison:
    """Run both models on one batch, and say which layer is the first to differ, and why.

        print(minigrad.compare(torch_model, model, images))

    `batch`: what `forward` takes, an array or a tensor of either library, or a tuple of them.
    `loss=(torch_loss, minigrad_loss)` is called as loss(output, target), loss(output) without a
    target; gradients are then those of the loss, else of a fixed random combination of the outputs.
    A difference is the largest one of all elements, relative to the largest element: beyond `rtol`
    outputs differ, beyond `gradient_rtol` gradients. The defaults let float32's rounding pass.

    Gradients that differ in float32 are computed in float64 too, and agree if they do there:
    rounding may decide on which side of a kink, such as relu's, a number lies.

    Both run in the mode they are in. Parameters, buffers, gradients, hooks and chance are
    afterwards what they were. ImportError without PyTorch; TypeError for what is no model.
    """
    torch = _torch()
    if not isinstance(torch_model, torch.nn.Module):
        raise TypeError(
            f"compare: torch_model must be a torch.nn.Module, got {_kind(torch_model)}; write "
            "compare(torch_model, minigrad_model, batch), PyTorch's first"
        )
    if not isinstance(minigrad_model, Layer):
        raise TypeError(
            f"compare: minigrad_model must be a minigrad Layer, got {_kind(minigrad_model)}; write "
            "compare(torch_model, minigrad_model, batch), PyTorch's first"
        )
    if loss is not None and not (
        isinstance(loss, (tuple, list)) and len(loss) == 2 and all(map(callable, loss))
    ):
        raise TypeError(
            f"compare: loss must be a pair of functions, got {_kind(loss)}; write "
            "loss=(torch.nn.functional.cross_entropy, minigrad.nn.functional.cross_entropy)"
        )
    for name, value in (("rtol", rtol), ("gradient_rtol", gradient_rtol)):
        if not value > 0:
            raise ValueError(f"compare: {name} must be > 0, got {value!r}; for example 1e-5")
    asked = (torch, torch_model, minigrad_model, batch, loss, target)
    found = judge(*run_both(*asked), rtol, gradient_rtol)
    if found.what != "gradient":
        return found
    precise = judge(*run_both(*asked, float64=True), rtol, gradient_rtol)
    return replace(precise, verdict=f"{precise.verdict} {IN_FLOAT64}") if precise.agrees else found


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise ImportError(
            "compare needs PyTorch beside minigrad; write pip install torch, or compare where it is"
        ) from None
    if torch.__name__ != "torch":
        raise ImportError(
            "compare: here `import torch` gives minigrad itself, by minigrad.compat; call compare "
            "in a program of its own"
        )
    return torch


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
