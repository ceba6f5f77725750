"""DynamicConv2d: values, gradients, counts, temperature, and what it refuses."""

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


@pytest.mark.parametrize(
    ("kernel_size", "options"),
    [
        (3, {"padding": 1}),
        ((2, 3), {"stride": (2, 1), "padding": (0, 1), "bias": False, "experts": 3}),
        (2, {"padding": "same", "dilation": 2, "groups": 2, "temperature": 0.7}),
        (1, {"padding": "valid", "experts": 1, "groups": 4}),
        (3, {"padding": "same", "stride": 2, "groups": 2, "experts": 2, "reduction": 1}),
    ],
    ids=str,
)
def test_value_and_gradients(kernel_size, options):
    layer = loops.randomized(nn.DynamicConv2d(4, 4, kernel_size, **options))
    x = np.random.default_rng(0).standard_normal((2, 4, 5, 4))
    w = loops.arrays(layer)
    padding = options.get("padding", 0)
    y, attention = loops.dynamic_conv(
        x, w["weight"], w.get("bias"),
        (w["fc1.weight"], w["fc1.bias"]), (w["fc2.weight"], w["fc2.bias"]),
        options.get("temperature", 30), options.get("stride", 1),
        0 if padding == "valid" else padding, options.get("dilation", 1), options.get("groups", 1),
    )  # fmt: skip
    np.testing.assert_allclose(layer(mg.tensor(x)).detach(), y, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(layer.last_attention, attention, rtol=1e-9)
    loops.check_gradients(layer, x[:, :, :3, :3] if kernel_size == 1 else x[:, :, :4, :3])


def test_a_sample_by_itself_gives_the_same():
    layer = nn.DynamicConv2d(4, 4, 3, padding="same", stride=2, groups=2)
    x = mg.randn(2, 4, 5, 6)
    together = layer(x).detach()
    alone = layer(x[1])
    assert alone.shape == (4, 3, 3)
    assert layer.last_attention.shape == (1, 4)
    np.testing.assert_allclose(alone.detach(), together[1], rtol=1e-5, atol=1e-6)


def test_equal_experts_make_a_plain_convolution():
    layer = nn.DynamicConv2d(4, 6, 3, 2, 1, 1, 2)
    plain = nn.Conv2d(4, 6, 3, 2, 1, 1, 2)
    layer.weight.data[...], layer.bias.data[...] = plain.weight.data, plain.bias.data
    x = mg.randn(3, 4, 7, 7)
    np.testing.assert_allclose(layer(x).detach(), plain(x).detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("C", "O", "k", "K", "G"), [(16, 32, 3, 4, 1), (8, 8, 5, 6, 4)])
def test_counts(C, O, k, K, G):
    """Section 3.2: C^2 / 4 + C K / 4 for the attention, K C O k^2 + K O to mix, H W C O k^2."""
    attention, kernel = C * C // 4 + C * K // 4, C // G * O * k * k
    layer = nn.DynamicConv2d(C, O, k, padding=k // 2, groups=G, experts=K)
    counted = summary(layer, (2, C, 7, 6))
    assert counted.parameters == attention + C // 4 + K + K * (kernel + O)
    assert counted.multiply_adds == 2 * (attention + K * (kernel + O) + 7 * 6 * kernel)
    without = nn.DynamicConv2d(C, O, k, padding=k // 2, groups=G, experts=K, bias=False)
    assert counted.multiply_adds - summary(without, (2, C, 7, 6)).multiply_adds == 2 * K * O


def test_the_attention_sums_to_1_and_evens_out_with_temperature():
    layer = loops.randomized(nn.DynamicConv2d(8, 4, 3, experts=5, reduction=1))
    assert layer.last_attention is None
    x = mg.randn(3, 8, 6, 6).double() * 4
    spread = []
    for temperature in (1, 10, 30.0, 1000):
        layer.temperature = temperature
        layer(x)
        attention = layer.last_attention
        assert attention.shape == (3, 5)
        assert not attention.requires_grad
        np.testing.assert_allclose(attention.data.sum(axis=1), 1, rtol=1e-12)
        spread.append(float(np.ptp(attention.data)))
    assert spread == sorted(spread, reverse=True)
    assert spread[0] > 0.1 > 0.01 > spread[-1]
    assert not np.allclose(layer.last_attention.data[0], layer.last_attention.data[1], rtol=1e-9)


def test_each_expert_starts_as_a_conv2d_of_its_own():
    mg.manual_seed(0)
    layer = nn.DynamicConv2d(16, 64, 3, groups=2, experts=3)
    assert layer.weight.shape == (3, 64, 8, 3, 3)
    assert layer.bias.shape == (3, 64)
    bound = 1 / np.sqrt(8 * 9)
    for values in (*layer.weight.data, *layer.bias.data):
        assert 0.9 * bound < np.abs(values).max() <= bound
    assert not np.array_equal(layer.weight.data[0], layer.weight.data[1])
    before = layer.weight.data.copy(), layer.fc1.weight.data.copy()
    layer.reset_parameters()
    assert not np.isclose(layer.weight.data, before[0]).all(axis=(1, 2, 3, 4)).any()
    assert np.array_equal(layer.fc1.weight.data, before[1])


def test_print_and_state_dict():
    layer = nn.DynamicConv2d(8, 4, 3, padding="same", experts=2, bias=False)
    assert repr(layer).splitlines()[1] == (
        "  in_channels=8, out_channels=4, kernel_size=(3, 3), stride=(1, 1), padding='same', "
        "dilation=(1, 1), groups=1, experts=2, temperature=30.0"
    )
    assert layer.bias is None
    assert list(layer.state_dict()) == [
        "weight", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"
    ]  # fmt: skip
    assert (layer.fc1.out_features, nn.DynamicConv2d(3, 4, 3).fc1.out_features) == (2, 1)


def test_it_learns_what_no_single_kernel_can():
    """Dark images are to be kept and bright ones negated: the kernel must depend on the image."""
    mg.manual_seed(0)
    x = mg.randn(32, 1, 4, 4) * 0.5
    sign = mg.tensor(np.where(np.arange(32) % 2, 1.0, -1.0).astype(np.float32).reshape(-1, 1, 1, 1))
    x = x - 2 * sign
    target = x * sign
    losses = {}
    for name, layer in {
        "plain": nn.Conv2d(1, 1, 1),
        "dynamic": nn.DynamicConv2d(1, 1, 1, experts=2, temperature=1.0),
    }.items():
        if name == "dynamic":
            layer.fc1.weight.data[...] = 1  # the one hidden unit looks at the brightness
        optimizer = mg.optim.Adam(layer.parameters(), lr=0.1)
        for _ in range(60):
            loss = F.mse_loss(layer(x), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses[name] = loss.item()
    assert losses["dynamic"] < losses["plain"] / 3


@pytest.mark.parametrize(
    ("make", "kind", "match"),
    [
        (
            lambda: nn.DynamicConv2d(6, 8, 3, groups=4),
            ValueError,
            r"DynamicConv2d: in_channels=6 is not divisible by groups=4; the nearest .* 4 or 8",
        ),
        (
            lambda: nn.DynamicConv2d(8, 6, 3, groups=4),
            ValueError,
            "DynamicConv2d: out_channels=6 is not divisible by groups=4",
        ),
        (lambda: nn.DynamicConv2d(0, 6, 3), ValueError, "DynamicConv2d: in_channels must be at"),
        (lambda: nn.DynamicConv2d(6, 0, 3), ValueError, "DynamicConv2d: out_channels must be at"),
        (lambda: nn.DynamicConv2d(6, 6, 0), ValueError, "DynamicConv2d: kernel_size must .* got 0"),
        (
            lambda: nn.DynamicConv2d(6, 6, 3, stride=0),
            ValueError,
            "DynamicConv2d: stride must be .* got 0",
        ),
        (
            lambda: nn.DynamicConv2d(6, 6, 3, dilation=0),
            ValueError,
            "DynamicConv2d: dilation must be .* got 0",
        ),
        (
            lambda: nn.DynamicConv2d(6, 6, 3, padding=-1),
            ValueError,
            "DynamicConv2d: padding must be .* got -1",
        ),
        (
            lambda: nn.DynamicConv2d(6, 6, 3, padding="sam"),
            ValueError,
            "DynamicConv2d: padding must be one of 'same', 'valid', got 'sam'; did you mean 'same'",
        ),
        (lambda: nn.DynamicConv2d(6, 6, 3, groups=0), ValueError, "groups must be at least 1"),
        (lambda: nn.DynamicConv2d(6, 6, 3, experts=0), ValueError, "experts must be at least 1"),
        (lambda: nn.DynamicConv2d(6, 6, 3, reduction=0), ValueError, "reduction must be at least"),
        (
            lambda: nn.DynamicConv2d(6, 6, 3, experts=4.0),
            TypeError,
            "DynamicConv2d: experts must be an int, got 4.0; write 4",
        ),
        (
            lambda: nn.DynamicConv2d(6, 6, 3, temperature=0),
            ValueError,
            "DynamicConv2d: temperature must be above 0, got 0",
        ),
        (
            lambda: nn.DynamicConv2d(6, 6, 3)(mg.zeros(2, 3, 5, 5)),
            ValueError,
            r"DynamicConv2d: input of shape \(2, 3, 5, 5\) has 3 channels, expected 6; write",
        ),
        (
            lambda: nn.DynamicConv2d(6, 6, 3)(mg.zeros(6, 5)),
            ValueError,
            r"DynamicConv2d: conv2d: expected an input of 4 axes .*, got shape \(6, 5\)",
        ),
        (
            lambda: nn.DynamicConv2d(6, 6, 3)(mg.zeros(2, 6, 2, 2)),
            ValueError,
            "DynamicConv2d: .*the kernel covers 3 positions, the padded input has only 2",
        ),
    ],
)
def test_what_is_refused(make, kind, match):
    with pytest.raises(kind, match=match):
        make()


def test_an_empty_batch():
    layer = nn.DynamicConv2d(4, 6, 3, stride=2, padding=1)
    assert layer(mg.zeros(0, 4, 8, 9)).shape == (0, 6, 4, 5)
