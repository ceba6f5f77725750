"""A convolution in two steps: within each channel, then across the channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from ..tensor import Tensor
from .arguments import whole
from .conv import Conv2d
from .layer import Layer


class DepthwiseSeparable(Layer):
    """Depthwise convolution, optional norm and activation, then a pointwise (1x1) convolution.

    `multiplier` is the number of depthwise maps for each input channel. `norm` is a layer class
    that is called with the number of channels (`nn.BatchNorm2d`), `activation` one that is called
    with nothing (`nn.ReLU`); a function that makes a layer will do. `bias` is for both
    convolutions. With k = kernel_size there are multiplier * in_channels * (k^2 + out_channels)
    weights; a full convolution has in_channels * out_channels * k^2. Where `norm` follows, write
    `bias=False`: it takes any bias out again.
    Howard et al., MobileNets, 2017, section 3.1; the multiplier as in Chollet, Xception, 2017.

    >>> layer = nn.DepthwiseSeparable(32, 64, 3, bias=False)
    >>> sum(p.numel() for p in layer.parameters())  # a full convolution has 18,432
    2336
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...] = 3,
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | Literal["same", "valid"] = "same",
        dilation: int | tuple[int, ...] = 1,
        multiplier: int = 1,
        bias: bool = True,
        norm: Callable[[int], Layer] | None = None,
        activation: Callable[[], Layer] | None = None,
    ) -> None:
        super().__init__()
        # <solution: self.depthwise, self.norm, self.activation and self.pointwise>
        self.multiplier = whole(self, "multiplier", multiplier)
        inputs = whole(self, "in_channels", in_channels)
        maps = inputs * self.multiplier
        self.depthwise = Conv2d(
            inputs, maps, kernel_size, stride, padding, dilation, groups=inputs, bias=bias
        )
        self.norm = _made("norm", norm, maps)
        self.activation = _made("activation", activation)
        self.pointwise = Conv2d(maps, whole(self, "out_channels", out_channels), 1, bias=bias)
        # </solution>

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H', W')."""
        # <solution: y, the output; norm and activation may be None>
        y = self.depthwise(x)
        if self.norm is not None:
            y = self.norm(y)
        if self.activation is not None:
            y = self.activation(y)
        y = self.pointwise(y)
        # </solution>
        return y


EXAMPLES = {
    "norm": "nn.BatchNorm2d, or lambda channels: nn.GroupNorm(4, channels)",
    "activation": "nn.ReLU, or lambda: nn.LeakyReLU(0.1)",
}


def _made(argument: str, make: Any, *arguments: int) -> Layer | None:
    """The layer that `make` makes; TypeError, with what to write, if it makes none."""
    if make is None:
        return None
    where = f"DepthwiseSeparable: {argument} must be a layer class"
    edit = f"; write {argument}={EXAMPLES[argument]}"
    if isinstance(make, Layer):
        raise TypeError(f"{where}, got the finished layer {make!r}{edit}")
    if not callable(make):
        raise TypeError(f"{where}, got {make!r}{edit}")
    try:
        layer = make(*arguments)
    except TypeError as error:
        raise TypeError(f"{where} that {arguments} is enough to make ({error}){edit}") from error
    if not isinstance(layer, Layer):
        raise TypeError(f"{where}, got {make!r}, which makes {type(layer).__name__}{edit}")
    return layer
