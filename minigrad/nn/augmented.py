"""Convolution augmented by attention."""

from __future__ import annotations

import numpy as np

from ..functions import cat
from ..tensor import Tensor
from . import functional as F
from . import init
from .arguments import divides, whole
from .conv import Conv2d
from .functional.shapes import sizes
from .layer import Layer
from .parameter import Parameter


class AttentionAugmentedConv2d(Layer):
    """A convolution whose last `value_channels` output channels come from attention instead.

    `conv` gives the first out_channels - value_channels channels, padded "same". In the attention
    every pixel looks at every other: `qkv`, a 1x1 convolution, makes queries and keys of
    `key_channels` and values of `value_channels`, shared out over `num_heads`; `out`, another,
    mixes the heads. With `stride` both see a map of ceil(H / stride), ceil(W / stride).

    `relative=True` lets the attention know how far apart two pixels are: a query meets the key
    plus `rel_h[dy]` plus `rel_w[dx]`, learned for the distances dy in -(H-1)..H-1 and dx in
    -(W-1)..W-1. That ties the layer to one map: `size` = (H, W), after the stride.
    Bello, Zoph, Vaswani, Shlens & Le, Attention augmented convolutional networks, 2019, section 3.
    """

    _shown = (
        "in_channels", "out_channels", "kernel_size", "key_channels", "value_channels",
        "num_heads", "size", "relative", "stride",
    )  # fmt: skip
    _sees_all = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        key_channels: int,
        value_channels: int,
        num_heads: int,
        size: int | tuple[int, int] | None = None,
        relative: bool = True,
        stride: int | tuple[int, int] = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        self.in_channels = whole(self, "in_channels", in_channels)
        self.out_channels = whole(self, "out_channels", out_channels)
        self.kernel_size = sizes(name, "kernel_size", kernel_size, 2, 1)
        dk = self.key_channels = whole(self, "key_channels", key_channels)
        dv = self.value_channels = whole(self, "value_channels", value_channels)
        self.num_heads = whole(self, "num_heads", num_heads)
        divides(self, self.num_heads, "num_heads", key_channels=dk, value_channels=dv)
        if dv > self.out_channels:
            raise ValueError(
                f"{name}: value_channels={dv} of the out_channels={out_channels} cannot come from "
                f"attention; choose value_channels up to {self.out_channels}"
            )
        if relative and size is None:
            raise ValueError(
                f"{name}: relative=True needs to know the map: write size=(H, W), the sizes of the "
                "output, or relative=False"
            )
        self.size = None if size is None else sizes(name, "size", size, 2, 1)
        self.relative = relative
        self.stride = sizes(name, "stride", stride, 2, 1)

        filters = self.out_channels - dv
        self.conv = None
        if filters:
            self.conv = Conv2d(
                self.in_channels, filters, self.kernel_size, self.stride, "same", bias=bias
            )
        self.qkv = Conv2d(self.in_channels, 2 * dk + dv, 1, self.stride, bias=bias)
        self.out = Conv2d(dv, dv, 1, bias=bias)
        self.rel_h = self.rel_w = None
        if relative and self.size is not None:
            height, width = self.size
            self.rel_h = _distances(height, dk // self.num_heads)
            self.rel_w = _distances(width, dk // self.num_heads)

    @property
    def weight(self) -> Parameter:
        """The convolution's filters; those of `qkv` where all channels come from attention."""
        return (self.qkv if self.conv is None else self.conv).weight

    @property
    def bias(self) -> Parameter | None:
        """The bias that goes with `weight`."""
        return (self.qkv if self.conv is None else self.conv).bias

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))."""
        if self.conv is None:
            return self._attend(x)
        return cat([self.conv(x), self._attend(x)], dim=1)

    def _attend(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, value_channels, H, W)."""
        if x.ndim != 4:
            raise ValueError(f"expected an input (N, {self.in_channels}, H, W), got {x.shape}")
        qkv = self.qkv(x)
        size = qkv.shape[2:]
        if self.relative and size != self.size:
            raise ValueError(
                f"the map after the stride is {size[0]} x {size[1]}, rel_h and rel_w were made for "
                f"size={self.size}; write size={size}, or relative=False"
            )
        dk, dv = self.key_channels, self.value_channels
        q, k, v = (  # (N, C, H, W) -> (N, heads, H*W, C / heads)
            part.flatten(2).unflatten(1, (self.num_heads, -1)).mT
            for part in qkv.split([dk, dk, dv], dim=1)
        )
        scale = (dk // self.num_heads) ** -0.5
        if self.rel_h is not None and self.rel_w is not None:
            # As a query's further features, its distances from each row and from each column meet
            # the key's own row and column, one-hot: the product of both adds the right two.
            placed = q.unflatten(2, size)  # (N, heads, H*W, d) -> (N, heads, H, W, d)
            rows = _relative(placed.transpose(2, 3), self.rel_h).transpose(2, 3)
            columns = _relative(placed, self.rel_w)
            q = cat([q, rows.flatten(2, 3), columns.flatten(2, 3)], dim=-1)
            own = _own_row_and_column(size, k)
            k = cat([k, own.expand(*k.shape[:3], own.shape[1])], dim=-1)
        y = F.scaled_dot_product_attention(q, k, v, scale=scale)
        return self.out(y.mT.flatten(1, 2).unflatten(2, size))  # heads side by side, again a map

    def _multiply_adds(self, x: Tensor, output: Tensor) -> int:
        """Those of scores, distances and means; the three convolutions count their own."""
        samples, _, height, width = output.shape
        pixels = height * width
        distances = (height + width) * self.key_channels if self.relative else 0
        return samples * pixels * (pixels * (self.key_channels + self.value_channels) + distances)


def _distances(size: int, features: int) -> Parameter:
    """An embedding of each distance -(size - 1)..size - 1 between two pixels of an axis."""
    table = Parameter(np.empty((2 * size - 1, features), np.float32))
    init.normal_(table, std=features**-0.5)
    return table


def _relative(q: Tensor, table: Tensor) -> Tensor:
    """Each query (N, heads, A, B, d) with the distances along B: (N, heads, A, B, B)."""
    n = q.shape[3]
    place = np.arange(n)
    embedding = table[place - place[:, None] + n - 1]  # [from, to]: (B, B, d)
    rows = q.permute(3, 0, 1, 2, 4).flatten(1, 3)  # (B, N * heads * A, d)
    return (rows @ embedding.mT).unflatten(1, q.shape[:3]).permute(1, 2, 3, 0, 4)


def _own_row_and_column(size: tuple[int, ...], like: Tensor) -> Tensor:
    """Of each pixel its row and its column, both one-hot: (H * W, H + W)."""
    height, width = size
    rows, columns = np.repeat(np.eye(height), width, axis=0), np.tile(np.eye(width), (height, 1))
    return Tensor(np.hstack([rows, columns]).astype(like.dtype))
