"""Oracles: filters and Canny's stages, pixel by pixel from their definitions; and two helpers."""

import math

import numpy as np


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def close(found, expected):
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def pixel(image, row, column, padding):
    """The image's value at any place, also outside."""
    places = [source(i, n, padding) for i, n in zip((row, column), image.shape, strict=True)]
    return 0.0 if None in places else float(image[tuple(places)])


def source(i, n, padding):
    """Which pixel stands at place i of an axis of n; None where there is none."""
    if padding == "replicate":
        return min(max(i, 0), n - 1)
    if padding == "circular":
        return i % n
    if padding == "reflect":
        return -i if i < 0 else 2 * (n - 1) - i if i >= n else i
    return i if 0 <= i < n else None


def correlation(image, kernel, padding):
    """y[r, c] = sum of kernel[i, j] * image[r + i - a, c + j - b], (a, b) the kernel's middle."""
    (kh, kw), (height, width) = kernel.shape, image.shape
    a, b = (kh - 1) // 2, (kw - 1) // 2
    y = np.zeros(image.shape)
    for r, c, i, j in np.ndindex(height, width, kh, kw):
        y[r, c] += kernel[i, j] * pixel(image, r + i - a, c + j - b, padding)
    return y


def convolution(image, kernel, padding):
    """y[r, c] = sum of kernel[i, j] * image[r - i + a, c - j + b]."""
    (kh, kw), (height, width) = kernel.shape, image.shape
    a, b = (kh - 1) // 2, (kw - 1) // 2
    y = np.zeros(image.shape)
    for r, c, i, j in np.ndindex(height, width, kh, kw):
        y[r, c] += kernel[i, j] * pixel(image, r - i + a, c - j + b, padding)
    return y


def valid(image, kernel, flip):
    """Only where the whole kernel lies on the image."""
    (kh, kw), (height, width) = kernel.shape, image.shape
    y = np.zeros((height - kh + 1, width - kw + 1))
    for r, c, i, j in np.ndindex(*y.shape, kh, kw):
        weight = kernel[kh - 1 - i, kw - 1 - j] if flip else kernel[i, j]
        y[r, c] += weight * image[r + i, c + j]
    return y


def gaussian(height, width, sigma):
    y = np.zeros((height, width))
    for i, j in np.ndindex(height, width):
        down, right = i - (height - 1) / 2, j - (width - 1) / 2
        y[i, j] = math.exp(-(down**2 + right**2) / (2 * sigma**2))
    return y / y.sum()


def ridge(magnitude, x, y):
    """Non-maximum suppression (Canny 1986, section VIII): nothing on the gradient is greater.

    The gradient's line leaves the 3x3 around a pixel between two of its eight neighbors; the
    magnitude there is interpolated. Outside the image it is 0.
    """
    keep = np.zeros(magnitude.shape, bool)
    for r, c in np.ndindex(*magnitude.shape):
        longer = max(abs(x[r, c]), abs(y[r, c]))
        if longer > 0:
            down, right = y[r, c] / longer, x[r, c] / longer
            ahead = between(magnitude, r + down, c + right)
            behind = between(magnitude, r - down, c - right)
            keep[r, c] = magnitude[r, c] > ahead and magnitude[r, c] >= behind
    return keep


def between(image, row, column):
    """Bilinear interpolation of an image that is 0 outside."""
    top, left = math.floor(row), math.floor(column)
    total = 0.0
    for i, j in (top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1):
        total += (1 - abs(row - i)) * (1 - abs(column - j)) * pixel(image, i, j, "zeros")
    return total


def connected(strong, weak):
    """Flood from every strong pixel, one pixel at a time."""
    edges = np.zeros(strong.shape, bool)
    stack = [tuple(at) for at in np.argwhere(strong)]
    while stack:
        r, c = stack.pop()
        inside = 0 <= r < strong.shape[0] and 0 <= c < strong.shape[1]
        if inside and not edges[r, c] and (strong[r, c] or weak[r, c]):
            edges[r, c] = True
            stack += [(r + i, c + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return edges
