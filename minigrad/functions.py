"""Functions that make tensors, and the function form of the methods: mg.exp(x) is x.exp()."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from . import random
from .methods.base import DEFAULT_FLOAT, cast, common_dtype, match
from .ops import arithmetic, index, linalg
from .ops import shape as shaping
from .tensor import Tensor, apply
from .writes import take_in


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    """A new Tensor with a copy of `data`: numbers, nested lists, arrays, Tensors.

    Python floats become float32 and ints int64; an array keeps its dtype.
    """
    array = _array(data, dtype)
    result = Tensor(array, requires_grad)
    return result if device is None else result.to(device=device)


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
    size: Sequence[int] | int, fill_value: float, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of shape `size`, every element `fill_value`."""
    dtype = _array(fill_value, None).dtype if dtype is None else dtype
    return Tensor(np.full(size, fill_value, dtype), requires_grad)


def zeros(*size: Any, dtype: Any = DEFAULT_FLOAT, requires_grad: bool = False) -> Tensor:
    """zeros(2, 3) or zeros((2, 3)): every element 0."""
    return Tensor(np.zeros(_sizes(size), dtype), requires_grad)


def ones(*size: Any, dtype: Any = DEFAULT_FLOAT, requires_grad: bool = False) -> Tensor:
    """ones(2, 3) or ones((2, 3)): every element 1."""
    return Tensor(np.ones(_sizes(size), dtype), requires_grad)


def empty(*size: Any, dtype: Any = DEFAULT_FLOAT, requires_grad: bool = False) -> Tensor:
    """A tensor whose values are whatever lay in memory."""
    return Tensor(np.empty(_sizes(size), dtype), requires_grad)


def eye(n: int, m: int | None = None, dtype: Any = DEFAULT_FLOAT) -> Tensor:
    """The (n, m) matrix with ones on the diagonal."""
    return Tensor(np.eye(n, m, dtype=dtype))


