"""Functions of several tensors, and the function form of the methods: mg.exp(x) is x.exp()."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from .creation import tensor
from .methods.base import cast, common_dtype, match, numpy_names
from .ops import arithmetic, index, linalg
from .ops import shape as shaping
from .tensor import Tensor, apply


@numpy_names
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors along an axis that they have."""
    return apply(shaping.concatenate, *_of_one_dtype("cat", tensors), dim=dim)


concat = concatenate = cat


@numpy_names
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


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Return x where `condition` holds, else y.

    Without x and y, where it holds: a vector of indices for each axis.
    """
    if x is None and y is None:
        return nonzero(condition, as_tuple=True)
    if x is None or y is None:
        raise TypeError("where: give both x and y, or neither: where(condition, x, 0)")
    x, y = (value if isinstance(value, Tensor) else tensor(value) for value in (x, y))
    return apply(arithmetic.where, condition, *match(x, y))


def einsum(equation: str, *tensors: Tensor) -> Tensor:
    """Einstein's summation: einsum("ij,jk->ik", a, b) is the matrix product."""
    return apply(linalg.einsum, *tensors, equation=equation)


def one_hot(x: Tensor, num_classes: int = -1) -> Tensor:
    """Each whole number becomes a vector with a 1 at its place: (...) -> (..., num_classes)."""
    return apply(index.one_hot, x, num_classes=num_classes)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Coordinates of a grid from those of its axes: (N,) and (M,) -> two of (N, M).

    `indexing="xy"` exchanges the first two axes, as images have them: (M, N).
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    if indexing not in ("ij", "xy"):
        raise ValueError(f'meshgrid: indexing must be "ij" or "xy", got {indexing!r}')
    for x in tensors:
        if not isinstance(x, Tensor) or x.ndim > 1:
            raise ValueError(
                f"meshgrid: expected vectors, got {type(x).__name__} of shape {np.shape(x)}"
            )
    n, shape = len(tensors), tuple(x.numel() for x in tensors)
    grids = [
        x.reshape([-1 if i == axis else 1 for i in range(n)]).expand(shape)
        for axis, x in enumerate(tensors)
    ]
    return tuple(x.transpose(0, 1) if indexing == "xy" and n > 1 else x for x in grids)


def is_tensor(x: Any) -> bool:
    """Whether `x` is a Tensor."""
    return isinstance(x, Tensor)


P = ParamSpec("P")
R = TypeVar("R")


def _function(method: Callable[Concatenate[Tensor, P], R]) -> Callable[Concatenate[Any, P], R]:
    """The function form of a method; numbers and arrays are made Tensors first."""

    @wraps(method)
    def function(input: Any, *args: P.args, **kwargs: P.kwargs) -> R:
        if "out" in kwargs:
            name = method.__name__
            raise TypeError(f"{name}: there is no out=; write result = {name}(...), a new tensor")
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
ne = _function(Tensor.ne)
lt = _function(Tensor.lt)
le = _function(Tensor.le)
gt = _function(Tensor.gt)
ge = _function(Tensor.ge)
isclose = _function(Tensor.isclose)
allclose = _function(Tensor.allclose)
equal = _function(Tensor.equal)
logical_not = _function(Tensor.logical_not)
logical_and = _function(Tensor.logical_and)
logical_or = _function(Tensor.logical_or)
logical_xor = _function(Tensor.logical_xor)
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
swapaxes = _function(Tensor.transpose)
movedim = _function(Tensor.movedim)
tile = _function(Tensor.tile)
numel = _function(Tensor.numel)
unbind = _function(Tensor.unbind)
flip = _function(Tensor.flip)
roll = _function(Tensor.roll)
index_select = _function(Tensor.index_select)
select = _function(Tensor.select)
scatter_add = _function(Tensor.scatter_add)
masked_fill = _function(Tensor.masked_fill)
masked_select = _function(Tensor.masked_select)
nonzero = _function(Tensor.nonzero)
unique = _function(Tensor.unique)
bincount = _function(Tensor.bincount)
repeat_interleave = _function(Tensor.repeat_interleave)
diagonal = _function(Tensor.diagonal)
diag = _function(Tensor.diag)
trace = _function(Tensor.trace)
tril = _function(Tensor.tril)
triu = _function(Tensor.triu)
outer = _function(Tensor.outer)
bernoulli = _function(Tensor.bernoulli)
reciprocal = _function(Tensor.reciprocal)
