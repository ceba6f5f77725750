"""Linear, convolution, pooling and resizing layers against their definitions in loops."""

import itertools
import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


@pytest.fixture(autouse=True)
def _seed():
    mg.manual_seed(0)


def randn(*shape):
    return mg.randn(*shape).double()


def close(tensor, expected):
    np.testing.assert_allclose(tensor.detach().numpy(), expected, rtol=1e-9, atol=1e-12)


# Linear and shape


def test_linear():
    layer, x = nn.Linear(3, 2).double(), randn(4, 5, 3)
    w, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    close(layer(x), np.einsum("abi,oi->abo", x.numpy(), w) + b)
    layer.bias = None
    close(layer(x), np.einsum("abi,oi->abo", x.numpy(), w))


def test_identity_flatten_unflatten():
    x = randn(2, 3, 4, 5)
    assert nn.Identity(54, unused=True)(x) is x
    assert nn.Flatten()(x).shape == (2, 60)
    assert nn.Flatten(0, 2)(x).shape == (24, 5)
    assert nn.Unflatten(1, (3, 4, 5))(nn.Flatten()(x)).tolist() == x.tolist()


# Convolution

NUMPY_PAD = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def conv_by_loops(x, layer, rim):
    """From the definition: every output value is a sum over channels and taps."""
    w, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    x = np.pad(x, [(0, 0), (0, 0), *rim], mode=NUMPY_PAD[layer.padding_mode])
    span = [d * (k - 1) + 1 for k, d in zip(layer.kernel_size, layer.dilation, strict=True)]
    out = [(n - s) // t + 1 for n, s, t in zip(x.shape[2:], span, layer.stride, strict=True)]
    y = np.zeros((len(x), layer.out_channels, *out))
    inputs, outputs = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    for n, o, c in itertools.product(range(len(x)), range(layer.out_channels), range(inputs)):
        for position in np.ndindex(*out):
            for tap in np.ndindex(*layer.kernel_size):
                at = tuple(
                    p * s + t * d
                    for p, s, t, d in zip(position, layer.stride, tap, layer.dilation, strict=True)
                )
                channel = o // outputs * inputs + c
                y[(n, o, *position)] += w[(o, c, *tap)] * x[(n, channel, *at)]
    return y + b.reshape(-1, *[1] * len(out))


@pytest.mark.parametrize(
    ("layer", "size", "rim"),
    [
        (lambda: nn.Conv1d(3, 4, 3, stride=2, padding=1), (7,), [(1, 1)]),
        (lambda: nn.Conv1d(2, 2, 2, padding="same"), (6,), [(0, 1)]),
        (
            lambda: nn.Conv2d(2, 3, (3, 2), padding=(2, 0), dilation=(1, 2)),
            (5, 6),
            [(2, 2), (0, 0)],
        ),
        (lambda: nn.Conv2d(4, 6, 3, padding="valid", groups=2), (5, 4), [(0, 0), (0, 0)]),
        (lambda: nn.Conv2d(3, 3, 3, padding="same", groups=3), (5, 4), [(1, 1), (1, 1)]),
        (
            lambda: nn.Conv2d(1, 2, 3, padding=(2, 1), padding_mode="reflect"),
            (5, 4),
            [(2, 2), (1, 1)],
        ),
        (lambda: nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), (5, 4), [(1, 1), (1, 1)]),
        (
            lambda: nn.Conv2d(1, 2, 4, padding="same", padding_mode="replicate"),
            (5, 4),
            [(1, 2), (1, 2)],
        ),
        (
            lambda: nn.Conv3d(2, 2, (1, 2, 3), stride=(1, 2, 1), padding=(0, 1, 1)),
            (3, 4, 4),
            [(0, 0), (1, 1), (1, 1)],
        ),
    ],
)
def test_conv(layer, size, rim):
    layer = layer().double()
    x = randn(2, layer.in_channels, *size)
    close(layer(x), conv_by_loops(x.numpy(), layer, rim))


def test_conv_is_cross_correlation():
    layer = nn.Conv2d(1, 1, 3, bias=False)
    layer.weight.data[...] = [[[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]]]
    x = mg.tensor([[[[10.0, 20, 30], [40, 50, 60], [70, 80, 90]]]])
    assert layer(x).item() == 80


@pytest.mark.parametrize(
    ("size", "kernel", "padding", "stride", "expected"),
    [
        (32, 5, 0, 1, 28),
        (32, 5, 2, 2, 16),
        (32, 5, 0, 2, 14),
        (5, 3, "valid", 1, 3),
        (5, 3, "same", 1, 5),
    ],
)
def test_conv_output_size(size, kernel, padding, stride, expected):
    layer = nn.Conv2d(1, 1, kernel, stride, padding)
    assert layer(mg.ones(1, 1, size, size)).shape == (1, 1, expected, expected)


def test_weights_are_counted_as_in_the_textbooks():
    def count(*layers):
        return sum(layer.weight.numel() for layer in layers)

    assert count(nn.Conv2d(32, 64, 3)) == 18_432
    assert count(nn.Conv2d(32, 32, 3, groups=32), nn.Conv2d(32, 64, 1)) == 288 + 2_048


# Pooling


