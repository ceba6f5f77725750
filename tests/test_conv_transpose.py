"""ConvTranspose1d, 2d and 3d as layers: sizes, what they promise about convolutions, errors."""

import itertools

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F


def numbers(seed, *shape):
    return mg.tensor(np.random.default_rng(seed).standard_normal(shape))


def test_a_stride_2_transposed_convolution_doubles_the_map():
    for layer in (nn.ConvTranspose(3, 5, 4, stride=2, padding=1),
                  nn.ConvTranspose2d(3, 5, 3, stride=2, padding=1, output_padding=1),
                  nn.ConvTranspose2d(3, 5, 3, stride=2, padding="same"),
                  nn.ConvTranspose2d(3, 5, 2, stride=2)):  # fmt: skip
        assert layer(mg.zeros(2, 3, 7, 6)).shape == (2, 5, 14, 12)


def test_convtranspose_names_the_2d_one():
    assert nn.ConvTranspose is nn.ConvTranspose2d


def test_one_pixel_lays_down_the_kernel():
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2, bias=False)
    x = mg.zeros(1, 1, 2, 2)
    x.data[0, 0, 0, 1] = 10
    y = layer(x)
    np.testing.assert_array_equal(y.data[0, 0, :3, 2:], 10 * layer.weight.data[0, 0])
    y.data[0, 0, :3, 2:] = 0
    assert not y.data.any()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_its_forward_is_the_input_gradient_of_the_convolution(n):
    conv = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[n - 1](4, 6, 3, stride=2, padding=1, groups=2).double()
    kind = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)[n - 1]
    transposed = kind(6, 4, 3, stride=2, padding=1, groups=2, bias=False).double()
    transposed.load_state_dict({"weight": conv.weight})
    x = numbers(0, 2, 4, *(8, 7, 5)[:n])
    x.requires_grad = True
    y = conv(x)
    dy = numbers(1, *y.shape)
    y.backward(dy)
    found = transposed(dy, output_size=x.shape[2:])
    np.testing.assert_allclose(found.data, x.grad.data, rtol=1e-12)


@pytest.mark.parametrize("size", [7, 8])
def test_output_size_says_which_input_of_the_convolution_is_meant(size):
    down, up = nn.Conv2d(1, 2, 3, 2, 1), nn.ConvTranspose2d(2, 1, 3, 2, 1)
    small = down(mg.zeros(1, 1, size, 7))
    assert up(small, output_size=(size, 7)).shape == (1, 1, size, 7)
    assert up(small, output_size=(1, 1, size, 7)).shape == (1, 1, size, 7)  # as x.shape is given
    assert up(small).shape == (1, 1, 7, 7)


def test_an_output_size_out_of_reach_lists_those_that_can_be_reached():
    layer = nn.ConvTranspose2d(2, 1, 3, stride=(2, 1), padding=1)
    with pytest.raises(ValueError, match=r"output_size \(9, 4\) cannot be reached from an input of "
                       r"size \(4, 4\).*it can be H 7 to 8, W 4$"):  # fmt: skip
        layer(mg.zeros(1, 2, 4, 4), output_size=(9, 4))
    with pytest.raises(ValueError, match="output_size must be a whole number of at least 1, or 2"):
        layer(mg.zeros(1, 2, 4, 4), output_size=(9,) * 3 + (0,))


def test_printed_as_in_pytorch():
    layer = nn.ConvTranspose2d(8, 4, 3, 2, 1, output_padding=1, groups=2, bias=False, dilation=2)
    assert str(layer) == (
        "ConvTranspose2d(8, 4, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), "
        "dilation=(2, 2), output_padding=(1, 1), groups=2, bias=False)"
    )
    assert {k: v.shape for k, v in layer.state_dict().items()} == {"weight": (8, 2, 3, 3)}


def test_it_starts_uniform_in_the_bound_of_its_outputs_fan():
    mg.manual_seed(0)
    layer = nn.ConvTranspose2d(8, 16, 5)
    bound = 1 / np.sqrt(16 * 25)
    for parameter in (layer.weight, layer.bias):
        assert 0.8 * bound < np.abs(parameter.data).max() <= bound


