"""The blocks beside the same blocks composed of torch's layers, in float64."""

import numpy as np
import pytest
import torch
from beside import Draw, examples
from torch import nn as tnn
from torch.nn import functional as TF

import minigrad as mg
from minigrad import nn


class Separable(tnn.Module):
    def __init__(self, i, o, k, stride, padding, dilation, multiplier, bias, norm, activation):
        super().__init__()
        maps = i * multiplier
        self.depthwise = tnn.Conv2d(i, maps, k, stride, padding, dilation, i, bias)
        self.norm = tnn.BatchNorm2d(maps) if norm else tnn.Identity()
        self.activation = tnn.Tanh() if activation else tnn.Identity()
        self.pointwise = tnn.Conv2d(maps, o, 1, bias=bias)

    def forward(self, x):
        return self.pointwise(self.activation(self.norm(self.depthwise(x))))


class Causal(tnn.Conv1d):
    def forward(self, x):
        past = self.dilation[0] * (self.kernel_size[0] - 1)
        return self._conv_forward(TF.pad(x, (past, 0)), self.weight, self.bias)


class Gated(tnn.Module):
    def __init__(self, channels, k, dilation, skips):
        super().__init__()
        self.filter = Causal(channels, channels, k, dilation=dilation)
        self.gate = Causal(channels, channels, k, dilation=dilation)
        self.residual = tnn.Conv1d(channels, channels, 1)
        self.skip = tnn.Conv1d(channels, skips, 1)

    def forward(self, x):
        z = torch.tanh(self.filter(x)) * torch.sigmoid(self.gate(x))
        return x + self.residual(z), self.skip(z)


