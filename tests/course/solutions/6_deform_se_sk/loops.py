"""Assignment 6 from its formulas: one point after the other."""

import math

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


def corners(image, y, x):
    """(pixel, weight, slope of the weight by y, by x) of the corners inside of the image."""
    r, s = math.floor(y), math.floor(x)
    fy, fx = y - r, x - s
    for i, wy, sy in (r, 1 - fy, -1), (r + 1, fy, 1):
        for j, wx, sx in (s, 1 - fx, -1), (s + 1, fx, 1):
            if 0 <= i < image.shape[0] and 0 <= j < image.shape[1]:
                yield (i, j), wy * wx, sy * wx, wy * sx


def deform_conv2d(x, offset, w, b=None, mask=None, *, stride, padding, dilation, needs=(True,) * 5):
    (N, C, _, _), (O, C1, kh, kw), K = x.shape, w.shape, w.shape[2] * w.shape[3]
    D, O1 = offset.shape[1] // (2 * K), O // (C // C1)
    y = np.zeros((N, O, *offset.shape[2:]))
    m = np.ones((N, D * K, *offset.shape[2:])) if mask is None else mask

    def points():
        """(n, c, outputs that see c, its index in w, tap, i, j, corners)."""
        for n, c, p, q in np.ndindex(N, C, kh, kw):
            group, t = c // C1, c // (C // D) * K + p * kw + q
            outputs = slice(group * O1, group * O1 + O1)
            for i, j in np.ndindex(*offset.shape[2:]):
                row = i * stride[0] + p * dilation[0] - padding[0] + offset[n, 2 * t, i, j]
                column = j * stride[1] + q * dilation[1] - padding[1] + offset[n, 2 * t + 1, i, j]
                by = outputs, c % C1, p, q
                yield n, c, by, t, i, j, list(corners(x[n, c], row, column))

    for n, c, by, t, i, j, near in points():
        value = sum(weight * x[n, c][at] for at, weight, _, _ in near)
        y[n, by[0], i, j] += w[by] * m[n, t, i, j] * value
    if b is not None:
        y += b[:, None, None]

    def deform_conv2d_backward(dy):
        dx, doffset, dw, dm = (np.zeros(a.shape) for a in (x, offset, w, m))
        for n, c, by, t, i, j, near in points():
            value = sum(weight * x[n, c][at] for at, weight, _, _ in near)
            arrived = (w[by] * dy[n, by[0], i, j]).sum()
            dw[by] += dy[n, by[0], i, j] * m[n, t, i, j] * value
            dm[n, t, i, j] += arrived * value
            for at, weight, by_y, by_x in near:
                dx[n, c][at] += arrived * m[n, t, i, j] * weight
                doffset[n, 2 * t, i, j] += arrived * m[n, t, i, j] * by_y * x[n, c][at]
                doffset[n, 2 * t + 1, i, j] += arrived * m[n, t, i, j] * by_x * x[n, c][at]
        db = None if b is None else dy.sum((0, 2, 3))
        return dx, doffset, dw, db, None if mask is None else dm

    return y, deform_conv2d_backward


class SEBlock(Layer):
    def __init__(self, channels, reduction=16, bias=False):
        super().__init__()
        self.fc1 = Linear(channels, channels // reduction, bias)
        self.fc2 = Linear(channels // reduction, channels, bias)

    def forward(self, x):
        axes = tuple(range(2, x.ndim))
        s = self.fc2(self.fc1(x.mean(axes)).relu()).sigmoid()
        for _ in axes:
            s = s.unsqueeze(-1)
        return x * s


class SKBlock(Layer):
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
        total = maps[0]
        for u in maps[1:]:
            total = total + u
        logits = self.select(self.fuse(total.mean((2, 3))))
        a = logits.reshape(len(x), len(maps), -1).softmax(1)
        y = 0
        for m, u in enumerate(maps):
            y = y + u * a[:, m].unsqueeze(-1).unsqueeze(-1)
        return y
