"""Assignment 4 in place and in float32, powers of beta in the state; normals by Box-Muller."""

import numpy as np

from minigrad.optim.optimizer import Optimizer, zeros_like

rng = np.random.Generator(np.random.Philox(5))


class SGD(Optimizer):
    def __init__(self, params, lr=1e-3, **options):
        super().__init__(params, {"lr": lr, "momentum": 0, "weight_decay": 0, "nesterov": False})
        self.param_groups[0].update(options)

    def update(self, p, group):
        momentum = group["momentum"]
        theta, g = p.data, np.array(p.grad.data, np.float32)
        g += np.float32(group["weight_decay"]) * theta
        if momentum:
            if "b" not in self.state[p]:
                self.state[p]["b"] = zeros_like(p)
            b = self.state[p]["b"].data
            b *= momentum
            b += g
            # theta' = theta - lr (g + momentum b), in two steps where it looks ahead
            theta -= group["lr"] * (momentum if group["nesterov"] else 1) * b
        if not momentum or group["nesterov"]:
            theta -= group["lr"] * g


class Adam(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, **options):
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**defaults, "decoupled_weight_decay": False, **options})

    def update(self, p, group):
        state, decay = self.state[p], np.float32(group["weight_decay"])
        if not state:
            state.update(m=np.zeros(p.shape, "f"), v=np.zeros(p.shape, "f"), powers=np.ones(2))
        g = p.grad.data.astype(np.float32)
        if group["decoupled_weight_decay"]:
            p.data -= group["lr"] * decay * p.data
        else:
            g += decay * p.data
        state["powers"] *= group["betas"]
        beta1, beta2 = group["betas"]
        state["m"] += (1 - beta1) * (g - state["m"])
        state["v"] += (1 - beta2) * (g * g - state["v"])
        rest1, rest2 = 1 - state["powers"]
        p.data -= group["lr"] / rest1 * state["m"] / ((state["v"] / rest2) ** 0.5 + group["eps"])


def fan_in_and_fan_out(tensor):
    return tensor.data[0].size, tensor.data[:, 0].size


def calculate_gain(nonlinearity, param=0.01):
    a = {"relu": 0, "leaky_relu": param}.get(nonlinearity, 1)
    return np.sqrt(2 / (1 + a * a)) if nonlinearity != "tanh" else np.float64(5) / 3


def uniform(tensor, variance):
    tensor.data[:] = (rng.random(tensor.shape) - 0.5) * np.sqrt(12 * variance)
    return tensor


def normal(tensor, variance):
    angle, radius = 2 * np.pi * rng.random(tensor.shape), -2 * np.log(1 - rng.random(tensor.shape))
    tensor.data[:] = np.sqrt(radius * variance) * np.cos(angle)
    return tensor


def xavier_uniform_(tensor, gain=1.0):
    return uniform(tensor, 2 * gain**2 / sum(fan_in_and_fan_out(tensor)))


def xavier_normal_(tensor, gain=1.0):
    return normal(tensor, 2 * gain**2 / sum(fan_in_and_fan_out(tensor)))


def kaiming_variance(tensor, a, mode, nonlinearity):
    fan_in, fan_out = fan_in_and_fan_out(tensor)
    return calculate_gain(nonlinearity, a) ** 2 / (fan_in if mode == "fan_in" else fan_out)


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    return uniform(tensor, kaiming_variance(tensor, a, mode, nonlinearity))


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    return normal(tensor, kaiming_variance(tensor, a, mode, nonlinearity))
