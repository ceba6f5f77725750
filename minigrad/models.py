"""The toy CNNs that the command line, the examples and the benchmark share.

Each takes images (N, in_channels, image_size, image_size) and gives logits (N, num_classes): train
them with cross_entropy. Comments show the shape behind each line, for the default sizes.
"""

from __future__ import annotations

from collections.abc import Callable

from . import nn
from .nn import functional as F
from .nn.arguments import choice
from .tensor import Tensor


def mlp(in_channels: int = 1, num_classes: int = 10, image_size: int = 28) -> nn.Sequential:
    """A multilayer perceptron: no convolution, two hidden layers."""
    return nn.Sequential(
        nn.Flatten(),  # (N, 784)
        nn.Linear(in_channels * image_size**2, 256),
        nn.ReLU(),
        nn.Linear(256, 128),
        nn.ReLU(),
        nn.Linear(128, num_classes),
    )


def lenet5(in_channels: int = 1, num_classes: int = 10, image_size: int = 28) -> nn.Sequential:
    """LeNet-5 (LeCun, Bottou, Bengio & Haffner, 1998, section II-B), with ReLU and max pooling.

    The paper's images are 32x32; at 28x28 the first convolution pads by 2, which is the same.
    Below 16 pixels, as for the 8x8 digits, both pad by 2 and keep the size of the map (8, pooled
    to 4, pooled to 2), so that the net keeps its layers and its 5x5 kernels.
    """
    _at_least("lenet5", image_size, 4)
    pad1 = 2 if image_size < 32 else 0
    pad2 = 2 if image_size < 16 else 0
    side = ((image_size + 2 * pad1 - 4) // 2 + 2 * pad2 - 4) // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, 6, 5, padding=pad1),  # (N, 6, 28, 28)
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 6, 14, 14)
        nn.Conv2d(6, 16, 5, padding=pad2),  # (N, 16, 10, 10)
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 16, 5, 5)
        nn.Flatten(),  # (N, 400)
        nn.Linear(16 * side**2, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, num_classes),
    )


def mnist_cnn(in_channels: int = 1, num_classes: int = 10, image_size: int = 28) -> nn.Sequential:
    """The two-convolution net of PyTorch's MNIST example.

    The example ends with log_softmax and trains with nll_loss; this net gives logits, and
    cross_entropy does both at once.
    """
    _at_least("mnist_cnn", image_size, 6)
    side = (image_size - 4) // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, 32, 3),  # (N, 32, 26, 26)
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),  # (N, 64, 24, 24)
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 64, 12, 12)
        nn.Dropout(0.25),
        nn.Flatten(),  # (N, 9216)
        nn.Linear(64 * side**2, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, num_classes),
    )


class ResidualBlock(nn.Layer):
    """Two 3x3 convolutions, and the input added to what they give.

    Where the map shrinks (stride 2) the input is taken at every second pixel, and zeros fill the
    channels that it lacks: option A of the paper, without parameters.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.stride = stride
        self.new_channels = out_channels - in_channels

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride)."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.stride > 1:
            x = x[:, :, :: self.stride, :: self.stride]
        if self.new_channels:
            x = F.pad(x, (0, 0, 0, 0, 0, self.new_channels))
        return F.relu(y + x)


def resnet20(in_channels: int = 3, num_classes: int = 10, image_size: int = 32) -> nn.Sequential:
    """ResNet-20 for CIFAR-10 (He, Zhang, Ren & Sun, 2016, section 4.2): 0.27 million parameters.

    Shortcuts of option A; weights drawn by He initialisation, as in the paper.
    """
    model = nn.Sequential(
        nn.Conv2d(in_channels, 16, 3, padding=1, bias=False),  # (N, 16, 32, 32)
        nn.BatchNorm2d(16),
        nn.ReLU(),
        ResidualBlock(16, 16),
        ResidualBlock(16, 16),
        ResidualBlock(16, 16),
        ResidualBlock(16, 32, stride=2),  # (N, 32, 16, 16)
        ResidualBlock(32, 32),
        ResidualBlock(32, 32),
        ResidualBlock(32, 64, stride=2),  # (N, 64, 8, 8)
        ResidualBlock(64, 64),
        ResidualBlock(64, 64),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),  # (N, 64)
        nn.Linear(64, num_classes),
    )
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return model


def separable(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """MobileNet's layer: 3x3 depthwise and 1x1 convolution, batch norm and relu behind each."""
    return nn.Sequential(
        nn.DepthwiseSeparable(
            in_channels,
            out_channels,
            stride=stride,
            padding=1,
            bias=False,
            norm=nn.BatchNorm2d,
            activation=nn.ReLU,
        ),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def mobilenet_tiny(
    in_channels: int = 3, num_classes: int = 10, image_size: int = 32
) -> nn.Sequential:
    """The upper part of MobileNet (Howard et al., 2017, table 1), for 32x32 images."""
    return nn.Sequential(
        nn.Conv2d(in_channels, 32, 3, padding=1, bias=False),  # (N, 32, 32, 32)
        nn.BatchNorm2d(32),
        nn.ReLU(),
        separable(32, 64),
        separable(64, 128, stride=2),  # (N, 128, 16, 16)
        separable(128, 128),
        separable(128, 256, stride=2),  # (N, 256, 8, 8)
        separable(256, 256),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),  # (N, 256)
        nn.Linear(256, num_classes),
    )


MODELS: dict[str, Callable[[int, int, int], nn.Layer]] = {
    function.__name__: function for function in (mlp, lenet5, mnist_cnn, resnet20, mobilenet_tiny)
}


def build(name: str, in_channels: int, num_classes: int, image_size: int) -> nn.Layer:
    """A new model by its name in `MODELS`. ValueError, with the names there are, for any other.

    >>> model = mg.models.build("lenet5", in_channels=1, num_classes=10, image_size=28)
    >>> sum(p.numel() for p in model.parameters())
    61706
    """
    return MODELS[choice("build", "name", name, MODELS)](in_channels, num_classes, image_size)


def _at_least(name: str, image_size: int, least: int) -> None:
    if image_size < least:
        raise ValueError(f"{name}: image_size must be at least {least}, got {image_size}")
