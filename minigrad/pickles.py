"""A machine that reads PyTorch's pickles and runs nothing that they say.

A pickle is a program for a machine with a stack; Python's own machine imports any function that the
program names, and calls it. This one knows data only. Its operations are those below, the few names
that it accepts stand for themselves and are never looked up, and everything else is refused by name
and place.
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .elements import DTYPES, from_bytes
from .tensor import Tensor

STORAGES = {
    "torch.DoubleStorage": "F64", "torch.FloatStorage": "F32", "torch.HalfStorage": "F16",
    "torch.BFloat16Storage": "BF16", "torch.BoolStorage": "BOOL", "torch.LongStorage": "I64",
    "torch.IntStorage": "I32", "torch.ShortStorage": "I16", "torch.CharStorage": "I8",
    "torch.ByteStorage": "U8",
}  # fmt: skip
DEEPEST = 100  # levels of dicts and lists within each other
ROOM = 2**26  # bytes that tensors may take beyond what the file holds, by expanded axes

PLAIN_FILE = (
    "a plain file holds tensors, numbers, strings, bools, None, and dicts, lists and tuples of "
    "them. Where it comes from, write torch.save(model.state_dict(), path)"
)


class Refused(Exception):
    """What is wrong with a file."""


class Name(NamedTuple):
    """A name that the pickle mentions, such as "collections.OrderedDict"; a string and no more."""

    text: str


class Storage(NamedTuple):
    """The memory of tensors: `array` (n,)."""

    array: np.ndarray


class Machine:
    """The pickle's machine, for data only.

    `read_storage(key, bytes)` gives the bytes of a storage, the memory that tensors lie in.
    """

    def __init__(self, read_storage: Callable[[str, int], bytes], big_endian: bool) -> None:
        self.read_storage, self.big_endian = read_storage, big_endian
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}
        self.room = ROOM

    def run(self, program: bytes) -> Any:
        """Go through the operations and return what is on the stack at the end.

        OrderedDicts become dicts, Parameters Tensors. Raises Refused for what is no plain data.
        """
        place = 0
        try:
            for operation, argument, position in pickletools.genops(program):
                place = position or 0
                self._do(operation.name, argument)
            (result,) = self.stack
        except Refused as refusal:
            raise Refused(f"{refusal} (at byte {place} of its data.pkl)") from None
        except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
            raise Refused(
                f"is damaged or made up: its data.pkl makes no sense at byte {place} ({error})"
            ) from None
        _check(result)
        return result

    def _do(self, name: str, argument: Any) -> None:
        if name in CONSTANTS:
            self.stack.append(CONSTANTS[name])
        elif name in WITH_VALUE:
            self.stack.append(argument)
        elif name in MAKE:
            self.stack.append(MAKE[name]())
        elif name in PUT:
            self.memo[len(self.memo) if argument is None else argument] = self.stack[-1]
        elif name in GET:
            self.stack.append(self.memo[argument])
        elif name in TUPLES:
            n = TUPLES[name]
            self.stack[len(self.stack) - n :] = [tuple(self._top(n))]
        elif name in OPERATIONS:
            OPERATIONS[name](self, argument)
        elif name not in ("PROTO", "FRAME", "STOP"):
            raise Refused(f"has an operation that can run code, {name}; {PLAIN_FILE}")

    def _top(self, n: int) -> list:
        """The uppermost n of the stack, of those above the last mark."""
        if len(self.stack) - n < (self.marks[-1] if self.marks else 0):
            raise ValueError("the stack is empty")
        return self.stack[len(self.stack) - n :]

    def _pop(self) -> Any:
        (value,) = self._top(1)
        self.stack.pop()
        return value

    def _mark(self, _: Any) -> None:
        self.marks.append(len(self.stack))

    def _pop_to_mark(self) -> list:
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def _tuple(self, _: Any) -> None:
        self.stack.append(tuple(self._pop_to_mark()))

    def _append(self, _: Any) -> None:
        self._extend([self._pop()])

    def _appends(self, _: Any) -> None:
        self._extend(self._pop_to_mark())

    def _extend(self, values: list) -> None:
        (target,) = self._top(1)
        if type(target) is not list:
            raise Refused(f"appends to a {type(target).__name__}")
        target += values

    def _setitem(self, _: Any) -> None:
        value, key = self._pop(), self._pop()
        self._update([key, value])

    def _setitems(self, _: Any) -> None:
        self._update(self._pop_to_mark())

    def _update(self, items: list) -> None:
        (target,) = self._top(1)
        if type(target) is not dict:
            raise Refused(f"sets an item of a {type(target).__name__}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not (key is None or type(key) in (str, int, float, bool)):
                raise Refused(f"has a key of type {type(key).__name__}; {PLAIN_FILE}")
            target[key] = value

    def _name(self, argument: str) -> None:
        self._accept(argument.replace(" ", ".", 1))

    def _name_from_stack(self, _: Any) -> None:
        name, module = self._pop(), self._pop()
        self._accept(f"{module}.{name}")

    def _accept(self, name: str) -> None:
        if name not in CALLS and name not in STORAGES:
            raise Refused(f"names {name!r}, which minigrad does not look up; {PLAIN_FILE}")
        self.stack.append(Name(name))

    def _call(self, _: Any) -> None:
        arguments, function = self._pop(), self._pop()
        if type(function) is not Name or function.text not in CALLS or type(arguments) is not tuple:
            raise Refused(f"calls something that is no function of tensors; {PLAIN_FILE}")
        self.stack.append(CALLS[function.text](self, *arguments))

    def _build(self, _: Any) -> None:
        state = self._pop()
        (target,) = self._top(1)
        if type(target) is not dict or type(state) is not dict or set(state) - {"_metadata"}:
            raise Refused(f"sets attributes of an object; {PLAIN_FILE}")

    def _persistent(self, _: Any) -> None:
        """("storage", type, key, device, elements) becomes the storage."""
        kind, dtype, key, _device, elements = self._pop()
        if kind != "storage" or type(dtype) is not Name or dtype.text not in STORAGES:
            raise ValueError("a storage of no known type")
        if type(key) is not str or type(elements) is not int:
            raise ValueError("a storage without key and size")
        code = STORAGES[dtype.text]
        if key not in self.storages:
            data = self.read_storage(key, elements * np.dtype(DTYPES[code]).itemsize)
            self.storages[key] = Storage(from_bytes(data, code, self.big_endian))
            self.room += len(data)
        self.stack.append(self.storages[key])

    def _ordered_dict(self) -> dict:
        return {}

    def _size(self, sizes: tuple) -> tuple:
        return tuple(sizes)

    def _tensor(
        self, storage: Storage, offset: int, size: tuple, stride: tuple, *_gradient: Any
    ) -> Tensor:
        numbers = (offset, *size, *stride)
        if type(storage) is not Storage or any(type(n) is not int or n < 0 for n in numbers):
            raise ValueError("a tensor without storage, size and strides")
        array = storage.array
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if 0 not in size and last >= array.size:
            raise Refused(
                f"is damaged: a tensor of shape {size} goes beyond its storage of {array.size}"
            )
        self.room -= math.prod(size) * array.itemsize
        if self.room < 0:
            raise Refused(
                f"expands a storage of {array.size} elements to a tensor of shape {size}, and "
                "needs more memory than it has data; save x.clone() in place of x"
            )
        if 0 in size:
            return Tensor(np.empty(size, array.dtype))
        strides = [step * array.itemsize for step in stride]
        return Tensor(np.lib.stride_tricks.as_strided(array[offset:], size, strides).copy())

    def _parameter(self, tensor: Tensor, *_gradient: Any) -> Tensor:
        if type(tensor) is not Tensor:
            raise ValueError("a parameter without tensor")
        return tensor


CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
WITH_VALUE = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
}  # fmt: skip
MAKE: dict[str, Callable] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
PUT = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}
GET = {"GET", "BINGET", "LONG_BINGET"}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
OPERATIONS: dict[str, Callable] = {
    "MARK": Machine._mark,
    "TUPLE": Machine._tuple,
    "APPEND": Machine._append,
    "APPENDS": Machine._appends,
    "SETITEM": Machine._setitem,
    "SETITEMS": Machine._setitems,
    "GLOBAL": Machine._name,
    "STACK_GLOBAL": Machine._name_from_stack,
    "REDUCE": Machine._call,
    "BUILD": Machine._build,
    "BINPERSID": Machine._persistent,
}
CALLS: dict[str, Callable] = {  # what these functions of PyTorch would do, done here
    "collections.OrderedDict": Machine._ordered_dict,
    "torch.Size": Machine._size,
    "torch._utils._rebuild_tensor_v2": Machine._tensor,
    "torch._utils._rebuild_parameter": Machine._parameter,
}


def _check(result: Any) -> None:
    """Refuse what is no data, and what is nested deeper than anyone writes, or in itself."""
    level = [result]
    for _ in range(DEEPEST):
        inside: dict[int, Any] = {}
        for value in level:
            if isinstance(value, (Name, Storage)):
                raise Refused(f"holds a {type(value).__name__.lower()} as a value; {PLAIN_FILE}")
            if type(value) in (dict, list, tuple):
                values = value.values() if type(value) is dict else value
                inside.update((id(item), item) for item in values)
        level = list(inside.values())
        if not level:
            return
    raise Refused(f"holds dicts or lists within each other, deeper than {DEEPEST} levels")
