"""The kernels, unsharp masking, the gradient, and filters as layers."""

import loops_filters
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loops_filters import close, numbers

import minigrad as mg
from minigrad import filters, nn, optim
from minigrad.datasets import Digits
from minigrad.filters import (
    apply,
    as_conv2d,
    box,
    emboss,
    gaussian,
    gradient,
    identity,
    laplacian,
    prewitt_x,
    prewitt_y,
    scharr_x,
    scharr_y,
    sharpen,
    sobel_x,
    sobel_y,
    unsharp_mask,
)

KERNELS = [
    sobel_x, sobel_y, prewitt_x, prewitt_y, scharr_x, scharr_y, laplacian, gaussian, box, sharpen,
    emboss, identity,
]  # fmt: skip
BORDERS = ["zeros", "reflect", "replicate", "circular"]
RAMP = np.add.outer(100 * np.arange(5.0), np.arange(6.0))  # 1 brighter a column, 100 a row


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_is_a_new_float32_array_each_time(kernel):
    array = kernel()
    assert array.dtype == np.float32
    array[...] = 9
    assert not (kernel() == 9).all()


@pytest.mark.parametrize(
    ("x", "y", "smoothing"),
    [
        (sobel_x, sobel_y, [1, 2, 1]),
        (prewitt_x, prewitt_y, [1, 1, 1]),
        (scharr_x, scharr_y, [3, 10, 3]),
    ],
)
def test_derivatives(x, y, smoothing):
    assert np.array_equal(x(), np.outer(smoothing, [-1, 0, 1]))
    assert np.array_equal(y(), np.outer([-1, 0, 1], smoothing))
    slope = 2 * sum(smoothing)
    assert (apply(RAMP, x(), "valid") == slope).all()  # positive: brighter to the right
    assert (apply(RAMP, y(), "valid") == 100 * slope).all()


@pytest.mark.parametrize(("neighbors", "curvature"), [(4, 4), (8, 12)])
def test_laplacian(neighbors, curvature):
    kernel = laplacian(neighbors)
    assert kernel[1, 1] == -neighbors
    assert np.count_nonzero(kernel) == neighbors + 1
    assert abs(apply(RAMP, kernel, "valid")).max() == 0
    bowl = np.add.outer(np.arange(5.0) ** 2, np.arange(6.0) ** 2)
    assert (apply(bowl, kernel, "valid") == curvature).all()


@given(height=st.integers(1, 9), width=st.integers(1, 9), sigma=st.floats(0.3, 5))
@settings(deadline=None, derandomize=True, max_examples=40, database=None)
def test_gaussian_is_its_formula(height, width, sigma):
    kernel = gaussian((height, width), sigma)
    close(kernel, loops_filters.gaussian(height, width, sigma))
    assert kernel.sum() == pytest.approx(1)
    assert np.array_equal(kernel, kernel[::-1, ::-1])


def test_gaussian_without_a_size_reaches_four_sigma():
    assert [gaussian(sigma=s).shape for s in (0.1, 0.5, 1, 1.5, 3)] == [
        (1, 1), (5, 5), (9, 9), (13, 13), (25, 25),
    ]  # fmt: skip
    assert gaussian().shape == (9, 9)
    assert gaussian(4, 2.0).shape == (4, 4)
    wide = gaussian((99, 99), 3)
    assert wide[37:-37, 37:-37].sum() > 1 - 1e-4
    for sigma in (1, np.float32(1), np.int64(1)):
        assert gaussian(sigma=sigma).dtype == np.float32


def test_a_narrow_gaussian_is_shared_by_the_pixels_next_to_the_middle():
    middle = np.zeros((4, 4), np.float32)
    middle[1:3, 1:3] = 0.25
    assert np.array_equal(gaussian(4, 1e-3), middle)
    assert np.array_equal(gaussian((1, 5), 1e-3), [[0, 0, 1, 0, 0]])


def test_the_smoothing_and_sharpening_kernels():
    assert np.array_equal(box(), np.full((3, 3), 1 / 9, np.float32))
    assert np.array_equal(box((1, 4)), np.full((1, 4), 0.25, np.float32))
    assert np.array_equal(sharpen(), identity() - laplacian(4))
    assert np.array_equal(emboss() - identity(), [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]])
    assert identity().sum() == sharpen().sum() == emboss().sum() == 1


