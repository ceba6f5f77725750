"""Assignment 4: the mistakes that students make with optimizers and initialisation."""

import re

import numpy as np
import pytest
from attempts import ASSIGNMENTS, losses

from minigrad.course.draws import check_draws
from minigrad.course.item import Mismatch

ASSIGNMENT = ASSIGNMENTS["4"]

ADAM = {f"Adam, {name}" for name in (
    "the first step", "many steps", "weight decay", "decoupled weight decay", "two parameters",
)}  # fmt: skip
MOMENTUM = {"SGD, momentum", "SGD, nesterov", "SGD, weight decay and momentum",
            "SGD, two parameters"}  # fmt: skip
NEW_STATE = "state, (beta1, beta2), g = self.state[p], group"

WRONG = {  # edits, and all that is lost
    "uphill": (
        [('p.data - group["lr"] * g\n', 'p.data + group["lr"] * g\n')],
        {"SGD, plain", "SGD, weight decay", *MOMENTUM},
    ),
    "momentum as a mean": (
        [('state.get("b", 0) + g', 'state.get("b", 0) + (1 - group["momentum"]) * g')],
        MOMENTUM,
    ),
    "nesterov with the old sum": (
        [('g + group["momentum"] * state["b"]', 'g + state["b"]')],
        {"SGD, nesterov"},
    ),
    "one sum for all parameters": (
        [
            (
                "        state = self.state[p]\n        g = p.grad",
                "        state = self.state\n        g = p.grad",
            )
        ],
        {"SGD, two parameters"},
    ),
    "weight decay divided by two": (
        [
            (
                'group["weight_decay"] * p.data\n        if group["mom',
                'group["weight_decay"] / 2 * p.data\n        if group["mom',
            )
        ],
        {"SGD, weight decay", "SGD, weight decay and momentum"},
    ),
    "m is not corrected": (
        [('state["m"] / (1 - beta1**t)', 'state["m"]')],
        ADAM,
    ),
    "t begins at 2": (
        [('state.get("t", 0) + 1', 'state.get("t", 1) + 1')],
        ADAM,
    ),
    "v of the gradient, not of its square": (
        [("(1 - beta2) * g**2", "(1 - beta2) * abs(g)")],
        ADAM,
    ),
    "eps under the root": (
        [('(np.sqrt(v_hat) + group["eps"])', 'np.sqrt(v_hat + group["eps"])')],
        ADAM - {"Adam, two parameters"},
    ),
    "one counter for all parameters": (
        [('state["t"] = t = state.get("t", 0) + 1', 'self.t = t = getattr(self, "t", 0) + 1')],
        {"Adam, two parameters"},
    ),
    "one m and v for all parameters": (
        [(NEW_STATE, "state, (beta1, beta2), g = self.state, group")],
        {"Adam, two parameters"},
    ),
    "decoupled decay without lr": (
        [('group["lr"] * group["weight_decay"] * p.data', 'group["weight_decay"] * p.data')],
        {"Adam, decoupled weight decay"},
    ),
    "fans exchanged": (
        [
            (
                "tensor.shape[1] * receptive, tensor.shape[0] * receptive",
                "tensor.shape[0] * receptive, tensor.shape[1] * receptive",
            )
        ],
        {"fan_in_and_fan_out", "kaiming_uniform_", "kaiming_normal_"},
    ),
    "the kernel does not count": (
        [("receptive = math.prod(tensor.shape[2:])", "receptive = 1")],
        {
            "fan_in_and_fan_out",
            "xavier_uniform_",
            "xavier_normal_",
            "kaiming_uniform_",
            "kaiming_normal_",
        },
    ),
    "relu counts like linear": (
        [('{"relu": math.sqrt(2), ', "{")],
        {"calculate_gain", "kaiming_uniform_", "kaiming_normal_"},
    ),
    "the standard deviation as the bound": (
        [("math.sqrt(6 / sum(", "math.sqrt(2 / sum(")],
        {"xavier_uniform_"},
    ),
    "the variance as the standard deviation": (
        [
            (
                "std = gain * math.sqrt(2 / sum(fan_in_and_fan_out(tensor)))",
                "std = gain**2 * 2 / sum(fan_in_and_fan_out(tensor))",
            )
        ],
        {"xavier_normal_"},
    ),
    "normal for uniform": (
        [
            (
                "tensor.data[...] = np.random.uniform(-bound, bound, tensor.shape)",
                "tensor.data[...] = np.random.normal(0, bound / 3**0.5, tensor.shape)",
            )
        ]
        * 2,
        {"xavier_uniform_", "kaiming_uniform_"},
    ),
}


@pytest.mark.parametrize(("edits", "lost"), WRONG.values(), ids=list(WRONG))
def test_a_mistake_loses_just_what_it_spoils(edits, lost):
    assert set(losses(ASSIGNMENT, "textbook", *edits)) == lost


