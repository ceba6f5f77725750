"""DepthwiseSeparable: values, gradients, counts, and what it refuses."""

import loops_blocks as loops
import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F
from minigrad.summary import summary


@pytest.fixture(autouse=True)
def _seed():
    mg.manual_seed(0)


def test_32_to_64_channels_need_2336_weights_where_a_full_convolution_has_18432():
    layer = nn.DepthwiseSeparable(32, 64, bias=False)
    assert [p.numel() for p in layer.parameters()] == [288, 2048]
    assert sum(p.numel() for p in layer.parameters()) == 2336
    assert nn.Conv2d(32, 64, 3, bias=False).weight.numel() == 18_432


def test_multiply_adds():
    """MobileNets, equation 5: D_K^2 M D_F^2 + M N D_F^2, and 1/N + 1/D_K^2 of a full one."""
    separable = summary(nn.DepthwiseSeparable(32, 64), (1, 32, 14, 14)).multiply_adds
    full = summary(nn.Conv2d(32, 64, 3, padding=1), (1, 32, 14, 14)).multiply_adds
    assert separable == 9 * 32 * 14 * 14 + 32 * 64 * 14 * 14
    assert separable / full == pytest.approx(1 / 64 + 1 / 9)
    twice = nn.DepthwiseSeparable(32, 64, multiplier=2)
    assert summary(twice, (1, 32, 14, 14)).multiply_adds == 2 * separable


