"""Each transform against its definition, written out as loops or as NumPy's own function."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import random
from minigrad.tensor import Tensor
from minigrad.transforms import (
    CenterCrop,
    Pad,
    RandomAffine,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    RandomRotation,
    RandomVerticalFlip,
    Resize,
    warp,
)


def noise(*shape):
    return np.random.default_rng(0).integers(256, size=shape).astype(np.uint8)


def test_flips():
    x = noise(8, 9, 10, 3)
    assert np.array_equal(RandomHorizontalFlip(1).batch(x), x[:, :, ::-1])
    assert np.array_equal(RandomVerticalFlip(1).batch(x), x[:, ::-1])
    assert np.array_equal(RandomVerticalFlip(0).batch(x), x)
    random.manual_seed(0)
    many = RandomHorizontalFlip(0.3).batch(np.repeat(x[:1], 2000, 0))
    assert 0.25 < (many != x[0]).any((1, 2, 3)).mean() < 0.35


def test_crops_are_all_the_windows_and_nothing_else():
    x = noise(5, 4)
    padded = np.pad(x, 1, constant_values=8)
    windows = {
        padded[i : i + 4, j : j + 3].tobytes() for i, j in itertools.product(range(4), range(4))
    }
    crop = RandomCrop((4, 3), padding=1, fill=8)
    random.manual_seed(0)
    seen = {image.tobytes() for image in crop.batch(np.repeat(x[None], 1000, 0))}
    assert seen == windows


def test_center_crop_and_pad():
    x = np.arange(20).reshape(4, 5)
    assert CenterCrop(2)(x).tolist() == [[7, 8], [12, 13]]
    assert CenterCrop((1, 7))(x).tolist() == [[0, 10, 11, 12, 13, 14, 0]]
    assert Pad((1, 0, 0, 2), fill=-1)(x).shape == (6, 6)
    assert Pad((1, 0, 0, 2), fill=-1)(x)[0].tolist() == [-1, 0, 1, 2, 3, 4]
    assert Pad((2, 0), padding_mode="reflect")(x)[0].tolist() == [2, 1, 0, 1, 2, 3, 4, 3, 2]
    assert Pad(1, padding_mode="edge")(x)[0].tolist() == [0, 0, 1, 2, 3, 4, 4]


@given(
    st.integers(1, 12), st.integers(1, 12), st.integers(1, 15), st.integers(1, 15), st.booleans()
)
def test_resize_is_a_triangle_filter(height, width, h, w, antialias):
    x = noise(height, width).astype(np.float32)
    expected = np.zeros((h, w))
    for i, j in itertools.product(range(h), range(w)):
        total = 0.0
        y0, x0 = (i + 0.5) * height / h - 0.5, (j + 0.5) * width / w - 0.5
        ry, rx = (max(height / h, 1), max(width / w, 1)) if antialias else (1, 1)
        for k, m in itertools.product(range(height), range(width)):
            weight = max(0, 1 - abs(k - y0) / ry) * max(0, 1 - abs(m - x0) / rx)
            total += weight
            expected[i, j] += weight * x[k, m]
        expected[i, j] /= total
    assert np.allclose(Resize((h, w), antialias=antialias)(x), expected, atol=1e-2)


def test_resize_by_the_shorter_side():
    assert Resize(6)(noise(9, 12, 3)).shape == (6, 8, 3)
    assert Resize(6)(noise(20, 12)).shape == (10, 6)
    flat = np.full((1, 7, 9), 255, np.uint8)
    assert (Resize(3).batch(flat) == 255).all()
    same = noise(8, 9, 10)
    assert np.array_equal(Resize((9, 10)).batch(same), same)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_right_angles_and_whole_shifts_are_exact(interpolation):
    x = noise(2, 7, 7)
    turned = RandomRotation((90, 90), interpolation).batch(x)  # counter-clockwise
    assert np.array_equal(turned, np.rot90(x, 1, (1, 2)))
    turned = RandomAffine((90, 90), interpolation=interpolation).batch(x)  # clockwise
    assert np.array_equal(turned, np.rot90(x, -1, (1, 2)))
    shift = np.full(2, 2.0), np.full(2, -1.0)  # 2 to the right, 1 up
    moved = warp.warp(x, np.zeros(2), *shift, np.ones(2), interpolation, fill=5)
    assert np.array_equal(moved[:, :-1, 2:], x[:, 1:, :-2])
    assert (moved[:, -1] == 5).all()
    assert (moved[:, :, :2] == 5).all()
    assert np.array_equal(RandomAffine(0, interpolation=interpolation).batch(x), x)


def test_bilinear_warp_from_the_definition():
    rng = np.random.default_rng(0)
    n, height, width = 3, 6, 8
    x = rng.standard_normal((n, 2, height, width))
    angle, zoom = rng.uniform(-1, 1, n), rng.uniform(0.6, 1.6, n)
    dx, dy = rng.integers(-2, 3, (2, n))
    y = warp.warp(x, angle, dx, dy, zoom, "bilinear", fill=0.5)

    def pixel(k, c, row, column):
        inside = 0 <= row < height and 0 <= column < width
        return x[k, c, row, column] if inside else 0.5

    for k, c, i, j in itertools.product(range(n), range(2), range(height), range(width)):
        # from the output's place, seen from the center: minus shift, over zoom, turned back
        v, u = i - (height - 1) / 2 - dy[k], j - (width - 1) / 2 - dx[k]
        place = complex(u, v) / zoom[k] * np.exp(-1j * angle[k])
        row, column = place.imag + (height - 1) / 2, place.real + (width - 1) / 2
        top, left = math.floor(row), math.floor(column)
        expected = sum(
            (1 - abs(row - r)) * (1 - abs(column - q)) * pixel(k, c, r, q)
            for r in (top, top + 1)
            for q in (left, left + 1)
        )
        assert y[k, c, i, j] == pytest.approx(expected, abs=1e-9)


def test_affine_stays_within_its_limits():
    x = np.zeros((400, 21, 21), np.float32)
    x[:, 10, 10] = 1
    random.manual_seed(0)
    rows, columns = np.argwhere(RandomAffine(0, translate=(0.1, 0.2)).batch(x) == 1)[:, 1:].T
    assert set(columns) == {8, 9, 10, 11, 12}
    assert set(rows) == set(range(6, 15))


def test_erasing_erases_one_rectangle():
    x = np.ones((500, 3, 20, 24), np.float32)
    random.manual_seed(0)
    y = RandomErasing(p=0.7, scale=(0.05, 0.3), ratio=(0.5, 2), value=5).batch(Tensor(x)).data
    erased = [image for image in y if (image == 5).any()]
    assert 0.6 < len(erased) / 500 < 0.8
    for image in erased:
        gone = image[0] == 5
        rows, columns = np.flatnonzero(gone.any(1)), np.flatnonzero(gone.any(0))
        height, width = len(rows), len(columns)
        assert gone.sum() == height * width  # no holes
        assert (image == image[0]).all()
        assert height == np.ptp(rows) + 1
        assert 0.04 < height * width / 480 < 0.34
        assert 0.4 < height / width < 2.4
    assert np.array_equal(RandomErasing(p=0).batch(Tensor(x)).data, x)
    too_long = RandomErasing(p=1, scale=(0.9, 0.9), ratio=(9, 9))
    assert np.array_equal(too_long.batch(Tensor(x)).data, x)  # no such rectangle fits
