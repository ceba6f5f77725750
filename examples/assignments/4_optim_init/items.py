"""Assignment 4: what is marked. The parameters are theta, or theta0 and theta1, theirs are g."""

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from minigrad.course.assignment import run_file
from minigrad.course.draws import check_draws
from minigrad.course.item import SETTINGS, Item, Mismatch, agree, array_of, written
from minigrad.course.mutants import Mutant
from minigrad.nn import init
from minigrad.optim.adam import Adam
from minigrad.optim.sgd import SGD

TITLE = "Optimizers and initialisation"
SOLUTION = [
    "optim.sgd.SGD", "optim.adam.Adam", "nn.init.fan_in_and_fan_out", "nn.init.calculate_gain",
    "nn.init.xavier_uniform_", "nn.init.xavier_normal_", "nn.init.kaiming_uniform_",
    "nn.init.kaiming_normal_",
]  # fmt: skip
HOLLOW = [
    *SOLUTION, "optim.adam.AdamW", "optim.optimizer.uphill", "nn.init._xavier", "nn.init._kaiming",
]  # fmt: skip
IMPORTS = """\
from typing import Any

import numpy as np

from minigrad import Tensor
from minigrad.optim.checks import Group, Params
from minigrad.optim.optimizer import Optimizer
"""
ALLOWED = ("numpy", "minigrad")

own = SimpleNamespace(SGD=SGD, Adam=Adam)
adapter = run_file(Path(__file__).with_name("adapter.py"))

# The values that the options of a case stand for.
VALUES = {
    "lr": [1.0, 0.1, 0.01],
    "momentum": [0.5, 0.9],
    "weight_decay": [0.5, 0.1],
    "beta1": [0.5, 0.9],
    "beta2": [0.5, 0.999],
    "eps": [1.0, 0.1, 1e-8],
    "gain": [1.0, 2.0, math.sqrt(2)],
    "a": [0.0, 1.0, 0.2, math.sqrt(5)],
    "mode": ["fan_in", "fan_out"],
    "nonlinearity": ["leaky_relu", "relu", "linear", "tanh"],
}


def choices(*names):
    """The ranges of these options."""
    return {name: list(range(len(VALUES[name]))) for name in names}


def options_of(case, **fixed):
    """The options of a case, as keyword arguments."""
    given = {name: values[case[name]] for name, values in VALUES.items() if name in case}
    if "beta1" in given:
        given["betas"] = (given.pop("beta1"), given.pop("beta2"))
    return {**given, **fixed}


# Optimizers

RUNS = {"number": [1], "steps": [1, 2, 3, 4, 5], "H": [1, 2, 3], "W": [1, 2, 3]}
MISSING = 0.4  # how often one of several parameters has no gradient


def run_of(case):
    """The parameters of a case, and for each step a list of their gradients."""
    shape, number = (case["H"], case["W"]), case["number"]
    rng = np.random.default_rng(case["seed"])
    gradients = [
        [
            None if number > 1 and rng.random() < MISSING else array_of(case, f"g{t} {i}", shape)
            for i in range(number)
        ]
        for t in range(case["steps"])
    ]
    return [array_of(case, f"theta{i}", shape) for i in range(number)], gradients


def optimizer_item(kind, name, points, *names, fixed=None, **ranges):
    """One item about an optimizer, with these options."""

    def run(solution, case):
        given = (kind, *run_of(case), options_of(case, **(fixed or {})))
        told, expected = solution.call("train", *given), adapter.train(own, *given)
        for t, (got, right) in enumerate(zip(told["after"], expected["after"], strict=True)):
            for i, theta in enumerate(right):
                agree(f"theta{i if len(right) > 1 else ''} after step {t + 1}", got[i], theta)
        if told["changed"]:
            raise Mismatch(f"{kind}.update writes into p.grad; work on a copy: g = g + ...")

    def describe(case):
        parameters, gradients = run_of(case)
        names = ["theta"] if len(parameters) == 1 else [f"theta{i}" for i in range(len(parameters))]
        options = options_of(case, **(fixed or {}))
        text = ", ".join([f"[{', '.join(names)}]", *(f"{k}={v!r}" for k, v in options.items())])
        lines = [f"for {kind}({text}) with"]
        for theta, x in zip(names, parameters, strict=True):
            lines.append(f"{theta} =\n{written(x)}")
        for t, of_step in enumerate(gradients):
            for theta, g in zip(names, of_step, strict=True):
                value = "\n    None" if g is None else f"\n{written(g)}"
                lines.append(f"the gradient of {theta} in step {t + 1} ={value}")
        return "\n".join(lines)

    every = {**RUNS, **choices("lr", *names), **ranges, **SETTINGS}
    return Item(f"{kind}, {name}", points, every, run, describe=describe, hollow=HOLLOW)


