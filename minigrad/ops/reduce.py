"""Reductions: many elements become one, along `dim` (an axis, several, or None for all).

Backward spreads the gradient of the one over the many. `keepdim` keeps reduced axes at size 1.
"""

import math

import numpy as np

from ..kernels.elementwise import total

builtin_max = max


def normalize_dims(op, dim, ndim):
    """`dim` as a tuple of axes >= 0; None and () mean all axes."""
    if dim is None or dim == ():
        return tuple(range(ndim))
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    if not all(isinstance(d, (int, np.integer)) for d in dims):
        raise TypeError(f"{op}: dim must be a whole number or several, got {dim!r}")
    reach = builtin_max(ndim, 1)  # PyTorch lets dim=0 and dim=-1 pass for a scalar
    for d in dims:
        if not -reach <= d < reach:
            raise IndexError(f"{op}: dim {d} is out of range, the tensor has {ndim} axes")
    axes = tuple(d % reach for d in dims)
    if len(set(axes)) < len(axes):
        raise ValueError(f"{op}: dim {tuple(dims)} names an axis twice")
    return axes if ndim else ()


def normalize_dim(op, dim, ndim):
    """`dim` as one axis >= 0."""
    if not isinstance(dim, (int, np.integer)):
        raise TypeError(f"{op}: dim must be one whole number, got {dim!r}")
    if ndim == 0:
        raise IndexError(f"{op}: dim {dim} is out of range, the tensor has no axes")
    return normalize_dims(op, dim, ndim)[0]


def _spread(dy, shape, dims, keepdim):
    """Give a reduced array its axes back and repeat it to `shape` (a read-only view)."""
    if not keepdim:
        dy = np.expand_dims(dy, dims)
    return np.broadcast_to(dy, shape)


def _count(shape, dims):
    return math.prod(shape[d] for d in dims)


def _sum_dtype(x):
    """Integers and booleans are summed as int64."""
    return None if x.dtype.kind == "f" else np.int64


def nonempty(op, x, dims):
    """Refuse to reduce no elements where nothing could be the result."""
    if _count(x.shape, dims) == 0:
        raise ValueError(f"{op}: no elements to reduce, the tensor has shape {x.shape}")


def sum(x, dim=None, keepdim=False):
    """The sum along `dim`; integers and booleans are summed as int64."""
    shape, dims = x.shape, normalize_dims("sum", dim, x.ndim)

    def sum_backward(dy):
        return (_spread(dy, shape, dims, keepdim),)

    return total(x, dims, keepdim, _sum_dtype(x)), sum_backward


def mean(x, dim=None, keepdim=False):
    """The mean along `dim`; nan where there is nothing to average."""
    shape, dims = x.shape, normalize_dims("mean", dim, x.ndim)
    count = _count(shape, dims)

    def mean_backward(dy):
        return (_spread(dy / count, shape, dims, keepdim),)

    return total(x, dims, keepdim) / x.dtype.type(count), mean_backward


def var(x, dim=None, correction=1, keepdim=False):
    """The variance along `dim`: squared distances from the mean over (count - correction)."""
    shape, dims = x.shape, normalize_dims("var", dim, x.ndim)
    freedom = x.dtype.type(builtin_max(_count(shape, dims) - correction, 0))
    centered = x - mean(x, dims, keepdim=True)[0]
    y = np.sum(centered * centered, axis=dims, keepdims=keepdim) / freedom

    def var_backward(dy):
        return (_spread(dy * (2 / freedom), shape, dims, keepdim) * centered,)

    return y, var_backward


def std(x, dim=None, correction=1, keepdim=False):
    """The standard deviation along `dim`. Where it is 0, the gradient is taken as 0."""
    y, var_backward = var(x, dim, correction, keepdim)
    y = np.sqrt(y)

    def std_backward(dy):
        return var_backward(np.where(y == 0, y.dtype.type(0), dy / (2 * y)))

    return y, std_backward


def amax(x, dim=None, keepdim=False):
    """The largest element along `dim`. Equal ones share the gradient."""
    return _extreme("amax", np.max, x, dim, keepdim)


