"""First values: bounds and moments of large draws against theory, and what each is meant to keep.

With n draws the mean is off by about std / sqrt(n); all tolerances are five such deviations.
"""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import init

N = 200_000


@pytest.fixture(autouse=True)
def _seed():
    mg.manual_seed(0)


def check_uniform(values, low, high):
    values = np.asarray(values, np.float64).ravel()
    n, width = values.size, high - low
    std = width / math.sqrt(12)
    assert low <= values.min() < low + 30 * width / n
    assert high - 30 * width / n < values.max() <= high
    assert abs(values.mean() - (low + high) / 2) < 5 * std / math.sqrt(n)
    fourth = 9 / 5  # the kurtosis of a uniform distribution
    assert abs(values.var() / std**2 - 1) < 5 * math.sqrt((fourth - 1) / n)


def check_normal(values, mean, std):
    values = np.asarray(values, np.float64).ravel()
    n = values.size
    assert abs(values.mean() - mean) < 5 * std / math.sqrt(n)
    assert abs(values.var() / std**2 - 1) < 5 * math.sqrt(2 / n)
    beyond_one_std = 1 - math.erf(1 / math.sqrt(2))
    share = (np.abs(values - mean) > std).mean()
    assert abs(share - beyond_one_std) < 5 * math.sqrt(beyond_one_std / n)


def test_every_function_fills_in_place_and_returns_the_tensor():
    for fill in (
        init.uniform_, init.normal_, init.zeros_, init.ones_, init.eye_, init.xavier_uniform_,
        init.xavier_normal_, init.kaiming_uniform_, init.kaiming_normal_, init.orthogonal_,
        init.trunc_normal_, lambda t: init.constant_(t, 3),
    ):  # fmt: skip
        tensor = mg.full((3, 4), 99.0)
        array = tensor.data
        assert fill(tensor) is tensor
        assert tensor.data is array
        assert 99 not in array


