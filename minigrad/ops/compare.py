"""Comparisons and logic: results without a derivative, so their way back is None."""

import numpy as np

from .broadcast import broadcast_shapes
from .reduce import nonempty, normalize_dim, normalize_dims


def _without_derivative(ufunc, doc):
    def op(*arrays):
        try:
            return ufunc(*arrays), None
        except TypeError:
            raise TypeError(
                f"{ufunc.__name__}: needs booleans or integers, got {arrays[0].dtype}; "
                "compare first, as in (x > 0) & (y > 0)"
            ) from None
        except ValueError:
            broadcast_shapes(ufunc.__name__, x=np.shape(arrays[0]), y=np.shape(arrays[1]))
            raise

    op.__name__, op.__doc__ = ufunc.__name__, doc
    return op


equal = _without_derivative(np.equal, "Return x == y.")
not_equal = _without_derivative(np.not_equal, "Return x != y.")
less = _without_derivative(np.less, "Return x < y.")
less_equal = _without_derivative(np.less_equal, "Return x <= y.")
greater = _without_derivative(np.greater, "Return x > y.")
greater_equal = _without_derivative(np.greater_equal, "Return x >= y.")
bitwise_and = _without_derivative(np.bitwise_and, "Both true; of integers, the common bits.")
bitwise_or = _without_derivative(np.bitwise_or, "At least one true; of integers, all bits.")
bitwise_xor = _without_derivative(np.bitwise_xor, "Exactly one true; of integers, differing bits.")
bitwise_not = _without_derivative(np.bitwise_not, "Not true; of integers, the other bits.")
logical_and = _without_derivative(np.logical_and, "Both true (not zero).")
logical_or = _without_derivative(np.logical_or, "At least one true (not zero).")
logical_xor = _without_derivative(np.logical_xor, "Exactly one true (not zero).")
logical_not = _without_derivative(np.logical_not, "True where x is zero or False.")
isnan = _without_derivative(np.isnan, "True where x is not a number.")
isinf = _without_derivative(np.isinf, "True where x is infinite.")
isfinite = _without_derivative(np.isfinite, "True where x is neither nan nor infinite.")
floor_divide = _without_derivative(np.floor_divide, "Division rounded down.")
remainder = _without_derivative(np.remainder, "The rest of the division; has the divisor's sign.")


def isclose(x, y, rtol, atol, equal_nan):
    """|x - y| <= atol + rtol |y|, element by element."""
    broadcast_shapes("isclose", x=np.shape(x), y=np.shape(y))
    return np.isclose(x, y, rtol, atol, equal_nan), None


def nonzero(x):
    """The places of the elements that are not zero, in reading order: (how many, axes)."""
    return np.argwhere(x), None


def unique(x, dim=None, give="values"):
    """Each value (each slice along `dim`) once, sorted; or where each went, or how often it came.

    `give` is "values", "inverse" or "counts".
    """
    axis = None if dim is None else normalize_dim("unique", dim, x.ndim)
    values, inverse, counts = np.unique(
        x, return_inverse=True, return_counts=True, axis=axis, equal_nan=False
    )
    inverse = inverse.reshape(x.shape if dim is None else -1)
    return {"values": values, "inverse": inverse, "counts": counts}[give], None


def bincount(x, weights=None, minlength=0):
    """How often each whole number 0, 1, 2 ... is in x (N,), or the sum of its `weights` (N,)."""
    if x.ndim != 1 or x.dtype.kind not in "iu" or (x.size and x.min() < 0):
        raise ValueError(
            f"bincount: expected a vector of whole numbers, none below 0, got shape {x.shape} of "
            f"{x.dtype}; write x.flatten().long()"
        )
    if weights is not None and weights.shape != x.shape:
        raise ValueError(f"bincount: weights has shape {weights.shape}, the numbers {x.shape}")
    counts = np.bincount(x, weights, minlength)
    single = weights is not None and weights.dtype == np.float32
    return counts.astype(np.float32) if single else counts, None


def argmax(x, dim=None, keepdim=False):
    """Index of the first largest value, along `dim` or of the flattened array."""
    return _search("argmax", np.argmax, x, dim, keepdim), None


def argmin(x, dim=None, keepdim=False):
    """Index of the first smallest value, along `dim` or of the flattened array."""
    return _search("argmin", np.argmin, x, dim, keepdim), None


def _search(name, find, x, dim, keepdim):
    axis = None if dim is None else normalize_dim(name, dim, x.ndim)
    nonempty(name, x, range(x.ndim) if axis is None else (axis,))
    return find(x, axis=axis, keepdims=keepdim)


def argsort(x, dim=-1, descending=False):
    """Indices that sort x along `dim`; equal values keep their order."""
    axis = normalize_dim("argsort", dim, x.ndim)
    if not descending:
        return np.argsort(x, axis, kind="stable"), None
    backwards = np.argsort(np.flip(x, axis), axis, kind="stable")
    return np.flip(x.shape[axis] - 1 - backwards, axis), None


def any(x, dim=None, keepdim=False):
    """Whether one element at least is true (not zero)."""
    return np.any(x, axis=normalize_dims("any", dim, x.ndim), keepdims=keepdim), None


def all(x, dim=None, keepdim=False):
    """Whether all elements are true (not zero)."""
    return np.all(x, axis=normalize_dims("all", dim, x.ndim), keepdims=keepdim), None
