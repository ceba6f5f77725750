"""What gradcheck is given, seen as arrays: a function of Tensors, a layer, or plain arrays."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from ..backprop import walk_back
from ..grad_mode import enable_grad, no_grad
from ..nn import Layer
from ..tensor import Tensor


class Problem(ABC):
    """A function of `given`, whose arrays of floats are float64 copies that may be moved.

    `names` and `arrays`: what is checked, the inputs of floats (numbers `floats` of `given`), and
    the parameters of a layer.
    """

    def __init__(self, given: list, floats: list[int]) -> None:
        self.given, self.floats = given, floats
        self.names = [f"input {i}" for i in floats]
        self.arrays: list[np.ndarray] = [given[i] for i in floats]

    @abstractmethod
    def results(self) -> list[np.ndarray]:
        """What the function makes of the arrays as they are now."""

    @abstractmethod
    def gradients(self, cotangents: list[np.ndarray]) -> list[Any]:
        """The gradient of each of `arrays` that backward gives, for those of the results."""


class OnTensors(Problem):
    """A function of Tensors, or a layer, and the gradients that minigrad derives."""

    def __init__(self, function: Callable, given: list, floats: list[int]) -> None:
        super().__init__(given, floats)
        self.parameters: list[Tensor] = []
        if isinstance(function, Layer):
            function = copy.deepcopy(function).double()
            for name, p in function.named_parameters():
                if p.requires_grad:
                    self.names.append(name)
                    self.arrays.append(p.data)
                    self.parameters.append(p)
        self.function = function

    def _run(self, needs_grad: bool) -> tuple[list[Tensor], list[Tensor]]:
        """The inputs as Tensors, and the results that hold floats."""
        leaves = [
            Tensor(x, requires_grad=needs_grad and i in self.floats)
            if isinstance(x, np.ndarray)
            else x
            for i, x in enumerate(self.given)
        ]
        results = self.function(*leaves)
        results = results if isinstance(results, (tuple, list)) else [results]
        return leaves, [y for y in results if y.dtype.kind == "f"]

    def results(self) -> list[np.ndarray]:
        """See Problem."""
        with no_grad():
            return [y.data for y in self._run(False)[1]]

    def gradients(self, cotangents: list[np.ndarray]) -> list[Any]:
        """See Problem."""
        with enable_grad():
            leaves, outputs = self._run(True)
            loss = sum((y * Tensor(c)).sum() for y, c in zip(outputs, cotangents, strict=True))
        found: dict[Tensor, np.ndarray] = {}  # and not in .grad, which tensors outside have too
        if isinstance(loss, Tensor) and loss.grad_fn is not None:
            with np.errstate(all="ignore"):
                deque(walk_back(loss.grad_fn, np.ones(()), False, found.__setitem__), maxlen=0)
        return [found.get(x) for x in (*(leaves[i] for i in self.floats), *self.parameters)]


class OnArrays(Problem):
    """A student's forward and backward on plain arrays."""

    def __init__(
        self, function: Callable, backward: Callable | None, given: list, floats: list[int]
    ) -> None:
        super().__init__(given, floats)
        self.function, self.backward = function, backward

    def _run(self) -> tuple[np.ndarray, Any]:
        result = self.function(*self.given)
        if not isinstance(result, tuple) or len(result) != 2:
            kind = "(result, way back)" if self.backward is None else "(result, cache)"
            raise TypeError(
                f"gradcheck: on plain arrays the function must return {kind}, it returned "
                f"{type(result).__name__}; give Tensors to check what minigrad derives"
            )
        return result

    def results(self) -> list[np.ndarray]:
        """See Problem."""
        return [np.asarray(self._run()[0])]

    def gradients(self, cotangents: list[np.ndarray]) -> list[Any]:
        """See Problem."""
        watched = dict(zip(self.names, self.arrays, strict=True))
        watched["the gradient of the result"] = dy = cotangents[0]
        before = {name: x.copy() for name, x in watched.items()}
        _, kept = self._run()
        found = kept(dy) if self.backward is None else self.backward(dy, kept)
        for name, x in watched.items():
            if not np.array_equal(x, before[name], equal_nan=True):
                raise RuntimeError(f"gradcheck: backward writes into {name}; let it take a copy")
        found = found if isinstance(found, (tuple, list)) else (found,)
        if len(found) < len(self.given) and len(found) != len(self.floats):
            raise TypeError(
                f"gradcheck: backward returned {len(found)} gradients for {len(self.given)} "
                "inputs; return one for each input, in their order, None for integers"
            )
        if len(found) == len(self.given):
            found = [found[i] for i in self.floats]
        return [None if dx is None else np.asarray(dx) for dx in found]


def problem_of(function: Callable, inputs: tuple, backward: Callable | None) -> Problem:
    """The problem that gradcheck is given."""
    given = [x.data if isinstance(x, Tensor) else x for x in inputs]
    given = [np.asarray(x) if isinstance(x, np.generic) else x for x in given]
    floats = [i for i, x in enumerate(given) if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    for i in floats:
        given[i] = np.array(given[i], np.float64)  # a copy that may be written to
    on_tensors = isinstance(function, Layer) or any(isinstance(x, Tensor) for x in inputs)
    problem = (
        OnTensors(function, given, floats)
        if on_tensors and backward is None
        else OnArrays(function, backward, given, floats)
    )
    if not problem.arrays:
        kinds = ", ".join(str(getattr(x, "dtype", type(x).__name__)) for x in given)
        raise TypeError(
            f"gradcheck: needs an input of floating point numbers, got {kinds or 'none'}; a "
            "function of integers has no derivative. Write x.double()"
        )
    return problem
