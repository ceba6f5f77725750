"""Normalization and dropout layers against their definitions in plain NumPy."""

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


# Normalization


def normalized(x, axes, eps=1e-5):
    return (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + eps)


def learned(layer):
    """The same layer with weight and bias that are neither ones nor zeros."""
    layer.double()
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    return layer


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.BatchNorm1d(3), (5, 3)),
        (nn.BatchNorm1d(3), (5, 3, 4)),
        (nn.BatchNorm2d(3), (5, 3, 4, 2)),
        (nn.BatchNorm3d(3), (2, 3, 4, 2, 2)),
    ],
    ids=str,
)
def test_batch_norm(layer, shape):
    layer, x = learned(layer), randn(*shape)
    axes = (0, *range(2, len(shape)))
    w, b = (p.detach().numpy().reshape(-1, *[1] * (len(shape) - 2)) for p in layer.parameters())
    close(layer(x), normalized(x.numpy(), axes) * w + b)
    n = x.numel() // 3
    close(layer.running_mean, 0.1 * x.numpy().mean(axis=axes))
    close(layer.running_var, 0.9 + 0.1 * x.numpy().var(axis=axes) * n / (n - 1))
    assert layer.num_batches_tracked.item() == 1

    layer.eval()
    mean, var = (t.numpy().reshape(w.shape).copy() for t in (layer.running_mean, layer.running_var))
    close(layer(x), (x.numpy() - mean) / np.sqrt(var + 1e-5) * w + b)
    assert layer.num_batches_tracked.item() == 1
    close(layer.running_mean, mean.ravel())


def test_batch_norm_with_momentum_none_averages_all_batches():
    layer = nn.BatchNorm1d(2, momentum=None).double()
    batches = [randn(4, 2) for _ in range(3)]
    for batch in batches:
        layer(batch)
    close(layer.running_mean, np.mean([b.numpy().mean(axis=0) for b in batches], axis=0))
    close(layer.running_var, np.mean([b.numpy().var(axis=0, ddof=1) for b in batches], axis=0))


def test_batch_norm_without_running_statistics_uses_the_batch_in_evaluation_too():
    layer = nn.BatchNorm1d(2, affine=False, track_running_stats=False).eval()
    x = randn(4, 2)
    close(layer(x), normalized(x.numpy(), 0))
    assert layer.weight is layer.bias is layer.running_mean is layer.num_batches_tracked is None


@pytest.mark.parametrize(
    ("layer", "shape", "match"),
    [
        (nn.BatchNorm2d(3), (4, 3), r"\(N, C, H, W\), .*\(4, 3\); write BatchNorm1d\(3\)$"),
        (nn.BatchNorm1d(3), (4, 3, 5, 5), r"\(N, C\) or \(N, C, L\), .*; write BatchNorm2d\(3\)$"),
        (nn.BatchNorm2d(3), (4, 3, 2, 5, 5), r"; write BatchNorm3d\(3\)$"),
        (nn.InstanceNorm1d(3), (4, 3, 5, 5), r"; write InstanceNorm2d\(3\)$"),
        (nn.BatchNorm2d(8), (8, 8, 8), r"got shape \(8, 8, 8\); write x\.unsqueeze\(0\)$"),
        (nn.BatchNorm1d(4), (4,), r"write x\.unsqueeze\(0\), after eval\(\): in training it needs"),
        (nn.BatchNorm1d(4).eval(), (4,), r"; write x\.unsqueeze\(0\)$"),
        (nn.BatchNorm2d(4), (10, 10), r"got shape \(10, 10\)$"),
    ],
)  # fmt: skip
def test_other_axes_are_met_with_the_layer_or_the_axis_that_fits(layer, shape, match):
    with pytest.raises(ValueError, match=match):
        layer(mg.ones(*shape))


@pytest.mark.parametrize(
    "layer", [nn.BatchNorm2d(4), nn.LayerNorm(5), nn.GroupNorm(2, 4), nn.InstanceNorm2d(4)]
)
def test_integers_are_refused(layer):
    for _ in range(2):
        with pytest.raises(
            TypeError, match=r"needs floating point numbers, .* int64; write x.float"
        ):
            layer(mg.ones(2, 4, 5, 5).long())
        layer(mg.ones(2, 4, 5, 5).long().float())
        layer.eval()