OPTIONS = [
    {},
    {"stride": 2, "multiplier": 2},
    {"kernel_size": (2, 3), "dilation": 2},
    {"kernel_size": 4, "stride": (1, 3)},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_value_and_gradients(options):
    layer = loops.randomized(nn.DepthwiseSeparable(3, 4, **options))
    x = np.random.default_rng(0).standard_normal((2, 3, 5, 6))
    w = loops.arrays(layer)
    maps = loops.depthwise(
        x, w["depthwise.weight"], w["depthwise.bias"],
        options.get("stride", 1), options.get("dilation", 1),
    )  # fmt: skip
    expected = np.einsum("nmhw,om->nohw", maps, w["pointwise.weight"][:, :, 0, 0])
    expected += w["pointwise.bias"][:, None, None]
    np.testing.assert_allclose(layer(mg.tensor(x)).detach().numpy(), expected, rtol=1e-9)
    loops.check_gradients(layer, x)


@pytest.mark.parametrize("training", [True, False])
def test_norm_and_activation_stand_between(training):
    layer = nn.DepthwiseSeparable(3, 4, bias=False, norm=nn.BatchNorm2d, activation=nn.Tanh)
    layer = loops.randomized(layer).train(training)
    x = mg.randn(2, 3, 5, 6).double()
    maps = F.conv2d(x, layer.depthwise.weight, padding=1, groups=3)
    norm = layer.norm
    mean, var = norm.running_mean.data.copy(), norm.running_var.data.copy()
    maps = F.batch_norm(
        maps, mg.tensor(mean), mg.tensor(var), norm.weight, norm.bias, training, 0.1, norm.eps
    )
    expected = F.conv2d(maps.tanh(), layer.pointwise.weight)
    np.testing.assert_allclose(layer(x).detach(), expected.detach(), rtol=1e-12)
    assert np.array_equal(norm.running_mean.data, mean) is not training
    loops.check_gradients(layer, x.numpy())


def test_either_of_them_may_be_missing():
    x = mg.randn(2, 3, 4, 4)
    for options in ({"norm": nn.BatchNorm2d}, {"activation": nn.ReLU}):
        layer = nn.DepthwiseSeparable(3, 5, **options)
        assert layer(x).shape == (2, 5, 4, 4)
        assert (layer.norm is None) is ("norm" not in options)
    positive = nn.DepthwiseSeparable(3, 1, activation=nn.ReLU, bias=False)
    positive.pointwise.weight.data[...] = 1
    assert (positive(x).detach().numpy() >= 0).all()


def test_a_function_that_makes_a_layer_will_do():
    layer = nn.DepthwiseSeparable(
        4, 8, multiplier=2, norm=lambda channels: nn.GroupNorm(4, channels),
        activation=lambda: nn.LeakyReLU(0.1),
    )  # fmt: skip
    assert (layer.norm.num_channels, layer.activation.negative_slope) == (8, 0.1)


def test_stride_same_and_padding():
    x = mg.zeros(1, 3, 7, 8)
    assert nn.DepthwiseSeparable(3, 4, stride=2)(x).shape == (1, 4, 4, 4)
    assert nn.DepthwiseSeparable(3, 4, padding="valid")(x).shape == (1, 4, 5, 6)
    assert nn.DepthwiseSeparable(3, 4, 5, padding=1, dilation=2)(x).shape == (1, 4, 1, 2)


def test_print_and_state_dict_follow_the_data():
    layer = nn.DepthwiseSeparable(3, 4, bias=False, norm=nn.BatchNorm2d, activation=nn.ReLU)
    assert repr(layer) == (
        "DepthwiseSeparable(\n"
        "  (depthwise): Conv2d(3, 3, kernel_size=(3, 3), stride=(1, 1), padding=same, groups=3, "
        "bias=False)\n"
        "  (norm): BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, "
        "track_running_stats=True)\n"
        "  (activation): ReLU()\n"
        "  (pointwise): Conv2d(3, 4, kernel_size=(1, 1), stride=(1, 1), bias=False)\n"
        ")"
    )
    assert [name for name, _ in layer.named_parameters()] == [
        "depthwise.weight", "norm.weight", "norm.bias", "pointwise.weight"
    ]  # fmt: skip


def test_it_learns():
    before, after = loops.losses_of(nn.DepthwiseSeparable(3, 4), (8, 3, 6, 6))
    assert after < before / 2


@pytest.mark.parametrize(
    ("options", "kind", "match"),
    [
        ({"in_channels": 0}, ValueError, "DepthwiseSeparable: in_channels must be at least 1"),
        ({"multiplier": 0}, ValueError, "DepthwiseSeparable: multiplier must be at least 1, got 0"),
        (
            {"multiplier": 1.0},
            TypeError,
            r"DepthwiseSeparable: multiplier must be an int, got 1.0; write 1",
        ),
        (
            {"out_channels": 0},
            ValueError,
            "DepthwiseSeparable: out_channels must be at least 1, got 0",
        ),
        (
            {"norm": nn.BatchNorm2d(3)},
            TypeError,
            r"DepthwiseSeparable: norm must be a layer class, got the finished layer BatchNorm2d"
            r"\(3, .*; write norm=nn.BatchNorm2d, or lambda channels: nn.GroupNorm",
        ),
        (
            {"norm": nn.GroupNorm},
            TypeError,
            r"norm must be a layer class that \(3,\) is enough to make \(.*num_channels.*\); write",
        ),
        (
            {"activation": nn.ReLU()},
            TypeError,
            r"activation must be a layer class, got the finished layer ReLU\(\); write "
            r"activation=nn.ReLU, or lambda: nn.LeakyReLU",
        ),
        ({"activation": "relu"}, TypeError, "activation must be a layer class, got 'relu'; write"),
        (
            {"activation": F.relu},
            TypeError,
            r"activation must be a layer class that \(\) is enough to make .*; write activation=",
        ),
        (
            {"activation": lambda: "relu"},
            TypeError,
            "activation must be a layer class, got <function .*, which makes str; write",
        ),
    ],
)
def test_what_is_refused(options, kind, match):
    with pytest.raises(kind, match=match):
        nn.DepthwiseSeparable(**{"in_channels": 3, "out_channels": 4, **options})


def test_an_input_of_other_channels_names_the_part():
    with pytest.raises(ValueError, match=r"depthwise \(Conv2d.*4 .*channels"):
        nn.DepthwiseSeparable(3, 4)(mg.zeros(1, 4, 5, 5))
