"""Many elements become one; sorting, searching and picking."""

# ruff: noqa: E501 (a row of a table is a line)

import math

import numpy as np

import minigrad as mg
from minigrad import Tensor
from minigrad.nn import functional as F

from .table import bent, case, distinct, normal, whole


def along(numpy_function):
    """NumPy's reduction with the names that Tensor gives to the arguments."""

    def formula(x, dim=None, keepdim=False, **options):
        axis = tuple(dim) if isinstance(dim, list) else dim
        return numpy_function(x, axis=axis, keepdims=keepdim, **options)

    return formula


def logsumexp(x, axis, keepdims):
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def spread(ddof_function):
    return along(lambda x, axis, keepdims, correction=1: ddof_function(
        x, axis=axis, keepdims=keepdims, ddof=correction))  # fmt: skip


def norm(x, p=2, axis=None, keepdims=False):
    if p == math.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    return np.sum(np.abs(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p)


def picked(search):
    def formula(x, dim, keepdim=False):
        where = np.expand_dims(search(x, axis=dim), dim)
        values = np.take_along_axis(x, where, dim)
        return values if keepdim else np.squeeze(values, dim)

    return formula


def sort(x, dim=-1, descending=False):
    y = np.sort(x, axis=dim)
    return np.flip(y, dim) if descending else y


def topk(x, k, dim=-1, largest=True):
    y = np.moveaxis(sort(x, dim, descending=largest), dim, -1)
    return np.moveaxis(y[..., :k], -1, dim)


def scatter_add(x, source, index, dim):
    y = x.copy()
    for at in np.ndindex(index.shape):
        target = list(at)
        target[dim] = index[at]
        y[tuple(target)] += source[at]
    return y


def embedding(index, weight, padding_idx=None):
    return np.array([weight[i] for i in index.flat]).reshape(*index.shape, weight.shape[1])


REDUCTIONS = [
    case(f"Tensor.{name}", getattr(Tensor, name), formula, make(3, 4, 2), empty=empty, **options)
    for name, formula, make, empty in [
        ("sum", along(np.sum), normal, True),
        ("mean", along(np.mean), normal, False),
        ("prod", along(np.prod), normal, True),
        ("amax", along(np.max), distinct, False),
        ("amin", along(np.min), distinct, False),
        ("logsumexp", along(logsumexp), normal, False),
    ]
    for options in (
        {},
        {"dim": 1},
        {"dim": -1, "keepdim": True},
        {"dim": (0, 2)},
        {"dim": [0, 1], "keepdim": True},
    )
] + [
    case("Tensor.var", Tensor.var, spread(np.var), normal(3, 4), batch=()),
    case("Tensor.var", Tensor.var, spread(np.var), normal(3, 4, 2), dim=(1, 2), correction=0),
    case("Tensor.std", Tensor.std, spread(np.std), normal(3, 4), dim=1, keepdim=True),
    case("Tensor.std", Tensor.std, spread(np.std), normal(3, 4), batch=(), correction=0),
    case("Tensor.norm", Tensor.norm, along(norm), normal(3, 4)),
    case("Tensor.norm", Tensor.norm, along(norm), bent(3, 4), p=1, dim=1),
    case("Tensor.norm", Tensor.norm, along(norm), bent(3, 4), p=3, dim=(0, 1), keepdim=True),
    case("Tensor.norm", Tensor.norm, along(norm), distinct(3, 4), p=math.inf, dim=-1),
    case("Tensor.prod", Tensor.prod, along(np.prod), np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 1.5]]),
         dim=1),
    case("Tensor.sum", Tensor.sum, along(np.sum), normal(), batch=()),
    case("Tensor.prod", Tensor.prod, along(np.prod), normal(), batch=()),
    case("Tensor.amax", Tensor.amax, along(np.max), normal(), batch=()),
    case("Tensor.max", Tensor.max, along(np.max), distinct(3, 4), empty=False),
    case("Tensor.min", Tensor.min, along(np.min), distinct(3, 4), empty=False),
    case("Tensor.max", lambda x, **o: x.max(**o).values, picked(np.argmax), distinct(3, 4), dim=1),
    case("Tensor.max", lambda x, **o: x.max(**o).values, picked(np.argmax), distinct(3, 4), dim=0,
         keepdim=True, empty=False),
    case("Tensor.min", lambda x, **o: x.min(**o).values, picked(np.argmin), distinct(3, 4), dim=-1),
    case("Tensor.cumsum", Tensor.cumsum, lambda x, dim: np.cumsum(x, axis=dim), normal(3, 4), dim=1),
    case("Tensor.cumsum", Tensor.cumsum, lambda x, dim: np.cumsum(x, axis=dim), normal(3, 4), dim=-2),
]  # fmt: skip

