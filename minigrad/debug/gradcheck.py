"""Is a gradient right? Backward against central differences, and what the mistake may be."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..backprop import walk_back
from ..nn import Layer
from ..tensor import Tensor, enable_grad, no_grad
from .causes import Cause, Wrong, causes_of_shape, likely_causes

STEPS = (1e-3, 1e-4, 1e-5, 1e-6)  # for differences, relative to numbers above 1
ROUNDING = 3e-15  # of a sum in float64, relative to the size of what is added up
BENT = 1e-3, 1e-6  # slopes to both sides that are further apart, relative or at all, are a kink
STREAM = 91  # sets our random numbers apart from a user's of the same seed, which may be x
MOST_LISTED = 3  # causes that a message names
MOST_DIFFERENCES = 1000  # elements of a wrong gradient that are all looked at


class GradientError(RuntimeError):
    """A backward that central differences contradict.

    `input`: the name of the input or parameter. `index`: its worst element, where backward gives
    `analytic` and differences give `numeric`. `causes`: what the mistake may be, the likeliest
    first, each with a `name` and an `explanation`.
    """

    input: str
    index: tuple
    analytic: float
    numeric: float
    causes: list[Cause]

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        vars(self).update(facts)


class Slope(NamedTuple):
    """A derivative by differences, how far it may be off, and whether there is none: a kink."""

    value: float
    error: float
    kink: bool


def gradcheck(
    function: Callable,
    *inputs: Any,
    backward: Callable | None = None,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    elements: int = 200,
    seed: int = 0,
) -> bool:
    """True if the gradients of `function` at `inputs` are right; GradientError says what is not.

    `function` is one of
    - a function of Tensors that returns a Tensor, or several in a tuple;
    - a Layer, whose parameters are checked too;
    - where the inputs are plain arrays, a function that returns (result, way back), the form of
      minigrad's ops: the way back takes the gradient of the result and returns that of each input;
    - with `backward`, a function of plain arrays that returns (result, cache), and
      backward(gradient of the result, cache) returns the gradients.

    Everything is computed in float64, for a random gradient of the result. Inputs of floats are
    checked, each at up to `elements` of its elements, drawn by `seed`; integers and whatever else
    are passed on. Elements at which the function has a kink, such as relu at 0 or equal numbers in
    max pooling, have no derivative and are left out, and so are those that are inf.
    """
    if len(inputs) == 1 and isinstance(inputs[0], (tuple, list)):
        inputs = tuple(inputs[0])
    problem = _problem(function, inputs, backward)
    rng = np.random.default_rng([seed, STREAM])
    before = [x.copy() for x in problem.arrays]
    first, again = problem.results(), problem.results()
    for name, x, kept in zip(problem.names, problem.arrays, before, strict=True):
        if not np.array_equal(x, kept, equal_nan=True):
            raise RuntimeError(f"gradcheck: the function writes into {name}; let it take a copy")
    if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, again, strict=True)):
        raise RuntimeError(
            "gradcheck: two calls of the function with the same inputs differ, so differences "
            "say nothing; write layer.eval() for dropout, or draw random numbers outside of it"
        )
    if not first:
        raise TypeError("gradcheck: the function returns no floating point numbers to derive")
    if not all(np.isfinite(y).all() for y in first):
        raise ValueError("gradcheck: the result holds nan or inf; choose other inputs")
    cotangents = [rng.standard_normal(y.shape) for y in first]
    gradients = problem.gradients(cotangents)

    def value() -> tuple[float, float]:
        try:
            results = problem.results()
        except ValueError:  # the function refuses the moved input: it is at the edge of its domain
            return np.nan, 0.0
        if any(y.shape != c.shape for y, c in zip(results, cotangents, strict=True)):
            return np.nan, 0.0  # a shape that hangs on the values has no derivative there
        parts = [y * c for y, c in zip(results, cotangents, strict=True)]
        return sum(float(np.sum(p)) for p in parts), sum(float(np.sum(abs(p))) for p in parts)

    for name, x, dx in zip(problem.names, problem.arrays, gradients, strict=True):
        _check(name, x, dx, value, cotangents, (rtol, atol), _sample(x, elements, rng))
    return True


class _Problem(NamedTuple):
    """Named arrays, the results that they give, and the gradients that backward gives."""

    names: list[str]
    arrays: list[np.ndarray]
    results: Callable[[], list[np.ndarray]]
    gradients: Callable[[list[np.ndarray]], list[Any]]


def _problem(function: Callable, inputs: tuple, backward: Callable | None) -> _Problem:
    given = [x.data if isinstance(x, Tensor) else x for x in inputs]
    given = [np.asarray(x) if isinstance(x, np.generic) else x for x in given]
    floats = [i for i, x in enumerate(given) if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    for i in floats:
        given[i] = np.array(given[i], np.float64)  # a copy that may be written to
    names, arrays = [f"input {i}" for i in floats], [given[i] for i in floats]
    if isinstance(function, Layer):
        function = copy.deepcopy(function).double()
        for name, p in function.named_parameters():
            if p.requires_grad:
                names.append(name)
                arrays.append(p.data)
    if not arrays:
        kinds = ", ".join(str(getattr(x, "dtype", type(x).__name__)) for x in given)
        raise TypeError(
            f"gradcheck: needs an input of floating point numbers, got {kinds or 'none'}; a "
            "function of integers has no derivative. Write x.double()"
        )
    on_tensors = isinstance(function, Layer) or any(isinstance(x, Tensor) for x in inputs)
    if backward is not None or not on_tensors:
        return _plain_problem(function, backward, given, floats, names, arrays)

    def run(needs_grad: bool) -> tuple[list[Tensor], list[Tensor]]:
        leaves = [
            Tensor(x, requires_grad=needs_grad and i in floats) if isinstance(x, np.ndarray) else x
            for i, x in enumerate(given)
        ]
        results = function(*leaves)
        results = results if isinstance(results, (tuple, list)) else [results]
        return leaves, [y for y in results if y.dtype.kind == "f"]

    def results() -> list[np.ndarray]:
        with no_grad():
            return [y.data for y in run(False)[1]]

    def gradients(cotangents: list[np.ndarray]) -> list[Any]:
        with enable_grad():
            leaves, outputs = run(True)
            loss = sum((y * Tensor(c)).sum() for y, c in zip(outputs, cotangents, strict=True))
        found: dict[Tensor, np.ndarray] = {}  # and not in .grad, which tensors outside have too
        if isinstance(loss, Tensor) and loss.grad_fn is not None:
            with np.errstate(all="ignore"):
                deque(walk_back(loss.grad_fn, np.ones(()), False, found.__setitem__), maxlen=0)
        wanted = [leaves[i] for i in floats]
        if isinstance(function, Layer):
            wanted += [p for p in function.parameters() if p.requires_grad]
        return [found.get(x) for x in wanted]

    return _Problem(names, arrays, results, gradients)


def _plain_problem(
    function: Callable, backward: Callable | None, given: list, floats: list[int],
    names: list[str], arrays: list[np.ndarray],
) -> _Problem:  # fmt: skip
    """A student's forward and backward on plain arrays."""

    def forward() -> tuple[np.ndarray, Any]:
        result = function(*given)
        if not isinstance(result, tuple) or len(result) != 2:
            kind = "(result, way back)" if backward is None else "(result, cache)"
            raise TypeError(
                f"gradcheck: on plain arrays the function must return {kind}, it returned "
                f"{type(result).__name__}; give Tensors to check what minigrad derives"
            )
        return result

    def gradients(cotangents: list[np.ndarray]) -> list[Any]:
        before = [x.copy() for x in (*arrays, cotangents[0])]
        _, kept = forward()
        found = kept(cotangents[0]) if backward is None else backward(cotangents[0], kept)
        for name, x, old in zip(
            [*names, "the gradient of the result"], [*arrays, cotangents[0]], before, strict=True
        ):
            if not np.array_equal(x, old, equal_nan=True):
                raise RuntimeError(f"gradcheck: backward writes into {name}; let it take a copy")
        found = found if isinstance(found, (tuple, list)) else (found,)
        if len(found) < len(given) and len(found) != len(floats):
            raise TypeError(
                f"gradcheck: backward returned {len(found)} gradients for {len(given)} inputs; "
                "return one for each input, in their order, None for integers"
            )
        if len(found) < len(given):  # only those of the floats
            return [None if dx is None else np.asarray(dx) for dx in found]
        return [None if found[i] is None else np.asarray(found[i]) for i in floats]

    return _Problem(names, arrays, lambda: [np.asarray(forward()[0])], gradients)


