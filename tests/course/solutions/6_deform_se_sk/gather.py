"""Assignment 6 with all points at once, in float32: look-ups in bordered images, np.add.at."""

import numpy as np

from minigrad import stack
from minigrad.nn import (
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Layer,
    Linear,
    ModuleList,
    ReLU,
    Sequential,
)  # fmt: skip

FAR = 1  # zeros around an image; points are moved to just outside of it


def deform_conv2d(x, offset, w, b=None, mask=None, *, stride, padding, dilation, needs=(True,) * 5):
    x, offset, w = (array.astype(np.float32) for array in (x, offset, w))
    (N, C, H, W), (O, C1, _, kw), K = x.shape, w.shape, w.shape[2] * w.shape[3]
    out = offset.shape[2:]
    D, G = offset.shape[1] // (2 * K), C // C1
    moved = offset.reshape(N, D, K, 2, *out)
    p, q = np.divmod(np.arange(K), kw)
    rows = np.arange(out[0]) * stride[0] - padding[0] + (p * dilation[0])[:, None]
    columns = np.arange(out[1]) * stride[1] - padding[1] + (q * dilation[1])[:, None]
    place_y = np.clip(moved[:, :, :, 0] + rows[:, :, None], -1, H)
    place_x = np.clip(moved[:, :, :, 1] + columns[:, None, :], -1, W)
    r = np.minimum(np.floor(place_y).astype(int), H - 1)
    s = np.minimum(np.floor(place_x).astype(int), W - 1)
    fy, fx = place_y - r, place_x - s
    parted = np.pad(x, ((0, 0), (0, 0), (FAR, FAR), (FAR, FAR))).reshape(N, D, C // D, H + 2, -1)
    n, d, c = np.ogrid[:N, :D, : C // D]
    n, d, c = (index[..., None, None, None] for index in (n, d, c))

    def at(i, j):
        return n, d, c, (r + i + FAR)[:, :, None], (s + j + FAR)[:, :, None]

    v00, v01, v10, v11 = (parted[at(i, j)] for i in (0, 1) for j in (0, 1))
    fy, fx = fy[:, :, None], fx[:, :, None]  # (N, D, 1, K, *out)
    upper, lower = v00 + fx * (v01 - v00), v10 + fx * (v11 - v10)
    value = upper + fy * (lower - upper)  # (N, D, C / D, K, *out)
    m = 1.0 if mask is None else mask.reshape(N, D, 1, K, *out).astype(np.float32)
    seen = (m * value).reshape(N, G, C1, K, *out)
    taps = w.reshape(G, O // G, C1, K)
    y = np.einsum("ngckij,gock->ngoij", seen, taps).reshape(N, O, *out)
    y = y if b is None else y + b.astype(np.float32)[:, None, None]

    def deform_conv2d_backward(dy):
        dy = dy.astype(np.float32).reshape(N, G, O // G, *out)
        dw = np.einsum("ngckij,ngoij->gock", seen, dy).reshape(w.shape)
        arrived = np.einsum("ngoij,gock->ngckij", dy, taps).reshape(value.shape)
        dmask = None if mask is None else (arrived * value).sum(2).reshape(mask.shape)
        dv = arrived * m
        dparted = np.zeros_like(parted)
        for i, wy in (0, 1 - fy), (1, fy):
            for j, wx in (0, 1 - fx), (1, fx):
                np.add.at(dparted, at(i, j), dv * wy * wx)
        dx = dparted.reshape(N, C, H + 2, W + 2)[:, :, FAR:-FAR, FAR:-FAR]
        inside_y = (place_y > -1) & (place_y < H)  # points that were not moved to the border
        inside_x = (place_x > -1) & (place_x < W)
        by_y = (dv * (lower - upper)).sum(2) * inside_y
        by_x = (dv * ((1 - fy) * (v01 - v00) + fy * (v11 - v10))).sum(2) * inside_x
        doffset = np.stack([by_y, by_x], 3).reshape(offset.shape)
        return [dx, doffset, dw, dy.sum((0, 3, 4)).ravel(), dmask]

    return y, deform_conv2d_backward


class SEBlock(Layer):
    """The linear layers and the sigmoid written out."""

    def __init__(self, channels, reduction=16, bias=False):
        super().__init__()
        self.fc1 = Linear(channels, channels // reduction, bias)
        self.fc2 = Linear(channels // reduction, channels, bias)

    def forward(self, x):
        flat = x.reshape(x.shape[0], x.shape[1], -1)
        z = flat.sum(2) / flat.shape[2]
        for layer in self.fc1, self.fc2:
            z = z @ layer.weight.T
            if layer.bias is not None:
                z = z + layer.bias
            if layer is self.fc1:
                z = z * (z > 0)
        s = 1 / (1 + (-z).exp())
        return (flat * s.unsqueeze(2)).reshape(x.shape)


class SKBlock(Layer):
    """All maps in one Tensor, and softmax written out."""

    def __init__(
        self, channels, out_channels=None, branches=2, groups=32, reduction=16, minimum_width=32,
        stride=1,
    ):  # fmt: skip
        super().__init__()
        C = self.out_channels = out_channels or channels
        width = max(C // reduction, minimum_width)
        self.branches = ModuleList(
            Sequential(
                Conv2d(channels, C, 3, stride, m + 1, m + 1, groups, bias=False),
                BatchNorm2d(C),
                ReLU(),
            )
            for m in range(branches)
        )
        self.fuse = Sequential(Linear(C, width, bias=False), BatchNorm1d(width), ReLU())
        self.select = Linear(width, branches * C, bias=False)

    def forward(self, x):
        maps = stack([branch(x) for branch in self.branches], 1)  # (N, M, C, H, W)
        squeezed = maps.mean((3, 4)).sum(1)
        e = self.select(self.fuse(squeezed)).reshape(maps.shape[:3]).exp()
        a = e / e.sum(1, keepdim=True)
        return (maps * a.reshape(*a.shape, 1, 1)).sum(1)
