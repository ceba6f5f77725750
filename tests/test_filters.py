"""Sliding a kernel over an image, on arrays and on Tensors."""

import loops_filters
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loops_filters import close, numbers
from numerical import check_gradients

import minigrad as mg
from minigrad import Tensor, filters
from minigrad.datasets import Digits
from minigrad.filters import (
    apply,
    box,
    identity,
    scharr_x,
    sobel_x,
)

BORDERS = ["zeros", "reflect", "replicate", "circular"]


def test_a_correlation_by_hand():
    image = np.array([[10, 20, 30], [40, 50, 60], [70, 80, 90]], np.uint8)
    assert apply(image, sobel_x(), padding="valid").tolist() == [[80]]
    assert apply(image, sobel_x(), padding="valid", mode="convolution").tolist() == [[-80]]


def test_a_true_convolution_by_hand():
    signal = np.array([[1, 2, 3, 4, 5]], np.uint8)
    assert apply(signal, [[1, 0, -1]], "zeros", "convolution").tolist() == [[2, 2, 2, 2, -4]]
    assert apply(signal, [[1, 0, -1]], "zeros").tolist() == [[-2, -2, -2, -2, 4]]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_convolution_is_numpys(size):
    signal, kernel = numbers(9), numbers(size, seed=1)
    found = apply(signal[None], kernel[None], "zeros", "convolution")
    close(found[0], np.convolve(signal, kernel, "same"))


@given(data=st.data(), padding=st.sampled_from(BORDERS), flip=st.booleans())
@settings(deadline=None, derandomize=True, max_examples=80, database=None)
def test_apply_is_its_definition(data, padding, flip):
    height, width = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    reach = {"reflect": lambda n: 2 * n - 1, "circular": lambda n: 2 * n + 1}
    most = reach.get(padding, lambda n: 7)
    kernel = numbers(*(data.draw(st.integers(1, most(n))) for n in (height, width)), seed=1)
    image = numbers(height, width)
    oracle = loops_filters.convolution if flip else loops_filters.correlation
    found = apply(image, kernel, padding, "convolution" if flip else "correlation")
    assert found.dtype == np.float32
    close(found, oracle(image, kernel, padding))


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (3, 2), (4, 4), (5, 6)])
def test_valid_keeps_whole_windows(shape, flip):
    image, kernel = numbers(5, 6), numbers(*shape, seed=1)
    found = apply(image, kernel, "valid", "convolution" if flip else "correlation")
    close(found, loops_filters.valid(image, kernel, flip))


def test_the_border_is_mirrored_unless_told_otherwise():
    image = numbers(5, 6)
    assert np.array_equal(apply(image, box()), apply(image, box(), "reflect", "correlation"))


def test_a_single_light_comes_out_as_the_kernel():
    for size in (3, 4), (4, 3), (5, 5):
        light = np.zeros((11, 11), np.float32)
        light[5, 5] = 1
        kernel = numbers(*size)
        top, left = 5 - (size[0] - 1) // 2, 5 - (size[1] - 1) // 2
        found = apply(light, kernel, mode="convolution")
        close(found[top : top + size[0], left : left + size[1]], kernel)
        assert np.count_nonzero(found) == kernel.size


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("padding", [*BORDERS, "valid"])
def test_each_channel_by_itself(channels, padding):
    image = numbers(7, 6, channels)
    before = image.copy()
    found = apply(image, scharr_x(), padding)
    assert found.flags.c_contiguous
    for c in range(channels):
        close(found[..., c], apply(image[..., c], scharr_x(), padding))
    assert np.array_equal(image, before)


@pytest.mark.parametrize("kind", [np.uint8, np.float16, np.float32, np.float64])
def test_the_scale_stays_and_the_result_is_float32(kind):
    image = np.arange(0, 240, 5).reshape(6, 8).astype(kind)
    for mode in "correlation", "convolution":
        found = apply(image, identity(), mode=mode)
        assert found.dtype == np.float32
        assert np.array_equal(found, image)
    bright = np.full((3, 3), 255, np.uint8)
    assert apply(bright, [[2]]).max() == 510  # not cut off
    assert apply(bright, [[-1]]).min() == -255


def test_an_identity_gives_a_new_array():
    image = numbers(4, 4)
    assert not np.shares_memory(apply(image, [[1]]), image)


@pytest.mark.parametrize("padding", [*BORDERS, "valid"])
@pytest.mark.parametrize("mode", ["correlation", "convolution"])
def test_a_tensor_gives_the_same_as_its_images(padding, mode):
    batch, kernel = numbers(2, 3, 7, 6), numbers(3, 4, seed=1)
    found = apply(mg.tensor(batch), kernel, padding, mode)
    for n, c in np.ndindex(2, 3):
        close(found.data[n, c], apply(batch[n, c], kernel, padding, mode))
    single = apply(mg.tensor(batch[1]), kernel, padding, mode)
    assert isinstance(single, Tensor)
    close(single.data, found.data[1])


@pytest.mark.parametrize("padding", [*BORDERS, "valid"])
@pytest.mark.parametrize("mode", ["correlation", "convolution"])
def test_gradients_flow_through_a_filter(padding, mode):
    kernel = numbers(2, 3, seed=1)
    check_gradients(lambda x: apply(x, kernel, padding, mode), numbers(2, 2, 4, 3).astype(float))


def test_a_float64_tensor_stays_and_uint8_becomes_float():
    x = mg.tensor(np.arange(24).reshape(1, 4, 6) / 7)
    assert apply(x, identity()).dtype == np.float64
    assert np.array_equal(apply(x, identity()).data, x.data)
    images = mg.tensor(Digits(train=False).data[:4, None])
    found = apply(images, identity())
    assert found.dtype == np.float32
    assert np.array_equal(found.data, images.data)


def test_filters_are_found_from_the_top():
    assert mg.filters is filters
