"""Deformable convolution beside torch, put together there from grid_sample tap by tap."""

import pytest
import torch
import torch.nn.functional as TF
from beside import Draw, assert_same, examples

from minigrad.nn import functional as F


def from_grid_sample(x, offset, w, b, mask, stride, padding, dilation):
    """A deformable convolution from torch's own sampling: (N, O, H', W').

    align_corners=True puts -1 and 1 on the middle of the outermost pixels. An image of one pixel
    has no such scale, so a border of zeros is put around it first.
    """
    x = TF.pad(x, (1, 1, 1, 1))
    (n, channels, height, width), (_, per_group, kh, kw) = x.shape, w.shape
    groups, taps = channels // per_group, kh * kw
    offset_groups = offset.shape[1] // (2 * taps)
    rows, columns = offset.shape[2:]
    offset = offset.reshape(n, offset_groups, taps, 2, rows, columns)
    row = torch.arange(rows, dtype=x.dtype)[:, None] * stride[0] - padding[0] + 1
    column = torch.arange(columns, dtype=x.dtype) * stride[1] - padding[1] + 1
    sampled = []
    for tap in range(taps):
        i, j = divmod(tap, kw)
        parts = []
        for group, part in enumerate(x.chunk(offset_groups, 1)):
            y = row + i * dilation[0] + offset[:, group, tap, 0]
            v = column + j * dilation[1] + offset[:, group, tap, 1]
            grid = torch.stack([2 * v / (width - 1) - 1, 2 * y / (height - 1) - 1], -1)
            values = TF.grid_sample(part, grid, "bilinear", "zeros", align_corners=True)
            if mask is not None:
                values = values * mask[:, group * taps + tap, None]
            parts.append(values)
        sampled.append(torch.cat(parts, 1))
    columns_of_taps = torch.stack(sampled, 2)  # (N, C, K, H', W')
    grouped = columns_of_taps.reshape(n, groups, per_group, taps, rows, columns)
    kernels = w.reshape(groups, -1, per_group, taps)
    result = torch.einsum("ngckhw,gock->ngohw", grouped, kernels).reshape(n, -1, rows, columns)
    return result if b is None else result + b[:, None, None]


@examples(120)
def test_values_and_five_gradients(seed):
    d = Draw(seed)
    groups, offset_groups = d.pick.choice([(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (4, 2), (6, 3)])
    channels = 12 if d.coin() else groups * offset_groups
    kernel, stride = d.ints(2, 1, 4), d.ints(2, 1, 3)
    padding, dilation = d.ints(2, 0, 2), d.ints(2, 1, 3)
    windows = [e * (k - 1) + 1 for e, k in zip(dilation, kernel, strict=True)]
    least = [max(1, a - 2 * p) for a, p in zip(windows, padding, strict=True)]
    size = [d.int(a, a + 9) for a in least]
    out = [
        (s + 2 * p - a) // t + 1 for s, p, a, t in zip(size, padding, windows, stride, strict=True)
    ]
    n, points = d.int(1, 4), offset_groups * kernel[0] * kernel[1]
    x = d.array(n, channels, *size)
    offset = d.array(n, 2 * points, *out) * d.pick.choice([0.3, 2, 20])
    w = d.array(groups * d.int(1, 3), channels // groups, *kernel)
    b = d.array(len(w)) if d.coin() else None
    mask = d.array(n, points, *out) if d.coin() else None
    assert_same(
        lambda x, o, w, b, m: F.deform_conv2d(x, o, w, b, stride, padding, dilation, m),
        lambda x, o, w, b, m: from_grid_sample(x, o, w, b, m, stride, padding, dilation),
        x, offset, w, b, mask,
    )  # fmt: skip


@pytest.mark.parametrize("channels", [1, 16, 40])
def test_of_the_size_of_a_small_net(channels):
    d = Draw(channels)
    x, w = d.array(5, channels, 17, 15), d.array(8, channels, 3, 3)
    offset, mask = d.array(5, 18, 17, 15), d.array(5, 9, 17, 15)
    assert_same(
        lambda x, o, w, b, m: F.deform_conv2d(x, o, w, b, 1, 1, 1, m),
        lambda x, o, w, b, m: from_grid_sample(x, o, w, b, m, (1, 1), (1, 1), (1, 1)),
        x, offset, w, d.array(8), mask,
    )  # fmt: skip
