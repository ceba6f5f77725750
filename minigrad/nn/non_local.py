"""Non-local blocks: each position looks at all others (Wang et al., 2018).

    y_i = 1 / C(x) * sum over j of f(x_i, x_j) g(x_j),    z_i = W y_i + x_i

P positions i, K positions j: as many, or fewer after sub-sampling. C' is `inter_channels`.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..tensor import Tensor
from . import init
from .arguments import choice, whole
from .conv import Conv1d, Conv2d, Conv3d, ConvNd
from .functional.shapes import AXES
from .layer import Layer
from .norm import BatchNorm, BatchNorm1d, BatchNorm2d, BatchNorm3d
from .parameter import Parameter
from .pool import MaxPool1d, MaxPool2d, MaxPool3d

MODES = ("embedded_gaussian", "gaussian", "dot_product", "concatenation")


class NonLocalNd(Layer):
    """What the blocks share. The shape stays, and a new block gives back its input unchanged.

    `mode` says how two positions are compared, with theta, phi and g 1x1 convolutions to
    `inter_channels` (by default half of `channels`):

    - "gaussian": f = exp(x_i . x_j), C(x) the sum of f over j: a softmax
    - "embedded_gaussian": f = exp(theta(x_i) . phi(x_j)), likewise
    - "dot_product": f = theta(x_i) . phi(x_j), C(x) = K
    - "concatenation": f = relu(w_f . [theta(x_i), phi(x_j)]), C(x) = K

    `sub_sample` pools phi and g by 2 along each spatial axis (not along the depth of a volume,
    which is time in the paper). With `norm` a batch norm follows W, its weight starting at 0;
    without, W itself starts at 0.
    Wang, Girshick, Gupta & He, Non-local neural networks, 2018, sections 3.2, 3.3 and 4.1.
    """

    _dims: ClassVar[int]
    _conv: ClassVar[type[ConvNd]]
    _norm: ClassVar[type[BatchNorm]]
    _pool: ClassVar[type[MaxPool1d | MaxPool2d | MaxPool3d]]
    _pool_size: ClassVar[int | tuple[int, ...]] = 2
    _shown = ("channels", "inter_channels", "mode", "sub_sample")
    _sees_all = True

    def __init__(
        self,
        channels: int,
        inter_channels: int | None = None,
        mode: str = "embedded_gaussian",
        sub_sample: bool = False,
        norm: bool = True,
    ) -> None:
        super().__init__()
        self.channels = whole(self, "channels", channels)
        if inter_channels is None:
            inter_channels = max(self.channels // 2, 1)
        self.inter_channels = whole(self, "inter_channels", inter_channels)
        self.mode = choice(type(self).__name__, "mode", mode, MODES)
        self.sub_sample = sub_sample
        embed, inter = self.mode != "gaussian", self.inter_channels
        self.theta = self._conv(self.channels, inter, 1) if embed else None
        self.phi = self._conv(self.channels, inter, 1) if embed else None
        self.g = self._conv(self.channels, inter, 1)
        self.pool = self._pool(self._pool_size) if sub_sample else None
        self.w_f = None
        if self.mode == "concatenation":
            self.w_f = Parameter(np.empty((1, 2 * inter), np.float32))
        self.W = self._conv(inter, self.channels, 1, bias=not norm)
        self.norm = self._norm(self.channels) if norm else None
        self._compared: tuple[Tensor, Tensor] | None = None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw w_f anew, and set the last step's parameters so that the block changes nothing."""
        if self.w_f is not None:
            init.default_(self.w_f, None)
        last = self.W if self.norm is None else self.norm
        for parameter in (last.weight, last.bias):
            if parameter is not None:
                init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, *sizes) -> the same shape."""
        if x.ndim != self._dims + 2 or x.shape[1] != self.channels:
            raise ValueError(
                f"expected an input (N, {self.channels}, {AXES[self._dims]}), got shape {x.shape}"
            )
        theta = x if self.theta is None else self.theta(x)
        phi = x if self.phi is None else self.phi(x)
        g = self.g(x)
        if self.pool is not None:
            phi, g = self.pool(phi), self.pool(g)
        queries, keys, values = theta.flatten(2).mT, phi.flatten(2), g.flatten(2).mT
        if self.w_f is not None:  # w_f . [theta, phi] is a number of i plus a number of j
            w_theta, w_phi = self.w_f.chunk(2, dim=1)
            queries, keys = queries @ w_theta.mT, w_phi @ keys
        y = self._attention(queries, keys) @ values  # (N, P, K) @ (N, K, C') -> (N, P, C')
        self._compared = queries.detach(), keys.detach()
        y = self.W(y.mT.unflatten(2, x.shape[2:]))
        return x + (y if self.norm is None else self.norm(y))

    def _attention(self, queries: Tensor, keys: Tensor) -> Tensor:
        """f / C: (N, P, C') and (N, C', K) -> (N, P, K)."""
        if self.mode == "concatenation":
            return (queries + keys).relu() / keys.shape[2]
        if self.mode == "dot_product":
            return queries @ keys / keys.shape[2]
        return (queries @ keys).softmax(2)

    @property
    def last_attention(self) -> Tensor | None:
        """f / C of the last forward, (N, P, K) without history; None before the first.

        Computed when asked for: the block keeps only what it compared, which is much smaller.
        """
        return None if self._compared is None else self._attention(*self._compared)

    def _multiply_adds(self, x: Tensor, output: Tensor) -> int:
        """Those of the comparison and of the mean; the convolutions count their own."""
        positions = keys = x[0, 0].numel()
        if self.pool is not None:
            windows = np.broadcast_to(self.pool.kernel_size, self._dims)
            keys = int(np.prod([n // k for n, k in zip(x.shape[2:], windows, strict=True)]))
        compared = self.channels if self.theta is None else self.inter_channels
        comparing = positions * keys * compared
        if self.mode == "concatenation":
            comparing = (positions + keys) * compared
        return len(x) * (comparing + positions * keys * self.inter_channels)


class NonLocalBlock1d(NonLocalNd):
    """Non-local block over a sequence: (N, channels, L)."""

    _dims, _conv, _norm, _pool = 1, Conv1d, BatchNorm1d, MaxPool1d


class NonLocalBlock2d(NonLocalNd):
    """Non-local block over a map: (N, channels, H, W)."""

    _dims, _conv, _norm, _pool = 2, Conv2d, BatchNorm2d, MaxPool2d


class NonLocalBlock3d(NonLocalNd):
    """Non-local block over a volume or a clip: (N, channels, D, H, W)."""

    _dims, _conv, _norm, _pool, _pool_size = 3, Conv3d, BatchNorm3d, MaxPool3d, (1, 2, 2)


NonLocalBlock = NonLocalBlock2d
