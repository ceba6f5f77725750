"""Is a gradient right? Backward against central differences, and what the mistake may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .causes import FITS, Cause, Wrong, causes_of_shape, likely_causes, misfit
from .problem import Problem, problem_of

STEPS = (1e-3, 1e-4, 1e-5, 1e-6)  # for differences, relative to numbers above 1
ROUNDING = 3e-15  # of a sum in float64, relative to the size of what is added up
BENT = 1e-3, 1e-6  # slopes to both sides that are further apart, relative or at all, are a kink
STREAM = 91  # sets our random numbers apart from a user's of the same seed, which may be x
MOST_LISTED = 3  # causes that a message names
MOST_DIFFERENCES = 1000  # elements of a wrong gradient that are all looked at
FEW, EXACT = 30, 1e-6  # wrong elements that other inputs are changed for, unless a cause fits so


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

    >>> debug.gradcheck(lambda x: (x * x).sum(), mg.randn(3))
    True
    """
    if len(inputs) == 1 and isinstance(inputs[0], (tuple, list)):
        inputs = tuple(inputs[0])
    problem = problem_of(function, inputs, backward)
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
        places = _sample(x, elements, rng)
        _check(problem, name, x, dx, value, cotangents, (rtol, atol), places)
    return True


def _sample(x: np.ndarray, elements: int, rng: np.random.Generator) -> list[tuple]:
    """The indices of some elements: all, if there are no more than that."""
    order = np.arange(x.size)
    if x.size > elements:
        order = np.sort(rng.choice(x.size, elements, replace=False))
    return [tuple(map(int, np.unravel_index(i, x.shape))) for i in order]


def slope(value: Callable[[], tuple], base: tuple, x: np.ndarray, at: tuple) -> Slope:
    """The derivative of value() by x[at], by differences.

    `value` returns a number, and the size of what was added up to it; `base` is what it returns for
    x as it is. How far the slopes to the left and to the right are apart, and from those of the
    next smaller step, says how far off they may be; so does rounding, which grows as the step
    shrinks. The step with the least of both counts.
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
    problem: Problem, name: str, x: np.ndarray, dx: Any, value: Callable[[], tuple],
    cotangents: list[np.ndarray], tolerance: tuple[float, float], places: list[tuple],
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
    if not causes or causes[0].misfit > EXACT:
        changed = _of_others_changed(problem, x, dx, value, wrong[:FEW])
        causes = sorted([*causes, *changed], key=lambda cause: cause.misfit)
    left_out = len(places) - len(found)
    raise _error(
        f"gradcheck: the gradient of {name} {x.shape} is wrong at {len(wrong)} of {len(found)} "
        f"elements{f' ({left_out} more have a kink)' if left_out else ''}. The worst is {worst}: "
        f"backward gives {dx[worst]:.6g}, central differences {found[worst].value:.6g}",
        name, worst, float(dx[worst]), found[worst].value, causes,
    )  # fmt: skip


def _of_others_changed(
    problem: Problem, x: np.ndarray, dx: np.ndarray, value: Callable[[], tuple], places: list[tuple]
) -> Iterator[Cause]:
    """Is it another input's gradient, or right if another input were flipped or transposed?"""
    given = np.array([dx[at] for at in places])
    for name, other in zip(problem.names, problem.arrays, strict=True):
        if other is x:
            continue
        if other.shape == x.shape:
            base = value()
            theirs = np.array([slope(value, base, other, at).value for at in places])
            text = f"it is the gradient of {name}: are the two exchanged?"
            if misfit(given, theirs) < FITS:
                yield Cause(misfit(given, theirs), "exchanged", text)
        before = other.copy()
        for change, explanation, changed in _changes(before):
            other[...] = changed
            base = value()
            slopes = np.array([slope(value, base, x, at).value for at in places])
            other[...] = before
            if misfit(given, slopes) < FITS:
                yield Cause(misfit(given, slopes), change, explanation.format(name))


def _changes(x: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    """What may be done to an input by mistake, in a word and in a sentence, and the result."""
    if x.ndim > 2 and max(x.shape[2:]) > 1:
        text = "it is right for {} flipped: a convolution where a correlation belongs, or reversed"
        yield "flipped", text, np.flip(x, tuple(range(2, x.ndim)))
    if x.ndim > 1 and x.shape[-1] == x.shape[-2] > 1:
        text = "it is right for {} transposed: dy @ w.T where dy @ w belongs, or the reverse"
        yield "transposed", text, x.swapaxes(-1, -2)


def _error(
    text: str, name: str, at: tuple, analytic: float, numeric: float, causes: list[Cause]
) -> GradientError:
    if causes:
        rows = [f"  {i}. {cause.explanation}" for i, cause in enumerate(causes[:MOST_LISTED], 1)]
        text += "\n".join([".\nLikely causes:", *rows])
    return GradientError(
        text, input=name, index=at, analytic=analytic, numeric=numeric, causes=causes
    )
