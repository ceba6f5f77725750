"""An item of an assignment: what is asked, the cases it is tried on, and what counts as right.

A case is a dict of whole numbers (sizes, options, a seed), and everything in it follows from them:
so a case that fails can be made smaller, number by number, until nothing smaller fails.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Case = dict[str, int]

TOLERANCE = 1e-4  # of the largest number expected: float32 inside, or a Fourier transform, is right
SMALL = 0.1  # less than this is expected only where numbers around 1 have cancelled out
SHOWN = 36  # elements up to which an array is written out
TRIES = 10_000
COUNTING, RANDOM = 0, 1  # how arrays are filled: 1, 2, 3 ... or normally distributed
IN_ORDER, TRANSPOSED, REVERSED = 0, 1, 2  # how they lie in memory
SETTINGS = {"fill": (COUNTING, RANDOM), "layout": (IN_ORDER, TRANSPOSED, REVERSED)}


class Solution(Protocol):
    """What is being tried: a student's file in its process, or minigrad's own functions."""

    @property
    def changed(self) -> Sequence[int | str]:
        """Into which arguments, by position or name, the last call wrote."""

    def call(self, name: str, /, *arguments: Any, **options: Any) -> Any:
        """Call the function `name`."""


class Mismatch(Exception):
    """The solution runs, and its answer is wrong. The message says what came and was expected."""


@dataclass(frozen=True)
class Item:
    """One line of the mark: all of its points for a solution that is right in every case.

    `ranges`: the values of each number of a case, the simplest first. `possible` says which
    combinations make sense. `run(solution, case)` raises Mismatch where the answer is wrong;
    `describe(case)` writes the case out, and `explain(solution, case)` says what the mistake may
    be, "" if it has no idea. `hollow`: what of minigrad must not be used here, where an assignment
    may use minigrad at all; None is what the assignment cuts out. `at_most`: so many cases are
    enough, where each takes long.
    """

    name: str
    points: int
    ranges: dict[str, Sequence[int]]
    run: Callable[[Solution, Case], None]
    possible: Callable[[Case], bool] = lambda case: True
    describe: Callable[[Case], str] = lambda case: ""
    explain: Callable[[Solution, Case], str] = lambda solution, case: ""
    hollow: Sequence[str] | None = None
    at_most: int | None = None

    def cases(self, rng: np.random.Generator, number: int) -> Iterator[Case]:
        """Cases drawn at random."""
        for _ in range(number if self.at_most is None else min(number, self.at_most)):
            yield self._draw(rng)

    def _draw(self, rng: np.random.Generator) -> Case:
        for _ in range(TRIES):
            case = {name: v[int(rng.integers(len(v)))] for name, v in self.ranges.items()}
            if self.possible(case):
                return {**case, "seed": int(rng.integers(2**31))}
        raise RuntimeError(f"{self.name}: no possible case among {TRIES} drawn")

    def smaller(self, case: Case) -> Iterator[Case]:
        """The cases in which one number is simpler than in `case`, the simplest first."""
        for name, values in self.ranges.items():
            for value in values[: values.index(case[name])]:
                simpler = {**case, name: value}
                if self.possible(simpler):
                    yield simpler

    def size(self, case: Case) -> int:
        """How far a case is from the simplest."""
        return sum(values.index(case[name]) for name, values in self.ranges.items())


def shrink(item: Item, case: Case, fails: Callable[[Case], bool]) -> Case:
    """The smallest case that still fails: none of its numbers can be made simpler alone."""
    while True:
        simpler = next((c for c in item.smaller(case) if fails(c)), None)
        if simpler is None:
            return case
        case = simpler


def array_of(case: Case, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The float64 array `name` of a case, filled and laid out as the case says."""
    if case["fill"] == COUNTING:
        x = np.arange(1.0, np.prod(shape, dtype=int) + 1).reshape(shape)
    else:
        x = np.random.default_rng([case["seed"], zlib.crc32(name.encode())]).normal(size=shape)
    if case["layout"] == TRANSPOSED:
        return x.T.copy().T
    if case["layout"] == REVERSED and x.ndim:
        return x[..., ::-1].copy()[..., ::-1]
    return x


def agree(name: str, got: Any, expected: np.ndarray | None) -> None:
    """Raise Mismatch unless `got` is `expected`, up to rounding. What is not expected may be."""
    if expected is None:
        return
    if got is None:
        raise Mismatch(f"{name} is None, expected an array of shape {expected.shape}")
    try:
        given = np.asarray(got, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise Mismatch(f"{name} is a {type(got).__name__}, expected an array of numbers") from None
    if given.shape != expected.shape:
        raise Mismatch(f"{name} has shape {given.shape}, expected {expected.shape}")
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=SMALL)
    wrong = ~np.isclose(given, expected, rtol=TOLERANCE, atol=TOLERANCE * scale, equal_nan=True)
    if not wrong.any():
        return
    text = f"{name} is wrong at {wrong.sum()} of {wrong.size} elements"
    if expected.size <= SHOWN:
        raise Mismatch(f"{text}\nyours:\n{written(given)}\nexpected:\n{written(expected)}")
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    raise Mismatch(f"{text}, {at} is {given[at]:.6g}, expected {expected[at]:.6g}")


def written(x: np.ndarray) -> str:
    """A small array in full, of a large one its shape."""
    if x.size > SHOWN:
        return f"    an array of shape {x.shape}"
    text = np.array2string(x, precision=4, suppress_small=True, separator=", ", prefix="    ")
    return f"    {text}"
