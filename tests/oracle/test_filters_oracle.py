"""Filters beside SciPy's, Canny beside scikit-image's."""

import numpy as np
import pytest

from minigrad import filters
from minigrad.datasets import Digits, SyntheticShapes

ndimage = pytest.importorskip("scipy.ndimage")
signal = pytest.importorskip("scipy.signal")
skimage = pytest.importorskip("skimage")

SCIPY = {"zeros": "constant", "reflect": "mirror", "replicate": "nearest", "circular": "wrap"}
paddings = pytest.mark.parametrize("padding", SCIPY)


def image(*shape, seed=0):
    return np.random.default_rng(seed).random(shape)


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@paddings
@pytest.mark.parametrize("size", [(1, 1), (3, 3), (5, 2), (4, 7), (2, 2), (1, 6)])
def test_correlation_and_convolution(size, padding):
    x, kernel = image(9, 11), image(*size, seed=1) - 0.5
    even = tuple(-(1 - k % 2) for k in size)  # SciPy's place in an even kernel is one later
    expected = ndimage.correlate(x, kernel, mode=SCIPY[padding], origin=even)
    close(filters.apply(x, kernel, padding), expected)
    flipped = ndimage.correlate(x, kernel[::-1, ::-1], mode=SCIPY[padding])
    close(filters.apply(x, kernel, padding, "convolution"), flipped)


@pytest.mark.parametrize("size", [(3, 3), (4, 2), (5, 6)])
@pytest.mark.parametrize(("padding", "mode"), [("zeros", "same"), ("valid", "valid")])
def test_true_convolution(size, padding, mode):
    x, kernel = image(9, 11), image(*size, seed=1) - 0.5
    expected = signal.convolve2d(x, kernel, mode)
    close(filters.apply(x, kernel, padding, "convolution"), expected)


@paddings
@pytest.mark.parametrize("name", ["sobel", "prewitt"])
def test_derivatives(name, padding):
    x = image(8, 9)
    found = filters.gradient(x, name, padding)
    scipys = getattr(ndimage, name)
    close(found.x, scipys(x, axis=1, mode=SCIPY[padding]))
    close(found.y, scipys(x, axis=0, mode=SCIPY[padding]))


def test_scharr():
    x = image(8, 9)
    found = filters.gradient(x, "scharr", "replicate")  # scikit-image divides by the weights
    close(found.x / 16, skimage.filters.scharr(x, axis=1, mode="nearest"))
    close(found.y / 16, skimage.filters.scharr(x, axis=0, mode="nearest"))


@paddings
def test_laplacian(padding):
    x = image(8, 9)
    expected = ndimage.laplace(x, mode=SCIPY[padding])
    close(filters.apply(x, filters.laplacian(), padding), expected)


@paddings
@pytest.mark.parametrize("sigma", [0.3, 0.8, 1.0, 1.7, 2.6])
def test_gaussian(sigma, padding):
    x = image(24, 31)
    expected = ndimage.gaussian_filter(x, sigma, mode=SCIPY[padding])
    close(filters.apply(x, filters.gaussian(sigma=sigma), padding), expected)


@paddings
@pytest.mark.parametrize("size", [1, 3, 5])
def test_box(size, padding):
    x = image(8, 9)
    expected = ndimage.uniform_filter(x, size, mode=SCIPY[padding])
    close(filters.apply(x, filters.box(size), padding), expected)


def test_unsharp_mask():
    x = image(20, 21, 3)
    found = filters.unsharp_mask(x, sigma=1.5, amount=0.7, padding="replicate").sharpened
    expected = x + 0.7 * (x - ndimage.gaussian_filter(x, (1.5, 1.5, 0), mode="nearest"))
    close(found, expected)


def test_grayscale():
    color = SyntheticShapes(n=1, channels=3).data[0] / 255
    expected = skimage.color.rgb2yuv(color)[..., 0]  # scikit-image's rgb2gray has other weights
    np.testing.assert_allclose(filters.grayscale(color), expected, atol=1e-6)


SCENES = {
    "digits": [ndimage.zoom(digit / 255, 8, order=1) for digit in Digits().data[:20]],
    "shapes": list(SyntheticShapes(n=20, size=64).data / 255),
    "noise": [image(60, 70, seed=i) for i in range(3)],
}


@pytest.mark.parametrize("sigma", [1.0, 2.0])
@pytest.mark.parametrize("scene", SCENES)
def test_canny(scene, sigma):
    """Of the edges found here, and of those found there, 99.5% have one of the other near.

    scikit-image leaves out the outermost pixels, so they are not compared. Near is within a pixel.
    """
    near = matched = total = 0
    for x in SCENES[scene]:
        ours = filters.canny(x, sigma, low=0.1, high=0.2)
        greatest = ours.magnitude.max()
        theirs = skimage.feature.canny(x, sigma, 0.1 * greatest, 0.2 * greatest, mode="nearest")
        for a, b in (ours.edges, theirs), (theirs, ours.edges):
            inner = np.s_[2:-2, 2:-2]
            around = ndimage.binary_dilation(b, np.ones((3, 3)))
            near += (a & around)[inner].sum()
            matched += (a & b)[inner].sum()
            total += a[inner].sum()
    assert near / total > 0.995
    assert matched / total > 0.99  # measured: 0.996 to 1
