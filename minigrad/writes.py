"""Has memory that a way back keeps been written to, and on which line?

Such a write, between forward and backward, would make a wrong gradient. The methods and optimizers
that write in place say so (`written`). A plain array in the user's hands, one that came out of a
Tensor (`hand_out`) or goes into an op (`take_in`), is written to without a word. So of memory that
the user holds copies are kept, which backward compares: a node made later copies what it keeps of
it (`seal`), and for nodes that may be there already `hand_out` takes a copy.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import byte_bounds

from .origin import Line, line_text, user_line

next_order = itertools.count().__next__  # nodes, writes and copies, in the order they happen
latest = -1  # that of the last write or copy: newer nodes need not look


class Region(NamedTuple):
    """Where a view lies in the memory of its owner."""

    offset: int  # in bytes, to its first element
    dtype: np.dtype
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @classmethod
    def of(cls, view: np.ndarray, owner: np.ndarray) -> Region:
        """The region of a view."""
        start = view.__array_interface__["data"][0]
        return cls(start - byte_bounds(owner)[0], view.dtype, view.shape, view.strides)

    def within(self, memory: np.ndarray) -> np.ndarray:
        """The view, on all the owner's memory as a row of bytes."""
        return np.ndarray(self.shape, self.dtype, memory, self.offset, self.strides)

    def bytes_within(self, marks: np.ndarray) -> np.ndarray:
        """(*shape, itemsize): the marks of each element's bytes, in a row as long as the memory."""
        shape, strides = (*self.shape, self.dtype.itemsize), (*self.strides, 1)
        return np.ndarray(shape, bool, marks, self.offset, strides)


class Write(NamedTuple):
    """A write by a method."""

    order: int
    by: str
    line: Line
    bounds: tuple[float, float]


EVERYWHERE = (-math.inf, math.inf)
MOST_WRITES = 10_000  # to parts of one memory that are told apart


class Copy(NamedTuple):
    """What stood in a region when it was handed out."""

    order: int
    values: np.ndarray
    bounds: tuple[int, int]


