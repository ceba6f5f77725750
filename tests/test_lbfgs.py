"""optim.LBFGS: to the minimum in few steps; what it says when it is used like SGD."""

import copy
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn, optim
from minigrad.optim.line_search import Point, lowest_of_cubic, strong_wolfe


def quadratic(n=5, seed=0):
    """A = Q diag Q', b, and the minimum of x A x / 2 - b x."""
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    a, b = q @ np.diag(np.linspace(1, 50, n)) @ q.T, rng.standard_normal(n)
    return mg.tensor(a), mg.tensor(b), np.linalg.solve(a, b)


def closure_of(optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    return closure


def test_a_quadratic_of_n_numbers_takes_little_more_than_n_steps():
    a, b, minimum = quadratic()
    x = mg.zeros(5, dtype=mg.float64, requires_grad=True)
    optimizer = optim.LBFGS([x], line_search_fn="strong_wolfe")
    first = optimizer.step(closure_of(optimizer, lambda: x @ a @ x / 2 - b @ x))
    assert first.item() == 0  # the loss before the step, as in PyTorch
    np.testing.assert_allclose(x.detach().numpy(), minimum, rtol=1e-4)
    assert optimizer.state[x]["n_iter"] < 16


@pytest.mark.parametrize("options", [{"line_search_fn": "strong_wolfe"}, {"lr": 0.3}], ids=str)
def test_a_net_is_trained_on_a_whole_set_at_once(options):
    mg.manual_seed(0)
    x = mg.linspace(-3, 3, 40).unsqueeze(1)
    y = x.sin()
    net = nn.Sequential(nn.Linear(1, 12), nn.Tanh(), nn.Linear(12, 1))
    optimizer = optim.LBFGS(net.parameters(), **options)
    schedule = optim.lr_scheduler.StepLR(optimizer, 4)
    for _ in range(6):
        optimizer.step(closure_of(optimizer, lambda: nn.functional.mse_loss(net(x), y)))
        schedule.step()
    assert nn.functional.mse_loss(net(x), y).item() < 2e-3


def test_a_saved_state_goes_on_to_the_same_bits():
    a, b, _ = quadratic()

    def start():
        x = mg.zeros(5, dtype=mg.float64, requires_grad=True)
        return x, optim.LBFGS([x], max_iter=3, lr=0.02)

    def step(x, optimizer):
        optimizer.step(closure_of(optimizer, lambda: x @ a @ x / 2 - b @ x))

    x, optimizer = start()
    step(x, optimizer)
    y, other = start()
    y.data[...] = x.data
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for pair in ((x, optimizer), (y, other)):
        step(*pair)
    assert x.tolist() == y.tolist()
    assert other.state[y]["func_evals"] == optimizer.state[x]["func_evals"]


def test_a_parameter_without_gradient_stays():
    x, unused = mg.ones(2, requires_grad=True), mg.ones(3, requires_grad=True)
    optimizer = optim.LBFGS([x, unused])
    optimizer.step(closure_of(optimizer, lambda: (x * x).sum()))
    assert unused.tolist() == [1, 1, 1]
    assert abs(x.detach().numpy()).max() < 1e-3


@given(st.integers(0, 10_000), st.floats(1e-3, 30))
def test_the_step_that_is_found_meets_the_wolfe_conditions(seed, first):
    rng = np.random.default_rng(seed)
    c = rng.standard_normal(4)

    def at(t):
        loss = 0.1 * t * t + c[0] * np.sin(t + c[1]) + c[2] * np.sin(2 * t + c[3])
        slope = 0.2 * t + c[0] * np.cos(t + c[1]) + 2 * c[2] * np.cos(2 * t + c[3])
        return Point(t, loss, np.array([slope]), slope)

    start = at(0.0)
    if start.slope > -1e-2:
        return
    point, calls = strong_wolfe(at, start, first, 1.0, 1e-9, 25)
    assert point.loss <= start.loss + 1e-4 * point.t * start.slope
    assert abs(point.slope) <= 0.9 * abs(start.slope)
    assert calls <= 26


def test_the_cubic_of_two_points():
    def at(t):  # (t - 2)^2 (t + 1) has its minimum at 2
        return Point(t, (t - 2) ** 2 * (t + 1), np.zeros(1), 2 * (t - 2) * (t + 1) + (t - 2) ** 2)

    assert lowest_of_cubic(at(0.5), at(3.0), 0, 10) == pytest.approx(2)
    assert lowest_of_cubic(at(3.0), at(0.5), 0, 10) == pytest.approx(2)
    assert lowest_of_cubic(at(0.5), at(3.0), 0, 1.5) == 1.5


def test_what_is_refused():
    w = mg.ones(2, requires_grad=True)
    with pytest.raises(TypeError, match=r"LBFGS.step: needs a closure.*optimizer.step\(closure\)"):
        optim.LBFGS([w]).step()
    with pytest.raises(ValueError, match="None or \"strong_wolfe\", got 'armijo'"):
        optim.LBFGS([w], line_search_fn="armijo")
    groups = [{"params": [w]}, {"params": [mg.ones(1, requires_grad=True)]}]
    with pytest.raises(ValueError, match=r"one group of parameters, got 2; write LBFGS\(net"):
        optim.LBFGS(groups)
    with pytest.raises(ValueError, match=re.escape("max_iter must be a whole number >= 1, got 0")):
        optim.LBFGS([w], max_iter=0)
    with pytest.raises(ValueError, match="is this the model's state_dict"):
        optim.LBFGS([w]).load_state_dict({"weight": w})
