"""output_size, as_matrix and receptive_field: the arithmetic of windows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn

few_examples = settings(deadline=None, derandomize=True, max_examples=60, database=None)


@pytest.mark.parametrize(
    ("size", "kernel", "padding", "stride", "expected"),
    [(32, 5, 0, 1, 28), (32, 5, 2, 2, 16), (32, 5, 0, 2, 14), (5, 3, 0, 1, 3), (5, 3, "same", 1, 5),
     (5, 3, "valid", 1, 3), (7, 4, "same", 3, 3)],
)  # fmt: skip
def test_sizes_of_the_teaching_material(size, kernel, padding, stride, expected):
    conv = nn.Conv2d(1, 1, kernel, stride=stride, padding=padding)
    assert mg.output_size(conv, size) == (expected, expected)


def test_a_3x4_image_and_a_2x2_kernel_and_pooling_28_by_2():
    assert mg.output_size(nn.Conv2d(1, 1, 2), (3, 4)) == (2, 3)
    assert mg.output_size(nn.MaxPool2d(2), 28) == (14, 14)


small = st.integers(1, 4)


@st.composite
def layers(draw):
    n = draw(st.integers(1, 3))
    kind = draw(st.sampled_from(["Conv", "ConvTranspose", "MaxPool", "AvgPool", "AdaptiveAvgPool"]))
    make = getattr(nn, f"{kind}{n}d")
    if kind.startswith("Adaptive"):
        return make(draw(st.one_of(small, st.tuples(*[st.one_of(st.none(), small)] * n)))), n
    several = st.one_of(small, st.tuples(*[small] * n))
    kernel = draw(several)
    most = np.min(kernel) // 2
    options = {"stride": draw(several), "padding": draw(st.integers(0, most))}
    if kind != "AvgPool":
        options["dilation"] = draw(several)
    if "Pool" in kind:
        return make(kernel, **options, ceil_mode=draw(st.booleans())), n
    options["padding"] = draw(st.sampled_from([options["padding"], "same", "valid"]))
    if kind == "ConvTranspose":
        added = np.min(options["stride"]).item() - 1
        options["output_padding"] = -added if options["padding"] == "same" else added
    return make(2, 3, kernel, **options), n


@few_examples
@given(layers(), st.lists(st.integers(13, 18), min_size=3, max_size=3))
def test_output_size_is_what_the_layer_gives(drawn, size):
    layer, n = drawn
    size = tuple(size[:n])
    assert mg.output_size(layer, size) == layer(mg.zeros(1, 2, *size)).shape[2:]
    assert all(type(s) is int for s in mg.output_size(layer, size))


@few_examples
@given(layers(), st.lists(st.integers(4, 5), min_size=3, max_size=3), st.booleans())
def test_a_layer_is_its_matrix(drawn, size, channels_first):
    layer, n = drawn
    if isinstance(layer, (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)) or hasattr(
        layer, "output_size"
    ):
        return
    size = tuple(s if n < 3 else 3 for s in size[:n])
    layer = layer.double()
    channels = getattr(layer, "in_channels", 1)
    x = mg.randn(1, channels, *size, dtype=mg.float64)
    try:
        y = layer(x).data
    except ValueError:
        return  # the kernel does not fit
    bias = getattr(layer, "bias", None)
    if bias is not None:
        y = y - bias.data.reshape(-1, *[1] * n)
    matrix = mg.as_matrix(layer, size)
    assert matrix.shape == (y.size, x.numel())
    np.testing.assert_allclose(matrix @ x.data.ravel(), y.ravel(), atol=1e-12)


def test_the_matrix_shares_few_weights_and_is_sparse():
    conv = nn.Conv2d(1, 1, 3)
    matrix = mg.as_matrix(conv, 5)
    assert matrix.shape == (9, 25)
    assert ((matrix != 0).sum(1) == 9).all()  # sparse: 9 of 25 in each row
    assert set(matrix[matrix != 0]) == set(conv.weight.data.ravel())  # shared: the same 9, exactly
    first = matrix[0].reshape(5, 5)
    np.testing.assert_array_equal(first[:3, :3], conv.weight.data[0, 0])
    np.testing.assert_array_equal(matrix[1].reshape(5, 5), np.roll(first, 1, axis=1))


@pytest.mark.parametrize("options", [{"stride": 2}, {"padding": 1, "dilation": 2}, {"groups": 2}])
def test_its_transpose_is_the_transposed_convolution(options):
    conv = nn.Conv2d(2, 4, 3, **options)
    transposed = nn.ConvTranspose2d(4, 2, 3, **options)
    transposed.weight.data = conv.weight.data
    up = mg.as_matrix(transposed, mg.output_size(conv, 7))
    np.testing.assert_array_equal(up, mg.as_matrix(conv, 7).T)


def test_a_layer_is_left_as_it_was():
    conv = nn.Conv2d(1, 1, 3)
    bias = conv.bias
    mg.as_matrix(conv, 5)
    assert conv.bias is bias
    assert conv.weight.grad is None


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda: nn.DynamicConv2d(4, 4, 3, reduction=1), (1, 4, 8, 8)),
        (lambda: nn.DynamicConv2d(4, 4, 3, stride=2, reduction=1), (1, 4, 9, 9)),
        (lambda: nn.SEBlock(16, reduction=1), (1, 16, 5, 5)),
        (lambda: nn.AdaptiveAvgPool2d(3), (1, 1, 7, 7)),
        (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), (1, 1, 9, 9)),
        (lambda: nn.Upsample(scale_factor=2), (1, 1, 9, 9)),
        (lambda: nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.AvgPool2d(2),
                               nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(1, 1, 3)),
         (1, 1, 16, 16)),
    ],
)  # fmt: skip
def test_the_receptive_field_is_as_wide_as_the_widest_gradient(build, shape):
    mg.manual_seed(0)
    model = build().eval()
    widest, places = 0, np.ndindex(*model(mg.zeros(*shape)).shape[2:])
    for place in places:
        x = mg.randn(*shape, requires_grad=True)
        model(x)[(slice(None), slice(None), *place)].sum().backward()
        seen = np.flatnonzero(x.grad.data.any((0, 1, 3)))
        widest = max(widest, seen.max() - seen.min() + 1)
    assert mg.receptive_field(model, shape) == (widest, widest)


def test_a_double_model_gets_doubles():
    assert mg.receptive_field(nn.Conv2d(1, 6, 5).double(), (1, 1, 9, 9)) == (5, 5)


def test_receptive_fields():
    assert mg.receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3))) == (5, 5)
    assert mg.receptive_field(nn.DilatedConv(3, 8)) == (5, 5)
    assert mg.receptive_field(nn.Conv1d(2, 2, 3, dilation=4)) == (9,)
    assert mg.receptive_field(nn.MaxPool2d(2), (1, 1, 8, 8)) == (2, 2)
    assert mg.receptive_field(mg.models.build("lenet5", 1, 10, 28)) == (16, 16)
    resnet = mg.models.build("resnet20", 3, 10, 32)
    assert mg.receptive_field(resnet[:12], (1, 3, 32, 32)) == (81, 81)
    assert (
        mg.receptive_field(resnet) == (81 + 15 * 4,) * 2
    )  # the mean of a 16x16 map, 4 pixels apart


def test_a_layer_that_sees_the_whole_map():
    class Everywhere(nn.Layer):
        _sees_all = True

        def forward(self, x):
            return x + x.mean((2, 3), keepdim=True)

    net = nn.Sequential(nn.Conv2d(1, 1, 3, stride=2), Everywhere(), nn.Conv2d(1, 1, 1))
    assert mg.receptive_field(net, (1, 1, 11, 21)) == (11, 21)


ERRORS = [
    (TypeError, lambda: mg.output_size(nn.Linear(3, 3), 4),
     r"expected a convolution or pooling layer, got Linear; for a model write minigrad.summary\("),
    (ValueError, lambda: mg.output_size(nn.Conv2d(1, 1, 3), (4, 4, 4)),
     "size must be a whole number"),
    (ValueError, lambda: mg.output_size(nn.Conv2d(1, 1, 5), 3),
     "Conv2d: the kernel covers 5 positions, the padded input has only 3"),
    (TypeError, lambda: mg.as_matrix(nn.MaxPool2d(2), 4), "expected a convolution.*got MaxPool2d"),
    (TypeError, lambda: mg.as_matrix(nn.DeformConv(1, 1), 4), "expected a convo.*got DeformConv"),
    (ValueError, lambda: mg.as_matrix(nn.Conv2d(3, 8, 3), 224), "the matrix has 150,528 columns"),
    (ValueError, lambda: mg.receptive_field(nn.MaxPool2d(2)), "no convolution to tell the input's"),
    (RuntimeError, lambda: mg.receptive_field(nn.Conv2d(1, 6, 5), (1, 3, 32, 32)),
     r"the model fails on this input: .* has 3 channels, .*=1; write in_channels=3"),
    (RuntimeError, lambda: mg.receptive_field(nn.TransformerEncoderLayer(8, 2), (5, 2, 8)),
     "no layer of TransformerEncoderLayer gave a map"),
    (RuntimeError, lambda: mg.receptive_field(nn.Linear(4, 4), (1, 4)),
     "no layer of Linear gave a map of pixels"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "f", "message"), ERRORS)
def test_errors(kind, f, message):
    with pytest.raises(kind, match=message):
        f()
