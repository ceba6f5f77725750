"""What may be wrong with a gradient: each usual mistake is tried, and ranked by how well it fits.

A is the gradient that backward gave, T the true one. A mistake fits if what it would have made of T
is A, up to `misfit`, the part of A that stays unexplained: 0 is a perfect fit, 1 no fit at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

FITS = 0.02  # the misfit up to which a cause is named
SECOND = 1e-3  # added to the misfit of a cause that the others go before
FEW_RIGHT = 0.05  # share of the elements
EXACT = 1e-4  # relative difference of elements that are taken as equal


class Wrong(NamedTuple):
    """A gradient that is wrong: A, T (nan where it is not known), and those of the results."""

    given: np.ndarray
    true: np.ndarray
    cotangents: list[np.ndarray]


class Cause(NamedTuple):
    """A mistake that would explain the gradient."""

    misfit: float
    name: str
    explanation: str


def likely_causes(wrong: Wrong) -> list[Cause]:
    """The mistakes that fit, the best first."""
    tried = [
        *_detached(wrong), *_passed_on(wrong), *_without_dy(wrong), *_factor(wrong),
        *_moved(wrong), *_other_sum(wrong), *_partly_right(wrong), *_missing_term(wrong),
    ]  # fmt: skip
    best = min((cause.misfit for cause in tried), default=1.0)
    limit = 2 * SECOND if best < EXACT else FITS  # one that fits exactly leaves no room for guesses
    fitting = [cause for cause in tried if cause.misfit <= limit]
    return sorted(fitting, key=lambda cause: cause.misfit)


def misfit(a: np.ndarray, b: np.ndarray) -> float:
    """|a - b| / |a|, of the elements that are known in both; 1 at most."""
    known = np.isfinite(a) & np.isfinite(b)
    size = np.linalg.norm(a[known])
    if not known.any() or size == 0:
        return 1.0
    return min(1.0, float(np.linalg.norm(a[known] - b[known]) / size))


def causes_of_shape(given: np.ndarray, cotangents: list[np.ndarray]) -> list[Cause]:
    """Why a gradient may have a shape that is not its input's."""
    if not any(given.shape == c.shape for c in cotangents):
        return []
    text = (
        "it has the result's shape: the input was broadcast, so its gradient is summed over the "
        "axes along which it was repeated"
    )
    return [Cause(0.0, "not un-broadcast", text)]


def _detached(wrong: Wrong) -> Iterator[Cause]:
    a, t = wrong.given, _known(wrong)
    if not a.any() and t.any():
        yield Cause(
            0.0,
            "detached",
            "no gradient arrives: the input was detached, taken out with .data or numpy(), or its "
            "gradient never assigned",
        )
    elif a.ndim and len(a) > 1 and not a[1:].any() and t[1:].any():
        yield Cause(
            misfit(a[:1], wrong.true[:1]),
            "first only",
            "only the first element along axis 0 has a gradient: does a loop return too early?",
        )


def _passed_on(wrong: Wrong) -> Iterator[Cause]:
    for c in wrong.cotangents:
        if c.shape == wrong.given.shape:
            yield Cause(
                misfit(wrong.given, c) + SECOND,
                "passed on",
                "the gradient of the result is passed on as it is: the chain rule multiplies it by "
                "the function's slope",
            )


def _without_dy(wrong: Wrong) -> Iterator[Cause]:
    for c in wrong.cotangents:
        if c.shape in ((), wrong.given.shape):
            yield Cause(
                misfit(wrong.true, wrong.given * c),
                "dy forgotten",
                "it is the slope alone, not multiplied by the gradient of the result",
            )


def _factor(wrong: Wrong) -> Iterator[Cause]:
    a, t = wrong.given, wrong.true
    k = _ratio(a, t)
    if k is None or abs(k - 1) < FITS / 2:  # no mistake is so small a factor
        return
    fit = misfit(a, k * t)
    if abs(k + 1) < FITS:
        yield Cause(fit, "sign", "the sign is wrong: it is the negative of the true gradient")
        return
    counts = {}
    results = [("the result", c.shape) for c in wrong.cotangents]
    for what, shape in [("the input", a.shape), *results]:
        counts[f"the number of elements of {what}"] = int(np.prod(shape))
        counts[f"the number of pixels of {what}"] = int(np.prod(shape[2:]))
        counts.update({f"the size of axis {i} of {what}": n for i, n in enumerate(shape)})
    for what, n in counts.items():
        if n > 2 and abs(k * n - 1) < FITS:
            yield Cause(fit, "factor", f"a factor 1/{n}: {n} is {what}; a mean that forward does "
                        "not take, or one divided by twice")  # fmt: skip
            return
        if n > 2 and abs(k / n - 1) < FITS:
            yield Cause(fit, "factor", f"a factor {n}: {n} is {what}; forward takes a mean, so "
                        "divide by it")  # fmt: skip
            return
    if a.size > 1 or _is_simple(k):  # one number is some multiple of another, whatever was wrong
        yield Cause(fit + SECOND, "factor", f"a factor {k:.6g}: everything else is right")


