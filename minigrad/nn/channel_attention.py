"""Blocks that look at the whole map and then weigh its channels, or branches of it.

N samples, C channels, M branches, *S spatial sizes.
"""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .activation import ReLU
from .arguments import divides, whole
from .containers import ModuleList, Sequential
from .conv import Conv2d
from .layer import Layer
from .linear import Linear
from .norm import BatchNorm1d, BatchNorm2d


def squeeze(x: Tensor) -> Tensor:
    """The mean of each channel over all positions: (N, C, *S) -> (N, C)."""
    return x.mean(tuple(range(2, x.ndim)))


def scale(x: Tensor, s: Tensor) -> Tensor:
    """Each channel of each sample times a number of its own: x (N, C, *S), s (N, C)."""
    return x * s.reshape(*s.shape, *[1] * (x.ndim - 2))


def check_map(layer: Layer, x: Tensor, channels: int) -> None:
    """Refuse what is no batch of maps with so many channels."""
    if x.ndim < 3:
        raise ValueError(f"expected a map (N, {channels}, *sizes), got shape {x.shape}")
    if x.shape[1] != channels:
        edit = f"write {type(layer).__name__}({x.shape[1]}, ...), or let the layer before give"
        if x.shape[0] == channels:
            edit = f"for one sample write x.unsqueeze(0); otherwise {edit}"
        raise ValueError(
            f"input of shape {x.shape} has {x.shape[1]} channels, expected {channels}; "
            f"{edit} {channels}"
        )


class SEBlock(Layer):
    """Squeeze and excitation: each channel times a number between 0 and 1 that the map decides.

    s = sigmoid(fc2(relu(fc1(mean of each channel)))); y = s * x. The maps may have one, two or
    three spatial axes. `fc1` has channels / reduction outputs. Without bias, as in the paper's
    formula, the block has 2 C^2 / reduction parameters. `last_attention` keeps s, (N, C),
    for looking at.
    Hu, Shen and Sun, Squeeze-and-Excitation Networks, 2018, section 3.

    >>> block = nn.SEBlock(32, reduction=4)
    >>> block(mg.ones(2, 32, 8, 8)).shape, block.last_attention.shape
    ((2, 32, 8, 8), (2, 32))
    """

    _shown = ("channels", "reduction")
    _sees_all = True

    def __init__(self, channels: int, reduction: int = 16, bias: bool = False) -> None:
        super().__init__()
        self.channels = whole(self, "channels", channels)
        self.reduction = whole(self, "reduction", reduction)
        divides(self, self.reduction, "reduction", channels=self.channels)
        hidden = self.channels // self.reduction
        self.fc1 = Linear(self.channels, hidden, bias)
        self.fc2 = Linear(hidden, self.channels, bias)
        self.last_attention: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *S) -> (N, C, *S)."""
        # <solution: y, the output>
        check_map(self, x, self.channels)
        s = self.fc2(F.relu(self.fc1(squeeze(x)))).sigmoid()
        self.last_attention = s.detach()
        y = scale(x, s)
        # </solution>
        return y


class SKBlock(Layer):
    """Selective kernels: branches that see differently far, mixed channel by channel.

    Branch m = 1 ... M is a grouped 3x3 convolution at dilation m, batch norm and relu, so that the
    second sees 5x5 as the paper has it. From the mean of their sum, `fuse` makes
    max(out_channels // reduction, minimum_width) numbers, and `select` one weight for each branch
    and channel, by softmax over the branches. `last_attention` keeps them, (N, M, out_channels).
    `out_channels` is `channels` if not given.
    Li, Wang, Hu and Yang, Selective Kernel Networks, 2019, section 3.1.

    >>> block = nn.SKBlock(32)
    >>> block(mg.ones(2, 32, 8, 8)).shape, block.last_attention.shape
    ((2, 32, 8, 8), (2, 2, 32))
    """

    _sees_all = True

    def __init__(
        self,
        channels: int,
        out_channels: int | None = None,
        branches: int = 2,
        groups: int = 32,
        reduction: int = 16,
        minimum_width: int = 32,
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.channels = whole(self, "channels", channels)
        outputs = self.channels if out_channels is None else out_channels
        self.out_channels = whole(self, "out_channels", outputs)
        groups = whole(self, "groups", groups)
        divides(self, groups, channels=self.channels, out_channels=self.out_channels)
        least = whole(self, "minimum_width", minimum_width)
        width = max(self.out_channels // whole(self, "reduction", reduction), least)
        self.branches = ModuleList(
            Sequential(
                Conv2d(self.channels, self.out_channels, 3, stride, m, m, groups, bias=False),
                BatchNorm2d(self.out_channels),
                ReLU(),
            )
            for m in range(1, whole(self, "branches", branches) + 1)
        )
        self.fuse = Sequential(
            Linear(self.out_channels, width, bias=False), BatchNorm1d(width), ReLU()
        )
        self.select = Linear(width, len(self.branches) * self.out_channels, bias=False)
        self.last_attention: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) -> (N, out_channels, H / stride, W / stride), rounded up."""
        # <solution: y, the output>
        check_map(self, x, self.channels)
        maps = [branch(x) for branch in self.branches]
        fused = self.fuse(squeeze(sum(maps[1:], maps[0])))
        logits = self.select(fused).reshape(len(x), len(maps), self.out_channels)
        weights = logits.softmax(1)
        self.last_attention = weights.detach()
        mixed = [scale(u, weights[:, m]) for m, u in enumerate(maps)]
        y = sum(mixed[1:], mixed[0])
        # </solution>
        return y
