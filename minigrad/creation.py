"""Functions that make tensors: of data, of one number, of ranges, of chance.

All take PyTorch's `device=`, which must be the CPU.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import random
from .device import check_device
from .methods.base import DEFAULT_FLOAT
from .tensor import Tensor
from .writes import take_in


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    """A new Tensor with a copy of `data`: numbers, nested lists, arrays, Tensors.

    Python floats become float32 and ints int64; an array keeps its dtype.
    """
    return _new(_array(data, dtype), requires_grad, device)


def _new(array: np.ndarray, requires_grad: bool, device: Any) -> Tensor:
    check_device(device)
    return Tensor(array, requires_grad)


def _array(data: Any, dtype: Any) -> np.ndarray:
    if isinstance(data, Tensor):
        data = data.data
    try:
        array = np.array(data, dtype)
    except ValueError as error:
        raise ValueError(f"tensor: the lists do not form a rectangular shape ({error})") from None
    if (
        dtype is None
        and array.dtype == np.float64
        and not isinstance(data, (np.ndarray, np.generic))
    ):
        array = array.astype(DEFAULT_FLOAT)
    return array


as_tensor = tensor


def from_numpy(array: np.ndarray) -> Tensor:
    """A Tensor on the memory of `array`: what is written to one shows in the other."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: expected a NumPy array, got {type(array).__name__}")
    take_in(array, "from_numpy")
    return Tensor(array)


def _sizes(shape: tuple, size: Any = None) -> tuple[int, ...]:
    if size is not None:
        shape = (size,)
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = tuple(shape[0])
    return tuple(operator.index(n) for n in shape)


def full(
    size: Sequence[int] | int,
    fill_value: float,
    dtype: Any = None,
    requires_grad: bool = False,
    device: Any = None,
) -> Tensor:
    """A tensor of shape `size`, every element `fill_value`."""
    dtype = _array(fill_value, None).dtype if dtype is None else dtype
    return _new(np.full(size, fill_value, dtype), requires_grad, device)