def _is_simple(k: float) -> bool:
    """A whole number, or 1 / a whole number."""
    return k != 0 and min(abs(x - round(x)) for x in (k, 1 / k)) < EXACT


def _moved(wrong: Wrong) -> Iterator[Cause]:
    """The right numbers in other places."""
    a, t = wrong.given, wrong.true
    for i, j in combinations(range(a.ndim), 2):
        if a.shape[i] == a.shape[j] > 1:
            fit = misfit(a, t.swapaxes(i, j))
            yield Cause(fit, "transposed", f"it is transposed: axes {i} and {j} are exchanged")
    for number in range(1, min(a.ndim, 3) + 1):
        for axes in combinations(range(a.ndim), number):
            if min(a.shape[axis] for axis in axes) > 1:
                yield Cause(
                    misfit(a, np.flip(t, axes)) + 1e-6 * number,
                    "flipped",
                    f"it is flipped along axis {' and '.join(map(str, axes))}: a convolution where "
                    "a correlation belongs, or the reverse",
                )
    for axis, size in enumerate(a.shape):
        for by in (-2, -1, 1, 2):
            if size > abs(by) + 1:
                kept = [slice(None)] * a.ndim
                kept[axis] = slice(max(by, 0), size + min(by, 0))
                moved = np.roll(t, by, axis)[tuple(kept)]
                yield Cause(
                    misfit(a[tuple(kept)], moved) + 1e-6 * abs(by),
                    "shifted",
                    f"it is shifted by {by} along axis {axis}: look at the padding and at where "
                    "slices begin",
                )


def _other_sum(wrong: Wrong) -> Iterator[Cause]:
    """The gradient of a result summed over the wrong axes."""
    for c in wrong.cotangents:
        for number in range(1, c.ndim + 1):
            for axes in combinations(range(c.ndim), number):
                rest = np.sum(c, axis=axes)
                if rest.size == wrong.given.size and rest.size > 1:
                    fit = misfit(wrong.given, rest.reshape(wrong.given.shape))
                    named = " and ".join(map(str, axes))
                    yield Cause(
                        fit,
                        "wrong axis",
                        f"it is the gradient of the result summed over axis {named}: the wrong "
                        "axes; sum over those along which the input was repeated",
                    )


def _partly_right(wrong: Wrong) -> Iterator[Cause]:
    """Some elements right and others not: a mask is forgotten, or what came last stands alone."""
    known = np.isfinite(wrong.true)
    a, t = wrong.given[known], wrong.true[known]
    right = np.isclose(a, t, rtol=EXACT, atol=EXACT * np.abs(t).max(initial=0))
    if right.all() or not right.any():
        return
    yield from _one_in_each_row(wrong)
    if not t[~right].any():
        yield Cause(
            FITS / 2,
            "mask",
            "it is wrong only where the true gradient is 0: a mask, of relu or of the maximum, is "
            "not applied",
        )
    share = right[t != 0].mean() if t.any() else 0.0
    if share >= FEW_RIGHT and (a[~right] != 0).all() and (t[~right] != 0).all():
        yield Cause(
            FITS * (1 - share),
            "overwritten",
            f"{right.mean():.0%} of the elements are right: where an element receives several "
            "contributions only one may be kept; write += in place of = (np.add.at for indices "
            "that repeat)",
        )


def _one_in_each_row(wrong: Wrong) -> Iterator[Cause]:
    """Wrong at one element of each row: that of a label, or of an index."""
    a, t = wrong.given, _known(wrong)
    off = ~np.isclose(a, t, rtol=EXACT, atol=EXACT * np.abs(t).max()) & np.isfinite(wrong.true)
    for axis, size in enumerate(a.shape):
        if size > 2 and a.ndim > 1 and (off.sum(axis=axis) == 1).all():
            yield Cause(
                FITS / 4,
                "one in each row",
                f"exactly one element along axis {axis} is wrong in each row: that of a label or "
                "an index, where a term such as -1 is missing, or is too many",
            )


def _missing_term(wrong: Wrong) -> Iterator[Cause]:
    """A difference that is the same along an axis: a mean or a sum was not subtracted."""
    a, t = wrong.given, wrong.true
    for axis, size in enumerate(a.shape):
        if size > 2:
            rest = a - t
            known = np.isfinite(rest)
            sums = np.sum(np.where(known, rest, 0), axis=axis, keepdims=True)
            mean = sums / np.maximum(known.sum(axis=axis, keepdims=True), 1)
            if known.any():
                yield Cause(
                    misfit(rest, np.broadcast_to(mean, rest.shape)) + SECOND,
                    "missing term",
                    f"a term is missing that is the same along axis {axis}: softmax and "
                    "normalisation subtract a mean over it",
                )


def _known(wrong: Wrong) -> np.ndarray:
    """The true gradient, 0 where it is not known."""
    return np.nan_to_num(wrong.true, nan=0.0)


def _ratio(a: np.ndarray, t: np.ndarray) -> float | None:
    """The k with a = k * t that fits best."""
    known = np.isfinite(a) & np.isfinite(t)
    size = float(np.sum(t[known] ** 2)) if known.any() else 0.0
    return float(np.sum(a[known] * t[known])) / size if size else None
