"""Deformable convolution layers: one that is given its offsets, one that predicts them."""

from __future__ import annotations

import math

import numpy as np

from ..kernels.deform import Geometry, places
from ..tensor import Tensor
from . import functional as F
from . import init
from .arguments import divides, whole
from .conv import Conv2d, ConvNd
from .functional.shapes import sizes


class Deformable(ConvNd):
    """What DeformConv2d and DeformConv share: weight and bias as in Conv2d, and the drawing."""

    _dims = 2
    padding: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...],
        padding: int | tuple[int, ...],
        dilation: int | tuple[int, ...],
        groups: int,
        bias: bool,
    ) -> None:
        padding = sizes(type(self).__name__, "padding", padding, 2, 0)
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        )

    def _deform(self, x: Tensor, offset: Tensor, mask: Tensor | None) -> Tensor:
        self._check(x)  # other channels would be other groups to the function
        options = self.stride, self.padding, self.dilation
        return F.deform_conv2d(x, offset, self.weight, self.bias, *options, mask)

    def sampling_points(self, offsets: Tensor | np.ndarray) -> np.ndarray:
        """Where each tap reads, for drawing: coordinates (y, x) in pixels of the input.

        offsets (N, 2 * offset_groups * K, H', W') -> (N, H', W', offset_groups, K, 2), with K taps.
        Pixel centers are whole numbers; what lies beyond the image reads 0 there.
        """
        taps = math.prod(self.kernel_size)
        offsets = np.asarray(offsets)
        if offsets.ndim != 4 or offsets.shape[1] == 0 or offsets.shape[1] % (2 * taps):
            raise ValueError(
                f"{type(self).__name__}.sampling_points: offsets must have shape (N, a multiple of "
                f"{2 * taps}, H', W'), y and x for each of {taps} taps, got {offsets.shape}"
            )
        groups = offsets.shape[1] // (2 * taps)
        window = self.kernel_size, self.stride, self.padding, self.dilation
        points = places(offsets, Geometry(*window, self.groups, groups))
        return points.transpose(1, 2, 3, 5, 4, 0)

    def _multiply_adds(self, x: Tensor, output: Tensor) -> int:
        places = output.numel() // self.out_channels
        values = self.in_channels * math.prod(self.kernel_size) * places
        return super()._multiply_adds(x, output) + 4 * values  # a value is a sum over 4 pixels


class DeformConv2d(Deformable):
    """Deformable convolution with offsets that are given: torchvision's layer.

    (N, in_channels, H, W) -> (N, out_channels, H', W'), H' and W' as for Conv2d. See
    `F.deform_conv2d` for the offsets and the mask, and `DeformConv` for a layer that predicts them.
    Dai et al., Deformable convolutional networks, 2017.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        )

    def forward(  # type: ignore[override]  # it needs more than the image
        self, x: Tensor, offset: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """offset (N, 2 * offset_groups * K, H', W'), mask (N, offset_groups * K, H', W')."""
        return self._deform(x, offset, mask)


class DeformConv(Deformable):
    """Deformable convolution that predicts where it reads: (N, in_channels, H, W) -> (N, out, ...).

    A Conv2d of the same window, `offset`, looks at the input and says how far each tap moves (Dai
    et al. 2017) and, with `modulated`, how much it counts (Zhu et al. 2019). It starts at zero, so
    that the layer starts as a plain convolution. For this the modulation is 2 sigmoid(.), which is
    1 there and between 0 and 2; the paper's sigmoid would start with half the convolution.
    After initialising a whole model by hand, zero `offset.weight` and `offset.bias` again. Zhu et
    al. train them at a tenth of the learning rate.

    `padding` None keeps the map's size if stride is 1 and the kernel odd. The channels fall into
    `offset_groups`, each with offsets of its own. `last_offsets` and `last_mask` are those of the
    last forward, without history, and `layer.sampling_points()` makes points for drawing of them.

    >>> conv = nn.DeformConv(8, 16, 3)
    >>> conv(mg.ones(1, 8, 10, 10)).shape, conv.last_offsets.shape
    ((1, 16, 10, 10), (1, 18, 10, 10))
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...] = 3,
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | None = None,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        offset_groups: int = 1,
        modulated: bool = True,
    ) -> None:
        name = type(self).__name__
        if padding is None:
            kernel = sizes(name, "kernel_size", kernel_size, 2, 1)
            apart = sizes(name, "dilation", dilation, 2, 1)
            padding = tuple(d * (k - 1) // 2 for d, k in zip(apart, kernel, strict=True))
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        )
        self.offset_groups = whole(self, "offset_groups", offset_groups)
        divides(self, self.offset_groups, "offset_groups", in_channels=self.in_channels)
        self.modulated = modulated
        points = self.offset_groups * math.prod(self.kernel_size)
        channels = 3 * points if modulated else 2 * points
        window = self.kernel_size, self.stride, self.padding, self.dilation
        self.offset = Conv2d(self.in_channels, channels, *window)
        for parameter in self.offset.parameters():
            init.zeros_(parameter)
        self.last_offsets: Tensor | None = None
        self.last_mask: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H', W')."""
        predicted = self.offset(x)
        points = self.offset_groups * math.prod(self.kernel_size)
        offsets, mask = predicted[:, : 2 * points], None
        if self.modulated:
            mask = 2 * F.sigmoid(predicted[:, 2 * points :])
        self.last_offsets = offsets.detach()
        self.last_mask = None if mask is None else mask.detach()
        return self._deform(x, offsets, mask)

    def sampling_points(self, offsets: Tensor | np.ndarray | None = None) -> np.ndarray:
        """Where each tap reads, for drawing: (y, x) in pixels of the input.

        offsets (N, 2 * offset_groups * K, H', W'), by default those of the last forward, ->
        (N, H', W', offset_groups, K, 2).
        """
        if offsets is None:
            offsets = self.last_offsets
        if offsets is None:
            raise RuntimeError(
                f"{type(self).__name__}.sampling_points: there was no forward yet; call layer(x) "
                "first, or give offsets"
            )
        return super().sampling_points(offsets)

    def extra_repr(self) -> str:
        """Sizes, and the options that differ from their defaults."""
        text = super().extra_repr()
        if self.offset_groups != 1:
            text += f", offset_groups={self.offset_groups}"
        return text if self.modulated else text + ", modulated=False"
