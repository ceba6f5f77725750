"""What an optimizer may be given: tensors to train, and numbers in their ranges."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Real
from types import GeneratorType
from typing import Any

from ..tensor import Tensor

Group = dict[str, Any]
Params = Iterable[Tensor] | Iterable[Group] | Iterable[tuple[str, Tensor]]
Rule = tuple[str, Callable[[Any], bool]]

FINITE: Rule = ("a finite number", lambda x: -math.inf < x < math.inf)
NOT_NEGATIVE: Rule = ("a finite number >= 0", lambda x: 0 <= x < math.inf)
FRACTION: Rule = ("a number in [0, 1]", lambda x: 0 <= x <= 1)
COUNT: Rule = ("a whole number >= 1", lambda x: x >= 1 and x == int(x))
BELOW_ONE: Rule = ("a number in [0, 1)", lambda x: 0 <= x < 1)

# name: (what it must be, an example). A name means the same in every optimizer.
HYPER_PARAMETERS: dict[str, tuple[Rule, float]] = {
    "lr": (NOT_NEGATIVE, 0.001),
    "momentum": (NOT_NEGATIVE, 0.9),
    "dampening": (FINITE, 0),
    "weight_decay": (NOT_NEGATIVE, 0.0001),
    "eps": (NOT_NEGATIVE, 1e-8),
    "alpha": (FRACTION, 0.99),
    "rho": (FRACTION, 0.9),
    "lr_decay": (NOT_NEGATIVE, 0),
    "initial_accumulator_value": (NOT_NEGATIVE, 0),
    "momentum_decay": (NOT_NEGATIVE, 0.004),
    "max_iter": (COUNT, 20),
    "max_eval": (COUNT, 25),
    "history_size": (COUNT, 100),
    "tolerance_grad": (NOT_NEGATIVE, 1e-7),
    "tolerance_change": (NOT_NEGATIVE, 1e-9),
}


def check_number(owner: str, name: str, value: Any, rule: Rule, example: Any) -> None:
    """Refuse a `value` that is no plain number, or outside its range."""
    wanted, holds = rule
    if not isinstance(value, Real):
        edit = f"{name}={name}.item()" if isinstance(value, Tensor) else f"{name}={example}"
        raise TypeError(
            f"{owner}: {name} must be {wanted}, got {type(value).__name__}; write {edit}"
        )
    if not holds(value):
        raise ValueError(
            f"{owner}: {name} must be {wanted}, got {value}; for example {name}={example}"
        )


def check_hyper_parameters(owner: str, group: Group) -> None:
    """Refuse hyper-parameters of `group` outside their ranges."""
    for name, (rule, example) in HYPER_PARAMETERS.items():
        if name in group:
            check_number(owner, name, group[name], rule, example)
    if "betas" in group:
        betas = group["betas"]
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise TypeError(
                f"{owner}: betas must be a pair of numbers, got {betas!r}; write betas=(0.9, 0.999)"
            )
        for i, beta in enumerate(betas):
            check_number(owner, f"betas[{i}]", beta, BELOW_ONE, (0.9, 0.999)[i])


def as_groups(owner: str, params: Params) -> list[Group]:
    """The first argument of an optimizer as a list of groups."""
    if isinstance(params, dict):
        edit = f"{owner}([group], ...)" if "params" in params else "the tensors: list(d.values())"
        raise TypeError(f"{owner}: params is one dict with keys {_few(params)}; pass {edit}")
    if isinstance(params, Tensor):
        raise TypeError(
            f"{owner}: params is one Tensor of shape {params.shape}; put it in a list: "
            f"{owner}([w], ...)"
        )
    items = _as_list(owner, params)
    if not items:
        raise ValueError(
            f"{owner}: got an empty parameter list, there is nothing to train "
            f"(params was a {_origin(params)} without items).\n"
            "  - A model finds the layers that are its attributes: after super().__init__() write "
            "self.conv = nn.Conv2d(...)\n"
            "  - A generator can be used once: call net.parameters() anew, or keep "
            "list(net.parameters())"
        )
    return items if isinstance(items[0], dict) else [{"params": items}]


def split_names(owner: str, params: Any) -> tuple[list[Tensor], list[str] | None]:
    """The tensors of one group, and their names if they came as (name, tensor) pairs."""
    items: list = [params] if isinstance(params, Tensor) else _as_list(owner, params)
    names = None
    if items and all(isinstance(item, tuple) and len(item) == 2 for item in items):
        names = [name for name, _ in items]
        items = [tensor for _, tensor in items]
    for i, p in enumerate(items):
        if not isinstance(p, Tensor):
            edit = "; pass its .parameters()" if hasattr(p, "parameters") else ""
            raise TypeError(f"{owner}: params[{i}] must be a Tensor, got {type(p).__name__}{edit}")
        if not p.is_leaf:
            raise ValueError(
                f"{owner}: params[{i}] of shape {p.shape} was computed by {p.grad_fn}; only leaves "
                "can be trained. Pass the tensor it was computed from, or make it a leaf: "
                "w = w.detach().requires_grad_()"
            )
    return items, names


def _as_list(owner: str, params: Any) -> list:
    if hasattr(params, "parameters"):
        raise TypeError(
            f"{owner}: params is a {type(params).__name__}; pass its parameters: "
            f"{owner}(net.parameters(), ...)"
        )
    if isinstance(params, (set, frozenset)):
        raise TypeError(
            f"{owner}: params is a set, which has no fixed order, so saved state could not be "
            "given back to the right tensors; pass a list"
        )
    if not isinstance(params, Iterable):
        raise TypeError(
            f"{owner}: params must be an iterable of Tensors or of group dicts, "
            f"got {type(params).__name__}; write {owner}(net.parameters(), ...)"
        )
    return list(params)


def refuse_repeats(owner: str, groups: list[Group]) -> None:
    """Refuse a tensor that is listed twice: it would take two steps at once."""
    first_place: dict[Tensor, str] = {}
    for i, group in enumerate(groups):
        for j, p in enumerate(group["params"]):
            place = f"param_groups[{i}], params[{j}]"
            if p in first_place:
                raise ValueError(
                    f"{owner}: {place} of shape {p.shape} is the same tensor as "
                    f"{first_place[p]}; list each parameter once"
                )
            first_place[p] = place


def refuse_all_frozen(owner: str, groups: list[Group]) -> None:
    """Refuse an optimizer of which no tensor asks for a gradient."""
    tensors = [p for group in groups for p in group["params"]]
    if any(p.requires_grad for p in tensors):
        return
    if not tensors:
        raise ValueError(
            f"{owner}: got an empty parameter list: the {len(groups)} groups hold no tensors"
        )
    names = [
        name
        for group in groups
        for name in group.get("param_names", [f"params[{j}]" for j in range(len(group["params"]))])
    ]
    found = [f"{name} {p.shape}" for name, p in zip(names, tensors, strict=True)]
    raise ValueError(
        f"{owner}: nothing to train. Found and skipped, because requires_grad is False: "
        f"{_few(found)}. Write p.requires_grad_(True) for those to be trained (a tensor from "
        "detach(), .data or a state_dict is not the model's parameter: pass net.parameters())"
    )


def _origin(params: Any) -> str:
    if isinstance(params, GeneratorType):
        return f"generator, {params.__qualname__},"
    return type(params).__name__


def _few(items: Iterable[Any], most: int = 8) -> str:
    items = list(items)
    more = f", ... ({len(items) - most} more)" if len(items) > most else ""
    return ", ".join(map(str, items[:most])) + more
