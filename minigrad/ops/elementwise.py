"""Functions of one array, element by element."""

import numpy as np

from ..kernels import special


def neg(x):
    """Return -x."""
    if x.dtype == bool:
        raise TypeError("neg: a boolean has no negative; write ~x, or x.long() first")

    def neg_backward(dy):
        return (-dy,)

    return -x, neg_backward


def exp(x):
    """Return e**x, its own slope. Overflows to inf above 88 in float32."""
    y = np.exp(x)

    def exp_backward(dy):
        return (dy * y,)

    return y, exp_backward


def log(x):
    """Natural logarithm; -inf at 0 and nan below."""

    def log_backward(dy):
        return (dy / x,)

    return np.log(x), log_backward


def log1p(x):
    """log(1 + x), exact for small x."""

    def log1p_backward(dy):
        return (dy / (1 + x),)

    return np.log1p(x), log1p_backward


def sqrt(x):
    """Square root; nan below 0. The slope at 0 is inf."""
    y = np.sqrt(x)

    def sqrt_backward(dy):
        return (dy / (2 * y),)

    return y, sqrt_backward


def abs(x):
    """|x|. The slope at 0 is taken as 0."""

    def abs_backward(dy):
        return (dy * np.sign(x),)

    return np.abs(x), abs_backward


def sin(x):
    """Sine of x in radians."""

    def sin_backward(dy):
        return (dy * np.cos(x),)

    return np.sin(x), sin_backward


def cos(x):
    """Cosine of x in radians."""

    def cos_backward(dy):
        return (-dy * np.sin(x),)

    return np.cos(x), cos_backward


def erf(x):
    """The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""

    def erf_backward(dy):
        return (dy * special.erf_slope(x),)

    return special.erf(x), erf_backward


def clip(x, low=None, high=None):
    """Limit x to low..high. The slope is 1 inside and on the border, 0 outside."""
    inside = np.ones(x.shape, bool)
    if low is not None:
        inside &= x >= low
    if high is not None:
        inside &= x <= high

    def clip_backward(dy):
        return (dy * inside,)

    return np.clip(x, low, high).astype(x.dtype, copy=False), clip_backward


def astype(x, dtype):
    """The same values in another dtype. Integers and booleans carry no gradient."""
    before = x.dtype

    def astype_backward(dy):
        return (dy.astype(before),)

    return x.astype(dtype), astype_backward if np.dtype(dtype).kind == "f" else None


def filled(value, shape, dtype):
    """An array of that shape with `value` everywhere."""
    return np.full(shape, value, dtype), None


def _step_function(ufunc, doc):
    """An op that is flat almost everywhere: its gradient is 0."""

    def op(x):
        shape = x.shape

        def op_backward(dy):
            return (np.zeros(shape, dy.dtype),)

        op_backward.__name__ = f"{op.__name__}_backward"
        return ufunc(x), op_backward

    op.__name__, op.__doc__ = ufunc.__name__, doc
    return op


sign = _step_function(np.sign, "-1, 0 or 1.")
floor = _step_function(np.floor, "The largest whole number not above x.")
ceil = _step_function(np.ceil, "The smallest whole number not below x.")
round = _step_function(np.round, "The nearest whole number; a half goes to the even one.")
