"""Deformable convolution: what it reads between pixels, and its five gradients."""

import loops_deform
import numpy as np
import pytest
from numerical import backward_gradients, check_gradients
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.kernels import blocks, deform, threads
from minigrad.nn import functional as F

D = F.deform_conv2d
rng = np.random.default_rng(4)


@pytest.fixture(autouse=True)
def _seed():
    mg.manual_seed(0)


def offsets(*shape):
    """Between pixels, from -3 to 4."""
    return rng.integers(-3, 4, shape) + rng.uniform(0.2, 0.8, shape)


# What it reads


def read(image, y, x):
    """What a single tap reads from the image at (y, x), and the slopes by y and x."""
    place = mg.tensor(np.array([y, x], float).reshape(1, 2, 1, 1), requires_grad=True)
    image = mg.tensor(np.array(image, float))[None, None]
    kernel = mg.zeros(1, 1, *image.shape[2:]).double()
    offset = mg.zeros(1, 2 * kernel.numel(), 1, 1).double()
    kernel[0, 0, 0, 0] = 1  # the first tap counts, the others fill the image
    value = D(image, mg.cat([place, offset[:, 2:]], 1), kernel)
    value.sum().backward()
    return value.item(), place.grad.flatten().tolist()


IMAGE = [[1.0, 2, 4], [8, 16, 32]]


@pytest.mark.parametrize(
    ("y", "x", "value", "slopes"),
    [
        (0, 0, 1, [7, 1]),
        (1, 2, 32, [-32, -32]),
        (0.5, 0.5, (1 + 2 + 8 + 16) / 4, [(8 + 16 - 1 - 2) / 2, (2 + 16 - 1 - 8) / 2]),
        (0.25, 1, 2 + 14 / 4, [14, 2 + (16 - 2) / 4]),
        (-0.25, 0, 0.75, [1, 0.75]),  # half outside: the border fades to 0
        (-0.75, 1.5, 0.25 * 3, [3, 0.25 * 2]),
        (1.25, 0, 8 * 0.75, [-8, 8 * 0.75]),
        (0, 2.5, 2, [14, -4]),
        (1.5, 2.5, 8, [-16, -16]),
        (-0.5, -0.5, 0.25, [0.5, 0.5]),
        (-1, 1, 0, [0, 0]),  # exactly one pixel away: outside
        (2, 1, 0, [0, 0]),
        (0, -1, 0, [0, 0]),
        (1, 3, 0, [0, 0]),
        (-5, 1, 0, [0, 0]),
        (1e30, -1e30, 0, [0, 0]),
        (np.inf, 0, 0, [0, 0]),
        (0, -np.inf, 0, [0, 0]),
    ],
)
def test_a_tap_reads_between_pixels_and_nothing_outside(y, x, value, slopes):
    found = read(IMAGE, y, x)
    assert found[0] == pytest.approx(value)
    assert found[1] == pytest.approx(slopes)


@pytest.mark.parametrize(("y", "x"), [(np.nan, 0), (1, np.nan), (np.nan, np.nan), (np.nan, 1e9)])
def test_nan_is_passed_on_unless_the_other_coordinate_is_outside(y, x):
    value, slopes = read(IMAGE, y, x)
    assert np.isnan(value) == (x != 1e9)
    assert np.isnan(slopes).any() == (x != 1e9)


def test_one_nan_spoils_only_the_outputs_that_read_there():
    offset = np.zeros((2, 18, 5, 5))
    offset[1, 4, 2, 3] = np.nan
    y = D(
        mg.randn(2, 3, 5, 5).double(), mg.tensor(offset), mg.randn(2, 3, 3, 3).double(), padding=1
    )
    spoilt = np.zeros((2, 2, 5, 5), bool)
    spoilt[1, :, 2, 3] = True
    assert (np.isnan(y.data) == spoilt).all()


