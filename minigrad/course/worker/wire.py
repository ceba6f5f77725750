"""How values travel between the grader and the student's process: JSON, and the bytes of arrays.

A message is a value: None, bool, int, float, str, NumPy scalar, array, function, and tuples, lists
and dicts of them. It is sent as the length of a JSON text, the text, and the bytes of its arrays in
their order. What is received is checked as it is read: nothing is evaluated or unpickled, and no
memory is taken for more than `most` bytes.
"""

from __future__ import annotations

import json
import math
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

HEADER = struct.Struct("<I")
MOST_TEXT = 1 << 23  # bytes of JSON: a list of some 400,000 floats
DTYPES = ["|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8"]
TAKEN = (
    "None, bool, int, float, str, arrays of numbers, functions, and tuples, lists or dicts of them"
)


class Packed(NamedTuple):
    """A message as it is sent."""

    text: bytes
    arrays: list[np.ndarray]


def pack(value: Any, reference: Callable[[Any], Any]) -> Packed:
    """A value as JSON and arrays; `reference` gives what a function is known by.

    TypeError for what cannot be sent, ValueError for more than `MOST_TEXT`.
    """
    arrays: list[np.ndarray] = []

    def described(value: Any) -> Any:
        if isinstance(value, (np.ndarray, np.generic)):
            array = np.asarray(value)
            native = array.dtype.newbyteorder("<").str
            if array.dtype.kind == "f" and native not in DTYPES:
                native = "<f8"  # of a longdouble
            if native not in DTYPES:
                raise TypeError(
                    f"an array of dtype {array.dtype}; real numbers and bool can be sent: take the "
                    ".real of complex ones, write .astype(float) for objects"
                )
            arrays.append(np.ascontiguousarray(array, native))
            about = {"dtype": native, "shape": array.shape, "scalar": isinstance(value, np.generic)}
            if not array.flags.c_contiguous:
                about["strides"] = array.strides
            return {"array": about | {"writeable": array.flags.writeable}}
        if value is None or isinstance(value, (bool, str)):
            return value
        if isinstance(value, (int, float)):
            return int(value) if isinstance(value, int) else float(value)
        if isinstance(value, list):
            return [described(v) for v in value]
        if isinstance(value, tuple):
            return {"tuple": [described(v) for v in value]}
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return {"dict": {key: described(v) for key, v in value.items()}}
        if callable(value):
            return {"function": reference(value)}
        raise TypeError(f"a {type(value).__name__}; what can be sent: {TAKEN}")

    text = json.dumps(described(value)).encode()
    if len(text) > MOST_TEXT:
        raise ValueError(f"more than {MOST_TEXT >> 20} MB of text; send an array, not a list")
    return Packed(text, arrays)


class Stream:
    """A pair of files that messages are read from and written to.

    `resolve` makes a function of what it is known by. With `layouts`, arrays get the strides that
    they had on the other side.
    """

    def __init__(
        self, incoming: Any, outgoing: Any, most: int, resolve: Callable[[Any], Any],
        layouts: bool = False,
    ) -> None:  # fmt: skip
        self.incoming, self.outgoing = incoming, outgoing
        self.most, self.resolve, self.layouts = most, resolve, layouts
        self._left = most
        self._lock = threading.Lock()

    def send(self, message: Packed) -> None:
        """Write a message whole; OSError where nobody listens any more."""
        with self._lock:
            self._write(HEADER.pack(len(message.text)) + message.text)
            for array in message.arrays:
                self._write(array.reshape(-1).view(np.uint8))

    def receive(self) -> Any:
        """The next value; EOFError where none comes, ValueError for what is no message."""
        (length,) = HEADER.unpack(self._read(bytearray(HEADER.size)))
        if length > MOST_TEXT:
            raise ValueError(f"a text of {length} bytes")
        text = bytes(self._read(bytearray(length)))
        self._left = self.most
        try:
            return self._value(json.loads(text))
        except (
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
            OverflowError,
            MemoryError,
        ) as error:
            raise ValueError(f"no message: {error}") from error

    def _value(self, described: Any) -> Any:
        if isinstance(described, list):
            return [self._value(v) for v in described]
        if not isinstance(described, dict):
            return described
        ((kind, content),) = described.items()
        if kind == "tuple":
            return tuple(self._value(v) for v in content)
        if kind == "dict":
            return {key: self._value(v) for key, v in content.items()}
        if kind == "array":
            return self._array(content)
        if kind == "function":
            return self.resolve(content)
        raise ValueError(f"no message: {kind!r}")

    def _array(self, about: dict) -> Any:
        name, shape = about["dtype"], about["shape"]
        if name not in DTYPES or not all(type(n) is int and n >= 0 for n in shape):
            raise ValueError(f"no array: {name!r} of shape {shape!r}")
        dtype = np.dtype(name)
        self._left -= math.prod(shape) * dtype.itemsize
        if self._left < 0:
            raise ValueError(f"arrays of more than {self.most} bytes")
        array = np.empty(shape, dtype)
        self._read(array.reshape(-1).view(np.uint8))
        if about["scalar"]:
            return array[()]
        if self.layouts and "strides" in about:
            array = laid_out(array, about["strides"])
        array.flags.writeable = bool(about["writeable"])
        return array

    def _read(self, room: Any) -> Any:
        view = memoryview(room)
        while len(view):
            count = self.incoming.readinto(view)
            if not count:
                raise EOFError
            view = view[count:]
        return room

    def _write(self, content: Any) -> None:
        view = memoryview(content)
        while len(view):
            view = view[self.outgoing.write(view) :]


def laid_out(array: np.ndarray, strides: list[int]) -> np.ndarray:
    """A copy of an array with these strides, in memory of its own."""
    reach = [(n - 1) * stride for n, stride in zip(array.shape, strides, strict=True)]
    low, high = sum(min(r, 0) for r in reach), sum(max(r, 0) for r in reach)
    memory = np.zeros(high - low + array.itemsize, np.uint8)
    copy: np.ndarray = np.ndarray(array.shape, array.dtype, memory, -low, strides)
    copy[...] = array
    return copy


def arrays_in(value: Any) -> Iterator[np.ndarray]:
    """The arrays of a value, those in its lists, tuples and dicts too."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from arrays_in(part)
