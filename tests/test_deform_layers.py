"""The deformable layers: what they start as, predict and show; and mistakes, in them and before."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F

D = F.deform_conv2d


@pytest.fixture(autouse=True)
def _seed():
    mg.manual_seed(0)


def test_deform_conv2d_is_the_function_with_a_weight():
    layer = nn.DeformConv2d(4, 6, (3, 2), stride=(2, 1), padding=1, dilation=(1, 2), groups=2)
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert layer.weight.shape == (6, 2, 3, 2)
    x, offset, mask = mg.randn(2, 4, 7, 6), mg.randn(2, 24, 4, 6), mg.rand(2, 12, 4, 6)
    y = layer(x, offset, mask)
    same = D(x, offset, layer.weight, layer.bias, (2, 1), 1, (1, 2), mask)
    assert (y.data == same.data).all()
    assert (layer(x, offset).data != y.data).any()
    assert nn.DeformConv2d(1, 1, 3, bias=False).bias is None


@pytest.mark.parametrize("modulated", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"kernel_size": 5, "offset_groups": 2},
        {"stride": 2, "groups": 2, "bias": False},
        {"kernel_size": (3, 1), "dilation": (2, 3), "offset_groups": 4},
        {"padding": 0},
    ],
)
def test_deform_conv_starts_as_a_plain_convolution(options, modulated):
    layer = nn.DeformConv(4, 6, modulated=modulated, **options)
    x = mg.randn(2, 4, 9, 8)
    window = layer.stride, layer.padding, layer.dilation, layer.groups
    plain = F.conv2d(x, layer.weight, layer.bias, *window)
    assert_allclose(layer(x).data, plain.data, rtol=1e-6, atol=1e-6)
    if "padding" not in options and "stride" not in options:
        assert layer(x).shape[2:] == x.shape[2:]


def test_deform_conv_draws_the_weight_that_a_conv2d_draws():
    mg.manual_seed(3)
    plain = nn.Conv2d(2, 3, 3)
    mg.manual_seed(3)
    assert (nn.DeformConv(2, 3).weight.data == plain.weight.data).all()


def trained(layer):
    for parameter in layer.offset.parameters():
        parameter.data = mg.randn(*parameter.shape).data * 0.3
    return layer


def test_deform_conv_predicts_offsets_and_mask_and_keeps_the_last_ones():
    layer = trained(nn.DeformConv(4, 3, offset_groups=2))
    assert list(layer.state_dict()) == ["weight", "bias", "offset.weight", "offset.bias"]
    assert layer.offset.weight.shape == (3 * 2 * 9, 4, 3, 3)
    assert layer.last_offsets is None
    x = mg.randn(2, 4, 6, 5)
    y = layer(x)
    predicted = layer.offset(x)
    assert (layer.last_offsets.data == predicted.data[:, :36]).all()
    assert_allclose(layer.last_mask.data, 2 / (1 + np.exp(-predicted.data[:, 36:])), rtol=1e-5)
    assert not layer.last_offsets.requires_grad
    assert not layer.last_mask.requires_grad
    same = D(x, layer.last_offsets, layer.weight, layer.bias, 1, 1, 1, layer.last_mask)
    assert_allclose(y.data, same.data, rtol=1e-6)


def test_deform_conv_of_the_first_version_has_no_mask():
    layer = trained(nn.DeformConv(2, 3, modulated=False))
    x = mg.randn(1, 2, 6, 5)
    y = layer(x)
    assert layer.offset.out_channels == 18
    assert layer.last_mask is None
    same = D(x, layer.last_offsets, layer.weight, layer.bias, padding=1)
    assert_allclose(y.data, same.data, rtol=1e-6)


def test_the_offsets_learn_from_the_first_step():
    layer = nn.DeformConv(2, 3)
    layer(mg.randn(2, 2, 6, 6)).square().sum().backward()
    assert all(p.grad.data.any() for p in layer.parameters())
    moving = layer.offset.weight.grad.data
    assert moving[:18].any()
    assert moving[18:].any()


def test_an_empty_batch():
    layer = nn.DeformConv(2, 3)
    y = layer(mg.zeros(0, 2, 6, 6))
    assert y.shape == (0, 3, 6, 6)
    y.sum().backward()
    assert not layer.weight.grad.data.any()


def test_sampling_points_of_a_new_layer_are_the_window():
    layer = nn.DeformConv(1, 1, stride=(2, 3), dilation=2, padding=1, offset_groups=1)
    layer(mg.zeros(2, 1, 8, 9))
    points = layer.sampling_points()
    assert points.shape == (2, 3, 3, 1, 9, 2)
    assert points[0, 0, 0, 0].tolist() == [[i, j] for i in (-1, 1, 3) for j in (-1, 1, 3)]
    assert points[1, 1, 1, 0].tolist() == [[i, j] for i in (1, 3, 5) for j in (2, 4, 6)]


def test_sampling_points_move_with_the_offsets():
    layer = nn.DeformConv2d(4, 4, (2, 3))
    offset = mg.randn(2, 2 * 2 * 6, 5, 7)
    points = layer.sampling_points(offset)
    assert points.shape == (2, 5, 7, 2, 6, 2)
    for n, i, j, group, tap, axis in [(1, 2, 3, 1, 4, 0), (0, 4, 6, 0, 5, 1), (1, 0, 5, 1, 2, 1)]:
        plain = (i + tap // 3, j + tap % 3)[axis]
        moved = offset.data[n, 2 * (6 * group + tap) + axis, i, j]
        assert points[n, i, j, group, tap, axis] == pytest.approx(plain + moved, abs=1e-6)


def test_multiply_adds_are_those_of_the_convolution_and_four_for_each_value_read():
    layer = nn.DeformConv2d(4, 6, 3, groups=2)
    y = mg.zeros(5, 6, 7, 8)
    plain, read = 6 * 7 * 8 * (4 // 2) * 9, 4 * 9 * 7 * 8
    assert layer._multiply_adds(mg.zeros(5, 4, 9, 10), y) == 5 * (plain + 4 * read)
    own = nn.DeformConv(4, 6, groups=2)
    assert own._multiply_adds(mg.zeros(5, 4, 7, 8), y) == 5 * (plain + 4 * read)


def test_print():
    assert repr(nn.DeformConv2d(2, 4, 3, padding=1, groups=2, bias=False)) == (
        "DeformConv2d(2, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=2, "
        "bias=False)"
    )
    shown = repr(nn.DeformConv(2, 4, offset_groups=2, modulated=False))
    assert "DeformConv(\n  2, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), " in shown
    assert "offset_groups=2, modulated=False\n  (offset): Conv2d(2, 36, " in shown


def test_arrays_do_as_well_as_tensors():
    layer = nn.DeformConv(4, 4)
    offsets = np.ones((2, 18, 8, 8), np.float32)
    points = layer.sampling_points(mg.tensor(offsets))
    assert np.array_equal(layer.sampling_points(offsets), points)
    x, w = np.ones((2, 4, 8, 8), np.float32), mg.ones(4, 4, 3, 3)
    y = D(x, offsets[:, :, 1:-1, 1:-1], w).data
    assert np.array_equal(y, D(mg.tensor(x), mg.ones(2, 18, 6, 6), w).data)


# Mistakes

X, OFFSET, W = mg.zeros(2, 4, 8, 8), mg.zeros(2, 18, 6, 6), mg.zeros(4, 4, 3, 3)
GIVEN = nn.DeformConv2d(4, 4, 3)


@pytest.mark.parametrize(
    ("mistake", "error", "match"),
    [
        (lambda: GIVEN(X), TypeError, r"DeformConv2d\(.*missing 1 .*'offset'"),
        (lambda: GIVEN(X, None), TypeError, r"DeformConv2d\(.*expected a Tensor, got None"),
        (lambda: D(X, OFFSET[:, :9], W), ValueError,
         r"deform_conv2d: offset must have shape \(2, 18, 6, 6\) \(or a multiple of 18 channels, "
         r"for offset groups\), .* 1 \(offset groups\) \* 9 \(taps\) .* got \(2, 9, 6, 6\)$"),
        (lambda: D(X, mg.zeros(2, 27, 6, 6), W), ValueError,
         r"got \(2, 27, 6, 6\); o\[:, :18\] are the offsets and o\[:, 18:\] the mask$"),
        (lambda: D(X, mg.zeros(2, 36, 8, 8), W), ValueError,
         r"shape \(2, 36, 6, 6\), y and x for each of 2 .* got \(2, 36, 8, 8\)$"),
        (lambda: D(X, OFFSET[:1], W), ValueError, r"shape \(2, 18, 6, 6\).* got \(1, 18, 6, 6\)"),
        (lambda: D(X, OFFSET[0], W), ValueError, r"shape \(2, 18, 6, 6\).* got \(18, 6, 6\)"),
        (lambda: D(X, mg.zeros(2, 54, 6, 6), W), ValueError,
         r"holds 3 offset groups of 2 \* 9 channels, which must divide the 4 input channels"),
        (lambda: D(X, OFFSET, W, mask=OFFSET), ValueError,
         r"mask must have shape \(2, 9, 6, 6\), one .* 1 .* \* 9 .* got \(2, 18, 6, 6\)"),
        (lambda: D(X, mg.zeros(2, 36, 6, 6), W, mask=mg.zeros(2, 9, 6, 6)), ValueError,
         r"mask must have shape \(2, 18, 6, 6\), .* 2 \(offset groups\)"),
        (lambda: D(X[0], OFFSET, W), ValueError,
         r"expected an input \(N, C, H, W\) .*got shapes \(4, 8, 8\) and .*x\.unsqueeze\(0\)"),
        (lambda: D(X, OFFSET, W[0]), ValueError, r"a weight .* and \(4, 3, 3\)"),
        (lambda: D(X[:, :3], OFFSET, W), ValueError,
         r"\(2, 3, 8, 8\) has 3 channels, .*\(4, 4, 3, 3\) expects 4.*write in_channels=3"),
        (lambda: D(mg.zeros(2, 6, 8, 8), OFFSET, W), ValueError, r"6 channels, .* expects 4"),
        (lambda: D(X, OFFSET, mg.zeros(4, 0, 3, 3)), ValueError, r"4 channels, .* expects 0"),
        (lambda: D(X, OFFSET, mg.zeros(3, 2, 3, 3)), ValueError,
         r"4 input channels in groups of 2 are 2 groups, which must divide the 3 output channels"),
        (lambda: D(X, OFFSET, W, mg.zeros(3)), ValueError,
         r"bias must have one value for each of the 4 output channels, got shape \(3,\)"),
        (lambda: D(X.double(), OFFSET, W), TypeError,
         r"input is float64, offset is float32; write offset\.to\(minigrad\.float64\)"),
        (lambda: D(X, OFFSET, W.double()), TypeError, r"float32, weight is float64; write weight"),
        (lambda: D(X, OFFSET, W, mg.zeros(4).double()), TypeError, "float32, bias is float64"),
        (lambda: D(X, OFFSET, W, mask=mg.ones(2, 9, 6, 6).long()), TypeError, "mask is int64"),
        (lambda: D(X.long(), OFFSET, W), TypeError, r"deform_conv2d: needs float.*x\.float\(\)"),
        (lambda: D(X, OFFSET, W, dilation=5), ValueError,
         "deform_conv2d: the kernel covers 11 positions, the padded input has only 8"),
        (lambda: D(X, OFFSET, W, stride=0), ValueError, "deform_conv2d: stride must be a whole"),
        (lambda: D(X, OFFSET, W, padding=-1), ValueError, "deform_conv2d: padding must be a whole"),
        (lambda: D(X, OFFSET, W, dilation=(1, 0)), ValueError, "deform_conv2d: dilation must be"),
        (lambda: GIVEN(mg.zeros(2, 8, 8, 8), OFFSET), ValueError,
         r"input of shape \(2, 8, 8, 8\) has 8 channels, expected in_channels=4"),
        (lambda: GIVEN(X[:, :1], OFFSET), ValueError, "has 1 channels, expected in_channels=4"),
        (lambda: GIVEN.sampling_points(OFFSET[:, :9]), ValueError,
         r"DeformConv2d\.sampling_points: offsets .* a multiple of 18, .* got \(2, 9, 6, 6\)"),
        (lambda: GIVEN.sampling_points(OFFSET[0]), ValueError, r"got \(18, 6, 6\)"),
        (lambda: GIVEN.sampling_points(OFFSET[:, :0]), ValueError, r"got \(2, 0, 6, 6\)"),
        (lambda: nn.DeformConv(4, 4).sampling_points(), RuntimeError,
         r"DeformConv\.sampling_points: there was no forward yet; call layer\(x\)"),
        (lambda: nn.DeformConv(4, 4, offset_groups=3), ValueError,
         r"is not divisible by offset_groups=3; .* choose offset_groups among 1, 2, 4$"),
        (lambda: nn.DeformConv(4, 4, offset_groups=0), ValueError, "offset_groups must be at"),
        (lambda: nn.DeformConv2d(4, 4, 3, groups=3), ValueError, "in_channels=4 is not divisible"),
        (lambda: nn.DeformConv(4, 4, padding="same"), ValueError,
         "DeformConv: padding must be a whole number .*got 'same'"),
        (lambda: nn.DeformConv(4, 4, kernel_size=0), ValueError, "DeformConv: kernel_size must be"),
    ],
)  # fmt: skip
def test_mistakes_are_met_with_what_to_write_instead(mistake, error, match):
    with pytest.raises(error, match=match):
        mistake()