def test_offsets_of_zero_are_a_convolution():
    x, w, b = mg.randn(2, 4, 7, 6), mg.randn(6, 2, 3, 2), mg.randn(6)
    options = {"stride": (2, 1), "padding": (1, 2), "dilation": (2, 1)}
    plain = F.conv2d(x, w, b, groups=2, **options)
    offset = mg.zeros(2, 2 * 6, *plain.shape[2:])
    assert_allclose(D(x, offset, w, b, **options).data, plain.data, rtol=1e-5, atol=1e-6)


def test_whole_offsets_move_what_a_tap_reads():
    x, w = mg.randn(1, 2, 6, 6).double(), mg.randn(1, 2, 1, 1).double()
    offset = mg.zeros(1, 2, 6, 6).double()
    offset[:, 0], offset[:, 1] = 2, -1  # two down, one to the left
    moved = F.conv2d(F.pad(x, (1, 0, 0, 2)), w).data[:, :, 2:, :6]
    assert_allclose(D(x, offset, w).data, moved, rtol=1e-12)


def test_offset_groups_move_their_channels_only():
    x, w = mg.randn(1, 4, 3, 3), mg.ones(4, 1, 1, 1)
    offset = mg.zeros(1, 4, 3, 3)
    offset[:, 2] = 99.0
    y = D(x, offset, w)
    assert_allclose(y.data[:, :2], x.data[:, :2])
    assert not y.data[:, 2:].any()


def test_the_mask_weighs_each_tap():
    x, w, offset = mg.randn(2, 2, 5, 5), mg.randn(3, 2, 3, 3), mg.randn(2, 18, 5, 5)
    mask = mg.zeros(2, 9, 5, 5)
    mask[:, 5] = 2.0
    only = mg.zeros(3, 2, 3, 3)
    only[:, :, 1, 2] = 2 * w[:, :, 1, 2]
    with_mask, without = (D(x, offset, w, padding=1, mask=mask), D(x, offset, only, padding=1))
    assert_allclose(with_mask.data, without.data, rtol=1e-5, atol=1e-5)


# Gradients where many points meet, and of what is not always wanted


def cloud(n, channels, size, spread):
    """x, offset, weight, bias and mask whose points all lie around the middle of the image."""
    x, w = rng.standard_normal((n, channels, size, size)), rng.standard_normal((2, channels, 3, 3))
    grid = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"))
    middle = size // 2 - np.tile(grid, (9, 1, 1))
    taps = np.stack(np.divmod(np.arange(9), 3), 1).reshape(18, 1, 1) - 1
    offset = middle - taps + rng.uniform(0.2, 0.8, (n, 18, size, size))
    offset += rng.integers(-spread, spread + 1, offset.shape)
    return x, offset, w, rng.standard_normal(2), rng.uniform(0.2, 2, (n, 9, size, size))


def call(x, offset, w, b, mask):
    return D(x, offset, w, b, padding=1, mask=mask)


@pytest.mark.parametrize("spread", [0, 1, 3])
def test_gradients_where_many_points_fall_into_one_cell(spread):
    arrays = cloud(1, 2, 4, spread)
    expected = loops_deform.deform_conv2d(*arrays[:4], arrays[4], padding=1)
    assert_allclose(call(*map(mg.tensor, arrays)).data, expected, rtol=1e-10)
    check_gradients(call, *arrays)


@pytest.mark.parametrize("many", [1, 2, 63, 200])
def test_the_gradient_of_cells_with_very_different_numbers_of_points(many):
    """Most points of 1x1 kernels lie alone in their cells, `many` in one; against one by one."""
    x, w = rng.standard_normal((1, 3, 16, 16)), rng.standard_normal((2, 3, 1, 1))
    offset = rng.uniform(0.2, 0.8, (1, 2, 16, 16))
    flat = offset.reshape(2, 256)
    flat[:, :many] += 7 - np.stack(np.divmod(np.arange(many), 16))
    dx = backward_gradients(D, [x, offset, w])[0]
    total = 0
    dy = np.random.default_rng(0).standard_normal((1, 2, 16, 16))  # what backward_gradients takes
    for i in range(16):
        for j in range(16):
            y, v = i + offset[0, 0, i, j], j + offset[0, 1, i, j]
            hat = np.outer(*[np.maximum(0, 1 - abs(np.arange(16) - p)) for p in (y, v)])
            total = total + (w[:, :, 0, 0].T @ dy[0, :, i, j])[:, None, None] * hat
    assert_allclose(dx[0], total, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("size", "kernel"), [(20, 3), (270, 1)])