# Initialisation

SHAPES = {"O": [100, 200, 300], "I": [200, 100], "kernel": [0, 1, 2]}
KERNELS = [((), 1), ((3,), 4), ((5, 3), 10)]  # sizes, and what the input channels are divided by


def weight_shape(case):
    """(O, I) of a linear layer, (O, I, k) or (O, I, kh, kw) of a convolution."""
    kernel, divisor = KERNELS[case["kernel"]]
    return (case["O"], case["I"] // divisor, *kernel)


def fans_item(points):
    """The item about fan_in_and_fan_out."""

    def run(solution, case):
        shape = (case["O"], case["I"], 5, 4, 3)[: 2 + case["axes"]]
        got = solution.call("fans", shape)
        receptive = math.prod(shape[2:])
        expected = (shape[1] * receptive, shape[0] * receptive)
        if not isinstance(got, (tuple, list)) or tuple(got) != expected:
            raise Mismatch(f"for a weight of shape {shape} it is {got!r}, expected {expected}")

    ranges = {"O": [1, 2, 10], "I": [1, 3, 20], "axes": [0, 1, 2, 3]}
    return Item("fan_in_and_fan_out", points, ranges, run, hollow=HOLLOW)


NONLINEARITIES = [
    ("linear",), ("sigmoid",), ("relu",), ("tanh",), ("leaky_relu",), ("leaky_relu", 0.5),
    ("leaky_relu", 0),
]  # fmt: skip


def gain_item(points):
    """The item about calculate_gain."""

    def run(solution, case):
        given = NONLINEARITIES[case["which"]]
        text = f"calculate_gain{given!r}" if len(given) > 1 else f"calculate_gain({given[0]!r})"
        agree(text, solution.call("calculate_gain", *given), np.array(init.calculate_gain(*given)))

    ranges = {"which": list(range(len(NONLINEARITIES)))}
    return Item("calculate_gain", points, ranges, run, hollow=HOLLOW)


def std_of(case, scheme):
    """The standard deviation of the weights that are asked for."""
    fan_in, fan_out = init.fan_in_and_fan_out(np.empty(weight_shape(case)))
    options = options_of(case)
    if scheme == "xavier":
        return options["gain"] * math.sqrt(2 / (fan_in + fan_out))
    gain = init.calculate_gain(options["nonlinearity"], options["a"])
    return gain / math.sqrt(fan_in if options["mode"] == "fan_in" else fan_out)


def init_item(function, points, *names):
    """One item about a function that fills a weight."""
    scheme, distribution, _ = function.split("_")

    def run(solution, case):
        told = solution.call("fill", function, weight_shape(case), options_of(case))
        first, second = told["values"]
        if first.shape != weight_shape(case):
            raise Mismatch(f"tensor.data has shape {first.shape} now, expected the same as before")
        if not told["returned"]:
            raise Mismatch(f"{function} fills the tensor and returns something else: return tensor")
        check_draws(first, distribution, std_of(case, scheme))
        if np.array_equal(first, second):
            raise Mismatch("two calls gave the same numbers; do not seed the generator in here")

    def describe(case):
        options = "".join(f", {name}={value!r}" for name, value in options_of(case).items())
        return f"for {function}(tensor{options}), a tensor of shape {weight_shape(case)}"

    ranges = {**SHAPES, **choices(*names)}
    return Item(function, points, ranges, run, describe=describe, hollow=HOLLOW, at_most=10)


XAVIER, KAIMING = ("gain",), ("a", "mode", "nonlinearity")
ADAM = ("beta1", "beta2", "eps")
ITEMS = [
    optimizer_item("SGD", "plain", 2),
    optimizer_item("SGD", "momentum", 2, "momentum"),
    optimizer_item("SGD", "nesterov", 1, "momentum", fixed={"nesterov": True}),
    optimizer_item("SGD", "weight decay", 1, "weight_decay"),
    optimizer_item("SGD", "weight decay and momentum", 1, "weight_decay", "momentum"),
    optimizer_item("SGD", "two parameters", 2, "momentum", number=[2]),
    optimizer_item("Adam", "the first step", 2, *ADAM, steps=[1]),
    optimizer_item("Adam", "many steps", 3, *ADAM),
    optimizer_item("Adam", "weight decay", 1, *ADAM, "weight_decay"),
    optimizer_item("Adam", "decoupled weight decay", 2, *ADAM, "weight_decay",
                   fixed={"decoupled_weight_decay": True}),
    optimizer_item("Adam", "two parameters", 2, number=[2]),
    fans_item(2),
    gain_item(1),
    init_item("xavier_uniform_", 2, *XAVIER),
    init_item("xavier_normal_", 1, *XAVIER),
    init_item("kaiming_uniform_", 1, *KAIMING),
    init_item("kaiming_normal_", 2, *KAIMING),
]  # fmt: skip

STEP, ADAPTIVE, FANS, GAIN, XAVIER_UNIFORM, XAVIER_NORMAL, KAIMING_UNIFORM, KAIMING_NORMAL = (
    SOLUTION
)
MUTANTS = [
    Mutant(STEP, "b += g if gain == 1 else gain * g", "b += (1 - momentum) * g",
           "momentum takes a mean of the gradients, not their sum"),
    Mutant(STEP, "g = g + momentum * b if group", "g = momentum * b if group",
           "nesterov forgets the gradient itself"),
    Mutant(STEP, "theta -= lr * g", "theta -= lr * g / theta.size",
           "SGD divides by the number of elements"),
    Mutant(ADAPTIVE, "root = math.sqrt(1 - beta2**t)", "root = 1",
           "v_hat is v, not corrected for its start at 0"),
    Mutant(ADAPTIVE, 'lr_t = group["lr"] * root / (1 - beta1**t)', 'lr_t = group["lr"] * root',
           "m_hat is m, not corrected for its start at 0"),
    Mutant(ADAPTIVE, "(np.sqrt(v) + eps_t)", "np.sqrt(v + eps_t)", "eps stands under the root"),
    Mutant(ADAPTIVE, "g = uphill(theta, g, group)", "g = g + 0 * theta",
           "Adam has no weight decay but the decoupled one"),
    Mutant(ADAPTIVE, "theta *= shrink", 'theta *= 1 - group["weight_decay"]',
           "decoupled weight decay is not multiplied by lr"),
    Mutant(ADAPTIVE, 't = state["step"].item()', "t = 1", "the counter of steps stays at 1"),
    Mutant(FANS, "out_features, in_features, *kernel = tensor.shape",
           "in_features, out_features, *kernel = tensor.shape", "fan_in and fan_out are exchanged"),
    Mutant(GAIN, "(1 + slope**2)", "(1 + slope)", "the slope of a leaky relu is not squared"),
    Mutant(XAVIER_UNIFORM, "bound = math.sqrt(3) * std  # a", "bound = std  # a",
           "the bound of xavier_uniform_ is the standard deviation"),
    Mutant(XAVIER_NORMAL, 'std, f"xavier_normal_', 'std / gain, f"xavier_normal_',
           "xavier_normal_ forgets its gain"),
    Mutant(KAIMING_UNIFORM, "    bound = math.sqrt(3) * std\n", "    bound = 3 * std\n",
           "the bound of kaiming_uniform_ is three standard deviations"),
    Mutant(KAIMING_NORMAL, 'std, f"kaiming_normal_', 'std**2, f"kaiming_normal_',
           "kaiming_normal_ takes the variance for the standard deviation"),
]  # fmt: skip