@pytest.mark.parametrize("color", [False, True])
def test_unsharp_masking_step_by_step(color):
    image = Digits().data[0]
    image = np.stack([image, image.T, 255 - image], -1) if color else image
    blurred, detail, sharpened = unsharp_mask(image, sigma=0.7, amount=1.5, padding="circular")
    close(blurred, apply(image, gaussian(sigma=0.7), "circular"))
    assert np.array_equal(detail, image - blurred)
    assert np.array_equal(sharpened, image + np.float32(1.5) * detail)
    assert {step.dtype for step in (blurred, detail, sharpened)} == {np.dtype("float32")}


def test_unsharp_masking_as_it_is_called_most():
    image = numbers(12, 12).astype(float)
    steps = unsharp_mask(image)
    close(steps.blurred, apply(image, gaussian(sigma=1), "reflect"))
    close(steps.sharpened, 2 * image - steps.blurred)
    assert unsharp_mask(image, amount=np.float64(2)).sharpened.dtype == np.float32
    tensor = mg.tensor(image[None], requires_grad=True)
    sharpened = unsharp_mask(tensor).sharpened
    close(sharpened.data[0], steps.sharpened)
    sharpened.sum().backward()
    assert tensor.grad is not None


@pytest.mark.parametrize("name", ["sobel", "scharr", "prewitt"])
def test_gradient(name):
    image = Digits().data[3] / 255
    found = gradient(image, name)
    close(found.x, apply(image, getattr(filters, f"{name}_x")()))
    close(found.y, apply(image, getattr(filters, f"{name}_y")()))
    close(found.magnitude, np.sqrt(found.x**2 + found.y**2))
    close(found.magnitude * np.cos(found.direction), found.x)
    close(found.magnitude * np.sin(found.direction), found.y)
    assert gradient(np.stack([image] * 3, -1), name).direction.shape == (8, 8, 3)


def test_the_gradient_points_to_where_it_grows_brighter():
    right, down = np.tile(np.arange(5.0), (5, 1)), np.tile(np.arange(5.0), (5, 1)).T
    for image, angle in (right, 0), (down, np.pi / 2), (right + down, np.pi / 4):
        found = gradient(image, padding="valid")
        assert found.direction == pytest.approx(np.full((3, 3), angle))
    assert gradient(right, padding="valid").magnitude == pytest.approx(np.full((3, 3), 8))
    assert gradient(right).x[0, 0] == 0  # mirrored: no slope across the border
    assert gradient(right, "prewitt", "replicate").x[0, 0] == 3


@pytest.mark.parametrize("padding", BORDERS)
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (1, 5)])
def test_a_conv2d_of_a_filter_computes_apply(shape, padding):
    kernel, x = numbers(*shape), mg.tensor(numbers(2, 3, 6, 7))
    conv = as_conv2d(kernel, channels=3, padding_mode=padding)
    close(conv(x).data, apply(x, kernel, padding).data)
    close(as_conv2d(kernel, channels=np.int64(3))(x).data, apply(x, kernel).data)
    valid = as_conv2d(kernel, channels=3, padding="valid")
    close(valid(x).data, apply(x, kernel, "valid").data)


@pytest.mark.parametrize("join", [list, tuple, np.stack])
def test_a_conv2d_of_several_filters(join):
    conv = as_conv2d(join([sobel_x(), sobel_y(), identity()]), channels=2)
    assert repr(conv) == (
        "Conv2d(2, 6, kernel_size=(3, 3), stride=(1, 1), padding=same, groups=2, bias=False, "
        "padding_mode=reflect)"
    )
    x = mg.tensor(numbers(4, 2, 5, 5))
    y = conv(x).data.reshape(4, 2, 3, 5, 5)
    for k, kernel in enumerate([sobel_x(), sobel_y(), identity()]):
        close(y[:, :, k], apply(x, kernel).data)
    state = conv.state_dict()
    assert list(state) == ["weight"]
    nn.Conv2d(2, 6, 3, groups=2, bias=False).load_state_dict(state)


def test_a_conv2d_is_frozen_or_learns():
    image = mg.tensor(numbers(1, 1, 6, 6))
    model = nn.Sequential(as_conv2d([[1, 2], [3, 4]]), nn.Flatten(), nn.Linear(36, 1))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    model(image).sum().backward()
    optimizer.step()
    assert model[0].weight.data.tolist() == [[[[1, 2], [3, 4]]]]
    assert model[0].weight.grad is None
    start = as_conv2d(sobel_x(), trainable=True)
    start(image).square().sum().backward()
    optim.SGD(start.parameters(), lr=0.1).step()
    assert not np.array_equal(start.weight.data[0, 0], sobel_x())


def test_a_kernel_in_a_conv2d_is_a_copy():
    kernel = sobel_x()
    conv = as_conv2d([kernel])
    conv.weight.data[...] = 0
    assert kernel.any()
