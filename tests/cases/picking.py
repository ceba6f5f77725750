"""Places, masks, diagonals, windows as columns: each formula looks elements up one by one."""

# ruff: noqa: E501 (a row of a table is a line)

import numpy as np

import minigrad as mg
from minigrad import Tensor
from minigrad.nn import functional as F

from .table import bent, case, normal


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def unfold(x, kernel_size, dilation=1, padding=0, stride=1):
    """Column q holds the window whose upper left pixel is q's place times the stride."""
    k, d, p, s = map(pair, (kernel_size, dilation, padding, stride))
    n, c, *size = x.shape
    places = [(size[i] + 2 * p[i] - d[i] * (k[i] - 1) - 1) // s[i] + 1 for i in range(2)]
    y = np.zeros((n, c * k[0] * k[1], places[0] * places[1]))
    for image, channel, i, j, down, across in np.ndindex(n, c, *k, *places):
        row = down * s[0] + i * d[0] - p[0]
        column = across * s[1] + j * d[1] - p[1]
        if 0 <= row < size[0] and 0 <= column < size[1]:
            at = (channel * k[0] + i) * k[1] + j, down * places[1] + across
            y[(image, *at)] = x[image, channel, row, column]
    return y


def fold(x, output_size, kernel_size, **options):
    """The transpose of unfold: every pixel sums up the columns' entries that unfold makes of it."""
    k = pair(kernel_size)
    n, c = len(x), x.shape[1] // (k[0] * k[1])
    size = pair(output_size)
    y = np.zeros((n, c, *size))
    for at in np.ndindex(c, *size):
        one = np.zeros((1, c, *size))
        one[(0, *at)] = 1
        y[(slice(None), *at)] = (x * unfold(one, kernel_size, **options)).sum((1, 2))
    return y


def cosine(x1, x2, dim=1, eps=1e-8):
    lengths = [np.maximum(np.sqrt((v * v).sum(dim)), eps) for v in (x1, x2)]
    return (x1 * x2).sum(dim) / (lengths[0] * lengths[1])


WINDOWS = [
    case("F.unfold", F.unfold, unfold, normal(2, 3, 5, 6), kernel_size=(2, 3)),
    case("F.unfold", F.unfold, unfold, normal(2, 2, 6, 5), kernel_size=3, dilation=(1, 2), padding=(2, 1), stride=(2, 1)),
    case("F.unfold", F.unfold, lambda x, kernel_size: unfold(x[None], kernel_size)[0], normal(2, 3, 4), kernel_size=2, batch=()),
    case("F.fold", F.fold, fold, normal(2, 12, 10), output_size=(3, 6), kernel_size=2),
    case("F.fold", F.fold, fold, normal(2, 12, 12), output_size=(5, 4), kernel_size=(2, 3), padding=1, stride=(2, 1), dilation=1),
    case("F.fold", F.fold, lambda x, **o: fold(x[None], **o)[0], normal(8, 2), output_size=(5, 2), kernel_size=2, stride=3, batch=()),
    case("Tensor.unfold", lambda x: x.unfold(1, 3, 2), lambda x: np.stack([x[:, 0:3], x[:, 2:5], x[:, 4:7]], 1), normal(2, 8)),
    case("Tensor.unfold", lambda x: x.unfold(0, 2, 1), lambda x: np.stack([[x[0], x[1]], [x[1], x[2]]]).transpose(0, 2, 1),
         normal(3, 4), batch=()),
]  # fmt: skip

DIAGONALS = [
    case("Tensor.diag", Tensor.diag, np.diag, normal(4), batch=()),
    case("Tensor.diag", Tensor.diag, lambda x, diagonal: np.diag(x, diagonal), normal(3), diagonal=2, batch=()),
    case("Tensor.diag", Tensor.diag, lambda x, diagonal: np.diag(x, diagonal), normal(3), diagonal=-1, batch=()),
    case("Tensor.diag", Tensor.diag, lambda x, diagonal: np.diag(x, diagonal), normal(3, 5), diagonal=1, batch=()),
    case("Tensor.diagonal", Tensor.diagonal, np.diagonal, normal(3, 4), batch=()),
    case("Tensor.diagonal", Tensor.diagonal, lambda x, offset, dim1, dim2: np.diagonal(x, offset, dim1, dim2),
         normal(2, 3, 4), offset=-1, dim1=1, dim2=-1),
    case("Tensor.diagonal", Tensor.diagonal, lambda x, offset, dim1, dim2: np.diagonal(x, offset, dim1, dim2),
         normal(3, 2, 4), offset=1, dim1=2, dim2=0, batch=()),
    case("Tensor.trace", Tensor.trace, np.trace, normal(3, 4), batch=()),
    case("Tensor.tril", Tensor.tril, np.tril, normal(3, 4), batch=()),
    case("Tensor.tril", Tensor.tril, lambda x, diagonal: np.tril(x, diagonal), normal(2, 3, 4), diagonal=-1),
    case("Tensor.triu", Tensor.triu, np.triu, normal(4, 3), batch=()),
    case("Tensor.triu", Tensor.triu, lambda x, diagonal: np.triu(x, diagonal), normal(2, 3, 4), diagonal=2),
]  # fmt: skip

PICKS = [
    case("Tensor.select", Tensor.select, lambda x, dim, index: x[:, 2], normal(3, 4), dim=1, index=2),
    case("Tensor.masked_select", lambda x: x.masked_select(x > 0), lambda x: x[x > 0], bent(3, 4)),
    case("Tensor.masked_select", lambda x, y: x.masked_select(y), lambda x, y: np.broadcast_to(x, (2, 3))[y],
         normal(3), bent(2, 3) > 0, batch=()),
    case("Tensor.repeat_interleave", Tensor.repeat_interleave, lambda x, repeats: np.repeat(x, repeats), normal(2, 3), repeats=2),
    case("Tensor.repeat_interleave", Tensor.repeat_interleave, lambda x, repeats, dim: np.repeat(x, repeats, dim),
         normal(2, 3), repeats=np.array([1, 0, 3]), dim=1),
    case("Tensor.movedim", lambda x: x.movedim(0, -1), lambda x: np.moveaxis(x, 0, -1), normal(2, 3, 4), batch=()),
    case("Tensor.movedim", lambda x: x.movedim((2, 0), (0, 1)), lambda x: np.moveaxis(x, (2, 0), (0, 1)), normal(2, 3, 4), batch=()),
    case("Tensor.swapaxes", lambda x: x.swapaxes(0, 2), lambda x: np.swapaxes(x, 0, 2), normal(2, 3, 4), batch=()),
    case("Tensor.tile", lambda x: x.tile(2, 1), lambda x: np.tile(x, (2, 1)), normal(2, 3)),
    case("Tensor.tile", lambda x: x.tile((3,)), lambda x: np.tile(x, 3), normal(2, 3)),
    case("Tensor.tile", lambda x: x.tile(2, 1, 2), lambda x: np.tile(x, (2, 1, 2)), normal(2, 3), batch=()),
    case("Tensor.outer", Tensor.outer, np.outer, normal(3), normal(4)),
    case("mg.meshgrid", lambda x, y: mg.meshgrid(x, y, indexing="ij"), lambda x, y: np.meshgrid(x, y, indexing="ij"), normal(3), normal(2), batch=()),
    case("mg.meshgrid", lambda x, y: mg.meshgrid([x, y], indexing="xy"), np.meshgrid, normal(3), normal(2), batch=()),
    case("F.cosine_similarity", F.cosine_similarity, cosine, normal(3, 4), normal(3, 4), batch=(0, 1)),
    case("F.cosine_similarity", F.cosine_similarity, cosine, normal(2, 3, 2), normal(3, 1), dim=-2),
    case("F.upsample", F.upsample, lambda x, scale_factor: x.repeat(2, 2).repeat(2, 3), normal(2, 3, 2, 2), scale_factor=2),
]  # fmt: skip

CASES = WINDOWS + DIAGONALS + PICKS
