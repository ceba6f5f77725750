"""torchvision.ops: deformable convolution, and its block of squeeze and excitation."""

from __future__ import annotations

from collections.abc import Callable

from ...names import tell_missing
from ...nn import AdaptiveAvgPool2d, Conv2d, Layer, ReLU, Sigmoid
from ...nn import DeformConv2d as DeformConv2d
from ...nn.functional import deform_conv2d as deform_conv2d
from ...tensor import Tensor


class SqueezeExcitation(Layer):
    """`nn.SEBlock` with torchvision's arguments, 1x1 convolutions and names of parameters.

    y = x * scale_activation(fc2(activation(fc1(mean of each channel)))): (N, C, H, W) ->
    (N, C, H, W). Hu, Shen and Sun, Squeeze-and-Excitation Networks, 2018, section 3.
    """

    def __init__(
        self,
        input_channels: int,
        squeeze_channels: int,
        activation: Callable[[], Layer] = ReLU,
        scale_activation: Callable[[], Layer] = Sigmoid,
    ) -> None:
        super().__init__()
        self.avgpool = AdaptiveAvgPool2d(1)
        self.fc1 = Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        hidden = self.activation(self.fc1(self.avgpool(x)))
        return x * self.scale_activation(self.fc2(hidden))


tell_missing(__name__)