def test_same_is_the_transpose_of_same():
    """The map that a "same" convolution of stride 3 shrinks, and the way back of it."""
    kernels, sizes = [(1, 1), (2, 1), (3, 1), (4, 2), (5, 1)], [(9, 6), (8, 4), (7, 5)]
    for (k, d), size in itertools.product(kernels, sizes):
        w, x = numbers(k, 2, 3, k, k), numbers(9, 1, 3, *size)
        x.requires_grad = True
        y = F.conv2d(x, w, stride=3, padding="same", dilation=d)
        assert y.shape == (1, 2, 3, 2)
        dy = numbers(8, *y.shape)
        y.backward(dy)
        layer = nn.ConvTranspose2d(2, 3, k, 3, "same", dilation=d, bias=False).double()
        layer.weight.data[...] = w.data
        up = layer(dy, output_size=x.shape)
        np.testing.assert_allclose(up.data, x.grad.data, atol=1e-12)
        if size == (9, 6):
            np.testing.assert_array_equal(layer(dy).data, up.data)


X, W = mg.zeros(2, 4, 5, 5), mg.zeros(4, 3, 3, 3)
ERRORS = [
    (lambda: F.conv_transpose2d(mg.zeros(2, 3, 5, 5), W),
     r"conv_transpose2d: input of shape \(2, 3, 5, 5\) has 3 channels, the weight of shape "
     r"\(4, 3, 3, 3\) expects 4; it should be \(3, 3, 3, 3\): input channels come first"),
    (lambda: nn.ConvTranspose2d(4, 6, 3)(mg.zeros(2, 4, 8)),
     r"input of shape \(2, 4, 8\) has 2 channels, expected in_channels=4; write in_channels=2"),
    (lambda: F.conv_transpose2d(X, mg.zeros(4, 3, 3)), r"the weight needs 4 axes \(in_channels, "),
    (lambda: F.conv_transpose2d(X, W, mg.zeros(4)), r"bias must have one value for each of the 3 "),
    (lambda: F.conv_transpose2d(X, W, groups=3), r"groups=3 must divide the 4 input channels"),
    (lambda: F.conv_transpose2d(X, W, groups=0), r"groups must be a whole number of at least 1"),
    (lambda: F.conv_transpose2d(mg.zeros(4, 5), W), r"expected an input of 4 axes \(N, C, H, W\)"),
    (lambda: F.conv_transpose2d(X, W, padding="full"), r'"same" or "valid", got \'full\''),
    (lambda: F.conv_transpose2d(X, W, stride=2, output_padding=2),
     r"output_padding must be from 0 to 1 with stride 2, dilation 1 and padding 0, got 2; it only"),
    (lambda: nn.ConvTranspose2d(4, 4, 3, stride=2, output_padding=2), r"must be from 0 to 1 with"),
    (lambda: nn.ConvTranspose2d(4, 4, 3, 2, "same", 1), r"from -1 to 0 with .* padding 'same'"),
    (lambda: nn.ConvTranspose2d(4, 4, 3, 2, "same")(X, output_size=11),
     r"output_size \(11, 11\) cannot be reached from .* it can be H 9 to 10, W 9 to 10"),
    (lambda: nn.ConvTranspose2d(4, 4, 3)(X, output_size="7"), r"a whole number .* got '7'"),
    (lambda: F.conv_transpose1d(mg.zeros(1, 4, 1), mg.zeros(4, 1, 3), padding=2),
     r"conv_transpose1d: nothing is left of an axis of 1: padding cuts 4 off the 3"),
    (lambda: nn.ConvTranspose2d(5, 4, 3, groups=2), r"in_channels=5 is not divisible by groups=2"),
    (lambda: nn.ConvTranspose2d(4, 4, 3, padding_mode="reflect"),
     r"padding_mode must be one of 'zeros', got 'reflect'"),
    (lambda: nn.ConvTranspose2d(4, 4, 3, output_padding=-1), r"output_padding must be a whole "),
]  # fmt: skip


@pytest.mark.parametrize(("f", "message"), ERRORS)
def test_errors(f, message):
    with pytest.raises(ValueError, match=message):
        f()


def test_mixed_dtypes_are_refused():
    with pytest.raises(TypeError, match=r"input is float64, the weight float32; write x.to\("):
        F.conv_transpose2d(X.double(), W)


@pytest.mark.parametrize("shape", [(0, 4, 5, 5), (2, 4, 0, 5)])
def test_empty_inputs(shape):
    if 0 in shape[2:]:
        with pytest.raises(ValueError, match="the input has an axis of size 0"):
            F.conv_transpose2d(mg.zeros(*shape), W)
    else:
        assert F.conv_transpose2d(mg.zeros(*shape), W).shape == (0, 3, 7, 7)


def test_output_size_is_no_tensor():
    with pytest.raises(
        TypeError, match=r"output_size must be sizes, got a Tensor; write its \.shape"
    ):
        nn.ConvTranspose2d(4, 3, 3)(X, output_size=X)


def test_numpy_integers_will_do():
    assert nn.ConvTranspose2d(2, 3, np.int64(3), stride=(np.int32(2), 1)).stride == (2, 1)
