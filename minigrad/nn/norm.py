"""Normalization layers: over the batch, over the features, over groups, over each map."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..tensor import Tensor
from . import functional as F
from . import init
from .arguments import divides, number, whole
from .layer import Layer
from .parameter import Parameter


class Norm(Layer):
    """What all of them share: `weight` starts as ones and `bias` as zeros, where there are any."""

    eps: float
    weight: Parameter | None
    bias: Parameter | None

    def _add_affine(self, shape: tuple[int, ...], weight: bool, bias: bool) -> None:
        self.weight = Parameter(np.empty(shape, np.float32)) if weight else None
        self.bias = Parameter(np.empty(shape, np.float32)) if weight and bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to ones and the bias to zeros."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class ChannelNorm(Norm):
    """What batch and instance norm share: a value for each channel, and running statistics."""

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None
    _ranks: ClassVar[tuple[int, ...]]  # how many axes its inputs may have
    _accepts: ClassVar[str]  # and their names

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = whole(self, "num_features", num_features)
        self.eps = number(self, "eps", eps)
        self.momentum = None if momentum is None else number(self, "momentum", momentum, 0, 1)
        self.affine, self.track_running_stats = affine, track_running_stats
        self._add_affine((self.num_features,), affine, bias)
        for name, first in (
            ("running_mean", np.zeros(self.num_features, np.float32)),
            ("running_var", np.ones(self.num_features, np.float32)),
            ("num_batches_tracked", np.zeros((), np.int64)),
        ):
            self.register_buffer(name, Tensor(first) if track_running_stats else None)
        self.to(device=device, dtype=dtype)

    def _check(self, x: Tensor) -> None:
        if x.ndim not in self._ranks:
            raise ValueError(f"expected {self._accepts}, got shape {x.shape}")

    def _hint(self, x: Tensor) -> str:
        if x.ndim in self._ranks:
            return ""
        if x.ndim + 1 == self._ranks[0] and x.shape[0] == self.num_features:
            alone = ", after eval(): in training it needs several samples"
            return "; write x.unsqueeze(0)" + alone * (x.ndim == 1 and self.training)
        if 2 <= x.ndim <= 5 and x.shape[1] == self.num_features:
            spatial = max(x.ndim - 2, 1)
            return f"; write {type(self).__name__[:-2]}{spatial}d({self.num_features})"
        return ""

    def extra_repr(self) -> str:
        """Channels and options."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm(ChannelNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and var of each channel.

    In training they come from the batch, and `running_mean` moves towards the batch's by
    `momentum` (None: the plain average of all batches so far), `running_var` likewise with the
    unbiased variance. In evaluation the running statistics take their place.
    Ioffe and Szegedy, Batch Normalization, 2015.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalize; the shape stays."""
        self._check(x)
        batches = self.num_batches_tracked if self.training else None
        momentum = self.momentum
        if momentum is None:
            momentum = 0.0 if batches is None else 1 / (batches.item() + 1)
        y = F.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            momentum,
            self.eps,
        )
        if batches is not None:
            batches.data += 1
        return y


class BatchNorm1d(BatchNorm):
    """Batch norm of (N, C) or (N, C, L): each channel over the batch and its length."""

    _ranks = (2, 3)
    _accepts = "(N, C) or (N, C, L)"


class BatchNorm2d(BatchNorm):
    """Batch norm of (N, C, H, W): each channel over the batch and its map.

    >>> norm = nn.BatchNorm2d(1)
    >>> norm(mg.full((4, 1, 2, 2), 10.0)).abs().max().item()
    0.0
    >>> norm.running_mean.tolist()  # a tenth of the way from 0 to the batch's mean
    [1.0]
    """

    _ranks = (4,)
    _accepts = "(N, C, H, W)"


class BatchNorm3d(BatchNorm):
    """Batch norm of (N, C, D, H, W): each channel over the batch and its volume."""

    _ranks = (5,)
    _accepts = "(N, C, D, H, W)"


class InstanceNorm(ChannelNorm):
    """Batch norm of each sample by itself, by default without parameters or running statistics.

    Ulyanov et al., Instance Normalization, 2016.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def forward(self, x: Tensor) -> Tensor:
        """Normalize; the shape stays. The batch axis may be missing."""
        self._check(x)
        if x.ndim == self._ranks[0]:
            return self.forward(x.unsqueeze(0)).squeeze(0)
        return F.instance_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or self.running_mean is None,
            self.momentum or 0.0,
            self.eps,
        )


class InstanceNorm1d(InstanceNorm):
    """Instance norm of (N, C, L): each channel of each sample over its length."""

    _ranks = (2, 3)
    _accepts = "(C, L) or (N, C, L)"


class InstanceNorm2d(InstanceNorm):
    """Instance norm of (N, C, H, W): each channel of each sample over its map."""

    _ranks = (3, 4)
    _accepts = "(C, H, W) or (N, C, H, W)"


class InstanceNorm3d(InstanceNorm):
    """Instance norm of (N, C, D, H, W): each channel of each sample over its volume."""

    _ranks = (4, 5)
    _accepts = "(C, D, H, W) or (N, C, D, H, W)"


class LayerNorm(Norm):
    """Normalize each sample over its last axes, whose sizes are `normalized_shape`.

    Ba et al., Layer Normalization, 2016.

    >>> nn.LayerNorm(2)(mg.tensor([[1.0, 3.0], [10.0, 30.0]])).round().tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if not isinstance(normalized_shape, (tuple, list)):
            normalized_shape = (normalized_shape,)
        self.normalized_shape = tuple(whole(self, "normalized_shape", n) for n in normalized_shape)
        self.eps, self.elementwise_affine = number(self, "eps", eps), elementwise_affine
        self._add_affine(self.normalized_shape, elementwise_affine, bias)
        self.to(device=device, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """(..., *normalized_shape) -> the same shape."""
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Shape and options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class GroupNorm(Norm):
    """Normalize each sample over groups of neighbouring channels.

    Wu and He, Group Normalization, 2018.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_groups = whole(self, "num_groups", num_groups)
        self.num_channels = whole(self, "num_channels", num_channels)
        divides(self, self.num_groups, "num_groups", num_channels=self.num_channels)
        self.eps, self.affine = number(self, "eps", eps), affine
        self._add_affine((self.num_channels,), affine, bias)
        self.to(device=device, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """(N, num_channels, ...) -> the same shape."""
        return F.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Groups, channels and options."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )
