"""Ops that pick elements. Backward puts the gradient where they were picked from."""

import numpy as np

from .reduce import normalize_dim


def getitem(x, index):
    """x[index] with ints, slices, None, ..., boolean and integer arrays."""
    shape = x.shape
    try:
        y = x[index]
    except IndexError as error:
        raise IndexError(f"indexing a tensor of shape {shape}: {error}") from None
    parts = index if isinstance(index, tuple) else (index,)
    picks_twice = any(isinstance(part, np.ndarray) and part.dtype != bool for part in parts)

    def getitem_backward(dy):
        dx = np.zeros_like(dy, shape=shape)  # where slices only are picked, it lies as dy does
        if picks_twice:
            np.add.at(dx, index, dy)  # an element picked twice gets both gradients
        else:
            dx[index] = dy
        return (dx,)

    return y, getitem_backward


def gather(x, index, dim):
    """y[i][j] = x[index[i][j]][j] for dim 0, likewise for other axes. index has x's axes."""
    shape = x.shape
    grid = places("gather", x, index, dim)

    def gather_backward(dy):
        dx = np.zeros(shape, dy.dtype)
        np.add.at(dx, grid, dy)
        return (dx,)

    return x[grid], gather_backward


def places(op, x, index, dim):
    """For every element of `index` its full position in x, of which it names axis `dim`."""
    axis = normalize_dim(op, dim, x.ndim)
    _check_gather(op, x, index, axis)
    grid = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    grid[axis] = index
    return tuple(grid)


def _check_gather(op, x, index, axis):
    if index.dtype.kind not in "iu":
        raise TypeError(f"{op}: index must hold integers, got {index.dtype}")
    sizes = [n for i, n in enumerate(x.shape) if i != axis]
    wanted = [n for i, n in enumerate(index.shape) if i != axis]
    if index.ndim != x.ndim or any(w > n for w, n in zip(wanted, sizes, strict=True)):
        raise ValueError(
            f"{op}: index of shape {index.shape} does not fit a tensor of shape {x.shape}; both "
            f"need as many axes, and no size but that of axis {axis} may be larger"
        )
    _check_range(op, index, x.shape[axis])


def _check_range(op, index, size):
    if index.size and not (index.min() >= 0 and index.max() < size):
        wrong = index[(index < 0) | (index >= size)].flat[0]
        raise IndexError(f"{op}: index {wrong} is out of range, it must be 0..{size - 1}")


def scatter_add(x, source, index, dim, *, needs=(True, True)):
    """A copy of x with source[i][j] added at x[index[i][j]][j] (dim 0): gather's mirror image."""
    grid = places("scatter_add", x, index, dim)
    if source.dtype != x.dtype:
        raise TypeError(f"scatter_add: src is {source.dtype}, the tensor {x.dtype}; convert one")
    if source.ndim != index.ndim or any(
        n < m for n, m in zip(source.shape, index.shape, strict=True)
    ):
        raise ValueError(
            f"scatter_add: src of shape {source.shape} must be at least as large as the index "
            f"of shape {index.shape}"
        )
    picked = tuple(slice(n) for n in index.shape)
    source_shape = source.shape
    y = x.copy()
    np.add.at(y, grid, source[picked])

    def scatter_add_backward(dy):
        dsource = np.zeros(source_shape, dy.dtype) if needs[1] else None
        if needs[1]:
            dsource[picked] = dy[grid]
        return dy, dsource

    return y, scatter_add_backward


def one_hot(x, num_classes=-1):
    """Each whole number becomes a vector with a 1 at its place: (...) -> (..., num_classes)."""
    if x.dtype.kind not in "iu":
        raise TypeError(f"one_hot: expected integers, got {x.dtype}; write x.long()")
    if num_classes == -1 and x.size == 0:
        raise ValueError("one_hot: there is no largest class in an empty tensor; give num_classes")
    size = int(x.max()) + 1 if num_classes == -1 else num_classes
    _check_range("one_hot", x, size)
    return (x[..., None] == np.arange(size)).astype(np.int64), None


def embedding(weight, index, padding_idx=None):
    """Row `index` of `weight` (rows, features) for each index: (...) -> (..., features).

    The row `padding_idx` gets no gradient.
    """
    if index.dtype.kind not in "iu":
        raise TypeError(f"embedding: expected integer indices, got {index.dtype}; write x.long()")
    shape = weight.shape
    _check_range("embedding", index, shape[0])

    def embedding_backward(dy):
        dweight = np.zeros(shape, dy.dtype)
        np.add.at(dweight, index, dy)
        if padding_idx is not None:
            dweight[padding_idx] = 0
        return (dweight,)

    return weight[index], embedding_backward
