"""Numbers that circulate in teaching material, computed as a student would type it."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F


def test_sobel_on_the_nine_numbers_is_80():
    sobel = mg.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    image = mg.tensor([[10.0, 20, 30], [40, 50, 60], [70, 80, 90]])
    y = F.conv2d(image.reshape(1, 1, 3, 3), sobel.reshape(1, 1, 3, 3))
    assert y.item() == 80


def test_true_convolution_flips_the_kernel():
    x = mg.tensor([1.0, 2, 3, 4, 5]).reshape(1, 1, 5)
    kernel = mg.tensor([1.0, 0, -1]).reshape(1, 1, 3)
    assert F.conv1d(x, kernel.flip(-1), padding="same").flatten().tolist() == [2, 2, 2, 2, -4]
    assert np.convolve([1, 2, 3, 4, 5], [1, 0, -1], "same").tolist() == [2, 2, 2, 2, -4]
    assert F.conv1d(x, kernel, padding="same").flatten().tolist() == [-2, -2, -2, -2, 4]


@pytest.mark.parametrize(
    ("size", "kernel", "padding", "stride", "expected"),
    [(32, 5, 0, 1, 28), (32, 5, 2, 2, 16), (32, 5, 0, 2, 14), (5, 3, 0, 1, 3), (5, 3, "same", 1, 5),
     (5, 3, "valid", 1, 3)],
)  # fmt: skip
def test_output_sizes(size, kernel, padding, stride, expected):
    conv = nn.Conv2d(1, 1, kernel, stride=stride, padding=padding)
    assert conv(mg.zeros(1, 1, size, size)).shape == (1, 1, expected, expected)


def test_pooling_28_by_2_gives_14():
    assert nn.MaxPool2d(2)(mg.zeros(1, 1, 28, 28)).shape == (1, 1, 14, 14)
    assert nn.AvgPool2d(2)(mg.zeros(1, 1, 28, 28)).shape == (1, 1, 14, 14)


def test_a_3x4_image_and_a_2x2_kernel_give_2x3():
    image = mg.arange(12.0).reshape(1, 1, 3, 4)
    y = F.conv2d(image, mg.ones(1, 1, 2, 2))
    assert y.shape == (1, 1, 2, 3)
    assert y[0, 0].tolist() == [[10, 14, 18], [26, 30, 34]]


def count(layer):
    return sum(p.numel() for p in layer.parameters())


def test_weights_of_a_3x3_convolution_from_32_to_64_channels():
    assert count(nn.Conv2d(32, 64, 3, bias=False)) == 18_432
    assert count(nn.Conv2d(32, 64, 3)) == 18_432 + 64
    depthwise = nn.Conv2d(32, 32, 3, groups=32, bias=False)
    pointwise = nn.Conv2d(32, 64, 1, bias=False)
    assert (count(depthwise), count(pointwise)) == (288, 2_048)
    assert count(nn.Sequential(depthwise, pointwise)) == 2_336


def test_a_dilated_kernel_is_a_larger_one_with_zeros_between():
    x, w = mg.randn(1, 1, 9, 9), mg.randn(1, 1, 3, 3)
    wide = mg.zeros(1, 1, 5, 5)
    wide[:, :, ::2, ::2] = w
    np.testing.assert_allclose(
        F.conv2d(x, w, dilation=2).data, F.conv2d(x, wide).data, rtol=1e-4, atol=1e-5
    )


def test_64_channels_in_4_groups_are_16_each():
    conv = nn.Conv2d(64, 64, 3, groups=4)
    assert conv.weight.shape == (64, 16, 3, 3)


def test_a_depthwise_convolution_does_not_sum_over_channels():
    x = mg.zeros(1, 3, 3, 3)
    x[0, 1] = 1  # only the middle channel holds anything
    y = F.conv2d(x, mg.ones(3, 1, 3, 3), groups=3)
    assert y.flatten().tolist() == [0, 9, 0]


def test_the_gradient_of_a_square_and_of_a_sum_of_squares():
    x = mg.tensor(3.0, requires_grad=True)
    (x**2).backward()
    assert x.grad.item() == 6
    v = mg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (v * v).sum().backward()
    assert v.grad.tolist() == [2, 4, 6]


def test_cross_entropy_of_equal_scores_is_the_logarithm_of_the_class_count():
    assert F.cross_entropy(mg.zeros(4, 10), mg.tensor([0, 3, 5, 9])).item() == pytest.approx(
        np.log(10)
    )


def test_softmax_of_1_2_3():
    y = mg.tensor([1.0, 2.0, 3.0]).softmax(0)
    np.testing.assert_allclose(y.data, [0.09003057, 0.24472847, 0.66524096], rtol=1e-6)


def test_the_xor_network_by_hand():
    """Forward and backward of one hidden unit: 2 * 0.5 -> relu -> * 3 -> (y - 1)^2."""
    w, v = mg.tensor(0.5, requires_grad=True), mg.tensor(3.0, requires_grad=True)
    hidden = (mg.tensor(2.0) * w).relu()
    loss = (hidden * v - 1) ** 2
    loss.backward()
    assert loss.item() == 4
    assert (v.grad.item(), w.grad.item()) == (4, 24)