PICKING = [
    case("Tensor.sort", lambda x, **o: x.sort(**o).values, sort, distinct(3, 4)),
    case("Tensor.sort", lambda x, **o: x.sort(**o).values, sort, distinct(4, 3), dim=0,
         descending=True),
    case("Tensor.topk", lambda x, **o: x.topk(**o).values, topk, distinct(3, 5), k=2),
    case("Tensor.topk", lambda x, **o: x.topk(**o).values, topk, distinct(3, 5), k=3, dim=1,
         largest=False),
    case("Tensor.gather", lambda x, index, dim: x.gather(dim, index),
         lambda x, index, dim: np.take_along_axis(x, index, dim),
         normal(3, 5), whole(5, 3, 4), dim=1, batch=(0, 1)),
    case("Tensor.gather", lambda x, index, dim: x.gather(dim, index),
         lambda x, index, dim: np.take_along_axis(x[:, :2], index, dim),
         normal(4, 3), whole(4, 6, 2), dim=0, batch=()),
    case("Tensor.scatter_add", lambda x, s, index, dim: x.scatter_add(dim, index, s), scatter_add,
         normal(3, 4), normal(3, 5), whole(4, 3, 4), dim=1, batch=(0, 1, 2)),
    case("Tensor.scatter_add", lambda x, s, index, dim: x.scatter_add(dim, index, s), scatter_add,
         normal(3, 4), normal(6, 2), whole(3, 5, 2), dim=0, batch=()),
    case("Tensor.index_select", lambda x, **o: x.index_select(**o),
         lambda x, dim, index: np.take(x, index, dim), normal(3, 4), dim=-1,
         index=np.array([3, 0, 3])),
    case("F.embedding", F.embedding, embedding, whole(5, 3, 2), normal(5, 4)),
    case("F.embedding", F.embedding, embedding, whole(5, 6), normal(5, 2)),
]  # fmt: skip

INDICES = [
    1,
    -1,
    (slice(None), 2),
    slice(1, None),
    slice(None, None, -2),
    slice(1, 1),
    (..., 0),
    (None, slice(None), None, 1),
    (0, 2, 1),
    [2, 0, 2],
    np.array([[0, 2], [1, 1]]),
    np.array([True, False, True]),
    (slice(None), np.array([0, 0, 3])),
    (np.array([0, 2, 0]), np.array([1, 1, 1])),
    (np.array([0, 2]), slice(None), np.array([1, 0])),
    (slice(None), np.array([True, False, True, True]), 0),
    (np.array([0, 1]), None, 1),
    np.arange(24).reshape(3, 4, 2) % 3 == 0,
    (Ellipsis, np.array([1, 0, 1])),
]

INDEXING = [
    case("Tensor.__getitem__", lambda x, at=at: x[at], lambda x, at=at: x[at], normal(3, 4, 2), batch=())
    for at in INDICES
] + [
    case("Tensor.__getitem__", lambda x: x[mg.tensor([1, 1, 0])], lambda x: x[[1, 1, 0]],
         normal(2, 2), batch=()),
    case("Tensor.__getitem__", lambda x: x[x > 0], lambda x: x[x > 0], bent(3, 4)),
]  # fmt: skip

CASES = REDUCTIONS + PICKING + INDEXING
