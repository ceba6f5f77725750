"""What all optimizers share: groups of parameters, the loop over them, saving and loading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..grad_mode import enable_grad
from ..kernels.blocks import blocks as cut
from ..tensor import Tensor
from .checks import (
    Group,
    Params,
    as_groups,
    check_hyper_parameters,
    refuse_all_frozen,
    refuse_repeats,
    split_names,
)
from .loading import check_fit, load_value


class Optimizer:
    """Base class: a subclass writes `update(p, group)`, the step of one parameter.

    `params`: an iterable of Tensors, of (name, Tensor) pairs, or of groups: dicts with "params" and
    their own hyper-parameters, which win over `defaults`. `param_groups` is the list of groups and
    may be changed at any time (`group["lr"] = 0.01`); `state[p]` is what is remembered about p.

    Groups also hold PyTorch's switches between its implementations (foreach, fused, capturable,
    differentiable). They mean nothing here; they are kept so that state_dicts move both ways.
    """

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.stepped = False
        for group in as_groups(type(self).__name__, params):
            self.add_param_group(group)
        refuse_all_frozen(type(self).__name__, self.param_groups)

    def add_param_group(self, param_group: Group) -> None:
        """Train more parameters, for example layers that were frozen before.

        `param_group`: a dict with "params"; other keys are hyper-parameters of this group.
        """
        owner = type(self).__name__
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise TypeError(
                f'{owner}: a group must be a dict with the key "params", got {param_group!r}; '
                'write {"params": net.parameters(), "lr": 0.01}'
            )
        group = {**self.defaults, **param_group}
        group["params"], names = split_names(owner, group["params"])
        if names is not None:
            group["param_names"] = names
        if len({"param_names" in g for g in [*self.param_groups, group]}) == 2:
            raise ValueError(
                f"{owner}: some groups have names and some have none; use named_parameters() "
                "for all groups or for none"
            )
        self.check_group(group)
        refuse_repeats(owner, [*self.param_groups, group])
        self.param_groups.append(group)

    def check_group(self, group: Group) -> None:
        """Refuse hyper-parameters that make no sense."""
        check_hyper_parameters(type(self).__name__, group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or with `set_to_none=False` fill them with zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.grad = None if set_to_none else Tensor(np.zeros_like(p.grad.data))

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient; one whose `.grad` is None stays as it is.

        `closure`: computes the loss anew, calls backward and returns the loss, which is returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with np.errstate(all="ignore"):  # what overflows shows as inf or nan, as everywhere else
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        _check_shape(type(self).__name__, p, p.grad)
                        self.update(p, group)
                        p.written(f"{type(self).__name__}.step()")
        self.stepped = True
        return loss

    def update(self, p: Tensor, group: Group) -> None:
        """Move the one parameter `p`, in place, with the hyper-parameters of its group."""
        name = type(self).__name__
        raise RuntimeError(f"{name} has no rule: write `def update(self, p, group)` in {name}")

    def state_dict(self) -> dict[str, Any]:
        """The state and the groups, each parameter replaced by its number, counted over all groups.

        As in PyTorch the tensors in it are the optimizer's own, not copies.
        """
        numbers: dict[Tensor, int] = {}
        for group in self.param_groups:
            for p in group["params"]:
                numbers[p] = len(numbers)
        return {
            "state": {n: dict(self.state[p]) for p, n in numbers.items() if self.state.get(p)},
            "param_groups": [
                {**group, "params": [numbers[p] for p in group["params"]]}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over copies of a saved state and of the groups' hyper-parameters.

        Parameters are matched by their order. If anything does not fit, ValueError says what, and
        nothing is changed.
        """
        check_fit(type(self).__name__, self.param_groups, self.defaults, state_dict)
        self.state.clear()
        for group, saved in zip(self.param_groups, state_dict["param_groups"], strict=True):
            group.update((key, value) for key, value in saved.items() if key != "params")
            for p, number in zip(group["params"], saved["params"], strict=True):
                if number in state_dict["state"]:
                    self.state[p] = {
                        key: load_value(key, value, p)
                        for key, value in state_dict["state"][number].items()
                    }

    def __repr__(self) -> str:
        groups = []
        for i, group in enumerate(self.param_groups):
            lines = [f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params"]
            groups.append(f"Parameter Group {i}\n" + "".join(lines))
        return f"{type(self).__name__} (\n" + "\n".join(groups) + ")"


def zeros_like(p: Tensor) -> Tensor:
    """Zeros of the parameter's shape and dtype, for its state."""
    return Tensor(np.zeros(p.shape, p.dtype))


def new_counter() -> Tensor:
    """A step counter at 0, float32 as PyTorch keeps it. Each parameter counts its own steps."""
    return Tensor(np.zeros((), np.float32))


def blocks(p: Tensor, *state: Tensor | None) -> Iterator[list[Any]]:
    """Cut a parameter, its gradient and its state into pieces that fit the processor's cache.

    Yields [theta, g, *state] as 1-D arrays; what is written into theta and the state stays there.
    An update rule written with plain array arithmetic then reads and writes main memory only once.
    None stays None: a state that the optimizer's settings do without.
    """
    arrays = [None if x is None else x.data for x in (p, p.grad, *state)]
    if not p.data.flags.c_contiguous:  # cannot be flattened without a copy
        yield arrays
        return
    flat = [None if a is None else a.reshape(-1) for a in arrays]
    for block in cut(p.data.size, 3 * len(flat)):  # an update has intermediate results too
        yield [None if a is None else a[block] for a in flat]


def uphill(theta: np.ndarray, g: np.ndarray, group: Group) -> np.ndarray:
    """The direction to step against: the gradient, negated for `maximize`, and weight decay.

    `weight_decay` times theta is the gradient of an L2 penalty, weight_decay / 2 * theta**2.
    """
    if group["maximize"]:
        g = -g
    if group["weight_decay"]:
        g = g + group["weight_decay"] * theta
    return g


def _check_shape(owner: str, p: Tensor, grad: Tensor) -> None:
    if grad.shape != p.shape:
        raise ValueError(
            f"{owner}.step: a parameter of shape {p.shape} has a .grad of shape {grad.shape}; "
            "let backward() fill it, or assign a gradient of the parameter's shape"
        )