TOLD = {
    "which step": (
        [('state["b"] if group["nesterov"]', 'g if group["nesterov"]')],
        "SGD, nesterov",
        r"theta after step \d is wrong at",
    ),
    "which parameter": (
        [
            (
                "        state = self.state[p]\n        g = p.grad",
                "        state = self.state\n        g = p.grad",
            )
        ],
        "SGD, two parameters",
        r"theta[01] after step [2345] is wrong at",
    ),
    "the gradient was written into": (
        [
            (
                'g = p.grad.data + group["weight_decay"] * p.data',
                'g = p.grad.data; g += group["weight_decay"] * p.data',
            )
        ],
        "SGD, weight decay",
        r"SGD.update writes into p.grad; work on a copy: g = g \+ \.\.\.",
    ),
    "a shape that grows": (
        [('p.data = p.data - group["lr"] * g\n\n', 'p.data = p.data[None] - group["lr"] * g\n\n')],
        "SGD, plain",
        r"theta after step 1 has shape \(1, \d, \d\), expected|a parameter of shape \(1, \d, \d\)",
    ),
    "no pair": (
        [
            (
                "tensor.shape[1] * receptive, tensor.shape[0] * receptive",
                "tensor.shape[1] * receptive",
            )
        ],
        "fan_in_and_fan_out",
        r"for a weight of shape \(.*\) it is \d+, expected \(\d+, \d+\)",
    ),
    "the gain": (
        [('"tanh": 5 / 3', '"tanh": 3 / 5')],
        "calculate_gain",
        r"calculate_gain\('tanh'\) is wrong .*\n?",
    ),
    "nothing is returned": (
        [
            (
                "np.random.uniform(-bound, bound, tensor.shape)\n    return tensor",
                "np.random.uniform(-bound, bound, tensor.shape)",
            )
        ],
        "xavier_uniform_",
        r"xavier_uniform_ fills the tensor and returns something else: return",
    ),
    "by how much": (
        [("math.sqrt(6 / sum(", "math.sqrt(2 / sum(")],
        "xavier_uniform_",
        r"the standard deviation of the values is 0\.\d+, expected 0\.\d+: it is too small by a "
        r"factor 1\.7",
    ),
    "the same each time": (
        [
            (
                "np.random.normal(0, std, tensor.shape)",
                "np.random.default_rng(0).normal(0, std, tensor.shape)",
            )
        ],
        "xavier_normal_",
        r"two calls gave the same numbers; do not seed the generator in here",
    ),
    "one number for all": (
        [("np.random.normal(0, std, tensor.shape)", "np.random.normal(0, std)")],
        "xavier_normal_",
        r"only 1 of \d+ values differ; draw each one for itself",
    ),
    "nothing is written": (
        [("tensor.data[...] = np.random.normal(0, std, tensor.shape)", "pass")],
        "xavier_normal_",
        r"the tensor is still all zeros: write into tensor.data",
    ),
    "not finite": (
        [
            (
                "np.random.normal(0, std, tensor.shape)",
                "np.random.normal(size=tensor.shape) / 0 * std",
            )
        ],
        "xavier_normal_",
        r"some of the values are not finite|divide by zero",
    ),
    "another shape": (
        [
            (
                "tensor.data[...] = np.random.normal(0, std, tensor.shape)",
                "tensor.data = np.random.normal(0, std, tensor.shape[::-1])",
            )
        ],
        "xavier_normal_",
        r"tensor.data has shape .* now, expected the same as before",
    ),
}


@pytest.mark.parametrize(("edits", "item", "message"), TOLD.values(), ids=list(TOLD))
def test_what_a_mistake_is_called(edits, item, message):
    assert re.search(message, losses(ASSIGNMENT, "textbook", *edits, only=item)[item])


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("size", [(100, 100), (300, 20, 15)])
def test_right_draws_pass(seed, size):
    rng = np.random.default_rng(seed)
    check_draws(rng.normal(0, 0.1, size), "normal", 0.1)
    check_draws(rng.uniform(-1, 1, size), "uniform", 1 / np.sqrt(3))


def test_a_shifted_distribution():
    x = np.random.default_rng(0).normal(size=10_000) + 0.1
    with pytest.raises(Mismatch, match=r"the mean of the values is 0\.1\d*, expected 0"):
        check_draws(x, "normal", 1.0)


def test_values_beyond_the_bound():
    x = np.random.default_rng(0).uniform(-1, 1, 10_000)
    x[0] = 1.01
    with pytest.raises(Mismatch, match=r"values up to 1\.01, expected none beyond 1"):
        check_draws(x, "uniform", 1 / np.sqrt(3))


def test_another_distribution_of_the_same_variance():
    x = np.random.default_rng(0).uniform(-np.sqrt(3), np.sqrt(3), 10_000)
    with pytest.raises(Mismatch, match=r"not distributed as normal ones: \d+\.\d% are below"):
        check_draws(x, "normal", 1.0)