def test_batch_norm_of_wrong_inputs():
    with pytest.raises(
        ValueError, match=r"^BatchNorm2d.* has 3 channels, .* has 4; write num_features=3"
    ):
        nn.BatchNorm2d(4)(mg.ones(2, 3, 5, 5))
    layer = nn.BatchNorm1d(3)
    with pytest.raises(
        ValueError, match=r"^BatchNorm1d.* more than one value for each channel.* larger batch"
    ):
        layer(mg.ones(1, 3))
    assert layer.num_batches_tracked.item() == 0


def test_instance_norm():
    for layer, shape in (
        (nn.InstanceNorm1d(3), (2, 3, 6)),
        (nn.InstanceNorm2d(3), (2, 3, 4, 5)),
        (nn.InstanceNorm3d(3), (2, 3, 2, 3, 2)),
    ):
        x = randn(*shape)
        axes = tuple(range(2, x.ndim))
        close(layer(x), normalized(x.numpy(), axes))
        close(layer.eval()(x), normalized(x.numpy(), axes))
        close(layer(x[0]), normalized(x.numpy(), axes)[0])
    affine = learned(nn.InstanceNorm2d(3, affine=True))
    x = randn(2, 3, 4, 5)
    w, b = (p.detach().numpy().reshape(3, 1, 1) for p in affine.parameters())
    close(affine(x), normalized(x.numpy(), (2, 3)) * w + b)
    with pytest.raises(
        ValueError, match=r"expected \(C, L\) or \(N, C, L\), got .*; write InstanceNorm2d\(3\)"
    ):
        nn.InstanceNorm1d(3)(x)


def test_instance_norm_with_running_statistics():
    layer, x = nn.InstanceNorm1d(3, track_running_stats=True).double(), randn(4, 3, 6)
    layer(x)
    close(layer.running_mean, 0.1 * x.numpy().mean(axis=2).mean(axis=0))
    var = x.numpy().var(axis=2, ddof=1).mean(axis=0)
    close(layer.running_var, 0.9 + 0.1 * var)
    layer.eval()
    mean, var = layer.running_mean.numpy()[:, None], layer.running_var.numpy()[:, None]
    close(layer(x), (x.numpy() - mean) / np.sqrt(var + 1e-5))


def test_layer_norm():
    layer, x = learned(nn.LayerNorm((4, 5))), randn(2, 3, 4, 5)
    w, b = (p.detach().numpy() for p in layer.parameters())
    close(layer(x), normalized(x.numpy(), (2, 3)) * w + b)
    close(nn.LayerNorm(5, elementwise_affine=False, eps=0.1)(x), normalized(x.numpy(), 3, 0.1))
    assert nn.LayerNorm(5, bias=False).bias is None


def test_group_norm():
    layer, x = learned(nn.GroupNorm(2, 6)), randn(3, 6, 4, 5)
    w, b = (p.detach().numpy().reshape(6, 1, 1) for p in layer.parameters())
    expected = normalized(x.numpy().reshape(3, 2, 3, 4, 5), (2, 3, 4)).reshape(3, 6, 4, 5)
    close(layer(x), expected * w + b)


# Dropout


@pytest.mark.parametrize(
    ("layer", "shape", "together"),
    [
        (nn.Dropout(0.3), (100, 200), (1, 1)),
        (nn.Dropout1d(0.3), (100, 50, 4), (1, 1, 4)),
        (nn.Dropout2d(0.3), (100, 50, 3, 2), (1, 1, 3, 2)),
        (nn.Dropout3d(0.3), (100, 50, 2, 3, 2), (1, 1, 2, 3, 2)),
    ],
    ids=repr,
)
def test_dropout(layer, shape, together):
    y = layer(mg.ones(*shape)).numpy()
    np.testing.assert_allclose(np.unique(y), [0, 1 / 0.7], rtol=1e-6)
    first = y[tuple(slice(None, None, step) for step in together)]
    assert np.array_equal(np.broadcast_to(first, y.shape), y)  # channels fall as a whole
    assert abs((first == 0).mean() - 0.3) < 5 * math.sqrt(0.3 * 0.7 / first.size)
    x = randn(*shape)
    assert layer.eval()(x).tolist() == x.tolist()
    layer.train()
