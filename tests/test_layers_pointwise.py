"""Activations, embedding and losses against their definitions in plain NumPy."""

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


# Activations

Z = np.linspace(-8, 8, 33)  # holds the kinks at -3, 0, 3, 6


def gauss(z):
    return np.array([0.5 * (1 + math.erf(v / math.sqrt(2))) for v in z])


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (nn.ReLU(), np.maximum(Z, 0)),
        (nn.ReLU(inplace=True), np.maximum(Z, 0)),
        (nn.ReLU6(), np.clip(Z, 0, 6)),
        (nn.LeakyReLU(), np.where(Z > 0, Z, 0.01 * Z)),
        (nn.LeakyReLU(0.2, inplace=True), np.where(Z > 0, Z, 0.2 * Z)),
        (nn.PReLU().double(), np.where(Z > 0, Z, 0.25 * Z)),
        (nn.ELU(0.5), np.where(Z > 0, Z, 0.5 * (np.exp(Z) - 1))),
        (nn.GELU(), Z * gauss(Z)),
        (nn.GELU("tanh"), Z / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (Z + 0.044715 * Z**3)))),
        (nn.SiLU(), Z / (1 + np.exp(-Z))),
        (nn.Sigmoid(), 1 / (1 + np.exp(-Z))),
        (nn.Tanh(), np.tanh(Z)),
        (nn.Softplus(2.0), np.log(1 + np.exp(2 * Z)) / 2),
        (nn.Softplus(threshold=3), np.where(Z > 3, Z, np.log(1 + np.exp(Z)))),
        (nn.Hardswish(), Z * np.clip(Z + 3, 0, 6) / 6),
        (nn.Hardsigmoid(), np.clip(Z + 3, 0, 6) / 6),
        (nn.Mish(), Z * np.tanh(np.log(1 + np.exp(Z)))),
        (nn.Hardtanh(), np.clip(Z, -1, 1)),
        (nn.Hardtanh(-2, 0.5), np.clip(Z, -2, 0.5)),
        (nn.Softmax(dim=0), np.exp(Z) / np.exp(Z).sum()),
        (nn.LogSoftmax(dim=-1), Z - np.log(np.exp(Z).sum())),
    ],
    ids=lambda case: repr(case) if isinstance(case, nn.Layer) else "",
)
def test_activation(layer, expected):
    x = mg.from_numpy(Z.copy())
    np.testing.assert_allclose(layer(x).detach().numpy(), expected, rtol=1e-7, atol=1e-12)
    assert x.tolist() == Z.tolist()  # also with inplace=True


def test_prelu_has_a_slope_for_each_channel():
    layer = nn.PReLU(3)
    layer.weight.data[...] = [0.1, 0.2, 0.3]
    np.testing.assert_allclose(
        layer(-mg.ones(1, 3, 2)).data[0, :, 0], [-0.1, -0.2, -0.3], rtol=1e-6
    )


def test_softmax_needs_a_dim():
    with pytest.raises(TypeError, match=r"^Softmax\(dim=None\): softmax: .* dim=1"):
        nn.Softmax()(mg.ones(2, 3))


# Embedding


def test_embedding():
    layer = nn.Embedding(5, 3, padding_idx=1)
    index = mg.tensor([[0, 1], [4, 4]])
    assert layer(index).tolist() == layer.weight.data[[[0, 1], [4, 4]]].tolist()
    layer(index).sum().backward()
    assert layer.weight.grad.data[:, 0].tolist() == [1, 0, 0, 0, 2]


# Losses


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_of_two_equal_shapes(reduction):
    x, t = randn(4, 3), randn(4, 3)
    d = np.abs(x.numpy() - t.numpy())
    p, q = 1 / (1 + np.exp(-x.numpy())), 1 / (1 + np.exp(-t.numpy()))
    bce = -(q * np.log(p) + (1 - q) * np.log(1 - p))
    probability, soft = mg.from_numpy(p), mg.from_numpy(q)
    weight = mg.from_numpy(np.array([1.0, 2.0, 3.0]))
    weighted = -(3 * q * np.log(p) + (1 - q) * np.log(1 - p))
    reduce = {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction]
    r = {"reduction": reduction}
    close(nn.MSELoss(**r)(x, t), reduce(d**2))
    close(nn.L1Loss(**r)(x, t), reduce(d))
    close(nn.SmoothL1Loss(**r, beta=0.5)(x, t), reduce(np.where(d < 0.5, d**2, d - 0.25)))
    close(nn.HuberLoss(**r, delta=0.5)(x, t), reduce(np.where(d < 0.5, d**2 / 2, 0.5 * (d - 0.25))))
    close(nn.KLDivLoss(**r)(x, soft), reduce(q * (np.log(q) - x.numpy())))
    close(
        nn.KLDivLoss(**r, log_target=True)(x, t),
        reduce(np.exp(t.numpy()) * (t.numpy() - x.numpy())),
    )
    close(nn.BCELoss(**r)(probability, soft), reduce(bce))
    close(nn.BCELoss(weight, **r)(probability, soft), reduce(bce * weight.numpy()))
    close(nn.BCEWithLogitsLoss(**r)(x, soft), reduce(bce))
    pos = mg.tensor([3.0]).double()
    close(nn.BCEWithLogitsLoss(**r, pos_weight=pos)(x, soft), reduce(weighted))


def test_kl_div_batchmean():
    x, t = randn(4, 3), mg.tensor(np.full((4, 3), 1 / 3))
    total = nn.KLDivLoss(reduction="sum")(x, t).item()
    assert nn.KLDivLoss(reduction="batchmean")(x, t).item() == pytest.approx(total / 4)


def test_classification_losses():
    x, target = randn(4, 3), np.array([0, 2, 1, 1])
    logp = x.numpy() - np.log(np.exp(x.numpy()).sum(axis=1, keepdims=True))
    each = -logp[np.arange(4), target]
    t = mg.from_numpy(target)
    close(nn.CrossEntropyLoss()(x, t), each.mean())
    close(nn.CrossEntropyLoss(reduction="none")(x, t), each)
    close(nn.NLLLoss(reduction="sum")(mg.from_numpy(logp), t), each.sum())
    w = np.array([1.0, 2.0, 4.0])
    weighted = (each * w[target]).sum() / w[target].sum()
    close(nn.CrossEntropyLoss(mg.from_numpy(w))(x, t), weighted)
    close(nn.NLLLoss(mg.from_numpy(w))(mg.from_numpy(logp), t), weighted)
    close(nn.CrossEntropyLoss(ignore_index=1)(x, t), each[:2].mean())
    close(nn.NLLLoss(ignore_index=1)(mg.from_numpy(logp), t), each[:2].mean())
    smooth = 0.7 * each - 0.3 * logp.mean(axis=1)
    close(nn.CrossEntropyLoss(label_smoothing=0.3)(x, t), smooth.mean())
