import re

import loops_filters
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad.datasets import Digits, SyntheticShapes
from minigrad.filters import apply, canny, gaussian, grayscale, sobel_x, sobel_y
from minigrad.filters.canny import connected, is_ridge

many = settings(deadline=None, derandomize=True, max_examples=60, database=None)
sizes = st.tuples(st.integers(1, 9), st.integers(1, 9))


def noise(*shape, seed=0):
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def step(width=30, at=15, low=0, high=200):
    """Dark on the left, bright from column `at` on."""
    image = np.full((20, width), low, np.uint8)
    image[:, at:] = high
    return image


@given(shape=sizes, seed=st.integers(0, 99))
@many
def test_thinning_is_its_definition(shape, seed):
    x, y, magnitude = (noise(*shape, seed=seed + i) - 0.5 * (i > 0) for i in (2, 1, 0))
    assert np.array_equal(is_ridge(magnitude, x, y), loops_filters.ridge(magnitude, x, y))


@given(shape=sizes, seed=st.integers(0, 99), share=st.floats(0.1, 0.9))
@many
def test_following_the_lines_is_flooding(shape, seed, share):
    draw = noise(*shape, seed=seed)
    strong, weak = draw > 0.93, (draw < share) & (draw <= 0.93)
    found = connected(strong, weak)
    assert found.dtype == bool
    assert np.array_equal(found, loops_filters.connected(strong, weak))


@pytest.mark.parametrize("sigma", [0.6, 1.4])
def test_the_stages_are_those_of_the_paper(sigma):
    image = noise(17, 13)
    found = canny(image, sigma, low=0.3, high=0.6)
    smoothed = apply(image, gaussian(sigma=sigma), "replicate")
    x, y = (apply(smoothed, kernel(), "replicate") for kernel in (sobel_x, sobel_y))
    assert found.smoothed == pytest.approx(smoothed, abs=1e-6)
    assert found.magnitude == pytest.approx(np.hypot(x, y), abs=1e-5)
    assert found.direction == pytest.approx(np.arctan2(y, x), abs=1e-5)
    ridge = loops_filters.ridge(found.magnitude, x, y)
    assert np.array_equal(found.thinned, np.where(ridge, found.magnitude, 0))
    greatest = found.magnitude.max()
    assert np.array_equal(found.strong, found.thinned >= 0.6 * greatest)
    assert np.array_equal(found.weak, (found.thinned >= 0.3 * greatest) & ~found.strong)
    assert np.array_equal(found.edges, loops_filters.connected(found.strong, found.weak))
    assert found.strong.any()
    assert 0 < found.edges.sum() - found.strong.sum() < found.weak.sum()


def test_types_and_shapes():
    found = canny(SyntheticShapes(n=1, channels=3).data[0])
    assert {stage.shape for stage in found} == {(28, 28)}
    assert [str(stage.dtype) for stage in found] == ["float32"] * 4 + ["bool"] * 3


def test_a_step_is_one_line():
    for at in range(3, 27):
        edges = canny(step(at=at)).edges
        assert np.argwhere(edges.any(0)).tolist() == [[at]]  # the bright side of two equal pixels
        assert edges[:, at].all()
        assert np.array_equal(canny(step(at=at).T).edges, edges.T)
        bright_left = canny(255 - step(at=at)).edges
        assert np.argwhere(bright_left.any(0)).tolist() == [[at - 1]]


def test_a_disc_is_one_closed_line():
    down, right = np.mgrid[:41, :41] - 20
    edges = canny(np.where(np.hypot(down, right) < 12, 1.0, 0.0)).edges
    radius = np.hypot(down, right)[edges]
    assert 10.5 < radius.min() <= radius.max() < 12.5
    assert 60 < len(radius) < 90  # 2 pi 11.5 is 72
    angle = np.arctan2(down, right)[edges]
    assert np.histogram(angle, 36, (-np.pi, np.pi))[0].all()  # no gap


@pytest.mark.parametrize("value", [0, 0.1, 7.3, 100.1, 255])
def test_a_flat_image_has_no_edges(value):
    found = canny(np.full((31, 47), value, np.float32), low=0, high=0)
    assert not found.edges.any()
    assert not found.magnitude.any()


def test_noise_that_float32_can_tell_is_an_edge():
    assert canny(step(low=100, high=101).astype(float) / 100).edges.any()


def test_low_thresholds_of_zero_keep_every_line():
    found = canny(noise(20, 20), low=0, high=0)
    assert np.array_equal(found.edges, found.thinned > 0)
    assert not found.weak.any()


def test_high_one_keeps_the_greatest():
    found = canny(noise(20, 20), low=1, high=1)
    assert found.strong.sum() == 1
    assert found.magnitude[found.strong] == found.magnitude.max()


