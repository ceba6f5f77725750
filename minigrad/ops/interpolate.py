"""Resizing by interpolation, one axis after the other.

Along an axis, output i is a weighted sum of a few inputs: y[i] = sum of weight * x[index]. Backward
is the transposed sum, written as a matrix product.
"""

import numpy as np

from ..kernels import product


def interpolate(x, size, scale=None, mode="nearest", align_corners=False):
    """Resize the spatial axes of x (N, C, *S) to `size`.

    mode "nearest" repeats or drops elements; "linear" (for 2-D called bilinear, for 3-D trilinear)
    weighs the two neighbours. `scale` gives, for each axis, the factor that the user asked for (or
    None: the ratio of the sizes). With align_corners the outermost elements meet.
    """
    steps = []
    for axis in range(2, x.ndim):
        before, after = x.shape[axis], size[axis - 2]
        factor = None if scale is None else scale[axis - 2]
        index, weight = _samples(before, after, factor, mode, align_corners, x.dtype)
        steps.append((axis, before, index, weight))
        shape = (-1,) + (1,) * (x.ndim - 1 - axis)
        x = sum(np.take(x, i, axis) * w.reshape(shape) for i, w in zip(index, weight, strict=True))

    def interpolate_backward(dy):
        for axis, before, index, weight in reversed(steps):
            matrix = np.zeros((dy.shape[axis], before), dy.dtype)
            for i, w in zip(index, weight, strict=True):
                np.add.at(matrix, (np.arange(len(i)), i), w)
            dy = np.moveaxis(product.matmul(np.moveaxis(dy, axis, -1), matrix), -1, axis)
        return (dy,)

    return x, interpolate_backward


def _samples(before, after, factor, mode, align_corners, dtype):
    """For each output along an axis: the indices it reads, and their weights."""
    step = before / after if factor is None else 1 / factor
    place = np.arange(after)
    if mode == "nearest":
        index = np.minimum(np.floor(place * step).astype(np.intp), before - 1)
        return [index], [np.ones(after, dtype)]
    if align_corners:
        source = place * ((before - 1) / (after - 1) if after > 1 else 0.0)
    else:
        source = np.maximum((place + 0.5) * step - 0.5, 0)
    low = np.minimum(np.floor(source).astype(np.intp), before - 1)
    high = np.minimum(low + 1, before - 1)
    share = np.clip(source - low, 0, 1).astype(dtype)
    return [low, high], [1 - share, share]
