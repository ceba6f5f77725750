"""How far to go along a direction: a step that meets the strong Wolfe conditions.

Nocedal & Wright, "Numerical Optimization", 2nd edition 2006, Algorithms 3.5 and 3.6, with the
safeguards of M. Schmidt's minFunc, which PyTorch has too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

C1, C2 = 1e-4, 0.9  # how much the loss must fall, and how much flatter it must get


class Point(NamedTuple):
    """A place on the line: step t, the loss there, its gradient, and its slope along the line."""

    t: float
    loss: float
    gradient: np.ndarray
    slope: float


def strong_wolfe(
    at: Callable[[float], Point],
    start: Point,
    t: float,
    longest: float,
    tolerance: float,
    most_tries: int,
) -> tuple[Point, int]:
    """A point whose loss is well below `start`'s and whose slope is well flatter.

    `at(t)` looks at step t; `t` is the first to be tried; `longest` is how far the parameter that
    moves most goes in a step of 1, and brackets narrower than `tolerance` are not cut further;
    after the first, at most `most_tries` steps are tried.
    Returns the point and how often `at` was called.
    """

    def too_high(point: Point) -> bool:
        return point.loss > start.loss + C1 * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -C2 * start.slope

    before, here, tries = start, at(t), 0
    while True:  # go further until a minimum lies between `before` and `here`
        if tries >= most_tries:
            return min(start, here, key=lambda point: point.loss), tries + 1
        if too_high(here) or (tries > 1 and here.loss >= before.loss):
            break
        if flat(here):
            return here, tries + 1
        if here.slope >= 0:
            break
        limits = here.t + 0.01 * (here.t - before.t), 10 * here.t
        before, here = here, at(lowest_of_cubic(before, here, *limits))
        tries += 1

    low, high = sorted((before, here), key=lambda point: point.loss)
    stuck = False
    while tries < most_tries and abs(high.t - low.t) * longest >= tolerance:
        left, right = sorted((low.t, high.t))
        t, margin = lowest_of_cubic(low, high, left, right), 0.1 * (right - left)
        near_an_end = min(right - t, t - left) < margin
        if near_an_end and (stuck or t >= right or t <= left):
            t = right - margin if abs(t - right) < abs(t - left) else left + margin
            stuck = False
        else:
            stuck = near_an_end
        here = at(t)
        tries += 1
        if too_high(here) or here.loss >= low.loss:
            low, high = sorted((low, here), key=lambda point: point.loss)
            continue
        if flat(here):
            return here, tries + 1
        if here.slope * (high.t - low.t) >= 0:
            high = low
        low = here
    return low, tries + 1


def lowest_of_cubic(p: Point, q: Point, least: float, most: float) -> float:
    """Where the cubic through both points, with their slopes, is lowest; within least..most.

    Nocedal & Wright, equation (3.59).
    """
    if p.t > q.t:
        p, q = q, p
    d1 = p.slope + q.slope - 3 * (p.loss - q.loss) / (p.t - q.t)
    square = d1 * d1 - p.slope * q.slope
    if square < 0:  # it has no minimum
        return (least + most) / 2
    d2 = math.sqrt(square)
    t = q.t - (q.t - p.t) * ((q.slope + d2 - d1) / (q.slope - p.slope + 2 * d2))
    return min(max(t, least), most)
