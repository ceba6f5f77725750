"""utils.make_grid and save_image: torchvision's pictures, pixel by pixel."""

import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import minigrad as mg
from minigrad import utils


def by_the_definition(images, nrow, padding, pad_value):
    """Each pixel of the grid looked up in the image that covers it, if one does."""
    n, _, height, width = images.shape
    columns = min(nrow, n)
    rows = math.ceil(n / columns)
    grid = np.full(
        (3, rows * (height + padding) + padding, columns * (width + padding) + padding), pad_value
    )
    for c, y, x in np.ndindex(grid.shape):
        row, i = divmod(y - padding, height + padding)
        column, j = divmod(x - padding, width + padding)
        k = row * columns + column
        inside = 0 <= i < height and 0 <= j < width and row >= 0 and 0 <= column < columns
        if inside and k < n:
            grid[c, y, x] = images[k, min(c, images.shape[1] - 1), i, j]
    return grid


@given(
    st.integers(2, 9), st.sampled_from([1, 3]), st.integers(1, 4), st.integers(1, 4),
    st.integers(1, 10), st.integers(0, 3), st.sampled_from([0.0, 0.5, -1.0]),
)  # fmt: skip
def test_every_pixel_of_a_grid(n, channels, height, width, nrow, padding, pad_value):
    images = np.random.default_rng(0).standard_normal((n, channels, height, width))
    grid = utils.make_grid(mg.tensor(images), nrow, padding, pad_value=pad_value)
    np.testing.assert_array_equal(grid.data, by_the_definition(images, nrow, padding, pad_value))


def test_one_image_gets_no_border_but_three_channels():
    gray, color = mg.rand(4, 5), mg.rand(3, 4, 5)
    for one in (gray, gray.unsqueeze(0), gray.view(1, 1, 4, 5), [gray.unsqueeze(0)]):
        assert utils.make_grid(one).tolist() == [gray.tolist()] * 3
    assert utils.make_grid(color).tolist() == color.tolist()
    assert utils.make_grid([color, color], padding=0).shape == (3, 4, 10)


def test_normalize_moves_the_values_to_0_to_1():
    x = mg.tensor([[-1.0, 0.0], [1.0, 3.0]]).view(2, 1, 1, 2)
    options = {"normalize": True, "padding": 0, "nrow": 1}
    assert utils.make_grid(x, **options)[0].tolist() == [[0, 0.25], [0.5, 1]]
    assert utils.make_grid(x, scale_each=True, **options)[0].tolist() == [[0, 1], [0, 1]]
    in_range = utils.make_grid(x, value_range=(-1, 1), **options)
    assert in_range[0].tolist() == [[0, 0.5], [1, 1]]
    flat = utils.make_grid(mg.ones(2, 1, 1, 2), **options)
    assert not flat.data.any()
    assert x.tolist()[0] == [[[-1, 0]]]  # the images themselves stay


def test_a_grid_belongs_to_no_graph_and_keeps_the_dtype():
    x = mg.ones(2, 3, 2, 2, requires_grad=True)
    assert not utils.make_grid(x).requires_grad
    assert utils.make_grid((x * 255).to(mg.uint8)).dtype == np.uint8
    assert utils.make_grid(x.double(), normalize=True).dtype == np.float64


def test_save_image_rounds_as_torchvision_does(tmp_path):
    levels = mg.tensor([0.0, 0.49 / 255, 0.51 / 255, 0.5, 1.0, 1.7, -3.0, math.nan])
    utils.save_image(levels.view(1, 8), tmp_path / "levels.png")
    picture = np.asarray(Image.open(tmp_path / "levels.png"))
    assert picture.shape == (1, 8, 3)
    assert picture[0, :, 0].tolist() == [0, 0, 1, 128, 255, 255, 0, 0]


def test_save_image_takes_the_options_of_make_grid(tmp_path):
    x = mg.rand(6, 3, 4, 5)
    utils.save_image(x, tmp_path / "grid.png", nrow=3, padding=1, normalize=True)
    expected = utils.make_grid(x, nrow=3, padding=1, normalize=True).data
    picture = np.asarray(Image.open(tmp_path / "grid.png"))
    np.testing.assert_array_equal(picture, np.floor(np.moveaxis(expected, 0, 2) * 255 + 0.5))
    file = io.BytesIO()
    utils.save_image(x, file, format="png", nrow=3, padding=1, normalize=True)
    assert file.getvalue() == (tmp_path / "grid.png").read_bytes()


ERRORS = [
    (lambda: utils.make_grid(mg.ones(2, 784)[0]), ValueError, r"got shape \(784,\).*\.view\(-1, 1"),
    (lambda: utils.make_grid(mg.ones(0, 3, 2, 2)), ValueError, r"got shape \(0, 3, 2, 2\)"),
    (lambda: utils.make_grid(np.ones((2, 2))), TypeError, "got ndarray; write minigrad.tensor"),
    (lambda: utils.make_grid([]), TypeError, "a list of Tensors"),
    (lambda: utils.make_grid([mg.ones(1, 2, 2), mg.ones(1, 3, 3)]), ValueError, "Resize"),
    (lambda: utils.make_grid(mg.ones(2, 2), nrow=0), ValueError, "nrow must be at least 1.*nrow=0"),
    (lambda: utils.make_grid(mg.ones(2, 2), normalize=True, value_range=1), TypeError,
     r"value_range must be \(low, high\), such as \(-1, 1\), got 1"),
    (lambda: utils.make_grid(mg.ones(2, 2).long(), normalize=True), TypeError,
     r"write x.float\(\)"),
    (lambda: utils.save_image(mg.ones(2, 2).long(), "a.png"), TypeError,
     r"images are int64; write images.float\(\) / 255"),
    (lambda: utils.save_image(mg.ones(2, 2), "nowhere/a.png"), ValueError,
     r"no folder 'nowhere'; write os.makedirs\('nowhere', exist_ok=True\)"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), ERRORS)
def test_what_is_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()