def windows(x, kernel, stride, padding, fill):
    """(position, window) of a (H, W) map, from the definition."""
    x = np.pad(x, padding, constant_values=fill)
    for i in range((x.shape[0] - kernel) // stride + 1):
        for j in range((x.shape[1] - kernel) // stride + 1):
            yield x[i * stride : i * stride + kernel, j * stride : j * stride + kernel]


def test_max_and_avg_pool():
    x = randn(1, 1, 6, 7)
    picture = x.numpy()[0, 0]
    for layer, fill, reduce in (
        (nn.MaxPool2d(2), -np.inf, np.max),
        (nn.MaxPool2d(3, stride=2, padding=1), -np.inf, np.max),
        (nn.AvgPool2d(2), 0, np.mean),
        (nn.AvgPool2d(3, 2, 1), 0, np.mean),
        (nn.AvgPool2d(3, 2, 1, count_include_pad=False), np.nan, np.nanmean),
    ):
        found = windows(picture, layer.kernel_size, layer.stride, layer.padding, fill)
        close(layer(x).flatten(), [reduce(window) for window in found])


def test_pools_of_all_dimensions_and_options():
    assert nn.MaxPool2d(2)(mg.ones(1, 1, 28, 28)).shape == (1, 1, 14, 14)
    assert nn.MaxPool1d(2)(mg.tensor([[[1.0, 5, 2, 4]]])).tolist() == [[[5, 4]]]
    assert nn.MaxPool1d(2, 1, dilation=2)(mg.tensor([[[1.0, 5, 2, 4]]])).tolist() == [[[2, 5]]]
    assert nn.AvgPool1d(2)(mg.tensor([[[1.0, 5, 2, 4]]])).tolist() == [[[3, 3]]]
    assert nn.MaxPool1d(2, ceil_mode=True)(mg.tensor([[[1.0, 5, 2]]])).tolist() == [[[5, 2]]]
    volume = mg.arange(8.0).reshape(1, 1, 2, 2, 2)
    assert nn.MaxPool3d(2)(volume).item() == 7
    assert nn.AvgPool3d(2)(volume).item() == 3.5


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.AdaptiveAvgPool1d(2), (2,)),
        (nn.AdaptiveMaxPool1d(3), (3,)),
        (nn.AdaptiveAvgPool2d((3, 2)), (3, 2)),
        (nn.AdaptiveMaxPool2d((None, 4)), (7, 4)),
        (nn.AdaptiveAvgPool3d(2), (2, 2, 2)),
        (nn.AdaptiveMaxPool3d((1, 2, None)), (1, 2, 7)),
    ],
    ids=repr,
)
def test_adaptive_pools(layer, shape):
    size = (7,) * len(shape)
    x = randn(2, 3, *size)
    reduce = np.max if "Max" in repr(layer) else np.mean
    expected = np.empty((2, 3, *shape))
    for position in np.ndindex(*shape):
        # part i of n starts at floor(i size / n) and ends at ceil((i + 1) size / n)
        part = tuple(
            slice(i * 7 // n, math.ceil((i + 1) * 7 / n))
            for i, n in zip(position, shape, strict=True)
        )
        axes = tuple(range(2, x.ndim))
        expected[(..., *position)] = reduce(x.numpy()[(..., *part)], axis=axes)
    close(layer(x), expected)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_global_pools(n):
    x = randn(2, 3, *(4, 5, 2)[:n])
    axes = tuple(range(2, n + 2))
    average, greatest = getattr(nn, f"GlobalAvgPool{n}d")(), getattr(nn, f"GlobalMaxPool{n}d")()
    close(average(x), x.numpy().mean(axis=axes, keepdims=True))
    close(greatest(x), x.numpy().max(axis=axes, keepdims=True))
    assert repr(average) == f"GlobalAvgPool{n}d()"


# Changing the size of maps


def test_upsample_and_pixel_shuffle():
    x = mg.tensor([[[[1.0, 2], [3, 4]]]])
    expected = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    assert nn.Upsample(scale_factor=2)(x)[0, 0].tolist() == expected
    for size in (4, 4), [4, 4], np.array([4, 4]), np.int64(4):
        assert nn.Upsample(size)(x)[0, 0].tolist() == expected
        assert nn.functional.interpolate(x, size)[0, 0].tolist() == expected
    assert nn.Upsample(scale_factor=[2, 2])(x)[0, 0].tolist() == expected
    corners = nn.Upsample((3, 3), mode="bilinear", align_corners=True)(x)[0, 0].tolist()
    assert corners == [[1, 1.5, 2], [2, 2.5, 3], [3, 3.5, 4]]
    pixels = mg.arange(4.0).reshape(1, 4, 1, 1)
    assert nn.PixelShuffle(2)(pixels)[0, 0].tolist() == [[0, 1], [2, 3]]
    assert nn.PixelUnshuffle(2)(nn.PixelShuffle(2)(pixels)).tolist() == pixels.tolist()


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("Zero", "constant"),
        ("Constant", "constant"),
        ("Reflection", "reflect"),
        ("Replication", "edge"),
        ("Circular", "wrap"),
    ],
)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_pads(kind, mode, dims):
    rim = [(1, 2), (2, 0), (0, 1)][:dims]
    widths = tuple(width for pair in rim for width in pair)
    value = {"Constant": (5.0,)}.get(kind, ())
    x = randn(2, 2, *[4] * dims)
    options = {"constant_values": value[0]} if value else {}
    expected = np.pad(x.numpy(), [(0, 0), (0, 0), *reversed(rim)], mode=mode, **options)
    make = getattr(nn, f"{kind}Pad{dims}d")
    close(make(widths, *value)(x), expected)
    assert make(1, *value).padding == (1,) * 2 * dims