def zeros(
    *size: Any, dtype: Any = DEFAULT_FLOAT, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """zeros(2, 3) or zeros((2, 3)): every element 0."""
    return _new(np.zeros(_sizes(size), dtype), requires_grad, device)


def ones(
    *size: Any, dtype: Any = DEFAULT_FLOAT, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """ones(2, 3) or ones((2, 3)): every element 1."""
    return _new(np.ones(_sizes(size), dtype), requires_grad, device)


def empty(
    *size: Any, dtype: Any = DEFAULT_FLOAT, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """A tensor whose values are whatever lay in memory."""
    return _new(np.empty(_sizes(size), dtype), requires_grad, device)


def empty_like(
    x: Tensor, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """Whatever lies in memory, in the shape and dtype of `x`."""
    return empty(x.shape, dtype=dtype or x.dtype, requires_grad=requires_grad, device=device)


def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, generator: Any = None, device: Any = None
) -> Tensor:
    """Normal random numbers: normal(0.0, 1.0, (2, 3)), or a tensor for `mean`, `std` or both.

    With tensors, each element has the mean and the standard deviation in its place.
    """
    check_device(device)
    mean, std = (value.data if isinstance(value, Tensor) else value for value in (mean, std))
    if np.any(np.less(std, 0)):
        raise ValueError(f"normal: std must not be negative, got {np.min(std)}")
    shape = np.broadcast_shapes(np.shape(mean), np.shape(std)) if size is None else _sizes((size,))
    draws = random.source(generator, "sample").standard_normal(shape, np.float32)
    dtype = next((v.dtype for v in (mean, std) if isinstance(v, np.ndarray)), DEFAULT_FLOAT)
    return Tensor(np.asarray(mean + std * draws, dtype))


def FloatTensor(*data: Any) -> Tensor:
    """FloatTensor([1, 2]): a float32 tensor of data; FloatTensor(2, 3): zeros of that shape.

    The old spelling: `tensor([1.0, 2.0])` and `zeros(2, 3)` say which of the two is meant.
    """
    return _of_dtype("FloatTensor", data, DEFAULT_FLOAT)


def LongTensor(*data: Any) -> Tensor:
    """LongTensor([1, 2]): an int64 tensor of data; LongTensor(2, 3): zeros of that shape."""
    return _of_dtype("LongTensor", data, np.dtype(np.int64))


def _of_dtype(name: str, data: tuple, dtype: np.dtype) -> Tensor:
    if len(data) == 1 and not isinstance(data[0], int):
        return tensor(data[0], dtype)
    if not all(isinstance(n, int) for n in data):
        raise TypeError(f"{name}: expected one list or the sizes of the axes, got {data!r}")
    return zeros(data or 0, dtype=dtype)


def get_default_dtype() -> np.dtype:
    """The dtype of tensors that are made of Python's floats: always float32."""
    return DEFAULT_FLOAT


def set_default_dtype(d: Any) -> None:
    """Accept float32, which it is already. ValueError, with the edit, for any other dtype."""
    if np.dtype(d) != DEFAULT_FLOAT:
        raise ValueError(
            f"set_default_dtype: minigrad makes float32 by default, not {np.dtype(d)}; write "
            "dtype=minigrad.float64 where tensors are made, and model.double()"
        )


def eye(
    n: int,
    m: int | None = None,
    dtype: Any = DEFAULT_FLOAT,
    requires_grad: bool = False,
    device: Any = None,
) -> Tensor:
    """The (n, m) matrix with ones on the diagonal."""
    return _new(np.eye(n, m, dtype=dtype), requires_grad, device)


def arange(
    *bounds: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """arange(end), arange(start, end) or arange(start, end, step), the end left out."""
    array = np.arange(*bounds, dtype=dtype)
    if dtype is None and array.dtype.kind == "f":
        array = array.astype(DEFAULT_FLOAT)
    return _new(array, requires_grad, device)


def linspace(
    start: float,
    end: float,
    steps: int,
    dtype: Any = DEFAULT_FLOAT,
    requires_grad: bool = False,
    device: Any = None,
) -> Tensor:
    """`steps` equally spaced numbers from start to end, both included."""
    return _new(np.linspace(start, end, steps, dtype=dtype), requires_grad, device)


def zeros_like(
    x: Tensor, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """Zeros in the shape and dtype of `x`."""
    return full_like(x, 0, dtype, requires_grad, device)


def ones_like(
    x: Tensor, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """Ones in the shape and dtype of `x`."""
    return full_like(x, 1, dtype, requires_grad, device)


def full_like(
    x: Tensor,
    fill_value: float,
    dtype: Any = None,
    requires_grad: bool = False,
    device: Any = None,
) -> Tensor:
    """`fill_value` in the shape and dtype of `x`."""
    return full(x.shape, fill_value, dtype or x.dtype, requires_grad, device)


def randn(
    *size: Any,
    dtype: Any = DEFAULT_FLOAT,
    requires_grad: bool = False,
    generator: Any = None,
    device: Any = None,
) -> Tensor:
    """Numbers from the normal distribution with mean 0 and standard deviation 1."""
    draw = random.source(generator, "sample").standard_normal(_sizes(size), np.dtype(dtype))
    return _new(np.asarray(draw), requires_grad, device)


def rand(
    *size: Any,
    dtype: Any = DEFAULT_FLOAT,
    requires_grad: bool = False,
    generator: Any = None,
    device: Any = None,
) -> Tensor:
    """Numbers equally likely anywhere in 0 <= x < 1."""
    draw = random.source(generator, "sample").random(_sizes(size), np.dtype(dtype))
    return _new(np.asarray(draw), requires_grad, device)


def randint(
    low: int,
    high: int | None = None,
    size: Any = (),
    dtype: Any = np.int64,
    generator: Any = None,
    device: Any = None,
) -> Tensor:
    """Whole numbers low <= x < high; randint(n, size=...) means 0 <= x < n."""
    if isinstance(high, (tuple, list)):  # randint(n, size)
        high, size = None, high
    low, high = (0, low) if high is None else (low, high)
    draw = random.source(generator, "sample").integers(low, high, _sizes((size,)), dtype)
    return _new(np.asarray(draw), False, device)


def randperm(n: int, generator: Any = None, device: Any = None) -> Tensor:
    """The numbers 0..n-1 in random order."""
    return _new(random.source(generator, "sample").permutation(n), False, device)


def randn_like(
    x: Tensor, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """Normal random numbers in the shape and dtype of `x`."""
    return randn(x.shape, dtype=dtype or x.dtype, requires_grad=requires_grad, device=device)


def rand_like(
    x: Tensor, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """Uniform random numbers in the shape and dtype of `x`."""
    return rand(x.shape, dtype=dtype or x.dtype, requires_grad=requires_grad, device=device)
