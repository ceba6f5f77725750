"""Oracles: the layers written as plain loops from their definitions, slow and hard to get wrong.

Every output element is computed by itself. x is (N, C, *S), any number of spatial axes.
"""

import math
from itertools import product

import numpy as np


def each(value, n):
    """3 -> (3, 3) for n = 2."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * n


def positions(*sizes):
    return product(*(range(n) for n in sizes))


def conv(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    """y[n,o,q] = b[o] + sum over c, t of w[o,c,t] * x[n, c', q * stride + t * dilation - padding].

    c' is c counted within the group of channels that output channel o looks at. `padding` is a
    number, one for each axis, or "same": the output as large as the input, the odd pixel behind.
    """
    n = x.ndim - 2
    kernel = w.shape[2:]
    stride, dilation = each(stride, n), each(dilation, n)
    if padding == "same":
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        before, after = [t // 2 for t in total], [t - t // 2 for t in total]
    else:
        before = after = each(0 if padding == "valid" else padding, n)
    out = [
        (s + a + z - d * (k - 1) - 1) // st + 1
        for s, a, z, d, k, st in zip(
            x.shape[2:], before, after, dilation, kernel, stride, strict=True
        )
    ]
    y = np.zeros((x.shape[0], w.shape[0], *out))
    per_group_in, per_group_out = w.shape[1], w.shape[0] // groups
    for at in positions(*y.shape):
        image, o, q = at[0], at[1], at[2:]
        first = (o // per_group_out) * per_group_in
        total = 0.0 if b is None else b[o]
        for c, *t in positions(per_group_in, *kernel):
            place = [
                i * s + j * d - p
                for i, j, s, d, p in zip(q, t, stride, dilation, before, strict=True)
            ]
            if all(0 <= i < size for i, size in zip(place, x.shape[2:], strict=True)):
                total += w[(o, c, *t)] * x[(image, first + c, *place)]
        y[at] = total
    return y


def conv_transpose(x, w, b=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """Each input pixel lays its kernel, times its value, onto a large zero map; then it is cropped.

    padding="same" gives (input size) * stride + output_padding, and crops in front what a "same"
    convolution pads there on a map of that size.
    """
    n = x.ndim - 2
    kernel = w.shape[2:]
    stride, dilation, added = each(stride, n), each(dilation, n), each(output_padding, n)
    full = [
        (s - 1) * st + d * (k - 1) + 1
        for s, st, d, k in zip(x.shape[2:], stride, dilation, kernel, strict=True)
    ]
    if padding == "same":
        sizes = [s * st + a for s, st, a in zip(x.shape[2:], stride, added, strict=True)]
        first = [max(f - size, 0) // 2 for f, size in zip(full, sizes, strict=True)]
    else:
        first = each(0 if padding == "valid" else padding, n)
        sizes = [f - 2 * p + a for f, p, a in zip(full, first, added, strict=True)]
    per_group_in, per_group_out = x.shape[1] // groups, w.shape[1]
    y = np.zeros((x.shape[0], per_group_out * groups, *sizes))
    for image, c, *q in positions(*x.shape):
        for o, *t in positions(*w.shape[1:]):
            place = [
                i * s + j * d - p
                for i, j, s, d, p in zip(q, t, stride, dilation, first, strict=True)
            ]
            if all(0 <= i < size for i, size in zip(place, sizes, strict=True)):
                out = (c // per_group_in) * per_group_out + o
                y[(image, out, *place)] += x[(image, c, *q)] * w[(c, o, *t)]
    return y if b is None else y + b.reshape(-1, *[1] * n)


def pooled_sizes(shape, kernel, stride, padding, dilation, ceil_mode):
    sizes = []
    for s, k, st, p, d in zip(shape, kernel, stride, padding, dilation, strict=True):
        room = (s + 2 * p - d * (k - 1) - 1) / st
        out = (math.ceil(room) if ceil_mode else math.floor(room)) + 1
        if ceil_mode and (out - 1) * st >= s + p:
            out -= 1  # no window begins in the padding behind
        sizes.append(out)
    return sizes


def max_pool(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    n = x.ndim - 2
    kernel, padding, dilation = each(kernel_size, n), each(padding, n), each(dilation, n)
    stride = kernel if stride is None else each(stride, n)
    out = pooled_sizes(x.shape[2:], kernel, stride, padding, dilation, ceil_mode)
    y = np.empty((*x.shape[:2], *out))
    for at in positions(*y.shape):
        best = -np.inf
        for t in positions(*kernel):
            place = [
                i * s + j * d - p
                for i, j, s, d, p in zip(at[2:], t, stride, dilation, padding, strict=True)
            ]
            if all(0 <= i < size for i, size in zip(place, x.shape[2:], strict=True)):
                best = max(best, x[(*at[:2], *place)])
        y[at] = best
    return y


def avg_pool(
    x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
    divisor_override=None,
):  # fmt: skip
    n = x.ndim - 2
    kernel, padding = each(kernel_size, n), each(padding, n)
    stride = kernel if stride is None else each(stride, n)
    out = pooled_sizes(x.shape[2:], kernel, stride, padding, (1,) * n, ceil_mode)
    y = np.empty((*x.shape[:2], *out))
    for at in positions(*y.shape):
        total, inside, padded = 0.0, 0, 0
        for t in positions(*kernel):
            place = [i * s + j - p for i, j, s, p in zip(at[2:], t, stride, padding, strict=True)]
            reaches = zip(place, x.shape[2:], padding, strict=True)
            padded += all(i < size + p for i, size, p in reaches)
            if all(0 <= i < size for i, size in zip(place, x.shape[2:], strict=True)):
                total += x[(*at[:2], *place)]
                inside += 1
        y[at] = total / (divisor_override or (padded if count_include_pad else inside))
    return y


def adaptive_pool(x, output_size, reduce):
    """Window i of `out` covers floor(i * size / out) up to ceil((i + 1) * size / out)."""
    asked = each(output_size, x.ndim - 2)
    out = [s if a is None else a for a, s in zip(asked, x.shape[2:], strict=True)]
    y = np.empty((*x.shape[:2], *out))
    for at in positions(*y.shape):
        window = tuple(
            slice(math.floor(i * s / o), math.ceil((i + 1) * s / o))
            for i, s, o in zip(at[2:], x.shape[2:], out, strict=True)
        )
        y[at] = reduce(x[(*at[:2], *window)])
    return y


def adaptive_avg_pool(x, output_size):
    return adaptive_pool(x, output_size, np.mean)


def adaptive_max_pool(x, output_size):
    return adaptive_pool(x, output_size, np.max)


def standardized(values, eps):
    values = np.asarray(values)
    return (values - values.mean()) / math.sqrt(((values - values.mean()) ** 2).mean() + eps)


def per_channel(y, w, b):
    """Scale and shift by one number a channel (axis 1)."""
    for c in range(y.shape[1]):
        y[:, c] = y[:, c] * (1 if w is None else w[c]) + (0 if b is None else b[c])
    return y


def batch_norm(x, w=None, b=None, eps=1e-5):
    """Each channel over all images and positions."""
    y = np.empty(x.shape)
    for c in range(x.shape[1]):
        y[:, c] = standardized(x[:, c], eps)
    return per_channel(y, w, b)


def batch_norm_eval(x, mean, var, w=None, b=None, eps=1e-5):
    y = np.empty(x.shape)
    for c in range(x.shape[1]):
        y[:, c] = (x[:, c] - mean[c]) / math.sqrt(var[c] + eps)
    return per_channel(y, w, b)


def group_norm(x, groups, w=None, b=None, eps=1e-5):
    """Each group of neighbouring channels of each image."""
    size = x.shape[1] // groups
    y = np.empty(x.shape)
    for n, g in positions(x.shape[0], groups):
        y[n, g * size : (g + 1) * size] = standardized(x[n, g * size : (g + 1) * size], eps)
    return per_channel(y, w, b)


def instance_norm(x, w=None, b=None, eps=1e-5):
    """Each channel of each image."""
    return group_norm(x, x.shape[1], w, b, eps)


def layer_norm(x, normalized_shape, w=None, b=None, eps=1e-5):
    """Each entry of the leading axes over all the last ones."""
    y = np.empty(x.shape)
    for at in positions(*x.shape[: x.ndim - len(normalized_shape)]):
        y[at] = standardized(x[at], eps) * (1 if w is None else w) + (0 if b is None else b)
    return y


def interpolate(x, size=None, scale_factor=None, mode="nearest", align_corners=False):
    """Each output pixel looks up its place in the input, axis by axis."""
    n = x.ndim - 2
    if size is None:
        factors = each(scale_factor, n)
        size = [math.floor(s * f) for s, f in zip(x.shape[2:], factors, strict=True)]
    else:
        size = each(size, n)
        factors = [o / s for o, s in zip(size, x.shape[2:], strict=True)]
    y = np.zeros((*x.shape[:2], *size))
    for at in positions(*y.shape):
        choices = [
            neighbours(i, s, o, f, mode, align_corners)
            for i, s, o, f in zip(at[2:], x.shape[2:], size, factors, strict=True)
        ]
        for corner in product(*choices):
            share = math.prod(weight for _, weight in corner)
            y[at] += share * x[(*at[:2], *(place for place, _ in corner))]
    return y


def neighbours(i, size, out, factor, mode, align_corners):
    """(input position, weight) of those that output i is mixed from, along one axis."""
    if mode == "nearest":
        return [(min(math.floor(i / factor), size - 1), 1.0)]
    if align_corners:
        place = i * (size - 1) / (out - 1) if out > 1 else 0.0
    else:
        place = max((i + 0.5) / factor - 0.5, 0.0)
    low = min(math.floor(place), size - 1)
    return [(low, 1 - (place - low)), (min(low + 1, size - 1), place - low)]
