"""nn.AttentionAugmentedConv2d against the definition of Bello et al., 2019."""

import loops_attention
import numpy as np
import pytest
from numerical import check_gradients
from parametric import arrays, as_function, randomized

import minigrad as mg
from minigrad import nn

# in_channels, out_channels, kernel_size, key_channels, value_channels, num_heads, and options
LAYERS = [
    ((3, 5, 3, 4, 2, 2), {"size": (2, 4)}, (2, 3, 2, 4)),
    ((2, 5, (1, 3), 2, 4, 2), {"size": (3, 2)}, (2, 2, 3, 2)),
    ((3, 4, 2, 3, 1, 1), {"relative": False}, (2, 3, 3, 2)),
    ((2, 4, 3, 4, 4, 2), {"size": 3, "bias": False}, (1, 2, 3, 3)),  # attention alone
    ((2, 6, 3, 6, 3, 3), {"size": (2, 3), "stride": 2}, (2, 2, 3, 5)),
    ((2, 4, (4, 3), 2, 2, 1), {"size": (2, 2), "stride": (1, 3)}, (1, 2, 2, 6)),
    ((2, 3, 1, 2, 2, 2), {"size": 1}, (3, 2, 1, 1)),  # one pixel
]
every_layer = pytest.mark.parametrize(("sizes", "options", "shape"), LAYERS)


def randn(*shape, seed=0):
    return mg.from_numpy(np.random.default_rng(seed).standard_normal(shape))


@every_layer
def test_output_is_that_of_the_definition(sizes, options, shape):
    layer, x = randomized(nn.AttentionAugmentedConv2d(*sizes, **options)), randn(*shape)
    _, _, kernel, dk, dv, heads = sizes
    kernel, stride = np.broadcast_to(kernel, 2), options.get("stride", 1)
    expected = loops_attention.augmented(x.data, arrays(layer), heads, dk, dv, kernel, stride)
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-9, atol=1e-12)
    assert expected.shape[1] == sizes[1]


@every_layer
def test_gradients_of_input_and_parameters(sizes, options, shape):
    f, parameters = as_function(randomized(nn.AttentionAugmentedConv2d(*sizes, **options)))
    check_gradients(f, randn(*shape).data, *parameters)