def test_points_anywhere_in_a_large_image_send_back_what_they_read(size, kernel):
    """The value is linear in x, so that sum(dy * y) = sum(dx * x), for any other x too."""
    out = size - kernel + 1
    x, other = rng.standard_normal((2, 1, 2, size, size))
    offset = rng.uniform(-size / 2, size / 2, (1, 2 * kernel**2, out, out))
    w = rng.standard_normal((1, 2, kernel, kernel))
    dx = backward_gradients(D, [x, offset, w])[0]
    y = D(mg.tensor(other), mg.tensor(offset), mg.tensor(w)).data
    dy = np.random.default_rng(0).standard_normal(y.shape)  # what backward_gradients takes
    assert np.sum(dx * other) == pytest.approx(np.sum(dy * y), rel=1e-9)


@pytest.mark.parametrize("wanted", range(1, 32))
def test_any_choice_of_gradients(wanted):
    arrays = [*cloud(2, 2, 3, 2)]
    all_of_them = backward_gradients(call, arrays)
    chosen = [wanted >> i & 1 for i in range(5)]
    tensors = [mg.Tensor(a, requires_grad=bool(c)) for a, c in zip(arrays, chosen, strict=True)]
    y = call(*tensors)
    y.backward(np.random.default_rng(0).standard_normal(y.shape))
    for tensor, dx, c in zip(tensors, all_of_them, chosen, strict=True):
        assert (tensor.grad is not None) == c
        if c:
            assert_allclose(tensor.grad.data, dx, rtol=1e-12, atol=1e-13)


def test_the_input_is_kept_only_for_those_who_need_it():
    x, offset, w, b, mask = cloud(1, 2, 4, 1)
    y = call(mg.tensor(x, requires_grad=True), *map(mg.tensor, (offset, w, b, mask)))
    kept = [cell.cell_contents for cell in y.grad_fn.backward.__closure__]
    assert not any(isinstance(a, np.ndarray) and a.shape == x.shape for a in kept)


@pytest.mark.parametrize("count", [1, 2])
def test_images_in_pieces_and_on_threads_give_the_same(count, monkeypatch):
    arrays = [*cloud(9, 2, 6, 2)]
    expected = backward_gradients(call, arrays)
    value = call(*map(mg.tensor, arrays)).data
    before = mg.get_num_threads()
    monkeypatch.setattr(blocks, "BLOCK", 60)
    monkeypatch.setattr(threads, "WORTH_WAKING", 0)
    try:
        mg.set_num_threads(count)
        assert_allclose(call(*map(mg.tensor, arrays)).data, value, rtol=1e-12)
        for dx, e in zip(backward_gradients(call, arrays), expected, strict=True):
            assert_allclose(dx, e, rtol=1e-11, atol=1e-12)
    finally:
        mg.set_num_threads(before)


def test_memory_is_bounded_by_blocks_whatever_the_size(monkeypatch):
    counts = []
    original = deform._points

    def noting(*arguments):
        points = original(*arguments)
        counts.append(points.cell.size)
        return points

    monkeypatch.setattr(deform, "_points", noting)
    monkeypatch.setattr(blocks, "BLOCK", 2000)
    D(mg.randn(6, 4, 12, 12), mg.randn(6, 18, 12, 12), mg.randn(4, 4, 3, 3), padding=1)
    assert sum(counts) == 6 * 9 * 144
    assert max(counts) <= 2000 / 4  # a point counts as 4 numbers at least
