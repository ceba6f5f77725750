"""Where do nan and inf come from? The first op that makes one of finite numbers, and why."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..graph import Node, Watcher, watching
from ..tensor import Tensor
from .naming import Place, leaf_name

LATEST = 6  # ops that a message lists
ELEMENTWISE = ("arithmetic", "elementwise", "activation")  # ops whose results stand below inputs

_OVERFLOW = (
    "numbers have grown until they overflow; lower the learning rate, clip gradients "
    "(nn.utils.clip_grad_norm_), or normalise the inputs and the layers"
)
CAUSES = {
    "log": "log(0) is -inf, and log of a negative number nan; write log_softmax(x) for "
    "log(softmax(x)), or x.clamp(min=1e-8).log()",
    "log2": "log2(0) is -inf; write x.clamp(min=1e-8).log2()",
    "log1p": "log1p(-1) is -inf; keep x above -1",
    "div": "a division by 0; write x / (y + 1e-8), or look why y becomes 0",
    "sqrt": "sqrt of a negative number is nan, and its slope at 0 infinite; write "
    "(x + 1e-8).sqrt()",
    "exp": "exp overflows above 88 in float32; subtract the maximum first, or use softmax, "
    "logsumexp or sigmoid, which do",
    "pow": "0 to a negative power is inf, a negative number to a broken power nan, and large "
    "powers overflow",
    "norm": "a norm has no slope at 0; write (x * x + 1e-8).sum().sqrt()",
    "softmax": "a row of nothing but -inf has no softmax: does a query look at no key?",
    **dict.fromkeys(
        ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
         "linear", "matmul", "mul", "add", "sub", "sum", "mean", "batch_norm", "square"),
        _OVERFLOW,
    ),
}  # fmt: skip


class NotFiniteError(FloatingPointError):
    """An op made nan or inf of finite numbers, or was given nan from outside.

    `op`, `layer_path`, `line` and `way`, which is "forward" or "backward", say where. `index` is
    the first such element of the result, backward of the gradient of input number `input`; `value`
    is what stands there. `inputs` holds what the op computed it from, where that is one number of
    each input. `latest`: (place, largest absolute value) of the ops before it, the newest last.
    """

    op: str
    layer_path: str
    line: str
    way: str
    index: tuple
    value: float
    input: int | None
    inputs: list
    latest: list

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        vars(self).update(facts)


@contextmanager
def detect_nan() -> Iterator[None]:
    """Within the block, the first op that makes nan or inf of finite numbers raises NotFiniteError.

    Forward and backward. The -inf of a mask, and what is computed from it, is no fault; a nan that
    comes in with the data is one.

    >>> probability = mg.tensor([0.5, 0.0])
    >>> with debug.detect_nan():
    ...     probability.log()
    Traceback (most recent call last):
    minigrad.debug.finite.NotFiniteError: log at ... made -inf of finite numbers, ...
    """
    with watching(_Detector()):
        yield


class _Detector(Watcher):
    def __init__(self) -> None:
        self.latest: deque[tuple[str, float]] = deque(maxlen=LATEST)
        self.arrived_last = np.zeros(())

    def computed(self, op: Callable, inputs: tuple, options: dict, result: Tensor) -> None:
        """Look at what an op was given, and at what it made."""
        inputs = (*inputs, *options.values())
        place = Place.now(op.__name__ if result.grad_fn is None else result.grad_fn.name)
        arrays = [x.data if isinstance(x, Tensor) else x for x in inputs]
        for i, x in enumerate(arrays):
            given = inputs[i]
            parameter = isinstance(given, Tensor) and given.is_leaf and given.requires_grad
            wrong = np.isinf if parameter and _any(np.isinf, x) else np.isnan
            if _any(wrong, x) and not np.isfinite(result.data).all():
                fault = Fault(place, "forward", x, _first(wrong(x)), i, [])
                name = leaf_name(given, place.layers) if isinstance(given, Tensor) else ""
                raise self._error(
                    fault,
                    f"input {i}{f' ({name})' if name else ''} of {place} holds {fault.value:g} "
                    f"already, first at index {fault.at}: it came from outside; look at the data, "
                    "or at the last optimizer.step()",
                )
        kind = _new(result.data, arrays)
        if kind is not None:
            at = _first(kind(result.data))
            one_by_one = op.__module__.endswith(ELEMENTWISE)
            used = _elements(arrays, result.shape, at) if one_by_one else []
            fault = Fault(place, "forward", result.data, at, None, used)
            raise self._error(
                fault,
                f"{place} made {fault.value:g} of finite numbers, first at index {at} of its "
                f"result {result.shape}" + (f", from {_listed(used)}" if used else ""),
                CAUSES.get(place.op),
            )
        self.latest.append((str(place), _largest(result.data)))

    def arrived(self, node: Node, dy: np.ndarray) -> None:
        """Keep the gradient that the next backward starts from."""
        self.arrived_last = dy

    def sent(self, node: Node, gradients: tuple) -> None:
        """Look at what an op's backward made."""
        place, dy = Place.of(node), self.arrived_last
        for i, dx in enumerate(gradients):
            kind = _new(dx, [dy])
            if kind is not None:
                at = _first(kind(dx))
                used = _elements([dy], dx.shape, at) if dy.shape == dx.shape else []
                fault = Fault(place, "backward", dx, at, i, used)
                raise self._error(
                    fault,
                    f"the backward of {place} made {fault.value:g} of finite numbers, first at "
                    f"index {at} of the gradient of its input {i} {dx.shape}"
                    + (f", where {_listed(used)} had arrived" if used else ""),
                    CAUSES.get(place.op),
                )
        largest = max((_largest(dx) for dx in gradients if dx is not None), default=0.0)
        self.latest.append((f"backward of {place}", largest))

    def _error(self, fault: Fault, text: str, cause: str | None = None) -> NotFiniteError:
        """The error that tells of a fault, its usual cause, and the ops before it."""
        if cause:
            text += f".\nThe usual cause: {cause}"
        if self.latest:
            rows = [f"  {size:9.3g}  {place}" for place, size in self.latest]
            text += "\n".join([".\nThe largest absolute values before it:", *rows])
        return NotFiniteError(
            text, op=fault.place.op, layer_path=fault.place.path, line=fault.place.line,
            way=fault.way, index=fault.at, value=fault.value, input=fault.input,
            inputs=fault.inputs, latest=list(self.latest),
        )  # fmt: skip


