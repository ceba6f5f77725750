"""Arithmetic of two arrays, with broadcasting. z is the result, x and y the operands."""

import numpy as np

from ..kernels.elementwise import calculate, multiply
from .broadcast import broadcast_shapes, shape_of, unbroadcast


def add(x, y):
    """Return x + y."""
    # <solution: z, the sum>
    x_shape, y_shape = shape_of(x), shape_of(y)
    z = _calculate("add", np.add, x, y)
    # </solution>

    def add_backward(dz):
        # <solution: dx and dy, the gradients of x and y; dz is that of z>
        dx, dy = unbroadcast(dz, x_shape), unbroadcast(dz, y_shape)
        # </solution>
        return dx, dy

    return z, add_backward


def sub(x, y):
    """Return x - y."""
    x_shape, y_shape = shape_of(x), shape_of(y)

    def sub_backward(dz):
        return unbroadcast(dz, x_shape), unbroadcast(-dz, y_shape)

    return _calculate("sub", np.subtract, x, y), sub_backward


def mul(x, y, *, needs=(True, True)):
    """Return x * y; each factor's slope is the other factor."""
    # <solution: z, the product>
    x_shape, y_shape = shape_of(x), shape_of(y)
    z = _calculate("mul", np.multiply, x, y)
    x, y = x if needs[1] else None, y if needs[0] else None  # keep no more than will be used
    # </solution>

    def mul_backward(dz):
        # <solution: dx and dy, the gradients of x and y; dz is that of z>
        dx = unbroadcast(multiply(dz, y), x_shape) if needs[0] else None
        dy = unbroadcast(multiply(dz, x), y_shape) if needs[1] else None
        # </solution>
        return dx, dy

    return z, mul_backward


def div(x, y, *, needs=(True, True)):
    """Return x / y. Division by zero gives inf or nan, silently."""
    x_shape, y_shape = shape_of(x), shape_of(y)
    z = _calculate("div", np.divide, x, y)
    kept = z if needs[1] else None

    def div_backward(dz):
        dx_full = dz / y
        dx = unbroadcast(dx_full, x_shape) if needs[0] else None
        dy = unbroadcast(-dx_full * kept, y_shape) if needs[1] else None
        return dx, dy

    return z, div_backward


def pow(x, y, *, needs=(True, True)):
    """Return x ** y. The slope by y at x = 0 is taken as 0 (for y >= 0)."""
    x_shape, y_shape = shape_of(x), shape_of(y)
    z = _calculate("pow", np.power, x, y)
    kept = z if needs[1] else None

    def pow_backward(dz):
        dx = dy = None
        if needs[0]:
            slope = y * np.power(x, y - 1)
            if np.ndim(y) or y == 0:
                slope = np.where(np.equal(y, 0), dz.dtype.type(0), slope)  # not 0 * inf at x = 0
            dx = unbroadcast(dz * slope, x_shape)
        if needs[1]:
            flat = np.equal(x, 0) & np.greater_equal(y, 0)
            log_x = np.log(np.where(flat, dz.dtype.type(1), x))
            dy = unbroadcast(dz * kept * log_x, y_shape)
        return dx, dy

    return z, pow_backward


def maximum(x, y, *, needs=(True, True)):
    """The larger of x and y, element by element. At a tie each gets half the gradient."""
    return _pick("maximum", np.maximum, np.greater, x, y, needs)


def minimum(x, y, *, needs=(True, True)):
    """The smaller of x and y, element by element. At a tie each gets half the gradient."""
    return _pick("minimum", np.minimum, np.less, x, y, needs)


def _pick(name, choose, better, x, y, needs):
    x_shape, y_shape = shape_of(x), shape_of(y)
    z = _calculate(name, choose, x, y)
    half = z.dtype.type(0.5)
    share_x = (better(x, y) + np.equal(x, y) * half).astype(z.dtype) if any(needs) else None

    def pick_backward(dz):
        dx = unbroadcast(dz * share_x, x_shape) if needs[0] else None
        dy = unbroadcast(dz * (1 - share_x), y_shape) if needs[1] else None
        return dx, dy

    pick_backward.__name__ = f"{name}_backward"
    return z, pick_backward


def where(condition, x, y, *, needs=(False, True, True)):
    """Return x where `condition` holds, else y."""
    shapes = {"condition": np.shape(condition), "x": np.shape(x), "y": np.shape(y)}
    broadcast_shapes("where", **shapes)

    def where_backward(dz):
        zero = dz.dtype.type(0)
        dx = unbroadcast(np.where(condition, dz, zero), shapes["x"]) if needs[1] else None
        dy = unbroadcast(np.where(condition, zero, dz), shapes["y"]) if needs[2] else None
        return None, dx, dy

    return np.where(condition, x, y), where_backward


def _calculate(name, ufunc, x, y):
    try:
        return calculate(ufunc, x, y)
    except ValueError:
        broadcast_shapes(name, x=np.shape(x), y=np.shape(y))
        raise ValueError(  # the shapes fit: these are integers, and y has negative ones
            f"{name}: an integer to a negative power is no integer; write x.float() ** y"
        ) from None
    except TypeError:
        raise TypeError(
            f"{name}: booleans cannot be subtracted; write x ^ y, or x.long() first"
        ) from None
