"""What the methods rely on, and PyTorch's rules for operands of different dtypes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from ..names import explain
from ..ops import elementwise
from ..origin import called_by_user
from ..writes import hand_out, take_in, written

if TYPE_CHECKING:
    from ..tensor import Tensor

DEFAULT_FLOAT = np.dtype(np.float32)
NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}
P = ParamSpec("P")
R = TypeVar("R")
RANK = {"b": 0, "u": 1, "i": 1, "f": 2}


class Base:
    """The part of Tensor that its methods use."""

    __slots__ = ()
    _data: np.ndarray
    dtype: Any
    _apply: Callable[..., Tensor]
    _requires_grad: bool
    _is_recording: Callable[[], bool]  # whether an op on it would be recorded now
    requires_grad: Any
    _node: Any

    if not TYPE_CHECKING:  # so that a type checker still reports a misspelt method

        def __getattr__(self, name):
            if name.startswith("__") or name in self.__slots__:
                raise AttributeError(f"Tensor has no attribute {name!r}", name=name)
            raise AttributeError(explain("Tensor", name, type(self)), name=name)

    def written(self, by: str) -> None:
        """Note that `by`, a method such as "add_", has written into `data`."""
        written(self._data, by)

    @property
    def data(self) -> np.ndarray:
        """The plain array. Assigning puts another in its place, a Tensor's array for a Tensor."""
        if called_by_user():
            hand_out(self._data, ".data")
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        # `w.data -= lr * w.grad` ends here with a Tensor
        array = value._data if isinstance(value, Base) else np.asarray(value)
        self._data = array  # type: ignore[misc]
        if array is value and called_by_user():
            take_in(array, ".data =")


def numpy_names(method: Callable[P, R]) -> Callable[P, R]:
    """Let a method take `axis` for `dim` and `keepdims` for `keepdim`."""

    @wraps(method)
    def renamed(*args: P.args, **options: P.kwargs) -> R:
        for numpys, ours in NUMPY_NAMES.items():
            if numpys in options:  # Python itself refuses both names at once
                return renamed(*args, **{ours: options.pop(numpys)}, **options)  # type: ignore[arg-type]
        return method(*args, **options)

    return renamed


def number_kind(value: Any) -> str | None:
    """The kind of a plain number: "b", "i" or "f"; None for anything else."""
    if isinstance(value, (bool, np.bool_)):
        return "b"
    if isinstance(value, (int, np.integer)):
        return "i"
    return "f" if isinstance(value, (float, np.floating)) else None


def common_dtype(x: np.ndarray, y: np.ndarray) -> np.dtype:
    """The dtype of x + y. Floats win over integers, and a scalar does not widen an array."""
    if RANK[x.dtype.kind] != RANK[y.dtype.kind]:
        return x.dtype if RANK[x.dtype.kind] > RANK[y.dtype.kind] else y.dtype
    if x.ndim and not y.ndim:
        return x.dtype
    if y.ndim and not x.ndim:
        return y.dtype
    return np.promote_types(x.dtype, y.dtype)


def cast(x: Any, dtype: np.dtype) -> Tensor:
    """`x` in `dtype`, recorded; x itself where it has that dtype already."""
    return x if x.data.dtype == dtype else x._apply(elementwise.astype, x, dtype=dtype)


def need_tensor(op: str, x: Any) -> Any:
    """`x`, which must be one Tensor (or array), and not several or none."""
    if x is None:
        raise TypeError(
            f"{op}: expected a Tensor, got None; does the forward before lack its `return`?"
        )
    if isinstance(x, (list, tuple)):
        edit = "write minigrad.tensor(...) around it"
        if any(isinstance(item, Base) for item in x):
            edit = (
                f"the layer before gave {len(x)} outputs: take the one you need in a forward of "
                "your own, y = layer(x)[0]"
            )
        raise TypeError(f"{op}: expected a Tensor, got a {type(x).__name__}; {edit}")
    return x


def need_float(op: str, x: Any) -> Any:
    """`x`, which must be one Tensor of floating point numbers."""
    if need_tensor(op, x).dtype.kind != "f":
        raise TypeError(
            f"{op}: needs floating point numbers, the tensor is {x.dtype}; write x.float()"
        )
    return x


def match(x: Any, other: Any, lowest: str = "b") -> tuple[Any, Any]:
    """Two operands of one dtype; (x, NotImplemented) where `other` is nothing to calculate with.

    A plain number stays a number and never widens a tensor. `lowest` = "f" makes integers floats
    first, as division needs it.
    """
    if type(other) is float and x._data.dtype.kind == "f":  # the usual cases first
        return x, other
    if isinstance(other, Base) and other._data.dtype == x._data.dtype and lowest == "b":
        return x, other
    kind = number_kind(other)
    if kind is not None:
        dtype = x.data.dtype
        if max(RANK[kind], RANK[lowest]) > RANK[dtype.kind]:
            dtype = DEFAULT_FLOAT if "f" in (kind, lowest) else np.dtype(np.int64)
        return cast(x, dtype), other.item() if isinstance(other, np.generic) else other
    if not isinstance(other, (Base, np.ndarray)) or other.dtype.kind not in RANK:
        return x, NotImplemented
    dtype = common_dtype(x.data, other.data if isinstance(other, Base) else other)
    if RANK[lowest] > RANK[dtype.kind]:
        dtype = DEFAULT_FLOAT
    if isinstance(other, np.ndarray):
        return cast(x, dtype), other.astype(dtype, copy=False)
    return cast(x, dtype), cast(other, dtype)
