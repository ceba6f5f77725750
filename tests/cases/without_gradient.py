"""Functions with whole numbers or booleans for a result: a value, but nothing to go back."""

# ruff: noqa: E501 (a row of a table is a line)

import numpy as np

import minigrad as mg
from minigrad import Tensor
from minigrad.nn import functional as F

from .table import case, distinct, normal, whole

A, B = whole(3, 4, 5), whole(3, 4, 5)
SPECIAL = np.array([0.0, np.nan, np.inf, -np.inf, 1.0])

COMPARISONS = [
    case(f"Tensor.{name}", getattr(Tensor, name), formula, A, B, batch=(0, 1))
    for name, formula in [
        ("__eq__", lambda x, y: x == y),
        ("__ne__", lambda x, y: x != y),
        ("__lt__", lambda x, y: x < y),
        ("__le__", lambda x, y: x <= y),
        ("__gt__", lambda x, y: x > y),
        ("__ge__", lambda x, y: x >= y),
        ("__and__", lambda x, y: x & y),
        ("__or__", lambda x, y: x | y),
        ("__xor__", lambda x, y: x ^ y),
        ("eq", lambda x, y: x == y),
        ("ne", lambda x, y: x != y),
        ("lt", lambda x, y: x < y),
        ("le", lambda x, y: x <= y),
        ("gt", lambda x, y: x > y),
        ("ge", lambda x, y: x >= y),
        ("logical_and", lambda x, y: (x != 0) & (y != 0)),
        ("logical_or", lambda x, y: (x != 0) | (y != 0)),
        ("logical_xor", lambda x, y: (x != 0) ^ (y != 0)),
    ]
] + [
    case("Tensor.__and__", Tensor.__and__, np.logical_and, A > 2, B > 2, batch=(0, 1)),
    case("Tensor.__invert__", Tensor.__invert__, np.logical_not, A > 0),
    case("Tensor.__invert__", Tensor.__invert__, lambda x: -1 - x, A),
    case("Tensor.logical_not", Tensor.logical_not, lambda x: x == 0, A),
    case(
        "Tensor.isclose",
        Tensor.isclose,
        lambda x, y, rtol, atol: abs(x - y) <= atol + rtol * abs(y),
        np.array([1.0, 1.1, -2.0, 0.0]),
        np.array([1.05, 1.0, -2.3, 0.02]),
        rtol=0.05,
        atol=0.02,
        batch=(0, 1),
    ),
    case(
        "Tensor.isclose",
        Tensor.isclose,
        lambda x, y, equal_nan: np.array([True, equal_nan, True, False, False]),
        SPECIAL,
        np.array([0.0, np.nan, np.inf, np.inf, 2.0]),
        equal_nan=True,
        batch=(),
    ),
    case("Tensor.isnan", Tensor.isnan, np.isnan, SPECIAL),
    case("Tensor.isinf", Tensor.isinf, np.isinf, SPECIAL),
    case("Tensor.isfinite", Tensor.isfinite, np.isfinite, SPECIAL),
    case("Tensor.__floordiv__", Tensor.__floordiv__, lambda x, y: np.floor(x / y), A - 1, B + 1),
    case("Tensor.__mod__", Tensor.__mod__, lambda x, y: x - y * np.floor(x / y), A - 1, B + 1),
    case("Tensor.__rfloordiv__", lambda x: 7 // x, lambda x: np.floor(7 / x), A + 1),
    case("Tensor.__rmod__", lambda x: 7 % x, lambda x: 7 % x, A + 1),
]

SEARCHING = [
    case("Tensor.argmax", Tensor.argmax, np.argmax, normal(3, 4)),
    case("Tensor.argmax", Tensor.argmax, lambda x, dim: x.argmax(dim), normal(3, 4), dim=1),
    case("Tensor.argmax", Tensor.argmax, lambda x, dim, keepdim: x.argmax(dim, keepdims=keepdim),
         normal(3, 4), dim=-2, keepdim=True),
    case("Tensor.argmin", Tensor.argmin, lambda x, dim: x.argmin(dim), normal(3, 4), dim=0),
    case("Tensor.argsort", Tensor.argsort, lambda x: x.argsort(-1, kind="stable"), A),
    case("Tensor.argsort", Tensor.argsort, lambda x, dim, descending: (-x).argsort(dim, kind="stable"),
         A, dim=0, descending=True),
    case("Tensor.sort", lambda x: x.sort().indices, lambda x: x.argsort(-1), distinct(3, 4)),
    case("Tensor.topk", lambda x: x.topk(2).indices, lambda x: (-x).argsort(-1)[:, :2], distinct(3, 4)),
    case("Tensor.max", lambda x: x.max(1).indices, lambda x: x.argmax(1), A),
    case("Tensor.min", lambda x: x.min(1, keepdim=True).indices, lambda x: x.argmin(1, keepdims=True), A),
    case("Tensor.any", Tensor.any, np.any, A > 1),
    case("Tensor.any", Tensor.any, lambda x, dim: x.any(1), A > 1, dim=[1]),
    case("Tensor.all", Tensor.all, np.all, A > 0),
    case("Tensor.all", Tensor.all, lambda x, dim, keepdim: x.all((0, 1), keepdims=True), A > 0,
         dim=(0, 1), keepdim=True),
    case("Tensor.nonzero", Tensor.nonzero, lambda x: np.array([at for at in np.ndindex(x.shape) if x[at]]), A, batch=()),
    case("mg.where", lambda x: mg.where(x > 1)[1], lambda x: np.nonzero(x > 1)[1], A, batch=()),
    case("Tensor.unique", Tensor.unique, lambda x: np.array(sorted(set(x.flat))), A, batch=()),
    case("Tensor.unique", lambda x: x.unique(return_inverse=True)[1], lambda x: np.searchsorted(sorted(set(x.flat)), x), A, batch=()),
    case("Tensor.unique", lambda x: x.unique(return_counts=True)[1],
         lambda x: np.array([(x == value).sum() for value in sorted(set(x.flat))]), A, batch=()),
    case("Tensor.unique", lambda x: x.unique(dim=1), lambda x: np.array(sorted(set(map(tuple, x.T)))).T, A[:1].repeat(2, 0), batch=()),
    case("Tensor.bincount", Tensor.bincount, lambda x, minlength: np.array([(x == n).sum() for n in range(minlength)]),
         whole(4, 9), minlength=6, batch=()),
    case("Tensor.new_full", lambda x: x.new_full((2, 3), 7), lambda x: np.full((2, 3), 7), A, batch=()),
    case("F.one_hot", F.one_hot, lambda x: np.eye(x.max() + 1, dtype=int)[x], whole(4, 3, 2)),
    case("mg.one_hot", mg.one_hot, lambda x, num_classes: np.eye(num_classes, dtype=int)[x],
         whole(4, 3), num_classes=6),
    case("Tensor.sum", Tensor.sum, np.sum, A),
    case("Tensor.cumsum", Tensor.cumsum, lambda x, dim: np.cumsum(x, dim), A, dim=1),
    case("Tensor.prod", Tensor.prod, lambda x, dim: np.prod(x, dim), A, dim=1),
    case("Tensor.amax", Tensor.amax, np.max, A),
    case("F.max_pool2d", F.max_pool2d,
         lambda x, kernel_size: x.reshape(1, 1, 2, 2, 2, 2).max((3, 5)), whole(9, 1, 1, 4, 4), kernel_size=2),
]  # fmt: skip

CASES = COMPARISONS + SEARCHING
