"""L-BFGS: Newton's method with a Hessian that is estimated from the last steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..grad_mode import enable_grad
from ..tensor import Tensor
from .checks import Params
from .line_search import Point, strong_wolfe
from .optimizer import Optimizer

# what the next step needs to know of those before, under PyTorch's names
STATE = (
    "func_evals", "n_iter", "d", "t", "old_dirs", "old_stps", "prev_flat_grad", "prev_loss",
)  # fmt: skip


class LBFGS(Optimizer):
    """Nocedal & Wright, "Numerical Optimization", 2nd edition 2006, Algorithms 7.4 and 7.5.

    For few parameters and the whole training set as one batch. `step(closure)` takes up to
    `max_iter` steps and calls `closure`, which computes the loss anew, calls backward and returns
    the loss, at most about `max_eval` times (by default 5/4 of `max_iter`).

        q <- g;  for the last (s, y), newest first:  a = s q / (s y),  q <- q - a y
        r <- q (s y) / (y y);  oldest first:  r <- r + s (a - y r / (s y))
        theta <- theta - t r       (s: the steps, y: how the gradient changed in each)

    t is `lr`, or with `line_search_fn="strong_wolfe"` searched, from lr on. It ends early where no
    element of the gradient is above `tolerance_grad`, or a step changes less than
    `tolerance_change`. `history_size`: how many (s, y) are kept. One group of parameters only.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if line_search_fn not in (None, "strong_wolfe"):
            raise ValueError(
                f'LBFGS: line_search_fn must be None or "strong_wolfe", got {line_search_fn!r}'
            )
        defaults: dict[str, Any] = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) > 1:
            raise ValueError(
                f"LBFGS: takes one group of parameters, got {len(self.param_groups)}; write "
                "LBFGS(net.parameters())"
            )
        self.params: list[Tensor] = self.param_groups[0]["params"]

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take up to `max_iter` steps; returns the loss that `closure` gave first."""
        if closure is None:
            raise TypeError(
                "LBFGS.step: needs a closure, it computes the loss several times a step; write "
                "def closure(): optimizer.zero_grad(); loss = ...; loss.backward(); return loss "
                "and optimizer.step(closure)"
            )
        group, state = self.param_groups[0], self.state[self.params[0]]
        if not state:
            state.update(func_evals=0, n_iter=0, old_dirs=[], old_stps=[])
        with np.errstate(all="ignore"):
            first = self._evaluate(closure)
            self._descend(closure, group, state, float(first), self._gradient())
        self.stepped = True
        return first

    def _descend(
        self, closure: Callable, group: dict, state: dict, loss: float, g: np.ndarray
    ) -> None:
        """The steps of one call, from the loss and the gradient where the parameters are."""
        change = group["tolerance_change"]
        evaluations = 1
        state["func_evals"] += 1
        for i in range(1, group["max_iter"] + 1):
            if abs(g).max() <= group["tolerance_grad"]:
                break
            state["n_iter"] += 1
            t = group["lr"]
            if state["n_iter"] == 1:
                d, t = -g, t * min(1.0, 1 / abs(g).sum())
            else:
                y, s = g - state["prev_flat_grad"].data, state["d"].data * state["t"]
                if y @ s > 1e-10:
                    for key, value in (("old_dirs", y), ("old_stps", s)):
                        kept = [*state[key], Tensor(value)]
                        state[key] = kept[-group["history_size"] :]
                d = _newton_direction(g, state["old_stps"], state["old_dirs"])
            state.update(d=Tensor(d), prev_flat_grad=Tensor(g), prev_loss=loss)
            slope = float(g @ d)
            if slope > -change:
                state["t"] = t
                break
            origin, before, calls = self._values(), loss, 0
            if group["line_search_fn"] is not None:

                def at(t: float, origin: np.ndarray = origin, d: np.ndarray = d) -> Point:
                    self._move(origin + t * d)
                    loss = float(self._evaluate(closure))
                    g = self._gradient()
                    return Point(t, loss, g, float(g @ d))

                start = Point(0.0, loss, g, slope)
                limits = abs(d).max(), change, group["max_eval"] - evaluations
                (t, loss, g, _), calls = strong_wolfe(at, start, t, *limits)
            self._move(origin + t * d)
            if group["line_search_fn"] is None and i < group["max_iter"]:
                loss, calls = float(self._evaluate(closure)), 1
                g = self._gradient()
            state["t"] = t
            state["func_evals"] += calls
            evaluations += calls
            small = abs(t * d).max() <= change or abs(loss - before) < change
            if evaluations >= group["max_eval"] or small:
                break

    def _evaluate(self, closure: Callable[[], Any]) -> Any:
        with enable_grad():
            return closure()

    def _values(self) -> np.ndarray:
        """All parameters end to end."""
        return np.concatenate([p.data.reshape(-1) for p in self.params])

    def _gradient(self) -> np.ndarray:
        """Their gradients end to end; 0 for one that has none."""
        grads = [np.zeros_like(p.data) if p.grad is None else p.grad.data for p in self.params]
        return np.concatenate([grad.reshape(-1) for grad in grads])

    def _move(self, values: np.ndarray) -> None:
        """Give the parameters these values."""
        ends = np.cumsum([p.numel() for p in self.params])[:-1]
        for p, part in zip(self.params, np.split(values, ends), strict=True):
            p.data[...] = part.reshape(p.shape)
            p.written("LBFGS.step()")

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over copies of a saved state and of the group's hyper-parameters."""
        saved = state_dict.get("state", {})
        super().load_state_dict({**state_dict, "state": {}} if saved else state_dict)
        for values in saved.values():
            self.state[self.params[0]] = {
                key: [_copy(v) for v in value] if isinstance(value, list) else _copy(value)
                for key, value in values.items()
                if key in STATE
            }


def _copy(value: Any) -> Any:
    return Tensor(np.asarray(value).copy()) if np.ndim(value) else float(value)


def _newton_direction(g: np.ndarray, steps: list, changes: list) -> np.ndarray:
    """-H g, H the inverse Hessian that the steps and the changes of the gradient imply."""
    q, pairs = -g, [(s.data, y.data) for s, y in zip(steps, changes, strict=True)]
    shares = []
    for s, y in reversed(pairs):
        shares.append(s @ q / (s @ y))
        q = q - shares[-1] * y
    if pairs:
        s, y = pairs[-1]
        q = q * (s @ y / (y @ y))
    for (s, y), share in zip(pairs, reversed(shares), strict=True):
        q = q + s * (share - y @ q / (s @ y))
    return q
