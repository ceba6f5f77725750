"""Around training: gradients kept within bounds, a model put into eval mode for a moment."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from ..tensor import Tensor
from .layer import Layer


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Scale the gradients, all by one factor, so that their common norm is at most `max_norm`.

    The norm is that of all gradients laid end to end; `norm_type=math.inf` is the largest absolute
    value. Returns the norm before clipping, a Tensor with one number.
    Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.

    >>> weight = nn.Parameter(mg.tensor([3.0, 4.0]))
    >>> (weight * weight / 2).sum().backward()
    >>> nn.utils.clip_grad_norm_([weight], max_norm=1.0).item()
    5.0
    >>> [round(g, 3) for g in weight.grad.tolist()]
    [0.6, 0.8]
    """
    _check("clip_grad_norm_", "max_norm", max_norm)
    if not norm_type > 0:
        raise ValueError(
            f"clip_grad_norm_: norm_type must be > 0 or math.inf, got {norm_type}; "
            "the usual norm is norm_type=2"
        )
    grads = _grads("clip_grad_norm_", parameters)
    if not grads:
        return Tensor(np.zeros((), np.float32))
    with np.errstate(all="ignore"):
        norms = [np.linalg.norm(grad.data.ravel(order="K"), norm_type) for grad in grads]
        total = np.linalg.norm(np.array(norms), norm_type)
        if error_if_nonfinite and not math.isfinite(total):
            raise RuntimeError(
                f"clip_grad_norm_: the norm of the gradients is {total}, so they cannot be scaled; "
                "look for the first nan or inf in the forward pass, or write "
                "error_if_nonfinite=False to let it pass"
            )
        factor = max_norm / (float(total) + 1e-6)
        if not factor >= 1:  # nan, too
            for grad in grads:
                grad.data = grad.data * factor
    return Tensor(np.asarray(total))


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Bring each element of the gradients into [-clip_value, clip_value]."""
    _check("clip_grad_value_", "clip_value", clip_value)
    for grad in _grads("clip_grad_value_", parameters):
        grad.data = np.clip(grad.data, -clip_value, clip_value)


def _grads(function: str, parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    """The gradients that exist."""
    if hasattr(parameters, "parameters"):
        raise TypeError(
            f"{function}: parameters is a {type(parameters).__name__}; "
            f"write {function}(net.parameters(), ...)"
        )
    tensors = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not tensors:
        warnings.warn(
            f"{function}: parameters is empty, so nothing is clipped. A generator can be used "
            "once: call net.parameters() anew",
            UserWarning,
            stacklevel=3,
        )
    for p in tensors:
        if not isinstance(p, Tensor):
            raise TypeError(
                f"{function}: expected Tensors, got {type(p).__name__}; "
                f"write {function}(net.parameters(), ...)"
            )
    return [p.grad for p in tensors if p.grad is not None]


def _check(function: str, name: str, value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{function}: {name} must be >= 0, got {value}; for example {name}=1.0")


@contextmanager
def evaluating(model: Layer) -> Iterator[None]:
    """Within the block the model is in eval mode; afterwards each layer is as it was before."""
    modes = [(layer, layer.training) for layer in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for layer, training in modes:
            layer.training = training