def _sample(x: np.ndarray, elements: int, rng: np.random.Generator) -> list[tuple]:
    """The indices of some elements: all, if there are no more than that."""
    order = np.arange(x.size)
    if x.size > elements:
        order = np.sort(rng.choice(x.size, elements, replace=False))
    return [tuple(map(int, np.unravel_index(i, x.shape))) for i in order]


def slope(value: Callable[[], tuple], base: tuple, x: np.ndarray, at: tuple) -> Slope:
    """The derivative of value() by x[at], by differences.

    `value` returns a number, and the size of what was added up to it; `base` is what it returns for
    x as it is. How far the slopes to the
    left and to the right are apart, and from those of the next smaller step, says how far off they
    may be; so does rounding, which grows as the step shrinks. The step with the least of both
    counts.
    """
    middle, (here, size) = x[at], base
    if not np.isfinite(middle):
        return Slope(np.nan, np.nan, True)
    tried = []
    for step in STEPS:
        h = step * max(1.0, abs(middle))
        x[at] = middle + h
        right = (value()[0] - here) / h
        x[at] = middle - h
        left = (here - value()[0]) / h
        x[at] = middle
        rounding = ROUNDING * (size + abs(here)) / h
        tried.append((abs(right - left), (right + left) / 2, rounding))
    best = Slope(np.nan, np.inf, True)
    for (gap, found, rounding), (_, smaller, _) in zip(tried, [*tried[1:], tried[-1]], strict=True):
        apart = gap + abs(found - smaller)
        if apart + rounding < best.error:
            kink = apart > BENT[0] * abs(found) + BENT[1] + 2 * rounding
            best = Slope(found, apart + rounding, kink)
    return best


