"""Convolutions with gaps between their taps: on images, and causal on series (WaveNet)."""

from __future__ import annotations

from typing import Literal

from ..tensor import Tensor
from . import functional as F
from .arguments import whole
from .conv import Conv1d, Conv2d, PaddingMode
from .layer import Layer


class DilatedConv(Conv2d):
    """A Conv2d whose taps lie `dilation` pixels apart and which keeps the map's size.

    Only the defaults differ from Conv2d. A 3x3 kernel at dilation 2 is a 5x5 kernel with zeros
    between its taps: it sees as far, with 9 weights in place of 25.
    Yu and Koltun, Multi-scale context aggregation by dilated convolutions, 2016.

    >>> nn.DilatedConv(8, 8, 3, dilation=4)(mg.zeros(1, 8, 20, 20)).shape
    (1, 8, 20, 20)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...] = 3,
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | Literal["same", "valid"] = "same",
        dilation: int | tuple[int, ...] = 2,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
        )


class CausalConv1d(Conv1d):
    """A Conv1d that does not look ahead: (N, in_channels, L) -> (N, out_channels, L).

    Output t depends on the inputs t, t - dilation, ..., t - (kernel_size - 1) dilation; before the
    first input there are zeros.

    >>> nn.CausalConv1d(1, 4, 2, dilation=8)(mg.zeros(1, 1, 50)).shape
    (1, 4, 50)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, dilation=dilation, groups=groups, bias=bias
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, L) -> (N, out_channels, L)."""
        self._check(x)
        past = self.dilation[0] * (self.kernel_size[0] - 1)
        return super().forward(F.pad(x, (past, 0)))

    def _output_size(self, size: tuple[int, ...]) -> tuple[int, ...]:
        return size


class GatedResidualBlock(Layer):
    """WaveNet's block: z = tanh(filter(x)) * sigmoid(gate(x)); x + residual(z) and skip(z).

    `filter` and `gate` are causal and dilated, `residual` and `skip` are 1x1. `skip_channels` is
    `channels` if not given. Blocks of kernel_size 2 and dilation 1, 2, 4 ... 2^(n-1), one after the
    other, see 2^n steps; a net adds up what they skip.
    Van den Oord et al., WaveNet, 2016, sections 2.3 and 2.4.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int = 2,
        dilation: int = 1,
        skip_channels: int | None = None,
    ) -> None:
        super().__init__()
        channels = whole(self, "channels", channels)
        skips = channels if skip_channels is None else whole(self, "skip_channels", skip_channels)
        self.filter = CausalConv1d(channels, channels, kernel_size, dilation)
        self.gate = CausalConv1d(channels, channels, kernel_size, dilation)
        self.residual = Conv1d(channels, channels, 1)
        self.skip = Conv1d(channels, skips, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, channels, L) -> (N, channels, L) for the next block, (N, skip_channels, L)."""
        z = self.filter(x).tanh() * self.gate(x).sigmoid()
        return x + self.residual(z), self.skip(z)
