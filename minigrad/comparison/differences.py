"""How far apart two arrays are, and how two layers differ beside what they compute."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

AT_RANDOM = "drops at random in train mode"


def difference(x: np.ndarray, y: np.ndarray, scale: float = 0.0) -> float:
    """max |x - y| relative to the largest of |x|, |y| and `scale`; inf for other shapes or nan."""
    if x.shape != y.shape:
        return float("inf")
    if x.size == 0 or np.array_equal(x, y, equal_nan=x.dtype.kind == "f"):
        return 0.0
    x, y = x.astype(np.float64), y.astype(np.float64)
    with np.errstate(all="ignore"):
        relative = np.abs(x - y).max() / max(np.abs(x).max(), np.abs(y).max(), scale)
    return float(relative) if np.isfinite(relative) else float("inf")


def worst(xs: list, ys: list) -> float | None:
    """The largest difference between tensors at the same places; None without any."""
    if len(xs) != len(ys) or any((x is None) != (y is None) for x, y in zip(xs, ys, strict=True)):
        return float("inf")
    return max(
        (difference(x, y) for x, y in zip(xs, ys, strict=True) if x is not None), default=None
    )


def of_tensors(xs: dict, ys: dict, together: bool = False) -> dict[str, float]:
    """The difference of each tensor by name; `together`, relative to the largest of them all.

    The gradient of a bias before batch norm is nothing but rounding: its own size says nothing.
    """
    numbers = [np.abs(x).max() for x in [*xs.values(), *ys.values()] if x.size]
    scale = float(max(numbers, default=0)) if together else 0.0
    return {
        name: difference(xs[name], ys[name], scale) if name in xs and name in ys else float("inf")
        for name in {**xs, **ys}
    }


def notes_on(a: Any, b: Any, xs: dict, ys: dict, rtol: float) -> tuple[str, ...]:
    """What differs between two layers beside what they compute: kind, weights, settings, mode."""
    if _kind(a, b):
        return (_kind(a, b),)
    return (*_of_weights(xs, ys, rtol), *_of_settings(a, b))


def _kind(a: Any, b: Any) -> str:
    """Layers of the libraries themselves bear the same names; those of the user need not."""
    theirs, ours = type(a), type(b)
    both = theirs.__module__.startswith("torch.nn") and ours.__module__.startswith("minigrad.nn")
    if not both or theirs.__name__ == ours.__name__:
        return ""
    return f"it is a {theirs.__name__} in PyTorch, a {ours.__name__} in minigrad"


def _of_weights(xs: dict, ys: dict, rtol: float) -> list[str]:
    notes = []
    for name in {**xs, **ys}:
        if name not in xs or name not in ys:
            notes.append(f"{name} is in {'PyTorch' if name in xs else 'minigrad'} only")
            continue
        x, y = xs[name], ys[name]
        if difference(x, y) <= rtol:
            continue
        what = f"{difference(x, y):.1e}"
        if x.shape != y.shape:
            what = f"shape {x.shape} in PyTorch, {y.shape} in minigrad"
        if x.ndim > 1 and difference(x.swapaxes(0, 1), y) <= rtol:
            what += ", transposed"
        notes.append(f"{name} differs ({what})")
    return notes


def _of_settings(a: Any, b: Any) -> list[str]:
    notes = []
    theirs, ours = a.extra_repr(), b.extra_repr()
    if theirs != ours and not (any(a.children()) or any(b.children())):
        x, y = (re.split(r", (?![^(]*\))", text) for text in (theirs, ours))
        notes.append(
            f"{', '.join(s for s in x if s not in y) or 'the default'} in PyTorch, "
            f"{', '.join(s for s in y if s not in x) or 'the default'} in minigrad"
        )
    if a.training != b.training:
        modes = [("eval", "train")[layer.training] for layer in (a, b)]
        notes.append(f"{modes[0]} mode in PyTorch, {modes[1]} mode in minigrad")
    elif a.training and getattr(b, "p", 0) and type(b).__name__.startswith("Dropout"):
        notes.append(AT_RANDOM)
    return notes
