"""Assignment 4 number by number, with the state in a dict of its own; chance from `random`."""

import math
import random

import numpy as np

from minigrad.optim.optimizer import Optimizer


class SGD(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0, weight_decay=0, nesterov=False):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.nesterov, self.sums = nesterov, {}

    def update(self, p, group):
        lr, momentum = group["lr"], group["momentum"]
        for i in np.ndindex(*p.shape):
            g = p.grad.data[i] + group["weight_decay"] * p.data[i]
            b = self.sums[p, i] = momentum * self.sums.get((p, i), 0) + g
            p.data[i] -= lr * (g + momentum * b if self.nesterov else b)


class Adam(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0,
                 decoupled_weight_decay=False):  # fmt: skip
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**defaults, "decoupled": decoupled_weight_decay})
        self.gradients = {}

    def update(self, p, group):
        (beta1, beta2), decay = group["betas"], group["weight_decay"]
        for i in np.ndindex(*p.shape):
            theta = p.data[i]
            seen = self.gradients.setdefault((p, i), [])
            seen.append(p.grad.data[i] + (0 if group["decoupled"] else decay * theta))
            m = v = total1 = total2 = 0
            for age, g in enumerate(reversed(seen)):  # a mean with weights, written out
                m, total1 = m + beta1**age * g, total1 + beta1**age
                v, total2 = v + beta2**age * g * g, total2 + beta2**age
            if group["decoupled"]:
                theta *= 1 - group["lr"] * decay
            p.data[i] = theta - group["lr"] * (m / total1) / (math.sqrt(v / total2) + group["eps"])


def fan_in_and_fan_out(tensor):
    outputs, inputs, *kernel = tensor.shape
    for size in kernel:
        outputs, inputs = outputs * size, inputs * size
    return [inputs, outputs]


def calculate_gain(nonlinearity, param=None):
    slopes = {"linear": 1, "sigmoid": 1, "relu": 0, "leaky_relu": 0.01 if param is None else param}
    return 5 / 3 if nonlinearity == "tanh" else (2 / (1 + slopes[nonlinearity] ** 2)) ** 0.5


def _fill(tensor, draw):
    values = [draw() for _ in range(math.prod(tensor.shape))]
    tensor.data = np.array(values, np.float32).reshape(tensor.shape)
    return tensor


def xavier_uniform_(tensor, gain=1.0):
    bound = gain * math.sqrt(6 / sum(fan_in_and_fan_out(tensor)))
    return _fill(tensor, lambda: random.uniform(-bound, bound))


def xavier_normal_(tensor, gain=1.0):
    std = gain * math.sqrt(2 / sum(fan_in_and_fan_out(tensor)))
    return _fill(tensor, lambda: random.gauss(0, std))


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    fan = fan_in_and_fan_out(tensor)[["fan_in", "fan_out"].index(mode)]
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3 / fan)
    return _fill(tensor, lambda: bound * (2 * random.random() - 1))


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    fan = fan_in_and_fan_out(tensor)[["fan_in", "fan_out"].index(mode)]
    gain = calculate_gain(nonlinearity, a)
    return _fill(tensor, lambda: random.normalvariate(0, gain / math.sqrt(fan)))
