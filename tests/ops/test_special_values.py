"""Infinity, nan, zero and numbers near the end of the range: results, and never a warning."""

import math

import numpy as np
import pytest
from cases import CASES
from numerical import as_tensors, is_float, outputs

import minigrad as mg
from minigrad import debug, nn
from minigrad.nn import functional as F

INF, NAN = math.inf, math.nan


def value_and_slope(f, x, dtype=np.float32):
    x = mg.tensor(np.array(x, dtype), requires_grad=True)
    y = f(x)
    y.backward(mg.ones_like(y))
    return y.detach().numpy(), x.grad.numpy()


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("special", [INF, -INF, NAN, 0.0, 3e38, -3e38, 1e-40])
def test_no_case_warns_whatever_the_numbers_are(case, special):
    arrays = [np.full(x.shape, special, np.float32) if is_float(x) else x for x in case.inputs]
    if case.name == "F.binary_cross_entropy":
        arrays = [np.clip(np.nan_to_num(x), 0, 1) for x in arrays]  # it takes probabilities only
    for y in outputs(case.run(*as_tensors(arrays))):
        if y.requires_grad:
            y.backward(mg.ones_like(y), retain_graph=True)


X = [-INF, -1.0, -0.0, 0.0, 1.0, INF, NAN]

TABLE = [
    # f, values at X, slopes at X
    ("relu", F.relu, [0, 0, 0, 0, 1, INF, NAN], [0, 0, 0, 0, 1, 1, 0]),
    ("abs", abs, [INF, 1, 0, 0, 1, INF, NAN], [-1, -1, 0, 0, 1, 1, NAN]),
    ("exp", mg.exp, [0, math.exp(-1), 1, 1, math.e, INF, NAN],
     [0, math.exp(-1), 1, 1, math.e, INF, NAN]),
    ("log", mg.log, [NAN, NAN, -INF, -INF, 0, INF, NAN], [-0.0, -1, -INF, INF, 1, 0, NAN]),
    ("sqrt", mg.sqrt, [NAN, NAN, 0, 0, 1, INF, NAN], [NAN, NAN, -INF, INF, 0.5, 0, NAN]),
    ("sigmoid", mg.sigmoid, [0, 1 / (1 + math.e), 0.5, 0.5, math.e / (1 + math.e), 1, NAN],
     [0, 0.196612, 0.25, 0.25, 0.196612, 0, NAN]),
    ("tanh", mg.tanh, [-1, math.tanh(-1), 0, 0, math.tanh(1), 1, NAN],
     [0, 0.419974, 1, 1, 0.419974, 0, NAN]),
    ("leaky_relu", F.leaky_relu, [-INF, -0.01, 0, 0, 1, INF, NAN],
     [0.01, 0.01, 0.01, 0.01, 1, 1, 0.01]),
    ("softplus", F.softplus, [0, math.log1p(math.exp(-1)), math.log(2), math.log(2),
                              math.log1p(math.e), INF, NAN],
     [0, 0.268941, 0.5, 0.5, 0.731059, 1, NAN]),
    ("elu", F.elu, [-1, math.expm1(-1), 0, 0, 1, INF, NAN], [0, math.exp(-1), 1, 1, 1, 1, NAN]),
    ("clip", lambda x: x.clip(-1, 1), [-1, -1, 0, 0, 1, 1, NAN], [0, 1, 1, 1, 1, 0, 0]),
    ("x ** 2", lambda x: x**2, [INF, 1, 0, 0, 1, INF, NAN], [-INF, -2, 0, 0, 2, INF, NAN]),
    ("x ** 0", lambda x: x**0, [1] * 7, [0] * 7),
    ("1 / x", lambda x: 1 / x, [0, -1, -INF, INF, 1, 0, NAN], [0, -1, -INF, -INF, -1, 0, NAN]),
    ("erf", mg.erf, [-1, math.erf(-1), 0, 0, math.erf(1), 1, NAN],
     [0, 0.415107, 1.128379, 1.128379, 0.415107, 0, NAN]),
    ("round", mg.round, [-INF, -1, 0, 0, 1, INF, NAN], [0] * 7),
]  # fmt: skip