class Memory:
    """What is known of the memory of one array that owns it."""

    def __init__(self, owner: np.ndarray) -> None:
        key = id(owner)

        def forget(_: weakref.ref) -> None:
            _known.pop(key, None)
            handed_out.discard(key)

        self.owner = weakref.ref(owner, forget)
        self.writes: dict[Region | None, Write] = {}  # the last to each region, None for all of it
        self.copies: dict[Region, Copy] = {}
        self.is_covered = False  # no graph that is not sealed can keep more than copies hold
        self.lines: dict[tuple[str, Line], None] = {}  # how and where it was handed out

    @property
    def where(self) -> str:
        """The lines that handed it out, such as ".data at net.py:12"."""
        lines = list(self.lines)
        told = lines if len(lines) < 5 else [*lines[:2], *lines[-2:]]
        return " or ".join(f"{by} at {line_text(line)}" for by, line in told)


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
    memory, region, bounds = _memory(owner), None, EVERYWHERE
    if array is owner:
        memory.writes.clear()
    else:
        region, bounds = Region.of(array, owner), byte_bounds(array)
        memory.writes.pop(region, None)  # the newest stands last
    latest = next_order()
    memory.writes[region] = Write(latest, by, user_line(), bounds)
    if len(memory.writes) > MOST_WRITES:  # of the older half it is forgotten where they were
        older = list(memory.writes)[: MOST_WRITES // 2]
        last = [memory.writes.pop(region) for region in older][-1]
        memory.writes = {None: last._replace(bounds=EVERYWHERE), **memory.writes}


def hand_out(array: np.ndarray, by: str) -> None:
    """Note that the user gets a Tensor's array as it is, `by` such as ".data"."""
    global latest
    if not array.size:
        return
    owner = _owner(array)
    memory = _lend(owner, by)
    region = Region.of(array, owner)
    if memory.is_covered or region in memory.copies:
        return
    if _references(array, owner) == (ALONE if owner is array else VIEW_ALONE):
        memory.is_covered = True  # nothing else holds it, so no graph keeps it yet
        return
    if array.nbytes + sum(copy.values.nbytes for copy in memory.copies.values()) > owner.nbytes:
        array, region, memory.is_covered = owner, Region.of(owner, owner), True
    latest = next_order()
    memory.copies[region] = Copy(latest, array.copy(), byte_bounds(array))


def take_in(array: np.ndarray, by: str) -> None:
    """Note that an array of the user's goes into a Tensor or an op, `by` such as "from_numpy"."""
    if array.size:
        owner = _owner(array)
        is_new = id(owner) not in _known
        memory = _lend(owner, by)
        memory.is_covered |= is_new  # no graph has seen it yet


def forget_writes(since: int) -> None:
    """Forget the writes of methods after `since`, a number of next_order: all was put back."""
    for memory in list(_known.values()):
        for region, write in list(memory.writes.items()):
            if write.order > since:
                del memory.writes[region]


def _lend(owner: np.ndarray, by: str) -> Memory:
    memory, line = _memory(owner), (by, user_line())
    handed_out.add(id(owner))
    memory.lines.pop(line, None)
    memory.lines[line] = None
    return memory


def seal(backward: Callable) -> Sequence[tuple[np.ndarray, np.ndarray]]:
    """Pairs (array, copy) for what a new way back keeps of memory that the user holds."""
    return [(x, x.copy()) for x in kept_arrays(backward) if id(_owner(x)) in handed_out]


def change_since(order: int, backward: Callable, sealed: Sequence) -> tuple[np.ndarray, str] | None:
    """(array, by what and where) for an array of this way back that was written to since."""
    for array in kept_arrays(backward):
        owner = _owner(array)
        memory = _known.get(id(owner))
        if memory is None or not array.size:
            continue
        bounds = byte_bounds(array)
        for region, write in reversed(list(memory.writes.items())):
            if write.order < order:
                break
            if _meet(bounds, write.bounds) and (
                region is None or np.shares_memory(array, region.within(_row(owner)))
            ):
                return array, f"{write.by} at {line_text(write.line)} has written into it since"
        before = next((copy for x, copy in sealed if x is array), None)
        if before is not None:
            changed = bool(_differ(array, before).any())
        else:
            changed = any(
                order < copy.order
                and _meet(bounds, copy.bounds)
                and _touched(array, region, copy.values, owner)
                for region, copy in list(memory.copies.items())
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
    memory: Any = (ctypes.c_ubyte * (high - low)).from_address(low)
    return np.frombuffer(memory, np.uint8)


def _meet(x: tuple[float, float], y: tuple[float, float]) -> bool:
    return x[0] < y[1] and y[0] < x[1]


def _touched(array: np.ndarray, region: Region, before: np.ndarray, owner: np.ndarray) -> bool:
    """Whether elements of the region that lie in `array` differ from `before`."""
    row = _row(owner)
    changed = _differ(region.within(row), before)
    if not changed.any():
        return False
    marks = np.zeros(row.shape, bool)
    region.bytes_within(marks)[changed] = True
    return bool(Region.of(array, owner).bytes_within(marks).any())


def _differ(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where they differ, nan being like nan."""
    return (x != y) & ((x == x) | (y == y))


def _references(array: np.ndarray, owner: np.ndarray) -> tuple[int, int]:
    return sys.getrefcount(array), sys.getrefcount(owner)


def _references_alone(arrays: list[np.ndarray]) -> list[tuple[int, int]]:
    """What `hand_out` counts for an array that nothing but its Tensor holds.

    It depends on how this Python passes arguments, so it is measured.
    """

    def count(array: np.ndarray) -> tuple[int, int]:
        owner = _owner(array)
        return _references(array, owner)

    return [count(arrays[0]), count(arrays[1])]


ALONE, VIEW_ALONE = _references_alone([np.zeros(2), np.zeros(2)[:1]])
