"""Dilated and causal convolution, WaveNet's block, and where 'same' puts the odd pixel."""

import loops
import loops_blocks as blocks
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F
from minigrad.summary import summary


@pytest.fixture(autouse=True)
def _seed():
    mg.manual_seed(0)


def test_three_by_three_at_dilation_2_is_five_by_five_with_zeros_between():
    layer = blocks.randomized(nn.DilatedConv(2, 3))
    spread = np.zeros((3, 2, 5, 5))
    spread[:, :, ::2, ::2] = layer.weight.data
    x = mg.randn(2, 2, 7, 8).double()
    expected = F.conv2d(x, mg.tensor(spread), layer.bias, padding=2)
    np.testing.assert_allclose(layer(x).detach(), expected.detach(), rtol=1e-12)
    assert layer.weight.numel() == 3 * 2 * 9
    assert summary(nn.DilatedConv(1, 1), (1, 1, 9, 9)).receptive_field == (5, 5)


def test_dilated_conv_is_a_conv2d_with_other_defaults():
    layer = nn.DilatedConv(3, 6, groups=3, bias=False)
    assert isinstance(layer, nn.Conv2d)
    assert repr(layer) == (
        "DilatedConv(3, 6, kernel_size=(3, 3), stride=(1, 1), padding=same, dilation=(2, 2), "
        "groups=3, bias=False)"
    )
    same = nn.Conv2d(3, 6, 3, padding="same", dilation=2, groups=3, bias=False)
    same.load_state_dict(layer.state_dict())
    x = mg.randn(2, 3, 6, 5)
    assert np.array_equal(layer(x).data, same(x).data)
    other = nn.DilatedConv(3, 4, (2, 5), 2, (1, 3), 3, 1, True, "circular")
    assert repr(other) == (
        "DilatedConv(3, 4, kernel_size=(2, 5), stride=(2, 2), padding=(1, 3), dilation=(3, 3), "
        "padding_mode=circular)"
    )


@pytest.mark.parametrize("kernel_size", [2, 3, 4])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_dilated_conv_keeps_the_size(kernel_size, dilation):
    layer = nn.DilatedConv(1, 2, kernel_size, dilation=dilation)
    assert layer(mg.zeros(1, 1, 6, 9)).shape == (1, 2, 6, 9)


def test_dilated_conv_value_and_gradients():
    layer = blocks.randomized(nn.DilatedConv(2, 3))
    x = np.random.default_rng(0).standard_normal((2, 2, 5, 6))
    expected = loops.conv(x, layer.weight.data, layer.bias.data, padding=2, dilation=2)
    np.testing.assert_allclose(layer(mg.tensor(x)).detach(), expected, rtol=1e-9)
    blocks.check_gradients(layer, x)


# 'same'


def test_the_odd_pixel_goes_behind():
    """Kernel 2 of ones: position i adds itself and the one behind it, 0 behind the last."""
    ones = nn.Conv1d(1, 1, 2, padding="same", bias=False)
    ones.weight.data[...] = 1
    assert ones(mg.tensor([[[1.0, 2.0, 4.0]]])).tolist() == [[[3, 6, 4]]]
    strided = nn.Conv1d(1, 1, 3, stride=2, padding="same", bias=False)
    strided.weight.data[...] = 1  # of 4 positions: windows 0-2 and 2-4, nothing in front
    assert strided(mg.tensor([[[1.0, 2.0, 4.0, 8.0]]])).tolist() == [[[7, 12]]]


AXES = st.tuples(st.integers(1, 7), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))


