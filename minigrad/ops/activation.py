"""Activations: the bends between the layers."""

import math

import numpy as np

from ..kernels import softmax as kernel
from ..kernels import special
from ..kernels.elementwise import maximum, multiply
from .reduce import normalize_dim


def relu(x):
    """max(x, 0); nan stays nan. The slope at exactly 0 is taken as 0."""
    positive = x > 0

    def relu_backward(dy):
        return (multiply(dy, positive),)

    return maximum(x, 0), relu_backward


def leaky_relu(x, negative_slope=0.01):
    """X above 0, negative_slope * x below."""
    slope = np.where(x > 0, x.dtype.type(1), x.dtype.type(negative_slope))

    def leaky_relu_backward(dy):
        return (dy * slope,)

    return x * slope, leaky_relu_backward


def prelu(x, weight, *, needs=(True, True)):
    """Leaky ReLU with a learned slope, one for all or one a channel (axis 1 of x)."""
    if weight.ndim != 1 or weight.size not in (1, x.shape[1] if x.ndim > 1 else 1):
        raise ValueError(
            f"prelu: weight has shape {weight.shape}, expected (1,) or one slope for each channel "
            f"of the input {x.shape}"
        )
    along = weight.reshape(-1, *[1] * (x.ndim - 2)) if x.ndim > 1 else weight
    positive = x > 0
    y = np.where(positive, x, along * x)
    others = None if weight.size == 1 else tuple(i for i in range(x.ndim) if i != 1)
    shape = weight.shape
    x, along = x if needs[1] else None, along if needs[0] else None  # keep what is needed

    def prelu_backward(dy):
        dx = dy * np.where(positive, dy.dtype.type(1), along) if needs[0] else None
        dweight = None
        if needs[1]:
            dslope = np.where(positive, dy.dtype.type(0), dy * x)
            dweight = np.sum(dslope, axis=others).reshape(shape)
        return dx, dweight

    return y, prelu_backward


def elu(x, alpha=1.0):
    """X above 0, alpha * (exp(x) - 1) below (Clevert et al. 2016)."""
    below = alpha * np.expm1(np.minimum(x, 0))

    def elu_backward(dy):
        return (dy * np.where(x > 0, x.dtype.type(1), below + alpha),)

    return np.where(x > 0, x, below), elu_backward


def gelu(x, approximate="none"):
    """X times the normal distribution's cumulative probability of x (Hendrycks & Gimpel 2016).

    approximate="tanh" takes their tanh formula in place of the error function.
    """
    if approximate == "tanh":
        return _gelu_tanh(x)
    if approximate != "none":
        raise ValueError(f'gelu: approximate must be "none" or "tanh", got {approximate!r}')
    half = x.dtype.type(0.5)
    probability = half * (1 + special.erf(x * x.dtype.type(math.sqrt(0.5))))

    def gelu_backward(dy):
        density = np.exp(-half * x * x) * x.dtype.type(1 / math.sqrt(2 * math.pi))
        return (dy * (probability + x * density),)

    return x * probability, gelu_backward


def _gelu_tanh(x):
    c = math.sqrt(2 / math.pi)
    t = np.tanh(c * (x + 0.044715 * x**3))

    def gelu_backward(dy):
        dt = (1 - t * t) * (c * (1 + 3 * 0.044715 * x * x))
        return (dy * (0.5 * (1 + t) + 0.5 * x * dt),)

    return 0.5 * x * (1 + t), gelu_backward


def logistic(x):
    """1 / (1 + exp(-x)) of an array; where exp overflows, 1 / inf is the 0 that it should be."""
    return 1 / (1 + np.exp(-x))


def sigmoid(x):
    """1 / (1 + exp(-x)); its slope is y (1 - y)."""
    y = logistic(x)

    def sigmoid_backward(dy):
        return (dy * y * (1 - y),)

    return y, sigmoid_backward


def tanh(x):
    """Hyperbolic tangent; its slope is 1 - y^2."""
    y = np.tanh(x)

    def tanh_backward(dy):
        return (dy * (1 - y * y),)

    return y, tanh_backward


def silu(x):
    """X * sigmoid(x), also called swish."""
    gate = logistic(x)

    def silu_backward(dy):
        return (dy * gate * (1 + x * (1 - gate)),)

    return x * gate, silu_backward


def softplus(x, beta=1.0, threshold=20.0):
    """log(1 + exp(beta x)) / beta, a smooth relu; x itself where beta x > threshold."""
    scaled = beta * x
    linear = scaled > threshold
    y = np.where(linear, x, np.logaddexp(scaled, 0) / beta).astype(x.dtype, copy=False)

    def softplus_backward(dy):
        return (dy * np.where(linear, dy.dtype.type(1), logistic(scaled)),)

    return y, softplus_backward


def mish(x):
    """X * tanh(softplus(x)) (Misra 2019)."""
    t = np.tanh(np.logaddexp(x, 0)).astype(x.dtype, copy=False)

    def mish_backward(dy):
        return (dy * (t + x * (1 - t * t) * logistic(x)),)

    return x * t, mish_backward


def hardsigmoid(x):
    """Sigmoid made of lines: 0 below -3, 1 above 3, x/6 + 1/2 between."""
    between = (x > -3) & (x < 3)

    def hardsigmoid_backward(dy):
        return (dy * between * dy.dtype.type(1 / 6),)

    return np.clip(x / 6 + x.dtype.type(0.5), 0, 1), hardsigmoid_backward


def hardswish(x):
    """X * hardsigmoid(x) (Howard et al. 2019)."""

    def hardswish_backward(dy):
        slope = np.where(x >= 3, x.dtype.type(1), x / 3 + x.dtype.type(0.5))
        return (dy * np.where(x <= -3, x.dtype.type(0), slope),)

    return x * np.clip(x / 6 + x.dtype.type(0.5), 0, 1), hardswish_backward


def hardtanh(x, min_val=-1.0, max_val=1.0):
    """X limited to min_val..max_val. The slope is 0 outside and on the border."""
    inside = (x > min_val) & (x < max_val)

    def hardtanh_backward(dy):
        return (dy * inside,)

    return np.clip(x, min_val, max_val).astype(x.dtype, copy=False), hardtanh_backward


def softmax(x, dim):
    """exp(x) scaled to sum to 1 along `dim`."""
    axis = normalize_dim("softmax", dim, x.ndim)
    y = kernel.softmax(x, axis)

    def softmax_backward(dy):
        return (kernel.softmax_gradient(dy, y, axis),)

    return y, softmax_backward


def log_softmax(x, dim):
    """log(softmax(x)) without overflow."""
    axis = normalize_dim("log_softmax", dim, x.ndim)
    shifted = x - np.max(x, axis=axis, keepdims=True)
    y = shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))

    def log_softmax_backward(dy):
        return (dy - np.exp(y) * np.sum(dy, axis=axis, keepdims=True),)

    return y, log_softmax_backward


def dropout(x, mask, p):
    """Zero where `mask` is False, and scale the rest by 1/(1-p) (Srivastava et al. 2014)."""
    factor = x.dtype.type(1 / (1 - p) if p < 1 else 0)

    def dropout_backward(dy):
        return (multiply(mask, dy) * factor,)

    return multiply(mask, x) * factor, dropout_backward
