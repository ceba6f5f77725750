"""The blocks as plain loops from their papers, and what every block is held to.

x is (N, C, *S); weights as the layers hold them.
"""

import math

import loops
import numpy as np
from numerical import cotangents, numerical_gradient, outputs

import minigrad as mg
from minigrad import Tensor, optim


def same_padding(size, k, stride, dilation):
    """TensorFlow's rule along one axis: ceil(size / stride) outputs, the odd pixel behind."""
    out = math.ceil(size / stride)
    last = (out - 1) * stride + dilation * (k - 1)  # the farthest pixel that a window reaches
    total = max(last + 1 - size, 0)
    return total // 2, total - total // 2


def same_conv(x, w, b=None, stride=1, dilation=1, groups=1):
    """Zeros around the map by that rule, then a convolution without padding."""
    n = x.ndim - 2
    axes = zip(
        x.shape[2:], w.shape[2:], loops.each(stride, n), loops.each(dilation, n), strict=True
    )
    x = np.pad(x, [(0, 0), (0, 0), *(same_padding(*axis) for axis in axes)])
    return loops.conv(x, w, b, stride, 0, dilation, groups)


def causal_conv(x, w, b, dilation):
    """y[n,o,t] = b[o] + sum over c, j of w[o,c,j] x[n,c, t - (k - 1 - j) dilation]."""
    y = np.zeros((x.shape[0], w.shape[0], x.shape[2]))
    k = w.shape[2]
    for n, o, t in loops.positions(*y.shape):
        y[n, o, t] = b[o]
        for c, j in loops.positions(x.shape[1], k):
            past = t - (k - 1 - j) * dilation
            if past >= 0:
                y[n, o, t] += w[o, c, j] * x[n, c, past]
    return y


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    """Over a vector."""
    return np.exp(x) / np.exp(x).sum()


def gated(x, filters, gate, residual, skip, dilation):
    """WaveNet, equation 2 and figure 4. Each of the four is a pair (w, b)."""
    z = np.tanh(causal_conv(x, *filters, dilation)) * sigmoid(causal_conv(x, *gate, dilation))
    return x + causal_conv(z, *residual, 1), causal_conv(z, *skip, 1)


def depthwise(x, w, b, stride, dilation):
    """Map m looks at channel m // multiplier only; nothing is summed over channels."""
    multiplier = w.shape[0] // x.shape[1]
    maps = [
        same_conv(x[:, [m // multiplier]], w[[m]], b[[m]], stride, dilation)
        for m in range(w.shape[0])
    ]
    return np.concatenate(maps, axis=1)


def squeeze_excite(x, w1, w2, b1=0.0, b2=0.0):
    """Hu et al., equations 2 to 4, one sample at a time: the output and s."""
    y, s = np.empty(x.shape), np.empty(x.shape[:2])
    for n in range(len(x)):
        z = np.array([channel.mean() for channel in x[n]])
        s[n] = sigmoid(w2 @ relu(w1 @ z + b1) + b2)
        for c in range(x.shape[1]):
            y[n, c] = s[n, c] * x[n, c]
    return y, s


def selective_kernels(x, convs, norms, fc, fc_norm, select, stride, groups, normalize):
    """Li et al., equations 1 to 6: the output and the softmax weights (N, M, C).

    `normalize(x, weights of the norm)` is batch norm, by the batch or by running statistics.
    """
    maps = [
        relu(normalize(loops.conv(x, w, None, stride, m, m, groups), norm))
        for m, (w, norm) in enumerate(zip(convs, norms, strict=True), start=1)
    ]
    u = sum(maps)
    s = np.array([[channel.mean() for channel in sample] for sample in u])
    z = relu(normalize(np.array([fc @ row for row in s]), fc_norm))
    N, C = s.shape
    weights = np.empty((N, len(maps), C))
    y = np.zeros(u.shape)
    for n, c in loops.positions(N, C):
        logits = np.array([select[m * C + c] @ z[n] for m in range(len(maps))])
        weights[n, :, c] = softmax(logits)
        for m in range(len(maps)):
            y[n, c] += weights[n, m, c] * maps[m][n, c]
    return y, weights


def dynamic_conv(x, w, b, fc1, fc2, temperature, stride, padding, dilation, groups):
    """Chen et al., equations 2 and 3, one sample at a time: the output and the attention.

    `fc1` and `fc2` are pairs (w, b); `b` is None or (K, O).
    """
    ys, attentions = [], []
    for sample in x:
        z = np.array([channel.mean() for channel in sample])
        attention = softmax((fc2[0] @ relu(fc1[0] @ z + fc1[1]) + fc2[1]) / temperature)
        kernel = sum(a * expert for a, expert in zip(attention, w, strict=True))
        bias = (
            None if b is None else sum(a * expert for a, expert in zip(attention, b, strict=True))
        )
        conv = same_conv if padding == "same" else loops.conv
        options = {} if padding == "same" else {"padding": padding}
        ys.append(
            conv(sample[None], kernel, bias, stride=stride, dilation=dilation, groups=groups,
                 **options)
        )  # fmt: skip
        attentions.append(attention)
    return np.concatenate(ys), np.array(attentions)


# What every block is held to


def arrays(layer):
    """Its parameters and buffers by name, as arrays."""
    return {name: tensor.numpy() for name, tensor in layer.state_dict().items()}


def randomized(layer):
    """The layer in float64 with random parameters: also those that start as 0 or 1."""
    rng = np.random.default_rng(3)
    layer.double()
    for parameter in layer.parameters():
        parameter.data = rng.normal(0, 0.5, parameter.shape)
    return layer


def check_gradients(layer, x):
    """Of the input and of every parameter, against central differences."""
    parameters = list(layer.parameters())
    values = [x, *(p.data for p in parameters)]

    def run(x, *values):
        for parameter, value in zip(parameters, values, strict=True):
            parameter.data = value.data
        return layer(x)

    start = Tensor(x, requires_grad=True)
    layer.zero_grad()
    result = layer(start)
    pairs = zip(outputs(result), cotangents(result), strict=True)
    sum((y * Tensor(c)).sum() for y, c in pairs).backward()
    names = ["input", *(name for name, _ in layer.named_parameters())]
    for i, (name, tensor) in enumerate(zip(names, [start, *parameters], strict=True)):
        found = tensor.grad.data.copy()
        expected = numerical_gradient(run, values, i)
        np.testing.assert_allclose(found, expected, 2e-6, 2e-7, err_msg=name)


def losses_of(layer, shape, steps=30):
    """The loss before and after some steps towards what another such layer with noise gives."""
    mg.manual_seed(1)
    x = mg.randn(*shape)
    target = outputs(layer(x))[0].detach() * 0.5 + x.mean() + 1
    optimizer = optim.Adam(layer.parameters(), lr=0.03)
    losses = []
    for _ in range(steps):
        loss = ((outputs(layer(x))[0] - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses[0], losses[-1]
