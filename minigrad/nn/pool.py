"""Pooling layers: windows, fixed output sizes, the whole map."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from ..ops.pool import pooled_size
from ..tensor import Tensor
from . import functional as F
from .functional.shapes import sizes
from .layer import Layer

Size = int | tuple[int, ...]


class PoolNd(Layer):
    """What all pooling windows share: their size, their step (by default their size), their rim."""

    _dims: ClassVar[int]
    _pool: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None,
        padding: Size,
        dilation: Size = 1,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        n, name = self._dims, type(self).__name__
        stride = kernel_size if stride is None else stride
        kernels = sizes(name, "kernel_size", kernel_size, n, 1)
        sizes(name, "stride", stride, n, 1)
        pads = sizes(name, "padding", padding, n, 0)
        steps = sizes(name, "dilation", dilation, n, 1)
        for k, p, d in zip(kernels, pads, steps, strict=True):
            span = d * (k - 1) + 1
            if p > span // 2:
                raise ValueError(
                    f"{name}: padding must be at most half of the window of {span}, "
                    f"got {p}; beyond that a window would lie wholly in the padding"
                )
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.dilation = dilation
        self.ceil_mode = ceil_mode

    def _output_size(self, size: tuple[int, ...]) -> tuple[int, ...]:
        options = (self.kernel_size, self.stride, self.padding, self.dilation)
        axes = zip(size, *(np.broadcast_to(o, self._dims).tolist() for o in options), strict=True)
        name = type(self).__name__
        return tuple(pooled_size(name, n, k, s, p, d, self.ceil_mode) for n, k, s, p, d in axes)


class MaxPoolNd(PoolNd):
    """The greatest value in each window."""

    _shown = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        *,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding, dilation, ceil_mode)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *sizes) -> (N, C, *smaller)."""
        return self._pool(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )


class MaxPool1d(MaxPoolNd):
    """The greatest value in each window: (N, C, L) -> (N, C, L')."""

    _dims = 1
    _pool = staticmethod(F.max_pool1d)


class MaxPool2d(MaxPoolNd):
    """The greatest value in each window: (N, C, H, W) -> (N, C, H', W').

    >>> nn.MaxPool2d(2)(mg.tensor([[[1.0, 2.0, 5.0], [3.0, 4.0, 6.0]]])).tolist()
    [[[4.0]]]
    """

    _dims = 2
    _pool = staticmethod(F.max_pool2d)


class MaxPool3d(MaxPoolNd):
    """The greatest value in each window: (N, C, D, H, W) -> (N, C, D', H', W')."""

    _dims = 3
    _pool = staticmethod(F.max_pool3d)


class AvgPoolNd(PoolNd):
    """The mean of each window. With `count_include_pad=False` the zeros of the rim don't count."""

    _shown = ("kernel_size", "stride", "padding")

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode=ceil_mode)
        self.count_include_pad = count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *sizes) -> (N, C, *smaller)."""
        return self._pool(
            x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


class AvgPool1d(AvgPoolNd):
    """The mean of each window: (N, C, L) -> (N, C, L')."""

    _dims = 1
    _pool = staticmethod(F.avg_pool1d)

    def extra_repr(self) -> str:
        """The window, as tuples because PyTorch prints it so."""
        window = {name: getattr(self, name) for name in self._shown}
        return ", ".join(f"{name}={sizes('', name, v, 1, 0)}" for name, v in window.items())


class AvgPool2d(AvgPoolNd):
    """The mean of each window: (N, C, H, W) -> (N, C, H', W')."""

    _dims = 2
    _pool = staticmethod(F.avg_pool2d)


class AvgPool3d(AvgPoolNd):
    """The mean of each window: (N, C, D, H, W) -> (N, C, D', H', W')."""

    _dims = 3
    _pool = staticmethod(F.avg_pool3d)


class AdaptivePoolNd(Layer):
    """Windows chosen so that the output has a given size; None keeps the input's."""

    _shown: ClassVar[tuple[str, ...]] = ("output_size",)

    _dims: ClassVar[int]
    _pool: ClassVar[Callable[..., Tensor]]

    def __init__(self, output_size: int | tuple[int | None, ...] | None) -> None:
        super().__init__()
        wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size,)
        given = tuple(1 if size is None else size for size in wanted)
        sizes(type(self).__name__, "output_size", given, self._dims, 1)
        self.output_size = output_size

    def _output_size(self, size: tuple[int, ...]) -> tuple[int, ...]:
        wanted = np.broadcast_to(np.asarray(self.output_size, object), self._dims)
        return tuple(n if w is None else w for n, w in zip(size, wanted, strict=True))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *sizes) -> (N, C, *output_size)."""
        return self._pool(x, self.output_size)


class AdaptiveAvgPool1d(AdaptivePoolNd):
    """Means of equal parts: (N, C, L) -> (N, C, output_size)."""

    _dims = 1
    _pool = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(AdaptivePoolNd):
    """Means of equal parts: (N, C, H, W) -> (N, C, *output_size).

    >>> nn.AdaptiveAvgPool2d((1, 2))(mg.tensor([[[1.0, 3.0, 5.0, 7.0]]])).tolist()
    [[[2.0, 6.0]]]
    """

    _dims = 2
    _pool = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(AdaptivePoolNd):
    """Means of equal parts: (N, C, D, H, W) -> (N, C, *output_size)."""

    _dims = 3
    _pool = staticmethod(F.adaptive_avg_pool3d)


class AdaptiveMaxPool1d(AdaptivePoolNd):
    """Maxima of equal parts: (N, C, L) -> (N, C, output_size)."""

    _dims = 1
    _pool = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(AdaptivePoolNd):
    """Maxima of equal parts: (N, C, H, W) -> (N, C, *output_size)."""

    _dims = 2
    _pool = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(AdaptivePoolNd):
    """Maxima of equal parts: (N, C, D, H, W) -> (N, C, *output_size)."""

    _dims = 3
    _pool = staticmethod(F.adaptive_max_pool3d)


class GlobalAvgPool1d(AdaptiveAvgPool1d):
    """The mean of each map: (N, C, L) -> (N, C, 1)."""

    _shown = ()

    def __init__(self) -> None:
        super().__init__(1)


class GlobalAvgPool2d(AdaptiveAvgPool2d):
    """The mean of each map: (N, C, H, W) -> (N, C, 1, 1).

    >>> nn.GlobalAvgPool2d()(mg.zeros(8, 64, 7, 7)).shape
    (8, 64, 1, 1)
    """

    _shown = ()

    def __init__(self) -> None:
        super().__init__(1)


class GlobalAvgPool3d(AdaptiveAvgPool3d):
    """The mean of each map: (N, C, D, H, W) -> (N, C, 1, 1, 1)."""

    _shown = ()

    def __init__(self) -> None:
        super().__init__(1)


class GlobalMaxPool1d(AdaptiveMaxPool1d):
    """The maximum of each map: (N, C, L) -> (N, C, 1)."""

    _shown = ()

    def __init__(self) -> None:
        super().__init__(1)


class GlobalMaxPool2d(AdaptiveMaxPool2d):
    """The maximum of each map: (N, C, H, W) -> (N, C, 1, 1)."""

    _shown = ()

    def __init__(self) -> None:
        super().__init__(1)


class GlobalMaxPool3d(AdaptiveMaxPool3d):
    """The maximum of each map: (N, C, D, H, W) -> (N, C, 1, 1, 1)."""

    _shown = ()

    def __init__(self) -> None:
        super().__init__(1)