@pytest.mark.parametrize("bias", [True, False])
def test_number_of_parameters(bias):
    fin, fout, k, dk, dv, heads, h, w = 5, 12, 3, 8, 4, 2, 6, 7
    layer = nn.AttentionAugmentedConv2d(fin, fout, k, dk, dv, heads, (h, w), bias=bias)
    plain = nn.Conv2d(fin, fout, k, bias=bias)

    def count(layer):
        return sum(p.numel() for p in layer.parameters())

    # Section 3.3: kappa = dk / fout and nu = dv / fout are the shares of keys and values
    kappa, nu = dk / fout, dv / fout
    more = fin * fout * (2 * kappa + (1 - k**2) * nu + fout / fin * nu**2)
    distances = (2 * h - 1 + 2 * w - 1) * dk // heads
    biases = bias * (2 * dk + dv)  # those of queries, keys and values come on top
    assert count(layer) - count(plain) == more + distances + biases
    assert layer.rel_h.shape == (2 * h - 1, dk // heads)
    assert layer.rel_w.shape == (2 * w - 1, dk // heads)


@pytest.mark.parametrize("stride", [1, 2])
def test_multiply_adds(stride):
    fin, fout, k, dk, dv, heads, h, w = 5, 12, 3, 8, 4, 2, 6, 8
    y, x = h // stride, w // stride
    own = (x * y) ** 2 * (dk + dv)  # scores and means
    for relative in (True, False):
        layer = nn.AttentionAugmentedConv2d(fin, fout, k, dk, dv, heads, (y, x), relative, stride)
        image = mg.zeros(2, fin, h, w)
        distances = relative * x * y * (x + y) * dk
        assert layer._multiply_adds(image, layer(image)) == 2 * (own + distances)
        convolutions = x * y * (fin * k**2 * (fout - dv) + fin * (2 * dk + dv) + dv**2)
        found = mg.summary(layer, (2, fin, h, w)).multiply_adds
        assert found == 2 * (own + distances + convolutions)


def test_without_relative_positions_the_attention_follows_a_permutation_of_the_pixels():
    layer = randomized(nn.AttentionAugmentedConv2d(2, 4, 3, 4, 4, 2, relative=False))
    x, order = randn(1, 2, 2, 3), [3, 5, 0, 1, 4, 2]
    moved = x.flatten(2)[:, :, order].unflatten(2, (2, 3))
    expected = layer(x).data.reshape(1, 4, 6)[:, :, order]
    np.testing.assert_allclose(layer(moved).data.reshape(1, 4, 6), expected, rtol=1e-9)


@pytest.mark.parametrize(("dy", "dx"), [(0, 1), (1, 0), (-1, 2)])
def test_the_distances_alone_can_point_at_one_neighbour(dy, dx):
    """All queries are 1, all keys 0: only the distance counts, and one is far ahead."""
    layer = nn.AttentionAugmentedConv2d(1, 1, 1, 1, 1, 1, size=(3, 4)).double()
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    layer.qkv.bias.data[0] = layer.qkv.weight.data[2] = layer.out.weight.data[...] = 1
    layer.rel_h.data[2 + dy] = layer.rel_w.data[3 + dx] = 50
    x = randn(1, 1, 3, 4)
    top, bottom = max(-dy, 0), 3 - max(dy, 0)  # the rows and columns that have that neighbour
    found = layer(x).data[0, 0, top:bottom, : 4 - dx]
    np.testing.assert_allclose(found, x.data[0, 0, top + dy : bottom + dy, dx:], rtol=1e-9)


def test_a_weight_like_that_of_other_convolutions():
    layer = nn.AttentionAugmentedConv2d(3, 6, 3, 4, 2, 2, relative=False)
    assert layer.weight is layer.conv.weight
    assert layer.weight.shape == (4, 3, 3, 3)
    assert layer.bias is layer.conv.bias

    def initialise(layer):
        if "Conv" in type(layer).__name__:
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    layer.apply(initialise)
    assert list(layer.state_dict()) == [
        f"{part}.{name}" for part in ("conv", "qkv", "out") for name in ("weight", "bias")
    ]
    alone = nn.AttentionAugmentedConv2d(3, 6, 3, 4, 6, 2, relative=False)
    assert alone.conv is None
    assert alone.weight is alone.qkv.weight
    assert alone.bias is alone.qkv.bias


def test_first_values_of_the_distances():
    mg.manual_seed(0)
    layer = nn.AttentionAugmentedConv2d(3, 40, 3, 64, 32, 2, size=(40, 30))
    for table in (layer.rel_h, layer.rel_w):
        assert table.data.std() == pytest.approx(32**-0.5, rel=0.1)


def test_an_empty_batch():
    layer = nn.AttentionAugmentedConv2d(3, 6, 3, 4, 2, 2, size=(4, 5))
    y = layer(mg.zeros(0, 3, 4, 5))
    assert y.shape == (0, 6, 4, 5)
    y.sum().backward()


def test_float32_stays_float32():
    layer = nn.AttentionAugmentedConv2d(3, 6, 3, 4, 2, 2, size=4)
    assert layer(mg.randn(2, 3, 4, 4)).dtype == np.float32


def build(out_channels=6, key_channels=4, value_channels=2, num_heads=2, **options):
    options = {"size": (4, 5), **options}
    return nn.AttentionAugmentedConv2d(
        3, out_channels, 3, key_channels, value_channels, num_heads, **options
    )


WRONG = [
    (lambda: build(key_channels=5),
     "AttentionAugmentedConv2d: key_channels=5 is not divisible by num_heads=2; the nearest "
     "key_channels is 4 or 6, or choose num_heads among 1$"),
    (lambda: build(value_channels=3), "value_channels=3 is not divisible by num_heads=2"),
    (lambda: build(value_channels=8),
     "value_channels=8 of the out_channels=6 cannot come .*; choose value_channels up to 6"),
    (lambda: build(size=None), r"relative=True needs to know the map: write size=\(H, W\)"),
    (lambda: build(size=(4, 0)), r"AttentionAugmentedConv2d: size must be .*, got \(4, 0\)"),
    (lambda: build(num_heads=0), "num_heads must be at least 1, got 0"),
    (lambda: build()(mg.zeros(2, 3, 5, 4)),
     r"the map after the stride is 5 x 4, .* for size=\(4, 5\); write size=\(5, 4\), or relative"),
    (lambda: build(stride=2)(mg.zeros(2, 3, 4, 5)), r"the map after .* 2 x 3, .*\(2, 3\)"),
    (lambda: build()(mg.zeros(3, 4, 5)), r"expected an input \(N, 3, H, W\), got \(3, 4, 5\)"),
    (lambda: build()(mg.zeros(2, 4, 4, 5)), r"Conv2d.* input .* has 4 channels.*in_channels=4"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