def _check(
    name: str, x: np.ndarray, dx: Any, value: Callable[[], tuple], cotangents: list[np.ndarray],
    tolerance: tuple[float, float], places: list[tuple],
) -> None:  # fmt: skip
    """Compare the gradient of one input at these places."""
    if dx is None:
        dx = np.zeros_like(x)
    if dx.shape != x.shape:
        causes = causes_of_shape(dx, cotangents)
        raise _error(
            f"gradcheck: the gradient of {name} has shape {dx.shape}, {name} has shape {x.shape}",
            name, (), np.nan, np.nan, causes,
        )  # fmt: skip
    rtol, atol = tolerance
    base = value()
    found = {at: slope(value, base, x, at) for at in places}
    found = {at: s for at, s in found.items() if not s.kink}
    off = {
        at: abs(dx[at] - s.value) / (atol + s.error + rtol * max(abs(dx[at]), abs(s.value)))
        for at, s in found.items()
    }
    wrong = [at for at, times in off.items() if not times <= 1]
    if not wrong:
        return
    if x.size <= MOST_DIFFERENCES:  # the more is known, the better causes are told apart
        every = {at: found.get(at) or slope(value, base, x, at) for at in np.ndindex(x.shape)}
    else:
        every = found
    worst = max(wrong, key=lambda at: np.inf if np.isnan(off[at]) else off[at])
    numeric = np.full(x.shape, np.nan)
    for at, s in every.items():
        numeric[at] = np.nan if s.kink else s.value
    causes = likely_causes(Wrong(dx, numeric, cotangents))
    left_out = len(places) - len(found)
    raise _error(
        f"gradcheck: the gradient of {name} {x.shape} is wrong at {len(wrong)} of {len(found)} "
        f"elements{f' ({left_out} more have a kink)' if left_out else ''}. The worst is {worst}: "
        f"backward gives {dx[worst]:.6g}, central differences {found[worst].value:.6g}",
        name, worst, float(dx[worst]), found[worst].value, causes,
    )  # fmt: skip


def _error(
    text: str, name: str, at: tuple, analytic: float, numeric: float, causes: list[Cause]
) -> GradientError:
    if causes:
        rows = [f"  {i}. {cause.explanation}" for i, cause in enumerate(causes[:MOST_LISTED], 1)]
        text += "\n".join([".\nLikely causes:", *rows])
    return GradientError(
        text, input=name, index=at, analytic=analytic, numeric=numeric, causes=causes
    )
