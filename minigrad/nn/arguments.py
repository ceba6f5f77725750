"""Checks of the arguments that layers are built with: refused at once, by name."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np


def whole(layer: object, name: str, value: Any, least: int = 1) -> int:
    """`value` as an int of at least `least`."""
    where = f"{type(layer).__name__}: {name}"
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        edit = ""
        if isinstance(value, float) and value.is_integer():
            edit = f"; write {int(value)} (a / b is a float in Python, a // b an int)"
        raise TypeError(f"{where} must be an int, got {value!r}{edit}")
    if value < least:
        raise ValueError(f"{where} must be at least {least}, got {value}")
    return int(value)


def number(layer: object, name: str, value: Any, least: float = 0, most: float = math.inf) -> Any:
    """`value`, a number from `least` to `most`."""
    wanted = f"between {least} and {most}" if most < math.inf else f"a number of at least {least}"
    where = f"{type(layer).__name__}: {name} must be {wanted}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(where)
    if not least <= float(value) <= most:
        raise ValueError(where)
    return value


def choice(owner: str, name: str, value: Any, choices: Iterable[str]) -> str:
    """`value` if it is one of `choices`; `owner` is the layer's or function's name."""
    choices = list(choices)
    if value not in choices:
        near = difflib.get_close_matches(str(value), choices, 1)
        edit = f"; did you mean {near[0]!r}?" if near else ""
        listed = ", ".join(map(repr, choices))
        raise ValueError(f"{owner}: {name} must be one of {listed}, got {value!r}{edit}")
    return value


def divides(layer: object, parts: int, what: str = "groups", /, **channels: int) -> None:
    """Refuse `parts` that do not divide each of `channels`, naming the nearest that divide all.

    `what` is the argument's name in the message.
    """
    common = math.gcd(*channels.values())
    for name, value in channels.items():
        if value % parts:
            below, above = value - value % parts, value - value % parts + parts
            near = f"{below} or {above}" if below else f"{above}"
            fits = [n for n in range(1, common + 1) if common % n == 0]
            raise ValueError(
                f"{type(layer).__name__}: {name}={value} is not divisible by {what}={parts}; "
                f"the nearest {name} is {near}, or choose {what} among {_list(fits, parts)}"
            )


def _list(fits: list[int], wanted: int) -> str:
    """The four fitting values nearest to the wanted one, in order."""
    return ", ".join(map(str, sorted(sorted(fits, key=lambda g: abs(g - wanted))[:4])))
