"""Loading an optimizer's state_dict: does it fit, and how do its values come in."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .checks import Group

# Keys that files from older PyTorch versions lack; the optimizer's own values stay.
SWITCHES = {"foreach", "fused", "capturable", "differentiable"}
NUMBERS = {"step", "mu_product"}  # one number for a parameter, float32 as PyTorch keeps it
OPTIONAL = {"maximize", "decoupled_weight_decay"} | SWITCHES


def load_value(key: str, value: Any, p: Tensor) -> Any:
    """One value of a parameter's state: a copy in the parameter's dtype, numbers in float32."""
    if value is None:
        return None
    dtype = np.float32 if key in NUMBERS else p.dtype
    return Tensor(np.asarray(value).astype(dtype, order="C"))


def check_fit(
    owner: str, groups: list[Group], defaults: dict[str, Any], state_dict: dict[str, Any]
) -> None:
    """Raise ValueError unless `state_dict` was saved by such an optimizer over such parameters."""
    if not {"state", "param_groups"} <= set(state_dict):
        raise ValueError(
            f'{owner}.load_state_dict: expected the keys "state" and "param_groups", got '
            f"{sorted(map(str, state_dict))[:5]}; is this the model's state_dict?"
        )
    lines = []
    saved_groups = state_dict["param_groups"]
    if len(saved_groups) != len(groups):
        lines.append(f"{len(saved_groups)} parameter groups saved, {len(groups)} here")
    for i, (group, saved) in enumerate(zip(groups, saved_groups, strict=False)):
        missing = sorted(set(defaults) - set(saved) - OPTIONAL)
        if missing:
            lines.append(
                f"group {i} lacks {', '.join(missing)}; it has "
                f"{', '.join(sorted(set(saved) - OPTIONAL - {'params'}))}: "
                "was it saved by another optimizer?"
            )
        lines += _misfits(i, group, saved["params"], state_dict["state"])
    known = {number for saved in saved_groups for number in saved["params"]}
    lines += [f"state of {n!r}, in no group" for n in state_dict["state"] if n not in known]
    if lines:
        raise ValueError(
            f"{owner}.load_state_dict: the state_dict does not fit; nothing was loaded.\n  "
            + "\n  ".join(lines)
            + "\nBuild the model and the optimizer as when it was saved, then load."
        )


def _misfits(i: int, group: Group, numbers: list[int], state: dict[int, Any]) -> list[str]:
    params = group["params"]
    if len(params) != len(numbers):
        return [f"group {i}: {len(numbers)} parameters saved, {len(params)} here"]
    return [
        f"group {i}, parameter {number}: {key} has shape {tuple(np.shape(value))}, "
        f"the parameter has {p.shape}"
        for p, number in zip(params, numbers, strict=True)
        for key, value in state.get(number, {}).items()
        if key not in NUMBERS and value is not None and tuple(np.shape(value)) != p.shape
    ]
