"""Reading the arguments that all spatial functions share."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...methods.base import need_tensor
from ...tensor import Tensor

AXES = {1: "L", 2: "H, W", 3: "D, H, W"}


def sizes(name: str, argument: str, value: Any, n: int, least: int) -> tuple[int, ...]:
    """One whole number for each of n axes: 3 -> (3, 3), (1, 2) -> (1, 2)."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * n
    if len(values) == 1:
        values *= n
    kinds = {*map(type, values)}
    whole = all(issubclass(kind, (int, np.integer)) and kind is not bool for kind in kinds)
    if len(values) != n or not whole or min(values) < least:
        raise ValueError(
            f"{name}: {argument} must be a whole number of at least {least}, or {n} of them "
            f"({AXES[n]}), got {value!r}"
        )
    return tuple(map(int, values))


def batched(name: str, x: Tensor, n: int) -> tuple[Tensor, bool]:
    """The input with a batch axis, and whether it had to be added."""
    if need_tensor(name, x).ndim == n + 2:
        return x, False
    if x.ndim == n + 1:
        return x.unsqueeze(0), True
    raise ValueError(
        f"{name}: expected an input of {n + 2} axes (N, C, {AXES[n]}), got shape {x.shape}"
        + ("; write x.unsqueeze(0) if it is one map of one channel" if x.ndim == n else "")
    )
