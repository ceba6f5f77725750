"""Has memory that a way back keeps been written to, and on which line?

Such a write, between forward and backward, would make a wrong gradient. The methods and optimizers
that write in place say so (`written`). A plain array in the user's hands (`hand_out`), from `.data`
for example, is written to without a word; so of memory that was handed out copies are kept, which
backward compares: nodes made later copy what they keep of it (`seal`), and for those that are there
already a copy is taken when the array is handed out.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.lib.stride_tricks import as_strided

from .origin import Line, line_text, user_line

next_order = itertools.count().__next__  # nodes, writes and loans, in the order they happen
latest = -1  # that of the last write or copy: newer nodes need not look


class Region(NamedTuple):
    """Where a view lies in the memory of its owner."""

    offset: int  # in bytes, to its first element
    shape: tuple
    strides: tuple

    @classmethod
    def of(cls, view: np.ndarray, owner: np.ndarray) -> Region:
        """The region of a view."""
        start = view.__array_interface__["data"][0]
        return cls(start - byte_bounds(owner)[0], view.shape, view.strides)

    def within(self, memory: np.ndarray, dtype: Any) -> np.ndarray:
        """The view on that memory, given as a row of bytes, or on another row as long."""
        return np.ndarray(self.shape, dtype, memory, self.offset, self.strides)


class Write(NamedTuple):
    """A write by a method."""

    order: int
    by: str
    line: Line


class Copy(NamedTuple):
    """What stood in a region when it was handed out."""

    order: int
    values: np.ndarray


class Memory:
    """What is known of the memory of one array that owns it."""

    def __init__(self, owner: np.ndarray) -> None:
        key = id(owner)

        def forget(_: weakref.ref) -> None:
            del _known[key]
            handed_out.discard(key)

        self.owner = weakref.ref(owner, forget)
        self.writes: dict[Region | None, Write] = {}  # the last one to each region, None for all
        self.copies: dict[Region, Copy] = {}
        self.lines: dict[tuple[str, Line], None] = {}  # how and where it was handed out

    @property
    def where(self) -> str:
        """The last two lines that handed it out, such as ".data at net.py:12"."""
        return " or ".join(f"{by} at {line_text(line)}" for by, line in list(self.lines)[-2:])


_known: dict[int, Memory] = {}
handed_out: set[int] = set()  # those of them that the user holds as plain arrays


def _owner(array: np.ndarray) -> np.ndarray:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _memory(owner: np.ndarray) -> Memory:
    memory = _known.get(id(owner))
    if memory is None:
        memory = _known[id(owner)] = Memory(owner)
    return memory


def written(array: np.ndarray, by: str) -> None:
    """Note that `array` was written in place just now, `by` a method such as "add_"."""
    global latest
    if not array.size:
        return
    owner = _owner(array)
    memory, region = _memory(owner), None if array is owner else Region.of(array, owner)
    if region is None:
        memory.writes.clear()
    memory.writes[region] = Write(next_order(), by, user_line())
    latest = memory.writes[region].order


def hand_out(array: np.ndarray, by: str, kept: bool = False) -> None:
    """Note that the user gets `array` as it is, `by` such as ".data".

    `kept`: some way back may keep it already.
    """
    global latest
    if not array.size:
        return
    owner = _owner(array)
    memory, line = _memory(owner), (by, user_line())
    handed_out.add(id(owner))
    memory.lines.pop(line, None)
    memory.lines[line] = None
    if kept:
        region = Region.of(array, owner)
        if region not in memory.copies:
            latest = next_order()
            memory.copies[region] = Copy(latest, array.copy())


def seal(backward: Callable) -> list | None:
    """Pairs (array, copy) for what a new way back keeps of memory that the user holds."""
    pairs = [(x, x.copy()) for x in kept_arrays(backward) if id(_owner(x)) in handed_out]
    return pairs or None


def change_since(order: int, backward: Callable, sealed: list | None) -> tuple | None:
    """(array, by what and where) for an array of this way back that was written to since."""
    for array in kept_arrays(backward):
        owner = _owner(array)
        memory = _known.get(id(owner))
        if memory is None:
            continue
        for region, write in memory.writes.items():
            if write.order > order and (region is None or _overlap(array, region, owner)):
                return array, f"{write.by} at {line_text(write.line)} has written into it since"
        before = next((copy for x, copy in sealed or () if x is array), None)
        if before is not None:
            changed = bool(_differ(array, before).any())
        else:
            changed = any(
                order < copy.order and _touched(array, region, copy.values, owner)
                for region, copy in memory.copies.items()
            )
        if changed:
            return array, f"it was written to through the plain array from {memory.where}"
    return None


def kept_arrays(backward: Callable) -> Iterator[np.ndarray]:
    """The arrays that a way back sees as its free variables."""
    seen, todo = set(), [backward]
    while todo:
        value: Any = todo.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, (tuple, list)):
            todo += value
        elif isinstance(value, dict):
            todo += value.values()
        elif isinstance(value, FunctionType):
            todo += [cell.cell_contents for cell in value.__closure__ or ()]


def _row(owner: np.ndarray) -> np.ndarray:
    """All of an owner's memory as a row of bytes."""
    low, high = byte_bounds(owner)
    size = owner.itemsize
    return as_strided(owner, ((high - low) // size,), (size,)).view(np.uint8)


def _overlap(array: np.ndarray, region: Region, owner: np.ndarray) -> bool:
    return bool(np.shares_memory(array, region.within(_row(owner), array.dtype)))


def _touched(array: np.ndarray, region: Region, before: np.ndarray, owner: np.ndarray) -> bool:
    """Whether elements of the region that lie in `array` differ from `before`."""
    row = _row(owner)
    changed = _differ(region.within(row, before.dtype), before)
    if not changed.any():
        return False
    marks = np.zeros(row.shape, bool)
    region.within(marks, bool)[changed] = True
    return bool(Region.of(array, owner).within(marks, bool).any())


def _differ(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where they differ, nan being like nan."""
    return (x != y) & ((x == x) | (y == y))
