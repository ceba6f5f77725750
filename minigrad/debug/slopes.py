"""One number of a gradient, taken apart: which gradients it is the sum of, times which slopes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .events import Backward, Entry, Sent

MOST = 6  # terms that are told one by one
STEP = 1e-5  # relative to the element
SMALL = 1e-3  # elements below it are moved as if they were so large


class Term(NamedTuple):
    """A product of the sum: the gradient that arrived at `place` in y, and the slope of y there."""

    place: tuple
    gradient: float
    slope: float


class Terms(NamedTuple):
    """The gradient at one element: the largest of `number` terms, and what all of them sum to."""

    at: tuple
    terms: list[Term]
    number: int
    total: float


def take_apart(event: Backward, sent: Sent, at: tuple) -> Terms | None:
    """The terms of the element `at` of what was sent to an input.

    The slopes are measured: the op runs again with the element a little larger and a little
    smaller, in double precision. None where they do not explain the gradient: at a kink, beside
    the border of what the op takes, or lost in rounding.
    """
    x = abs(float(event.entry.inputs[sent.input].value[at]))
    step = STEP * max(x, SMALL) if np.isfinite(x) else STEP
    try:
        up, down = (_result(event.entry, sent.input, at, move) for move in (step, -step))
    except ValueError:  # such as a probability above 1
        return None
    with np.errstate(all="ignore"):
        slopes = np.where(up == down, 0.0, (up - down) / (2 * step))  # an inf that stays has none
        products = np.asarray(slopes * event.gradient)
    total, size = float(products.sum()), float(np.abs(products).sum())
    products[np.abs(products) < 1e-8 * size] = 0  # rounding
    if not abs(total - float(sent.gradient[at])) <= 1e-4 * size + 1e-12:
        return None
    order = np.argsort(-np.abs(products), axis=None, kind="stable")
    largest = [tuple(map(int, np.unravel_index(k, products.shape))) for k in order[:MOST]]
    terms = [
        Term(index, float(event.gradient[index]), float(slopes[index]))
        for index in largest
        if products[index] != 0
    ]
    return Terms(at, terms, int(np.count_nonzero(products)), total)


def _result(entry: Entry, i: int, at: tuple, step: float) -> np.ndarray:
    """What the op makes with element `at` of input i moved by `step`."""
    arrays = [_double(x.value if isinstance(x, Entry) else x) for x in entry.inputs]
    arrays[i] = arrays[i].copy()
    arrays[i][at] += step
    # What an op reports to, such as running statistics, must not hear of this run.
    options = {k: _double(v) for k, v in entry.options.items() if not callable(v)}
    assert entry.op is not None
    with np.errstate(all="ignore"):
        return np.asarray(entry.op(*arrays, **options)[0])


def _double(x: Any) -> Any:
    """Floating point arrays and dtypes in double precision, all else as it is."""
    if isinstance(x, np.ndarray):
        return x.astype(np.float64) if x.dtype.kind == "f" else x
    is_float = isinstance(x, (np.dtype, type)) and np.dtype(x).kind == "f"
    return np.dtype(np.float64) if is_float else x
