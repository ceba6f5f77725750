"""The kinds of convolution that the benchmark times alone: forward and all gradients of one block.

Written once for both frameworks, `nn` is torch.nn or minigrad.nn; the blocks that torch lacks are
written out for it in its own layers.
"""


def plain(nn):
    return nn.Conv2d(32, 32, 3, padding=1)


def transposed(nn):
    return nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1)


def grouped(nn):
    return nn.Conv2d(64, 64, 3, padding=1, groups=4)


def dilated(nn):
    return nn.Conv2d(32, 32, 3, padding=2, dilation=2)


def separable(nn):
    if hasattr(nn, "DepthwiseSeparable"):
        return nn.DepthwiseSeparable(32, 64, norm=nn.BatchNorm2d, activation=nn.ReLU, bias=False)
    return nn.Sequential(
        nn.Conv2d(32, 32, 3, padding=1, groups=32, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 64, 1, bias=False),
    )  # fmt: skip


def squeeze_excite(nn):
    """A 3x3 convolution with an SE block behind it."""
    if hasattr(nn, "SEBlock"):
        return nn.Sequential(nn.Conv2d(64, 64, 3, padding=1), nn.SEBlock(64))

    class SE(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(64, 4, bias=False)
            self.fc2 = nn.Linear(4, 64, bias=False)

        def forward(self, x):
            s = self.fc2(self.fc1(x.mean((2, 3))).relu()).sigmoid()
            return x * s[:, :, None, None]

    return nn.Sequential(nn.Conv2d(64, 64, 3, padding=1), SE())


def selective_kernel(nn):
    if hasattr(nn, "SKBlock"):
        return nn.SKBlock(64, groups=8)

    class SK(nn.Module):
        def __init__(self):
            super().__init__()
            self.branches = nn.ModuleList([
                nn.Sequential(
                    nn.Conv2d(64, 64, 3, 1, d, d, groups=8, bias=False), nn.BatchNorm2d(64),
                    nn.ReLU(),
                )
                for d in (1, 2)
            ])  # fmt: skip
            self.fuse = nn.Sequential(nn.Linear(64, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU())
            self.select = nn.ModuleList([nn.Linear(32, 64) for _ in range(2)])

        def forward(self, x):
            u, v = (branch(x) for branch in self.branches)
            z = self.fuse((u + v).mean((2, 3)))
            a, b = (fc(z)[:, :, None, None] for fc in self.select)
            share = (a - b).sigmoid()  # a softmax of two
            return share * u + (1 - share) * v

    return SK()


def non_local(nn):
    if hasattr(nn, "NonLocalBlock"):
        return nn.NonLocalBlock(32)

    class NonLocal(nn.Module):
        def __init__(self):
            super().__init__()
            self.theta, self.phi, self.g = (nn.Conv2d(32, 16, 1) for _ in range(3))
            self.w = nn.Sequential(nn.Conv2d(16, 32, 1), nn.BatchNorm2d(32))

        def forward(self, x):
            theta, phi, g = (f(x).flatten(2) for f in (self.theta, self.phi, self.g))
            attention = (theta.transpose(1, 2) @ phi).softmax(-1)
            y = (attention @ g.transpose(1, 2)).transpose(1, 2)
            return x + self.w(y.reshape(x.shape[0], 16, *x.shape[2:]))

    return NonLocal()


def three_d(nn):
    return nn.Conv3d(8, 16, 3, padding=1)


def deformable(nn):
    """Its offsets come from the one convolution within."""
    return nn.DeformConv(32, 32, 3)


def dynamic(nn):
    return nn.DynamicConv2d(32, 32, 3, padding=1)


def augmented(nn):
    """With 20 key features a head, the fewest that its authors take (Bello et al. 2019)."""
    heads = {"key_channels": 80, "value_channels": 16, "num_heads": 4}
    return nn.AttentionAugmentedConv2d(32, 32, 3, **heads, size=14)


# name -> (build, shape of one input, what it is timed beside: torch, or another kind in minigrad)
KINDS = {
    "plain 3x3": (plain, (32, 14, 14), "torch"),
    "transposed": (transposed, (32, 14, 14), "torch"),
    "grouped": (grouped, (64, 14, 14), "torch"),
    "dilated": (dilated, (32, 14, 14), "torch"),
    "separable": (separable, (32, 14, 14), "torch"),
    "3x3 with SE": (squeeze_excite, (64, 14, 14), "torch"),
    "SK": (selective_kernel, (64, 14, 14), "torch"),
    "non-local": (non_local, (32, 14, 14), "torch"),
    "3-D": (three_d, (8, 8, 14, 14), "torch"),
    "deformable": (deformable, (32, 14, 14), "plain 3x3"),
    "dynamic": (dynamic, (32, 14, 14), "plain 3x3"),
    "augmented": (augmented, (32, 14, 14), "plain 3x3"),
}
