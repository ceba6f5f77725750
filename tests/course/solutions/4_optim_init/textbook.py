"""Assignment 4 as the papers have it, on whole arrays; chance from NumPy's old functions."""

import math

import numpy as np

from minigrad.optim.optimizer import Optimizer


class SGD(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        defaults = {"lr": lr, "momentum": momentum, "dampening": dampening}
        super().__init__(params, {**defaults, "weight_decay": weight_decay, "nesterov": nesterov})

    def update(self, p, group):
        state = self.state[p]
        g = p.grad.data + group["weight_decay"] * p.data
        if group["momentum"]:
            state["b"] = group["momentum"] * state.get("b", 0) + g
            g = g + group["momentum"] * state["b"] if group["nesterov"] else state["b"]
        p.data = p.data - group["lr"] * g


class Adam(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0,
                 decoupled_weight_decay=False):  # fmt: skip
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**defaults, "decoupled": decoupled_weight_decay})

    def update(self, p, group):
        state, (beta1, beta2), g = self.state[p], group["betas"], p.grad.data
        if group["decoupled"]:
            p.data = p.data - group["lr"] * group["weight_decay"] * p.data
        else:
            g = g + group["weight_decay"] * p.data
        state["t"] = t = state.get("t", 0) + 1
        state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
        state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
        m_hat, v_hat = state["m"] / (1 - beta1**t), state["v"] / (1 - beta2**t)
        p.data = p.data - group["lr"] * m_hat / (np.sqrt(v_hat) + group["eps"])


def fan_in_and_fan_out(tensor):
    receptive = math.prod(tensor.shape[2:])
    return tensor.shape[1] * receptive, tensor.shape[0] * receptive


def calculate_gain(nonlinearity, param=None):
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    return {"relu": math.sqrt(2), "tanh": 5 / 3}.get(nonlinearity, 1)


def xavier_uniform_(tensor, gain=1.0):
    bound = gain * math.sqrt(6 / sum(fan_in_and_fan_out(tensor)))
    tensor.data[...] = np.random.uniform(-bound, bound, tensor.shape)
    return tensor


def xavier_normal_(tensor, gain=1.0):
    std = gain * math.sqrt(2 / sum(fan_in_and_fan_out(tensor)))
    tensor.data[...] = np.random.normal(0, std, tensor.shape)
    return tensor


def he_std(tensor, a, mode, nonlinearity):
    fan = fan_in_and_fan_out(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    bound = math.sqrt(3) * he_std(tensor, a, mode, nonlinearity)
    tensor.data[...] = np.random.uniform(-bound, bound, tensor.shape)
    return tensor


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    tensor.data[...] = np.random.normal(size=tensor.shape) * he_std(tensor, a, mode, nonlinearity)
    return tensor
