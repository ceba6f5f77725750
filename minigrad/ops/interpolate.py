"""Resizing by interpolation, one axis after the other.

Along an axis, output i is a weighted sum of a few inputs: y[i] = sum of weight * x[index]. Backward
is the transposed sum, written as a matrix product.
"""

import math

import numpy as np

from ..kernels import product
from ..kernels.rows import from_rows, to_rows

SPATIAL = 0, 1, 3  # the axes D, H and W of images in rows


def interpolate(x, size, scale=None, mode="nearest", align_corners=False):
    """Resize the spatial axes of x (N, C, *S) to `size`.

    mode "nearest" repeats or drops elements; "linear" (for 2-D called bilinear, for 3-D trilinear)
    weighs the two neighbours. `scale` gives, for each axis, the factor that the user asked for (or
    None: the ratio of the sizes). With align_corners the outermost elements meet.
    """
    spatial = x.ndim - 2
    rows = to_rows(x)  # (N, C, *S) -> (D, H, C, W, N)
    steps = []
    for i, axis in enumerate(SPATIAL[3 - spatial :]):
        before, factor = x.shape[2 + i], None if scale is None else scale[i]
        index, weight = _samples(before, size[i], factor, mode, align_corners, x.dtype)
        steps.append((axis, before, index, weight))
        lines = _lines(rows, axis)
        samples = zip(index, weight, strict=True)
        lines = sum(np.take(lines, picked, axis=1) * w[:, None] for picked, w in samples)
        rows = _unfold(lines, rows, axis)

    def interpolate_backward(dy):
        rows = to_rows(dy)
        for axis, before, index, weight in reversed(steps):
            matrix = np.zeros((before, rows.shape[axis]), dy.dtype)
            for picked, w in zip(index, weight, strict=True):
                np.add.at(matrix, (picked, np.arange(len(picked))), w)
            rows = _unfold(product.matmul(matrix, _lines(rows, axis)), rows, axis)
        return (from_rows(rows, spatial),)

    return from_rows(rows, spatial), interpolate_backward


def _lines(rows, axis):
    """The axes before `axis` as one, `axis`, and those behind it as one."""
    shape = rows.shape
    return rows.reshape(math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :]))


def _unfold(lines, rows, axis):
    """The inverse of `_lines`; `axis` has another size than that of `rows`."""
    return lines.reshape(*rows.shape[:axis], lines.shape[1], *rows.shape[axis + 1 :])


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