def test_constants():
    assert init.constant_(mg.empty(2), 1.5).tolist() == [1.5, 1.5]
    assert init.zeros_(mg.empty(2)).tolist() == [0, 0]
    assert init.ones_(mg.empty(2)).tolist() == [1, 1]
    assert init.eye_(mg.empty(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]


def test_uniform_and_normal():
    check_uniform(init.uniform_(mg.empty(N)), 0, 1)
    check_uniform(init.uniform_(mg.empty(N), -3, 5), -3, 5)
    check_normal(init.normal_(mg.empty(N)), 0, 1)
    check_normal(init.normal_(mg.empty(N), 2, 0.1), 2, 0.1)


def test_trunc_normal_has_the_moments_of_the_cut_bell():
    mean, std, a, b = 1.0, 2.0, -1.0, 2.5
    values = np.asarray(init.trunc_normal_(mg.empty(N), mean, std, a, b), np.float64)
    assert a <= values.min() < a + 1e-3
    assert b - 1e-3 < values.max() <= b
    grid = np.linspace(a, b, 100_001)
    density = np.exp(-(((grid - mean) / std) ** 2) / 2)
    density /= density.sum()
    expected = (grid * density).sum()
    spread = math.sqrt(((grid - expected) ** 2 * density).sum())
    assert abs(values.mean() - expected) < 5 * spread / math.sqrt(N)
    assert abs(values.std() / spread - 1) < 5 / math.sqrt(N)


def test_same_seed_same_values_in_either_precision():
    def draw(dtype):
        mg.manual_seed(7)
        weight = mg.empty(5, 4, dtype=dtype)
        return [np.array(f(weight)) for f in (init.kaiming_uniform_, init.xavier_normal_)]

    for a, b, c in zip(draw(np.float32), draw(np.float32), draw(np.float64), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, c, rtol=1e-6)


def test_only_the_init_stream_is_drawn_from():
    def shuffle(initialise):
        mg.manual_seed(1)
        if initialise:
            nn.Linear(10, 10)
        return mg.random.generator("shuffle").permutation(20).tolist()

    assert shuffle(True) == shuffle(False)


# fans, counted


def count_fans(weight_shape):
    """Count by loops: terms of one output value, and outputs that one inner input value enters."""
    out_channels, in_channels, *kernel = weight_shape
    reach = [range(-k + 1, k) for k in kernel]
    fan_in = sum(1 for _ in np.ndindex(in_channels, *kernel))
    fan_out = 0
    for _ in range(out_channels):
        for shift in np.ndindex(*[len(r) for r in reach]):
            # output at distance `shift` sees the input if the shift is one of the kernel's taps
            position = [r[s] for r, s in zip(reach, shift, strict=True)]
            fan_out += all(0 <= p < k for p, k in zip(position, kernel, strict=True))
    return fan_in, fan_out


@pytest.mark.parametrize("shape", [(7, 3), (7, 3, 5), (4, 6, 3, 5), (2, 3, 1, 2, 3)])
def test_fans_are_what_one_counts(shape):
    assert init.fan_in_and_fan_out(mg.empty(*shape)) == count_fans(shape)
    assert init._calculate_fan_in_and_fan_out(mg.empty(*shape)) == count_fans(shape)


# gains and the purpose of Xavier and He


@pytest.mark.parametrize("slope", [0.0, 0.01, 0.3, math.sqrt(5)])
def test_gain_of_relus_restores_the_second_moment(slope):
    z = np.linspace(-12, 12, 200_001)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    after = np.where(z > 0, z, slope * z)
    second_moment = (after**2 * density).sum() * (z[1] - z[0])
    gain = init.calculate_gain("leaky_relu", slope)
    assert gain**2 * second_moment == pytest.approx(1, rel=1e-6)
    if slope == 0:
        assert init.calculate_gain("relu") == gain


def test_the_other_gains_are_the_conventional_ones():
    gains = {"linear": 1, "conv2d": 1, "sigmoid": 1, "tanh": 5 / 3, "selu": 0.75}
    assert {name: init.calculate_gain(name) for name in gains} == gains
    assert init.calculate_gain("leaky_relu") == init.calculate_gain("leaky_relu", 0.01)


@pytest.mark.parametrize(
    "fill", [init.kaiming_normal_, init.kaiming_uniform_, init.he_normal_, init.he_uniform_]
)
def test_he_keeps_the_signal_through_a_relu_net(fill):
    width, layers = 400, 10
    x = np.random.default_rng(0).standard_normal((500, width))
    first = (x**2).mean()
    for _ in range(layers):
        weight = np.asarray(fill(mg.empty(width, width), nonlinearity="relu"))
        x = np.maximum(x @ weight.T, 0)
    # E[relu(y)^2] = Var[y] / 2, and He's Var[y] is twice the second moment of its input
    assert (x**2).mean() / first == pytest.approx(1, rel=0.25)


@pytest.mark.parametrize("fill", [init.xavier_normal_, init.xavier_uniform_])
def test_xavier_balances_forward_and_backward(fill):
    outputs, inputs = 600, 200
    weight = np.asarray(fill(mg.empty(outputs, inputs)), np.float64)
    rng = np.random.default_rng(0)
    forward = ((rng.standard_normal((500, inputs)) @ weight.T) ** 2).mean()
    backward = ((rng.standard_normal((500, outputs)) @ weight) ** 2).mean()
    assert (forward + backward) / 2 == pytest.approx(1, rel=0.03)
    assert backward / forward == pytest.approx(outputs / inputs, rel=0.05)


def test_shapes_of_the_distributions():
    weight = mg.empty(500, 400)
    high = math.sqrt(6 / 900)
    check_uniform(init.xavier_uniform_(weight), -high, high)
    check_normal(init.xavier_normal_(weight, gain=2.0), 0, 2 * math.sqrt(2 / 900))
    check_normal(init.kaiming_normal_(weight, mode="fan_out"), 0, math.sqrt(2 / 500))
    high = math.sqrt(6 / 400)
    check_uniform(init.kaiming_uniform_(weight), -high, high)
    high = math.sqrt(3 / 400)
    check_uniform(init.kaiming_uniform_(weight, nonlinearity="linear"), -high, high)


@pytest.mark.parametrize("shape", [(20, 50), (50, 20), (30, 30), (6, 4, 3, 3)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape):
    matrix = np.asarray(init.orthogonal_(mg.empty(*shape, dtype=np.float64), gain=3)).reshape(
        shape[0], -1
    )
    product = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(product, 9 * np.eye(len(product)), atol=1e-5)


def test_orthogonal_prefers_no_direction():
    draws = [init.orthogonal_(mg.empty(3, 3)).data[0, 0] for _ in range(400)]
    assert abs(np.mean(np.array(draws) > 0) - 0.5) < 5 * 0.5 / math.sqrt(400)


@pytest.mark.parametrize(("channels", "groups"), [(3, 1), (4, 2)])
def test_dirac_passes_channels_on(channels, groups):
    conv = nn.Conv2d(channels, channels, 3, padding=1, groups=groups, bias=False)
    init.dirac_(conv.weight, groups)
    x = mg.randn(2, channels, 5, 4)
    np.testing.assert_array_equal(conv(x).detach().numpy(), x.numpy())


def test_dirac_with_more_outputs_than_inputs_leaves_zeros():
    weight = init.dirac_(mg.empty(3, 2, 3))
    assert weight.data[:, :, 1].tolist() == [[1, 0], [0, 1], [0, 0]]
    assert weight.data.sum() == 2


# The layers' defaults


@pytest.mark.parametrize(
    ("layer", "inputs_of_one_output"),
    [
        (lambda: nn.Linear(400, 500), 400),
        (lambda: nn.Conv1d(100, 500, 4), 400),
        (lambda: nn.Conv2d(40, 600, 3), 360),
        (lambda: nn.Conv2d(40, 1000, 3, groups=4), 90),
        (lambda: nn.Conv3d(10, 600, (1, 3, 5)), 150),
    ],
)
def test_linear_and_conv_start_uniform(layer, inputs_of_one_output):
    layer = layer()
    bound = 1 / math.sqrt(inputs_of_one_output)
    check_uniform(layer.weight, -bound, bound)
    check_uniform(layer.bias, -bound, bound)


def test_the_other_layers_defaults():
    check_normal(nn.Embedding(500, 400).weight, 0, 1)
    embedding = nn.Embedding(5, 3, padding_idx=-1)
    assert embedding.weight.data[4].tolist() == [0, 0, 0]
    assert np.all(embedding.weight.data[:4] != 0)
    for norm in (
        nn.BatchNorm2d(3),
        nn.LayerNorm(3),
        nn.GroupNorm(1, 3),
        nn.InstanceNorm1d(3, affine=True),
    ):
        assert norm.weight.tolist() == [1, 1, 1]
        assert norm.bias.tolist() == [0, 0, 0]
    assert nn.BatchNorm1d(2).running_mean.tolist() == [0, 0]
    assert nn.BatchNorm1d(2).running_var.tolist() == [1, 1]
    assert nn.PReLU(2).weight.tolist() == [0.25, 0.25]
    assert nn.PReLU(init=0.5).weight.tolist() == [0.5]


def test_a_parameter_says_how_it_was_initialised():
    layer = nn.Linear(9, 4)
    assert layer.bias.init == "uniform_(-0.333333, 0.333333)"
    init.kaiming_normal_(layer.weight, nonlinearity="relu")
    assert layer.weight.init == "kaiming_normal_(fan_in=9, gain=1.41)"


def test_an_initialised_parameter_makes_a_recorded_graph_stale():
    weight = nn.Parameter(mg.ones(2, 2))
    loss = (weight * weight).sum()
    init.zeros_(weight)
    with pytest.raises(RuntimeError, match=r"nn.init at .* has written into it since"):
        loss.backward()


# Wrong input


def test_wrong_arguments_are_named():
    matrix = mg.empty(3, 3)
    with pytest.raises(ValueError, match=r"nn.init: fan_in .* got shape \(3,\); initialise biases"):
        init.kaiming_normal_(mg.empty(3))
    with pytest.raises(
        ValueError, match=r"calculate_gain: nonlinearity must be one of .*'relu'.*mean 'relu'"
    ):
        init.kaiming_normal_(matrix, nonlinearity="reLu")
    with pytest.raises(ValueError, match=r"mode must be one of 'fan_in', 'fan_out', got 'fan_avg'"):
        init.kaiming_uniform_(matrix, mode="fan_avg")
    with pytest.raises(ValueError, match=r"uniform_: a=2 is greater than b=1"):
        init.uniform_(matrix, 2, 1)
    with pytest.raises(ValueError, match=r"normal_: std must not be negative, got -1"):
        init.normal_(matrix, 0, -1)
    with pytest.raises(ValueError, match=r"trunc_normal_: a=50 .. b=60"):
        init.trunc_normal_(matrix, 0, 1, 50, 60)
    with pytest.raises(ValueError, match=r"eye_: expected 2 dimensions, got shape \(2,\)"):
        init.eye_(mg.empty(2))
    with pytest.raises(ValueError, match=r"orthogonal_: expected 2 dimensions or more, got shape"):
        init.orthogonal_(mg.empty(2))
    with pytest.raises(ValueError, match=r"dirac_: expected a conv weight .* got shape \(3, 3\)"):
        init.dirac_(matrix)
    with pytest.raises(ValueError, match=r"dirac_: 3 outputs do not divide into 2 groups"):
        init.dirac_(mg.empty(3, 1, 3), groups=2)
