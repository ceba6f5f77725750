"""A convolution whose kernel each sample mixes for itself."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ..tensor import Tensor
from . import functional as F
from . import init
from .arguments import choice, divides, whole
from .channel_attention import check_map, squeeze
from .functional.shapes import batched, sizes
from .layer import Layer
from .linear import Linear
from .parameter import Parameter


class DynamicConv2d(Layer):
    """A Conv2d with K = `experts` kernels, mixed anew for each sample by attention.

    attention = softmax(fc2(relu(fc1(mean of each channel))) / temperature), (N, K). `weight` is
    (K, out_channels, in_channels / groups, kh, kw), `bias` (K, out_channels); each expert starts
    as a Conv2d does (to draw them otherwise, fill `weight.data[k]` one by one: the fan of all of
    them together is too large). `fc1` has in_channels // reduction outputs, at least 1.

    A high `temperature` keeps the attention even, so that all experts learn at first; the paper
    takes it from 30 down to 1 in the first ten epochs: `conv.temperature = 27.1`.
    `last_attention` keeps the latest attention, for looking at.
    Chen et al., Dynamic Convolution: Attention over Convolution Kernels, 2020, section 3.
    """

    _shown = (
        "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups",
        "experts", "temperature",
    )  # fmt: skip
    _sees_all = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | Literal["same", "valid"] = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        experts: int = 4,
        reduction: int = 4,
        temperature: float = 30.0,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        self.in_channels = whole(self, "in_channels", in_channels)
        self.out_channels = whole(self, "out_channels", out_channels)
        self.kernel_size = sizes(name, "kernel_size", kernel_size, 2, 1)
        self.stride = sizes(name, "stride", stride, 2, 1)
        self.padding: tuple[int, ...] | str = (
            choice(name, "padding", padding, ["same", "valid"])
            if isinstance(padding, str)
            else sizes(name, "padding", padding, 2, 0)
        )
        self.dilation = sizes(name, "dilation", dilation, 2, 1)
        self.groups = whole(self, "groups", groups)
        divides(self, self.groups, in_channels=self.in_channels, out_channels=self.out_channels)
        self.experts = whole(self, "experts", experts)
        if not temperature > 0:
            raise ValueError(f"{name}: temperature must be above 0, got {temperature}")
        self.temperature = temperature

        kernel = (self.out_channels, self.in_channels // self.groups, *self.kernel_size)
        self.weight = Parameter(np.empty((self.experts, *kernel), np.float32))
        self.bias = None
        if bias:
            self.bias = Parameter(np.empty((self.experts, self.out_channels), np.float32))
        hidden = max(self.in_channels // whole(self, "reduction", reduction), 1)
        self.fc1 = Linear(self.in_channels, hidden)
        self.fc2 = Linear(hidden, self.experts)
        self.last_attention: Tensor | None = None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, each expert's by itself; the attention stays."""
        for k in range(self.experts):
            bias = None if self.bias is None else Tensor(self.bias.data[k])
            init.default_(Tensor(self.weight.data[k]), bias)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H', W')."""
        x, single = batched("conv2d", x, 2)
        check_map(self, x, self.in_channels)
        if not len(x):  # no sample, no kernel to mix
            return F.conv2d(
                x, self.weight[0], None, self.stride, self.padding, self.dilation, self.groups
            )
        attention = self.fc2(F.relu(self.fc1(squeeze(x)))) / self.temperature
        attention = attention.softmax(1)
        self.last_attention = attention.detach()

        # Mix the kernels first, (N, K) @ (K, ...). Then the samples lie side by side as groups of
        # one grouped convolution: (1, N C, H, W) -> (1, N O, H', W'). Mixing the results of K
        # convolutions takes 1.6 times as long (64 samples, 32 channels, 16x16).
        n, o = len(x), self.out_channels
        kernels = (attention @ self.weight.flatten(1)).reshape(n * o, *self.weight.shape[2:])
        bias = None if self.bias is None else (attention @ self.bias).flatten()
        y = F.conv2d(
            x.reshape(1, n * self.in_channels, *x.shape[2:]),
            kernels,
            bias,
            self.stride,
            self.padding,
            self.dilation,
            n * self.groups,
        )
        y = y.reshape(n, o, *y.shape[2:])
        return y[0] if single else y

    def _multiply_adds(self, x: Tensor, output: Tensor) -> int:
        """Mixing the kernels, then the convolution; `fc1` and `fc2` count for themselves."""
        mixing = self.weight.numel() + (0 if self.bias is None else self.bias.numel())
        samples = output.numel() // (self.out_channels * math.prod(output.shape[-2:]))
        return samples * mixing + output.numel() * self.weight[0, 0].numel()