def arange(*bounds: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """arange(end), arange(start, end) or arange(start, end, step), the end left out."""
    array = np.arange(*bounds, dtype=dtype)
    if dtype is None and array.dtype.kind == "f":
        array = array.astype(DEFAULT_FLOAT)
    return Tensor(array, requires_grad)


def linspace(start: float, end: float, steps: int, dtype: Any = DEFAULT_FLOAT) -> Tensor:
    """`steps` equally spaced numbers from start to end, both included."""
    return Tensor(np.linspace(start, end, steps, dtype=dtype))


def zeros_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Zeros in the shape and dtype of `x`."""
    return zeros(x.shape, dtype=dtype or x.dtype)


def ones_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Ones in the shape and dtype of `x`."""
    return ones(x.shape, dtype=dtype or x.dtype)


def full_like(x: Tensor, fill_value: float, dtype: Any = None) -> Tensor:
    """`fill_value` in the shape and dtype of `x`."""
    return full(x.shape, fill_value, dtype or x.dtype)


def randn(
    *size: Any, dtype: Any = DEFAULT_FLOAT, requires_grad: bool = False, generator: Any = None
) -> Tensor:
    """Numbers from the normal distribution with mean 0 and standard deviation 1."""
    draw = _chance(generator).standard_normal(_sizes(size), np.dtype(dtype))
    return Tensor(np.asarray(draw), requires_grad)


def rand(
    *size: Any, dtype: Any = DEFAULT_FLOAT, requires_grad: bool = False, generator: Any = None
) -> Tensor:
    """Numbers equally likely anywhere in 0 <= x < 1."""
    draw = _chance(generator).random(_sizes(size), np.dtype(dtype))
    return Tensor(np.asarray(draw), requires_grad)


def randint(
    low: int, high: int | None = None, size: Any = (), dtype: Any = np.int64, generator: Any = None
) -> Tensor:
    """Whole numbers low <= x < high; randint(n, size=...) means 0 <= x < n."""
    if isinstance(high, (tuple, list)):  # randint(n, size)
        high, size = None, high
    low, high = (0, low) if high is None else (low, high)
    return Tensor(np.asarray(_chance(generator).integers(low, high, _sizes((size,)), dtype)))


def randperm(n: int, generator: Any = None) -> Tensor:
    """The numbers 0..n-1 in random order."""
    return Tensor(_chance(generator).permutation(n))


def randn_like(x: Tensor) -> Tensor:
    """Normal random numbers in the shape and dtype of `x`."""
    return randn(x.shape, dtype=x.dtype)


def rand_like(x: Tensor) -> Tensor:
    """Uniform random numbers in the shape and dtype of `x`."""
    return rand(x.shape, dtype=x.dtype)


def _chance(generator: random.Generator | None) -> np.random.Generator:
    return random.generator("sample") if generator is None else generator.numpy


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors along an axis that they have."""
    return apply(shaping.concatenate, *_of_one_dtype("cat", tensors), dim=dim)


concat = concatenate = cat


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis."""
    return apply(shaping.stack, *_of_one_dtype("stack", tensors), dim=dim)


def _of_one_dtype(name: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    """The tensors to join, in the dtype that their sum would have."""
    if isinstance(tensors, Tensor):
        raise TypeError(f"{name}: give the tensors as a list: {name}([a, b])")
    for x in tensors:
        if not isinstance(x, Tensor):
            raise TypeError(
                f"{name}: expected a list of tensors, one of them is {type(x).__name__}"
            )
    dtypes = {x.dtype for x in tensors}
    if len(dtypes) < 2:
        return list(tensors)
    common = reduce(lambda d, x: common_dtype(np.empty(1, d), x.data), tensors, np.dtype(bool))
    return [cast(x, common) for x in tensors]


def where(condition: Any, x: Any, y: Any) -> Tensor:
    """Return x where `condition` holds, else y."""
    x, y = (value if isinstance(value, Tensor) else tensor(value) for value in (x, y))
    return apply(arithmetic.where, condition, *match(x, y))


def einsum(equation: str, *tensors: Tensor) -> Tensor:
    """Einstein's summation: einsum("ij,jk->ik", a, b) is the matrix product."""
    return apply(linalg.einsum, *tensors, equation=equation)


def one_hot(x: Tensor, num_classes: int = -1) -> Tensor:
    """Each whole number becomes a vector with a 1 at its place: (...) -> (..., num_classes)."""
    return apply(index.one_hot, x, num_classes=num_classes)


def allclose(x: Tensor, y: Tensor, rtol: float = 1e-5, atol: float = 1e-8) -> bool:
    """Whether |x - y| <= atol + rtol |y| everywhere."""
    return bool(np.allclose(x.data, y.data, rtol, atol))


def is_tensor(x: Any) -> bool:
    """Whether `x` is a Tensor."""
    return isinstance(x, Tensor)


P = ParamSpec("P")
R = TypeVar("R")


def _function(method: Callable[Concatenate[Tensor, P], R]) -> Callable[Concatenate[Any, P], R]:
    """The function form of a method; numbers and arrays are made Tensors first."""

    @wraps(method)
    def function(input: Any, *args: P.args, **kwargs: P.kwargs) -> R:
        return method(input if isinstance(input, Tensor) else tensor(input), *args, **kwargs)

    return function


add = _function(Tensor.add)
sub = _function(Tensor.sub)
mul = _function(Tensor.mul)
div = _function(Tensor.div)
pow = _function(Tensor.pow)
neg = _function(Tensor.neg)
abs = _function(Tensor.abs)
sign = _function(Tensor.sign)
exp = _function(Tensor.exp)
log = _function(Tensor.log)
log1p = _function(Tensor.log1p)
sqrt = _function(Tensor.sqrt)
rsqrt = _function(Tensor.rsqrt)
square = _function(Tensor.square)
sin = _function(Tensor.sin)
cos = _function(Tensor.cos)
erf = _function(Tensor.erf)
floor = _function(Tensor.floor)
ceil = _function(Tensor.ceil)
round = _function(Tensor.round)
clip = clamp = _function(Tensor.clip)
maximum = _function(Tensor.maximum)
minimum = _function(Tensor.minimum)
matmul = mm = bmm = dot = _function(Tensor.matmul)
relu = _function(Tensor.relu)
sigmoid = _function(Tensor.sigmoid)
tanh = _function(Tensor.tanh)
softmax = _function(Tensor.softmax)
log_softmax = _function(Tensor.log_softmax)
sum = _function(Tensor.sum)
mean = _function(Tensor.mean)
prod = _function(Tensor.prod)
cumsum = _function(Tensor.cumsum)
var = _function(Tensor.var)
std = _function(Tensor.std)
norm = _function(Tensor.norm)
logsumexp = _function(Tensor.logsumexp)
max = _function(Tensor.max)
min = _function(Tensor.min)
amax = _function(Tensor.amax)
amin = _function(Tensor.amin)
argmax = _function(Tensor.argmax)
argmin = _function(Tensor.argmin)
argsort = _function(Tensor.argsort)
sort = _function(Tensor.sort)
topk = _function(Tensor.topk)
gather = _function(Tensor.gather)
any = _function(Tensor.any)
all = _function(Tensor.all)
isnan = _function(Tensor.isnan)
isinf = _function(Tensor.isinf)
isfinite = _function(Tensor.isfinite)
eq = _function(Tensor.eq)
reshape = _function(Tensor.reshape)
flatten = _function(Tensor.flatten)
permute = _function(Tensor.permute)
transpose = _function(Tensor.transpose)
squeeze = _function(Tensor.squeeze)
unsqueeze = _function(Tensor.unsqueeze)
split = _function(Tensor.split)
chunk = _function(Tensor.chunk)
unbind = _function(Tensor.unbind)
flip = _function(Tensor.flip)
roll = _function(Tensor.roll)
index_select = _function(Tensor.index_select)