class Fault(NamedTuple):
    """A number that is not finite: where it was made, and where it stands in `array`."""

    place: Place
    way: str
    array: np.ndarray
    at: tuple
    input: int | None
    inputs: list

    @property
    def value(self) -> float:
        """The number."""
        return float(self.array[self.at])


def _new(result: Any, inputs: list) -> Callable | None:
    """np.isnan or np.isinf: what the result holds and no input does; None if there is neither.

    inf in an input may make inf, on purpose, but nan it may not.
    """
    if any(_any(np.isnan, x) for x in inputs):
        return None
    if _any(np.isnan, result):
        return np.isnan
    made = _any(np.isinf, result) and not any(_any(np.isinf, x) for x in inputs)
    return np.isinf if made else None


def _any(fault: Callable, x: Any) -> bool:
    """Whether an array or a number holds such a value."""
    if isinstance(x, (np.ndarray, np.generic)):
        return x.dtype.kind == "f" and bool(fault(x).any())
    return isinstance(x, float) and bool(fault(x))


def _first(faults: np.ndarray) -> tuple:
    """The index of the first True."""
    return tuple(map(int, np.unravel_index(int(np.argmax(faults)), faults.shape)))


def _elements(inputs: list, shape: tuple, at: tuple) -> list[float]:
    """The numbers among the inputs that index `at` of a result of this shape is made of."""
    numbers = [x for x in inputs if isinstance(x, (np.ndarray, int, float))]
    return [float(np.broadcast_to(x, shape)[at]) for x in numbers]


def _listed(values: list) -> str:
    return " and ".join(f"{value:.6g}" for value in values)


def _largest(x: np.ndarray) -> float:
    return float(np.abs(x).max()) if x.dtype.kind == "f" and x.size else 0.0
