"""debug.microscope: what the page holds and says. What it shows is in tests/browser."""

import json
import math
import re
from itertools import cycle, islice

import numpy as np
import pytest
from windows_at_random import CONVS, POOLS, Draw, configuration

import minigrad as mg
from minigrad import debug, nn
from minigrad.debug.sizes import size_formula


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page.html, re.DOTALL)[1])


def test_a_page_of_the_users_own_layer(tmp_path):
    layer = nn.Conv2d(1, 6, 5, padding=2)
    page = debug.microscope(layer, mg.randn(1, 28, 28))
    page.save(tmp_path / "conv.html")
    assert "<title>Conv2d under the microscope</title>" in page.html
    data = data_of(page)
    assert data["layer"] == repr(layer)
    assert data["formula"] == ["H and W: floor((28 + 2·2 − 1·(5 − 1) − 1) / 1) + 1 = 28"]
    assert data["notes"] == []


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Conv2d(1, 6, 5, padding=2), (1, 28, 28)), (nn.AvgPool2d(2), (6, 28, 28)),
        (nn.Conv2d(6, 16, 5), (6, 14, 14)), (nn.MaxPool2d(2), (16, 10, 10)),
        (nn.Conv2d(3, 16, 3, padding=1), (3, 32, 32)), (nn.DeformConv(1, 6, 3), (1, 28, 28)),
    ],
)  # fmt: skip
def test_pages_of_small_nets_are_small(layer, shape):
    assert len(debug.microscope(layer, mg.randn(*shape)).html) < 900_000


def test_the_layer_and_x_stay_as_they_are():
    layer, x = nn.Conv2d(1, 2, 3), mg.randn(2, 1, 5, 5)
    with mg.no_grad():
        page = debug.microscope(layer, x)
    assert data_of(page)["notes"] == ["The first of 2 images."]
    assert layer.weight.grad is None
    assert layer.weight.requires_grad
    assert x.grad is None


def test_a_deformable_layer_keeps_the_offsets_of_its_last_forward():
    layer = nn.DeformConv(1, 1)
    layer(mg.randn(3, 1, 5, 5))
    before = layer.last_offsets
    debug.microscope(layer, mg.randn(1, 5, 5))
    assert layer.last_offsets is before


def test_a_large_input_is_cropped_and_the_page_says_so():
    x = mg.randn(1, 3, 100, 30)
    data = data_of(debug.microscope(nn.Conv2d(3, 2, 3), x))
    assert data["x"]["shape"] == [3, 1, 64, 30]
    (note,) = data["notes"]
    assert note == (
        "The input is too large for a page; shown is its middle, pixels 18 to 81, 0 to 29."
    )
    with pytest.raises(
        ValueError, match=r"only \(64, 30\) can be .*crop x before, x\[\.\.\., :64, :30\]"
    ):
        debug.microscope(nn.Conv2d(3, 2, 3), x, gradient=mg.ones(1, 2, 98, 28))


def test_many_channels_are_cut_and_the_page_says_so():
    page = debug.microscope(nn.Conv2d(256, 512, 3, padding=1), mg.randn(1, 256, 40, 40))
    data = data_of(page)
    assert len(page.html) < 3_000_000
    assert data["x"]["shape"] == [256, 1, 16, 16]
    shown = data["y"]["shape"][0]
    assert f"The page holds the first {shown} of 512 output channels" in data["notes"][1]


def test_large_kernels_on_large_maps_are_cropped_further():
    data = data_of(debug.microscope(nn.Conv2d(1, 1, 11, padding=5), mg.randn(1, 1, 64, 64)))
    assert data["x"]["shape"] == [1, 1, 32, 32]


def test_a_long_kernel_is_not_cropped_away():
    data = data_of(debug.microscope(nn.Conv1d(1, 1, 90), mg.randn(1, 1, 200)))
    assert data["x"]["shape"] == [1, 1, 1, 90]


def test_untouched_pixels_are_announced():
    layer = nn.ConvTranspose2d(1, 1, 2, stride=2, output_padding=1)
    (note,) = data_of(debug.microscope(layer, mg.ones(1, 3, 3)))["notes"]
    assert note.startswith("The hatched output pixels (13) are touched by no input pixel")
    assert data_of(debug.microscope(nn.ConvTranspose2d(1, 1, 2), mg.ones(1, 3, 3)))["notes"] == []


def test_what_the_microscope_does_not_take():
    conv, x = nn.Conv2d(1, 1, 3), mg.ones(2, 1, 4, 4)
    with pytest.raises(TypeError, match=r"microscope: expected .* got Sequential; pass .*model\[0"):
        debug.microscope(nn.Sequential(conv), x)
    with pytest.raises(TypeError, match=r"microscope: x must be a Tensor"):
        debug.microscope(conv, x.numpy())
    with pytest.raises(ValueError, match=r"has 3 channels, expected in_channels=1"):
        debug.microscope(conv, mg.ones(3, 4, 4))
    with pytest.raises(
        ValueError, match=r"microscope: gradient has shape \(1, 3, 3\), .* one image has \(1, 2, 2"
    ):
        debug.microscope(conv, x, gradient=np.ones((2, 1, 3, 3)))
    with pytest.raises(TypeError, match="gradient must be a Tensor or an array, got str"):
        debug.microscope(conv, x, gradient="ones")


@pytest.mark.parametrize("parts", [CONVS, POOLS], ids=["convolutions", "poolings"])
def test_the_formula_gives_the_size(parts):
    draw = Draw(1)
    for kind, n in islice(cycle(parts), 120):
        layer, (x, *_) = configuration(draw, kind, n)
        names = {1: "L", 2: "HW", 3: "DHW"}[n]
        sizes = dict(zip(names, mg.output_size(layer, x.shape[-n:]), strict=True))
        for line in size_formula(layer, x.shape[-n:], tuple(sizes.values())):
            axes, text = line.split(": ", 1)
            text = text.split(",")[0].replace(" zeros before it", "")
            formula, _, result = text.replace("·", "*").replace("−", "-").rpartition(" = ")
            assert not formula or eval(formula, vars(math).copy()) == int(result), line
            result = int(result) - ("without the last window" in line)
            assert [sizes.pop(axis) for axis in axes.split(" and ")] == [result] * len(axes[::6])
        assert not sizes
