"""The nets of the benchmark, written once for both frameworks: `nn` is torch.nn or minigrad.nn."""


def mlp(nn):
    """784-256-128-10 on MNIST-sized images."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(),
        nn.Linear(128, 10),
    )  # fmt: skip


def lenet5(nn):
    """LeCun et al. 1998, with ReLU and max pooling, on 28x28 images."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, 10),
    )  # fmt: skip


def mnist_cnn(nn):
    """The two-conv net of the PyTorch MNIST example."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 10),
    )  # fmt: skip


def resnet20(nn):
    """He et al. 2016, section 4.2 with shortcuts of option A, for 32x32 colour images."""

    class Block(nn.Module):
        def __init__(self, before, after, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(after)
            self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(after)
            self.relu = nn.ReLU()
            self.stride, self.new_channels = stride, after - before

        def forward(self, x):
            y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
            if self.new_channels:
                x = x[:, :, :: self.stride, :: self.stride]
                x = nn.functional.pad(x, (0, 0, 0, 0, 0, self.new_channels))
            return self.relu(y + x)

    layers = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    before = 16
    for after in (16, 16, 16, 32, 32, 32, 64, 64, 64):
        layers.append(Block(before, after, 1 if after == before else 2))
        before = after
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def mobilenet_tiny(nn):
    """A short MobileNet (Howard et al. 2017) for 32x32 colour images."""

    def block(before, after, stride):
        return [
            nn.Conv2d(before, before, 3, stride, 1, groups=before, bias=False),
            nn.BatchNorm2d(before), nn.ReLU(),
            nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(),
        ]  # fmt: skip

    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        *block(32, 64, 1), *block(64, 128, 2), *block(128, 128, 1), *block(128, 256, 2),
        *block(256, 256, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10),
    )  # fmt: skip


def senet(nn):
    """SE blocks (Hu et al. 2018) behind dilated and grouped convolutions, 32x32 colour images."""

    class SE(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.down = nn.Linear(channels, channels // 8)
            self.up = nn.Linear(channels // 8, channels)

        def forward(self, x):
            s = self.up(self.down(x.mean((2, 3))).relu()).sigmoid()
            return x * s[:, :, None, None]

    class Block(nn.Module):
        def __init__(self, channels, dilation):
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(channels, channels, 3, 1, dilation, dilation, groups=4, bias=False),
                nn.BatchNorm2d(channels), nn.ReLU(),
                nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels),
                SE(channels),
            )  # fmt: skip

        def forward(self, x):
            return (x + self.body(x)).relu()

    def down(before, after):
        conv = nn.Conv2d(before, after, 3, 2, 1, bias=False)
        return [conv, nn.BatchNorm2d(after), nn.ReLU()]

    return nn.Sequential(
        *down(3, 32), Block(32, 1), Block(32, 2), *down(32, 64), Block(64, 1), Block(64, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


def autoencoder(nn):
    """Strided convolutions down to 8x8 and transposed ones back up, on 32x32 colour images."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(),
        nn.Conv2d(32, 64, 3, 1, 1), nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, 3, 4, 2, 1),
    )  # fmt: skip


NETS = {
    "mlp": (mlp, (1, 28, 28)),
    "lenet5": (lenet5, (1, 28, 28)),
    "mnist_cnn": (mnist_cnn, (1, 28, 28)),
    "resnet20": (resnet20, (3, 32, 32)),
    "mobilenet_tiny": (mobilenet_tiny, (3, 32, 32)),
    "senet": (senet, (3, 32, 32)),
    "autoencoder": (autoencoder, (3, 32, 32)),
}