def amin(x, dim=None, keepdim=False):
    """The smallest element along `dim`. Equal ones share the gradient."""
    return _extreme("amin", np.min, x, dim, keepdim)


def _extreme(name, choose, x, dim, keepdim):
    dims = normalize_dims(name, dim, x.ndim)
    nonempty(name, x, dims)
    y = choose(x, axis=dims, keepdims=True)
    chosen = x == y

    def extreme_backward(dy):
        share = chosen / np.sum(chosen, axis=dims, keepdims=True, dtype=dy.dtype)
        return (_spread(dy, chosen.shape, dims, keepdim) * share,)

    extreme_backward.__name__ = f"{name}_backward"
    return (y if keepdim else np.squeeze(y, dims)), extreme_backward


def prod(x, dim=None, keepdim=False):
    """The product along `dim` (one axis or all). Zeros are handled: no division by x."""
    dims = normalize_dims("prod", dim, x.ndim)
    y = np.prod(x, axis=dims, keepdims=keepdim, dtype=_sum_dtype(x))
    count = _count(x.shape, dims)

    def prod_backward(dy):
        # Each element's slope is the product of all others: of those before it and those after.
        last = np.moveaxis(x, dims, range(-len(dims), 0))
        flat = last.reshape(*last.shape[: last.ndim - len(dims)], count)  # (..., reduced)
        one = np.ones((*flat.shape[:-1], 1), x.dtype)
        before = np.cumprod(np.concatenate([one, flat], -1), -1)[..., :count]
        after = np.cumprod(np.concatenate([one, flat[..., ::-1]], -1), -1)[..., :count]
        others = (before * after[..., ::-1]).reshape(last.shape)
        others = np.moveaxis(others, range(-len(dims), 0), dims)
        return (_spread(dy, x.shape, dims, keepdim) * others,)

    return y, prod_backward


def logsumexp(x, dim=None, keepdim=False):
    """log(sum(exp(x))) along `dim`, without overflow. Its gradient is the softmax."""
    dims = normalize_dims("logsumexp", dim, x.ndim)
    nonempty("logsumexp", x, dims)
    largest = np.max(x, axis=dims, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, x.dtype.type(0))
    y = largest + np.log(np.sum(np.exp(x - largest), axis=dims, keepdims=True))

    def logsumexp_backward(dy):
        return (_spread(dy, x.shape, dims, keepdim) * np.exp(x - y),)

    return (y if keepdim else np.squeeze(y, dims)), logsumexp_backward


def norm(x, p=2, dim=None, keepdim=False):
    """The p-norm (sum |x|^p)^(1/p) along `dim`; p may be inf. At x = 0 the gradient is 0."""
    dims = normalize_dims("norm", dim, x.ndim)
    if p == math.inf:
        return _maximum_norm(x, dims, keepdim)
    if isinstance(p, str) or not p > 0:
        raise ValueError(f"norm: p must be a positive number or inf, got {p!r}")
    size = np.abs(x)
    y = np.sum(size**p, axis=dims, keepdims=True) ** (1 / p)

    def norm_backward(dy):
        slope = np.sign(x) * (size / y) ** (p - 1)
        slope = np.where(size == 0, x.dtype.type(0), slope)
        return (_spread(dy, x.shape, dims, keepdim) * slope,)

    y = y.astype(x.dtype, copy=False)
    return (y if keepdim else np.squeeze(y, dims)), norm_backward


def _maximum_norm(x, dims, keepdim):
    y, amax_backward = amax(np.abs(x), dims, keepdim)

    def norm_backward(dy):
        return (amax_backward(dy)[0] * np.sign(x),)

    return y, norm_backward


def cumsum(x, dim):
    """Running sum along `dim`. Backward sums from the other end."""
    axis = normalize_dim("cumsum", dim, x.ndim)

    def cumsum_backward(dy):
        return (np.flip(np.cumsum(np.flip(dy, axis), axis), axis),)

    return np.cumsum(x, axis, dtype=_sum_dtype(x)), cumsum_backward
