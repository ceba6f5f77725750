"""Undo broadcasting: what was repeated forward is summed backward."""

import numpy as np

from ..kernels.elementwise import total


def shape_of(x):
    """The shape of an array, () of a number; np.shape would make an array of the number first."""
    return getattr(x, "shape", ())


def unbroadcast(dz, shape):
    """Sum `dz` over the axes along which an input of `shape` was repeated."""
    # <solution: an array of this shape>
    if dz.shape == shape:
        return dz
    extra = dz.ndim - len(shape)
    repeated = [extra + i for i, size in enumerate(shape) if size == 1 and dz.shape[extra + i] != 1]
    summed = total(dz, (*range(extra), *repeated), keepdims=True)
    return summed.reshape(shape)
    # </solution>


def broadcast_shapes(op, **shapes):
    """The common shape of several arrays; names the op and the shapes where there is none."""
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        given = " and ".join(f"{name} {tuple(shape)}" for name, shape in shapes.items())
        raise ValueError(
            f"{op}: the shapes {given} do not fit together; counted from the right, two sizes "
            "must be equal or one of them 1. Insert an axis with unsqueeze(), or reshape()"
        ) from None
