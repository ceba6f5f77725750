"""Ops that move elements and change none. Backward moves the gradient to where they came from."""

import math

import numpy as np

from ..kernels import rows
from .reduce import normalize_dim, normalize_dims


def reshape(x, shape):
    """The elements of x in order, in another shape; one size may be -1 and is worked out."""
    before = x.shape
    shape = fill_in("reshape", before, tuple(shape))

    def reshape_backward(dy):
        return (rows.reshape(dy, before),)

    return rows.reshape(x, shape), reshape_backward


def fill_in(op, before, shape):
    """`shape` with its -1 worked out, so that it holds as many elements as `before`."""
    count, known = math.prod(before), math.prod(n for n in shape if n != -1)
    wildcard = shape.count(-1)
    if wildcard == 1 and known and count % known == 0:
        return tuple(count // known if n == -1 else n for n in shape)
    if wildcard or known != count or min(shape, default=0) < 0:
        raise ValueError(
            f"{op}: {before} has {count} elements and does not go into {shape}"
            + ("; only one size can be -1" if wildcard > 1 else "")
        )
    return shape


def permute(x, dims):
    """The axes in another order: axis i of the result is axis dims[i] of x."""
    axes = normalize_dims("permute", tuple(dims), x.ndim)
    if len(axes) != x.ndim:
        raise ValueError(f"permute: name all {x.ndim} axes of shape {x.shape}, got {tuple(dims)}")

    def permute_backward(dy):
        return (np.transpose(dy, np.argsort(axes)),)

    return np.transpose(x, axes), permute_backward


def expand(x, shape):
    """Repeat axes of size 1 (and new leading ones) without copying; -1 keeps a size."""
    before, shape = x.shape, tuple(shape)
    new = len(shape) - len(before)
    if new >= 0:
        old = (None,) * new + before
        shape = tuple(
            o if n == -1 and o is not None else n for n, o in zip(shape, old, strict=True)
        )
    try:
        y = np.broadcast_to(x, shape)
    except ValueError:
        raise ValueError(
            f"expand: {before} does not expand to {shape}; only axes of size 1 can be repeated, "
            "and new axes stand in front"
        ) from None

    def expand_backward(dy):
        repeated = tuple(
            new + i for i, size in enumerate(before) if size == 1 and shape[new + i] != 1
        )
        return (np.sum(dy, axis=(*range(new), *repeated), keepdims=True).reshape(before),)

    return y, expand_backward


def flip(x, dims):
    """Reverse the order along the axes `dims`."""
    axes = normalize_dims("flip", dims, x.ndim)

    def flip_backward(dy):
        return (np.flip(dy, axes),)

    return np.flip(x, axes), flip_backward


def roll(x, shifts, dims):
    """Shift along the axes `dims`; what leaves at one end comes back at the other.

    Without `dims` the elements shift in reading order.
    """
    axes = None if dims is None else normalize_dims("roll", dims, x.ndim)

    def roll_backward(dy):
        return (np.roll(dy, np.negative(shifts), axes),)

    return np.roll(x, shifts, axes), roll_backward


def concatenate(*arrays, dim=0):
    """Join arrays along an axis that they have. All other sizes agree."""
    if not arrays:
        raise ValueError("concatenate: needs at least one tensor, got none")
    axis = normalize_dim("concatenate", dim, arrays[0].ndim)
    for i, x in enumerate(arrays):
        if x.ndim != arrays[0].ndim or _without(x.shape, axis) != _without(arrays[0].shape, axis):
            raise ValueError(
                f"concatenate: all sizes but that of axis {axis} must agree; tensor 0 has shape "
                f"{arrays[0].shape}, tensor {i} has shape {x.shape}"
            )
    ends = np.cumsum([x.shape[axis] for x in arrays])[:-1]

    def concatenate_backward(dy):
        return tuple(np.split(dy, ends, axis))

    return np.concatenate(arrays, axis), concatenate_backward


def _without(shape, axis):
    return shape[:axis] + shape[axis + 1 :]


def stack(*arrays, dim=0):
    """Join arrays of one shape along a new axis."""
    if not arrays:
        raise ValueError("stack: needs at least one tensor, got none")
    for i, x in enumerate(arrays):
        if x.shape != arrays[0].shape:
            raise ValueError(
                f"stack: all tensors must have one shape; tensor 0 has {arrays[0].shape}, "
                f"tensor {i} has {x.shape}"
            )
    axis = normalize_dim("stack", dim, arrays[0].ndim + 1)

    def stack_backward(dy):
        return tuple(np.moveaxis(dy, axis, 0))

    return np.stack(arrays, axis), stack_backward


NUMPY_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(x, padding, mode="constant", value=0.0):
    """Add a border of `padding` = ((before, after), ...) elements, one pair for each axis.

    mode is "constant" (filled with `value`), "reflect" (mirrored, the edge not repeated),
    "replicate" (the edge repeated) or "circular" (the other end). A negative number crops
    in mode "constant".
    """
    shape = x.shape
    if mode == "constant":
        _check_crop(shape, padding)
        crop = tuple(
            slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(shape, padding, strict=True)
        )
        grow = [(max(a, 0), max(b, 0)) for a, b in padding]
        kept = x[crop]
        inner = tuple(slice(a, a + n) for n, (a, _) in zip(kept.shape, grow, strict=True))
        padded = [n + a + b for n, (a, b) in zip(kept.shape, grow, strict=True)]
        y = np.full_like(x, value, shape=padded)  # its axes lie in memory in the order of x's
        y[inner] = kept

        def pad_backward(dy):
            dx = np.zeros_like(dy, shape=shape)
            dx[crop] = dy[inner]
            return (dx,)

        return y, pad_backward

    _check_border(shape, padding, mode)
    sources = {  # for each axis that grows: where the elements of the result come from
        axis: np.pad(np.arange(shape[axis]), border, NUMPY_MODES[mode])
        for axis, border in enumerate(padding)
        if border != (0, 0)
    }
    for axis, source in sources.items():
        x = np.take(x, source, axis)

    def pad_backward(dy):
        for axis, source in sources.items():
            dy = _fold_border(dy, axis, source, shape[axis])
        return (dy,)

    return x, pad_backward


def _fold_border(dy, axis, source, size):
    """Add the gradient of each border element to the element it was copied from."""
    dy = np.moveaxis(dy, axis, 0)
    dx = np.zeros((size, *dy.shape[1:]), dy.dtype)
    np.add.at(dx, source, dy)
    return np.moveaxis(dx, 0, axis)


def _check_crop(shape, padding):
    for size, (before, after) in zip(shape, padding, strict=True):
        if size + min(before, 0) + min(after, 0) < 0:
            raise ValueError(
                f"pad: ({before}, {after}) would crop more than there is of an axis of size {size}"
            )


def _check_border(shape, padding, mode):
    if mode not in NUMPY_MODES:
        raise ValueError(
            f'pad: mode must be "constant" or one of {list(NUMPY_MODES)}, got {mode!r}'
        )
    for size, border in zip(shape, padding, strict=True):
        limit = {"reflect": size - 1, "circular": size}.get(mode)
        if border == (0, 0):
            continue
        if min(border) < 0 or (limit is not None and max(border) > limit):
            raise ValueError(
                f"pad: mode {mode!r} cannot add a border of {border} to an axis of size {size}"
                + (f"; the most is {limit}" if limit is not None else "")
            )