@pytest.mark.parametrize("scale", [1 / 255, 1e-3, 40.0])
def test_the_scale_does_not_matter(scale):
    for image in SyntheticShapes(n=5, size=40).data:
        assert np.array_equal(canny(image).edges, canny(image * scale).edges)


def test_a_weak_end_of_a_strong_line_stays_and_a_weak_line_alone_goes():
    image = np.zeros((30, 60))
    image[:, 20:] = np.linspace(1, 0.15, 30)[:, None]  # a step that fades downwards
    image[:, 45:] += 0.15  # and a faint one
    found = canny(image, low=0.1, high=0.5)
    assert found.edges[2:-2, 18:22].any(1).all()
    assert not found.edges[:, 40:50].any()
    assert found.weak[:, 40:50].any()
    assert not found.strong[-10:].any()


def test_color_is_turned_gray_first():
    color = SyntheticShapes(n=5, size=32, channels=3).data[3]
    gray = 0.299 * color[..., 0] + 0.587 * color[..., 1] + 0.114 * color[..., 2]
    assert grayscale(color) == pytest.approx(gray, abs=1e-4)
    assert grayscale(color).dtype == np.float32
    assert np.array_equal(canny(color).edges, canny(grayscale(color)).edges)
    assert np.array_equal(grayscale(color[..., :1]), color[..., 0])
    assert np.array_equal(grayscale(color[..., 1]), color[..., 1])


def test_a_small_image_of_any_shape():
    for shape in (1, 1), (1, 9), (9, 1), (2, 2):
        assert canny(noise(*shape), sigma=3).edges.shape == shape
    digit = Digits().data[0]
    assert 5 < canny(digit).edges.sum() < 40


def test_the_image_stays_as_it_was():
    image = noise(9, 9)
    before = image.copy()
    canny(image)
    assert np.array_equal(image, before)


GRAY = np.zeros((8, 8))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: canny(GRAY, low=0.4, high=0.2),
         "canny: low=0.4 must not be above high=0.2; write low=0.2, high=0.4"),
        (lambda: canny(GRAY, low=0.4), "low=0.4 must not be above high=0.2"),
        (lambda: canny(GRAY, low=50, high=150),
         r"canny: low is a part, 0..1, .* got 50; .*write m / canny\(image\).magnitude.max\(\)"),
        (lambda: canny(GRAY, high=1.5), "canny: high is a part, 0..1, .* got 1.5"),
        (lambda: canny(GRAY, low=-0.1), "canny: low is a part, 0..1, .* got -0.1"),
        (lambda: canny(GRAY, low=float("nan")), "canny: low is a part, 0..1, .* got nan"),
        (lambda: canny(GRAY, low=None), "canny: low is a part, 0..1, .* got None"),
        (lambda: canny(GRAY, sigma=0), "canny: sigma must be a number above 0, got 0"),
        (lambda: canny(np.full((3, 3), np.nan)), "canny: image holds nan or inf"),
        (lambda: canny(np.zeros((3, 3), np.int64)), "canny: image must be uint8 .* got int64"),
        (lambda: canny(np.zeros((3, 3, 4))),
         r"canny: image .* 3 channels, got shape \(3, 3, 4\); drop .* image\[\.\.\., :3\]"),
        (lambda: grayscale(np.zeros((3, 3, 2))), r"grayscale: .*got shape \(3, 3, 2\)$"),
        (lambda: canny(GRAY, GRAY), "canny: sigma must be a number above 0, got ndarray$"),
        (lambda: canny(mg.zeros(1, 8, 8)),
         r"canny: .* got a Tensor of shape \(1, 8, 8\); write image.permute\(1, 2, 0\).numpy\(\)"),
    ],
)  # fmt: skip
def test_mistakes(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


@pytest.mark.parametrize(
    ("shape", "edit"),
    [
        ((9, 8), "image.numpy()"),
        ((3, 9, 8), "image.permute(1, 2, 0).numpy()"),
        ((6, 9, 8), "image[0].numpy()"),
        ((2, 1, 9, 8), "image[0].permute(1, 2, 0).numpy()"),
        ((2, 6, 9, 8), "image[0][0].numpy()"),
    ],
)
def test_the_edit_that_makes_an_array_of_a_tensor_works(shape, edit):
    for image in mg.ones(*shape), mg.ones(*shape).requires_grad_():
        if image.requires_grad:
            edit = edit.replace(".numpy", ".detach().numpy")
        for call in canny, grayscale:
            with pytest.raises(TypeError, match=rf"; write {re.escape(edit)}$"):
                call(image)
            call(eval(edit, {"image": image}))
    with pytest.raises(TypeError, match=r"got a Tensor of shape \(5,\)$"):
        canny(mg.ones(5))


def test_the_edits_work():
    image = noise(9, 9)
    greatest = canny(image).magnitude.max()
    assert canny(image, low=0.5 / greatest, high=1.0 / greatest).edges.any()
    assert canny(mg.tensor(image[None]).permute(1, 2, 0).numpy()).edges.any()