class SqueezeExcite(tnn.Module):
    def __init__(self, channels, reduction, bias):
        super().__init__()
        self.fc1 = tnn.Linear(channels, channels // reduction, bias)
        self.fc2 = tnn.Linear(channels // reduction, channels, bias)

    def forward(self, x):
        s = torch.sigmoid(self.fc2(torch.relu(self.fc1(x.flatten(2).mean(2)))))
        return torch.einsum("nc...,nc->nc...", x, s)


class SelectiveKernels(tnn.Module):
    def __init__(self, i, o, branches, groups, width, stride):
        super().__init__()
        self.branches = tnn.ModuleList(
            tnn.Sequential(
                tnn.Conv2d(i, o, 3, stride, m, m, groups, bias=False),
                tnn.BatchNorm2d(o),
                tnn.ReLU(),
            )
            for m in range(1, branches + 1)
        )
        self.fuse = tnn.Sequential(
            tnn.Linear(o, width, bias=False), tnn.BatchNorm1d(width), tnn.ReLU()
        )
        self.select = tnn.Linear(width, branches * o, bias=False)

    def forward(self, x):
        maps = torch.stack([branch(x) for branch in self.branches], 1)
        z = self.fuse(TF.adaptive_avg_pool2d(maps.sum(1), 1).flatten(1))
        weights = torch.softmax(self.select(z).unflatten(1, (maps.shape[1], -1)), 1)
        return torch.einsum("nmchw,nmc->nchw", maps, weights)


class Dynamic(tnn.Module):
    """One kernel mixed and one convolution run for each sample by itself."""

    def __init__(self, i, o, k, groups, bias, experts, reduction, temperature, **options):
        super().__init__()
        self.weight = tnn.Parameter(torch.empty(experts, o, i // groups, *k))
        self.bias = tnn.Parameter(torch.empty(experts, o)) if bias else None
        self.fc1 = tnn.Linear(i, max(i // reduction, 1))
        self.fc2 = tnn.Linear(max(i // reduction, 1), experts)
        self.temperature, self.options = temperature, {"groups": groups, **options}

    def forward(self, x):
        logits = self.fc2(torch.relu(self.fc1(x.mean((2, 3)))))
        ys = []
        for sample, pi in zip(x, torch.softmax(logits / self.temperature, 1), strict=True):
            kernel = torch.einsum("k,k...->...", pi, self.weight)
            bias = None if self.bias is None else pi @ self.bias
            ys.append(TF.conv2d(sample[None], kernel, bias, **self.options))
        return torch.cat(ys)


def assert_beside(ours, theirs, x, training=True):
    """Same names, values, gradients of input and parameters, and buffers afterwards."""
    rng = np.random.default_rng(0)
    ours.double().train(training)
    theirs.double().train(training)
    for key, tensor in theirs.state_dict().items():
        if tensor.dtype == torch.float64:
            low = 0.5 if "running_var" in key else -1
            tensor.copy_(torch.from_numpy(np.asarray(rng.uniform(low, 1.5, tensor.shape))))
    assert [*ours.state_dict()] == [*theirs.state_dict()]
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})

    a, b = mg.tensor(x, requires_grad=True), torch.tensor(x.copy(), requires_grad=True)
    pairs = [(ours(a), theirs(b))]
    if isinstance(pairs[0][0], tuple):
        pairs = list(zip(*pairs[0], strict=True))
    for y, z in pairs:
        assert y.shape == tuple(z.shape)
        np.testing.assert_allclose(y.detach(), z.detach().numpy(), rtol=1e-9, atol=1e-10)
        cotangent = rng.standard_normal(y.shape)
        y.backward(mg.tensor(cotangent), retain_graph=True)
        z.backward(torch.tensor(cotangent), retain_graph=True)
    np.testing.assert_allclose(a.grad, b.grad.numpy(), rtol=1e-9, atol=1e-10, err_msg="input")
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=1e-9, atol=1e-9, err_msg=name)
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[key], value.numpy(), rtol=1e-9, err_msg=key)


def window(draw):
    """A kernel, stride, padding and dilation that fit a map of 7 and more."""
    k, dilation = draw.ints(2, 1, 3), draw.ints(2, 1, 2)
    if draw.coin():
        return k, 1, "same", dilation
    return k, draw.ints(2, 1, 3), draw.ints(2, 0, 2), dilation


pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


@examples(12)
def test_separable(seed):
    draw = Draw(seed)
    k, stride, padding, dilation = window(draw)
    i, o, multiplier = draw.int(1, 4), draw.int(1, 5), draw.int(1, 3)
    bias, norm, activation = draw.coin(), draw.coin(), draw.coin()
    ours = nn.DepthwiseSeparable(
        i, o, k, stride, padding, dilation, multiplier, bias,
        nn.BatchNorm2d if norm else None, nn.Tanh if activation else None,
    )  # fmt: skip
    theirs = Separable(i, o, k, stride, padding, dilation, multiplier, bias, norm, activation)
    assert_beside(ours, theirs, draw.array(3, i, draw.int(7, 9), draw.int(7, 9)), draw.coin())


@examples(8)
def test_dilated(seed):
    draw = Draw(seed)
    g = draw.int(1, 2)
    i, o, k, d = 2 * g, g * draw.int(1, 2), draw.ints(2, 1, 4), draw.ints(2, 1, 3)
    mode = draw.pick.choice(["zeros", "circular", "replicate"])
    ours = nn.DilatedConv(i, o, k, dilation=d, groups=g, bias=draw.coin(), padding_mode=mode)
    theirs = tnn.Conv2d(i, o, k, 1, "same", d, g, ours.bias is not None, mode)
    assert_beside(ours, theirs, draw.array(2, i, draw.int(10, 12), draw.int(10, 12)))


@examples(8)
def test_causal(seed):
    draw = Draw(seed)
    g, k, d, bias = draw.int(1, 2), draw.int(1, 4), draw.int(1, 4), draw.coin()
    ours = nn.CausalConv1d(2 * g, 4, k, d, g, bias)
    theirs = Causal(2 * g, 4, k, dilation=d, groups=g, bias=bias)
    assert_beside(ours, theirs, draw.array(2, 2 * g, draw.int(1, 9)))


@examples(6)
def test_gated(seed):
    draw = Draw(seed)
    c, k, d, s = draw.int(1, 4), draw.int(1, 3), draw.int(1, 4), draw.int(1, 5)
    ours = nn.GatedResidualBlock(c, k, d, s)
    assert_beside(ours, Gated(c, k, d, s), draw.array(2, c, draw.int(2, 9)))


@examples(9)
def test_squeeze_excite(seed):
    draw = Draw(seed)
    r, bias = draw.int(1, 4), draw.coin()
    c = r * draw.int(1, 4)
    x = draw.array(3, c, *draw.ints(1 + seed % 3, 1, 5))
    assert_beside(nn.SEBlock(c, r, bias), SqueezeExcite(c, r, bias), x)


@examples(12)
def test_selective_kernels(seed):
    draw = Draw(seed)
    g, m, stride = draw.int(1, 3), draw.int(1, 4), draw.int(1, 2)
    i, o, r, least = g * draw.int(1, 3), g * draw.int(1, 3), draw.int(1, 4), draw.int(1, 4)
    ours = nn.SKBlock(i, o, m, g, r, least, stride)
    theirs = SelectiveKernels(i, o, m, g, max(o // r, least), stride)
    x = draw.array(4, i, draw.int(3, 7), draw.int(3, 7))
    assert_beside(ours, theirs, x, training=draw.coin())


@examples(16)
def test_dynamic(seed):
    draw = Draw(seed)
    k, stride, padding, dilation = window(draw)
    g, bias, experts, reduction = draw.int(1, 3), draw.coin(), draw.int(1, 5), draw.int(1, 4)
    i, o, temperature = g * draw.int(1, 3), g * draw.int(1, 3), draw.pick.choice([0.5, 3.0, 30.0])
    ours = nn.DynamicConv2d(
        i, o, k, stride, padding, dilation, g, bias, experts, reduction, temperature
    )
    theirs = Dynamic(
        i, o, k, g, bias, experts, reduction, temperature,
        stride=stride, padding=padding, dilation=dilation,
    )  # fmt: skip
    assert_beside(ours, theirs, draw.array(3, i, draw.int(7, 9), draw.int(7, 9)))
