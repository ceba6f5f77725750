"""Assignment 6 as the paper writes it: v is a sum over all pixels, G = tent(Y - r) tent(X - s)."""

import numpy as np

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
from minigrad.nn import functional as F


def tent(distance):
    return np.maximum(0, 1 - np.abs(distance))


def slope(distance):
    return np.where(np.abs(distance) < 1, -np.sign(distance), 0.0)


def deform_conv2d(x, offset, w, b=None, mask=None, *, stride, padding, dilation, needs=(True,) * 5):
    (N, C, H, W), (O, C1, kh, kw) = x.shape, w.shape
    K, G, out = kh * kw, C // C1, offset.shape[2:]
    D = offset.shape[1] // (2 * K)
    m = np.ones((N, D * K, *out)) if mask is None else mask
    m = np.repeat(m.reshape(N, D, K, *out), C // D, axis=1)  # for each channel
    moved = np.repeat(offset.reshape(N, D, K, 2, *out), C // D, axis=1)
    i, j = np.mgrid[: out[0], : out[1]]
    p, q = (axis.reshape(K, 1, 1) for axis in np.mgrid[:kh, :kw])
    away_y = moved[:, :, :, 0] + i * stride[0] + p * dilation[0] - padding[0]
    away_x = moved[:, :, :, 1] + j * stride[1] + q * dilation[1] - padding[1]
    away_y = away_y[..., None] - np.arange(H)  # (N, C, K, *out, H)
    away_x = away_x[..., None] - np.arange(W)
    ty, tx = tent(away_y), tent(away_x)
    v = np.einsum("nckijr,nckijs,ncrs->nckij", ty, tx, x, optimize=True)
    taps = w.reshape(G, O // G, C1, K)
    by_group = (N, G, C1, K, *out)
    y = np.einsum("gock,ngckij->ngoij", taps, (m * v).reshape(by_group)).reshape(N, O, *out)
    y += 0 if b is None else b.reshape(-1, 1, 1)

    def by_offset_group(z):
        return z.reshape(N, D, C // D, K, *out).sum(2)

    def deform_conv2d_backward(dy):
        dy = dy.reshape(N, G, O // G, *out)
        dw = np.einsum("ngoij,ngckij->gock", dy, (m * v).reshape(by_group)).reshape(w.shape)
        e = np.einsum("ngoij,gock->ngckij", dy, taps).reshape(v.shape)
        dv = e * m
        dx = np.einsum("nckij,nckijr,nckijs->ncrs", dv, ty, tx, optimize=True)
        gy = np.einsum("nckijr,nckijs,ncrs->nckij", slope(away_y), tx, x, optimize=True)
        gx = np.einsum("nckijr,nckijs,ncrs->nckij", ty, slope(away_x), x, optimize=True)
        doffset = np.empty(offset.shape, order="F")
        doffset[:, 0::2] = by_offset_group(dv * gy).reshape(N, -1, *out)
        doffset[:, 1::2] = by_offset_group(dv * gx).reshape(N, -1, *out)
        dmask = by_offset_group(e * v).reshape(N, -1, *out)
        return dx, doffset, dw, dy.sum((0, 3, 4)).reshape(-1), dmask

    return y, deform_conv2d_backward


class SEBlock(Layer):
    """With global pooling, and s laid out like x before it is multiplied."""

    def __init__(self, channels, reduction=16, bias=False):
        super().__init__()
        self.fc1 = Linear(channels, channels // reduction, bias)
        self.fc2 = Linear(channels // reduction, channels, bias)

    def forward(self, x):
        z = x.flatten(2).mean(2)
        s = F.sigmoid(self.fc2(F.relu(self.fc1(z))))
        return s.reshape(*s.shape, *[1] * (x.ndim - 2)).expand(x.shape) * x


class SKBlock(Layer):
    """Of two branches the second has what the first leaves; of more, softmax over channels last."""

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
        maps = [branch(x) for branch in self.branches]
        means = sum(u.mean((2, 3)) for u in maps)
        logits = self.select(self.fuse(means))
        if len(maps) == 2:
            C = self.out_channels
            first = F.sigmoid(logits[:, :C] - logits[:, C:]).reshape(len(x), C, 1, 1)
            return first * maps[0] + (1 - first) * maps[1]
        a = F.softmax(logits.reshape(len(x), len(maps), -1).transpose(1, 2), -1)
        return sum(u * a[:, :, m].reshape(len(x), -1, 1, 1) for m, u in enumerate(maps))