@settings(deadline=None, max_examples=60)
@given(axes=st.lists(AXES, min_size=1, max_size=3), groups=st.integers(1, 2))
def test_same_follows_tensorflows_rule(axes, groups):
    """Any size, kernel, stride and dilation, in 1-D, 2-D and 3-D."""
    size, kernel, stride, dilation = zip(*axes, strict=True)
    if np.prod(size) * np.prod(kernel) > 2000:  # the loops would take too long
        size, kernel = size[:2], kernel[:2]
        stride, dilation = stride[:2], dilation[:2]
    conv = [nn.Conv1d, nn.Conv2d, nn.Conv3d][len(size) - 1]
    layer = conv(groups, groups, kernel, stride, "same", dilation, groups).double()
    x = mg.randn(1, groups, *size).double()
    y = layer(x)
    assert y.shape[2:] == tuple(-(-n // s) for n, s in zip(size, stride, strict=True))
    w, b = layer.weight.data, layer.bias.data
    expected = blocks.same_conv(x.data, w, b, stride, dilation, groups)
    np.testing.assert_allclose(y.detach(), expected, rtol=1e-9, atol=1e-12)


# Causal


def future_gradient(layer, x, t):
    """The gradient of output t (of all channels and samples) by every input."""
    x = mg.tensor(x, requires_grad=True)
    layer(x)[:, :, t].sum().backward()
    return np.abs(x.grad.data).sum(axis=(0, 1))


@pytest.mark.parametrize(("kernel_size", "dilation"), [(1, 1), (2, 1), (3, 2), (2, 4)])
def test_a_causal_output_depends_on_nothing_that_comes_later(kernel_size, dilation):
    layer = blocks.randomized(nn.CausalConv1d(2, 3, kernel_size, dilation))
    x = np.random.default_rng(0).standard_normal((2, 2, 9))
    for t in range(9):
        gradient = future_gradient(layer, x, t)
        assert (gradient[t + 1 :] == 0).all()
        reached = {t - j * dilation for j in range(kernel_size)}
        assert set(np.flatnonzero(gradient)) == {s for s in reached if s >= 0}


def test_causal_conv_value_gradients_and_length():
    layer = blocks.randomized(nn.CausalConv1d(2, 3, 3, dilation=2))
    x = np.random.default_rng(0).standard_normal((2, 2, 8))
    expected = blocks.causal_conv(x, layer.weight.data, layer.bias.data, 2)
    np.testing.assert_allclose(layer(mg.tensor(x)).detach(), expected, rtol=1e-9)
    np.testing.assert_allclose(layer(mg.tensor(x[0])).detach(), expected[0], rtol=1e-9)
    blocks.check_gradients(layer, x)
    assert nn.CausalConv1d(4, 6, 5, 3, groups=2, bias=False)(mg.zeros(1, 4, 3)).shape == (1, 6, 3)


def test_causal_conv_prints_and_counts_as_a_conv1d():
    layer = nn.CausalConv1d(4, 6, 2, dilation=8, groups=2, bias=False)
    assert isinstance(layer, nn.Conv1d)
    assert repr(layer) == (
        "CausalConv1d(4, 6, kernel_size=(2,), stride=(1,), dilation=(8,), groups=2, bias=False)"
    )
    counted = summary(layer, (3, 4, 20))
    assert (counted.parameters, counted.multiply_adds) == (6 * 2 * 2, 3 * 20 * 6 * 2 * 2)
    assert layer._output_size((20,)) == (20,)


def test_what_the_causal_layers_refuse():
    with pytest.raises(ValueError, match=r"CausalConv1d: kernel_size must be .* got 0"):
        nn.CausalConv1d(2, 3, 0)
    with pytest.raises(
        ValueError, match="CausalConv1d: in_channels=3 is not divisible by groups=2"
    ):
        nn.CausalConv1d(3, 4, 2, groups=2)
    with pytest.raises(
        ValueError, match=r"CausalConv1d\(2.*\(1, 3, 5\) has 3 channels, .*=2; write"
    ):
        nn.CausalConv1d(2, 4, 2)(mg.zeros(1, 3, 5))
    with pytest.raises(
        ValueError, match=r"expected an input of 3 axes .* got shape \(1, 2, 5, 5\)$"
    ):
        nn.CausalConv1d(2, 4, 2)(mg.zeros(1, 2, 5, 5))
    with pytest.raises(ValueError, match="GatedResidualBlock: channels must be at least 1, got 0"):
        nn.GatedResidualBlock(0)
    with pytest.raises(ValueError, match="GatedResidualBlock: skip_channels must be at least"):
        nn.GatedResidualBlock(2, skip_channels=0)
    with pytest.raises(ValueError, match=r"CausalConv1d: dilation must be .* got 0"):
        nn.GatedResidualBlock(2, dilation=0)


# WaveNet's block


def test_gated_block_value_and_gradients():
    block = blocks.randomized(nn.GatedResidualBlock(2, 3, dilation=2, skip_channels=4))
    x = np.random.default_rng(0).standard_normal((2, 2, 7))
    w = blocks.arrays(block)
    pairs = [
        (w[f"{name}.weight"], w[f"{name}.bias"]) for name in ("filter", "gate", "residual", "skip")
    ]
    for y, expected in zip(block(mg.tensor(x)), blocks.gated(x, *pairs, 2), strict=True):
        np.testing.assert_allclose(y.detach(), expected, rtol=1e-9)
    blocks.check_gradients(block, x)


def test_gated_block_counts():
    """Two causal kernels of k C^2, one 1x1 of C^2 and one of C S; each with a bias."""
    C, S, k, L = 8, 12, 3, 20
    counted = summary(nn.GatedResidualBlock(C, k, 4, skip_channels=S), (2, C, L))
    weights = 2 * k * C * C + C * C + C * S
    assert counted.parameters == weights + 3 * C + S
    assert counted.multiply_adds == 2 * L * weights
    assert nn.GatedResidualBlock(5).skip.weight.shape == (5, 5, 1)


def test_four_blocks_of_dilation_1_2_4_8_see_16_steps():
    stack = [blocks.randomized(nn.GatedResidualBlock(2, dilation=d)) for d in (1, 2, 4, 8)]
    x = mg.randn(1, 2, 24).double().requires_grad_()
    y, total = x, 0
    for block in stack:
        y, skip = block(y)
        total = total + skip
    for output in (y, total):
        x.grad = None
        output[:, :, 20].sum().backward(retain_graph=True)
        reached = np.flatnonzero(np.abs(x.grad.data).sum(axis=(0, 1)))
        assert reached.tolist() == list(range(5, 21))  # 16 steps: 20 - 15 ... 20
    convs = nn.Sequential(*(nn.CausalConv1d(2, 2, 2, d) for d in (1, 2, 4, 8)))
    assert summary(convs, (1, 2, 24)).receptive_field == (16,)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: nn.DilatedConv(2, 3), (8, 2, 6, 6)),
        (lambda: nn.CausalConv1d(2, 3, 2, 2), (8, 2, 10)),
        (lambda: nn.GatedResidualBlock(3), (8, 3, 10)),
    ],
)
def test_they_learn(layer, shape):
    before, after = blocks.losses_of(layer(), shape)
    assert after < before / 2