@pytest.mark.parametrize(
    ("f", "values", "slopes"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_values_and_slopes_at_the_ends_and_at_zero(f, values, slopes):
    y, dx = value_and_slope(f, X)
    np.testing.assert_allclose(y, values, rtol=1e-5)
    np.testing.assert_allclose(dx, slopes, rtol=1e-5)


def test_kinks_take_the_slope_that_pytorch_takes():
    assert value_and_slope(F.relu, 0.0)[1] == 0
    assert value_and_slope(abs, 0.0)[1] == 0
    assert list(value_and_slope(F.relu6, [0.0, 6.0])[1]) == [0, 0]
    assert list(value_and_slope(F.hardtanh, [-1.0, 1.0])[1]) == [0, 0]
    assert list(value_and_slope(lambda x: x.clip(-1, 1), [-1.0, 1.0])[1]) == [1, 1]
    assert list(value_and_slope(F.hardsigmoid, [-3.0, 3.0])[1]) == [0, 0]
    assert value_and_slope(lambda x: x.norm(), [0.0, 0.0])[1].tolist() == [0, 0]
    assert value_and_slope(lambda x: x.std(), [2.0, 2.0])[1].tolist() == [0, 0]


def test_ties_share_or_choose_as_pytorch_does():
    x = [2.0, 5.0, 5.0]
    assert value_and_slope(lambda x: x.max(), x)[1].tolist() == [0, 0.5, 0.5]
    assert value_and_slope(lambda x: x.amax(0), x)[1].tolist() == [0, 0.5, 0.5]
    assert value_and_slope(lambda x: x.max(0).values, x)[1].tolist() == [0, 1, 0]
    assert value_and_slope(lambda x: x.min(), [1.0, 1.0, 3.0])[1].tolist() == [0.5, 0.5, 0]
    assert value_and_slope(lambda x: x.maximum(mg.tensor([2.0, 2.0])), [2.0, 3.0])[1].tolist() == [
        0.5,
        1,
    ]
    assert value_and_slope(lambda x: F.max_pool2d(x, 2), np.ones((1, 1, 2, 2)))[1].tolist() == [
        [[[1, 0], [0, 0]]]
    ]


def test_power_of_zero_has_a_gradient_by_the_exponent():
    y = mg.tensor([0.0, 2.0], requires_grad=True)
    (mg.zeros(2) ** y).sum().backward()
    assert y.grad.tolist() == [0, 0]


@pytest.mark.parametrize("shift", [0.0, 1e4, -1e4])
def test_softmax_and_its_relatives_do_not_overflow(shift):
    x = np.array([[1.0, 2.0, 3.0]])
    shifted = mg.tensor(x + shift)
    plain = np.exp(x) / np.exp(x).sum()
    np.testing.assert_allclose(shifted.softmax(1).data, plain, rtol=1e-9)
    np.testing.assert_allclose(shifted.log_softmax(1).data, np.log(plain), rtol=1e-9)
    np.testing.assert_allclose(
        (shifted.logsumexp(1) - shift).data, [np.log(np.exp(x).sum())], rtol=1e-6
    )
    loss = F.cross_entropy(shifted, mg.tensor([0]))
    np.testing.assert_allclose(loss.data, -np.log(plain[0, 0]), rtol=1e-9)


def test_softmax_leaves_masked_entries_at_zero():
    y, dx = value_and_slope(lambda x: x.softmax(0), [0.0, -INF, 0.0])
    assert y.tolist() == [0.5, 0, 0.5]
    assert dx.tolist() == [0, 0, 0]


def test_cross_entropy_with_an_impossible_class_that_is_not_the_target():
    y, dx = value_and_slope(lambda x: F.cross_entropy(x, mg.tensor([0])), [[0.0, -INF, 0.0]])
    assert y == pytest.approx(math.log(2))
    np.testing.assert_allclose(dx, [[-0.5, 0, 0.5]])


def test_logsumexp_of_nothing_but_minus_infinity():
    assert mg.tensor([-INF, -INF]).logsumexp(0).item() == -INF


def test_bce_is_cut_off_at_100():
    x, t = mg.tensor([0.0, 1.0]), mg.tensor([1.0, 0.0])
    assert F.binary_cross_entropy(x, t, reduction="none").tolist() == [100, 100]


@pytest.mark.parametrize("size", [100.0, 1000.0])
def test_bce_with_logits_of_large_numbers(size):
    y, dx = value_and_slope(
        lambda x: F.binary_cross_entropy_with_logits(x, mg.tensor([1.0, 0.0]), reduction="sum"),
        [-size, size],
    )
    assert y == 2 * size
    assert dx.tolist() == [-1, 1]


def test_means_and_losses_of_nothing_are_nan_as_in_pytorch():
    empty = mg.zeros(0, 3)
    assert math.isnan(empty.mean().item())
    assert math.isnan(F.mse_loss(empty, empty).item())
    assert math.isnan(F.cross_entropy(empty, mg.zeros(0).long()).item())
    assert F.mse_loss(empty, empty, reduction="sum").item() == 0
    assert math.isnan(F.cross_entropy(mg.zeros(2, 3), mg.tensor([-100, -100])).item())


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("bad", [NAN, INF])
def test_a_convolution_carries_nan_only_where_a_window_sees_it(bad, groups):
    x = np.ones((1, groups, 9, 9), np.float32)
    x[0, -1, 4, 4] = bad
    w = mg.ones(groups, 1, 3, 3)
    y = F.conv2d(mg.tensor(x), w, padding=1, groups=groups)
    seen = np.zeros((1, groups, 9, 9), bool)
    seen[0, -1, 3:6, 3:6] = True
    assert (~np.isfinite(y.data) == seen).all()


def test_a_window_of_minus_infinity_with_padding_stays_inside_the_image():
    x = mg.full((1, 1, 3, 3), -INF, requires_grad=True)
    y = F.max_pool2d(x, 2, stride=2, padding=1)
    assert (y.data == -INF).all()
    y.sum().backward()
    assert x.grad.sum().item() == 4  # one for each window, none lost in the padding


def test_division_and_remainder_by_zero_are_silent():
    assert (mg.tensor([1.0, -1.0]) / 0).tolist() == [INF, -INF]
    assert (mg.tensor([1.0]) // 0).tolist() == [INF]
    assert math.isnan((mg.tensor([1.0]) % 0).item())
    assert (mg.tensor([1, 2]) // mg.tensor([0, 1]))[1].item() == 2


def test_casting_nan_to_integers_and_printing_infinity_are_silent():
    assert mg.tensor([NAN, INF]).long().shape == (2,)
    assert "max inf" in repr(mg.tensor([INF, 1.0]))
    assert "nan 1" in repr(mg.tensor([NAN, 1.0]))
    assert "all nan" in repr(mg.tensor([NAN, NAN]))


def test_writing_in_place_is_silent():
    x = mg.tensor([3e38, 1.0])
    assert x.mul_(10).tolist() == [INF, 10]
    assert x.div_(0).tolist() == [INF, INF]
    assert x.fill_(INF).sub_(INF).isnan().all()


WINDOWS = [  # a window of four, and where its gradient goes
    ([-INF, 0.5, 1, NAN], 3),
    ([3, 0.5, 1, NAN], 3),
    ([NAN, 0.5, 1, 2], 0),
    ([0.5, NAN, NAN, 1], 2),
    ([NAN, NAN, NAN, NAN], 3),
    ([-INF, -INF, -INF, -INF], 0),
    ([1, 2, 2, 0], 1),
]


@pytest.mark.parametrize(
    "pool", [nn.MaxPool2d(2), nn.AdaptiveMaxPool2d(1)], ids=["2x2", "adaptive"]
)
@pytest.mark.parametrize(("window", "winner"), WINDOWS)
def test_max_pooling_sends_its_gradient_where_pytorch_does(pool, window, winner):
    x = mg.tensor(np.reshape(window, (1, 1, 2, 2)).astype(np.float32), requires_grad=True)
    pool(x).sum().backward()
    assert x.grad.data.ravel().tolist() == [i == winner for i in range(4)]
    assert debug.taps(pool, x.detach()).dx(np.ones((1, 1, 1, 1))).ravel()[winner] == 1
