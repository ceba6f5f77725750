"""Shape and order of axes, joining and splitting, products of matrices."""

# ruff: noqa: E501 (a row of a table is a line)

import numpy as np

import minigrad as mg
from minigrad import Tensor
from minigrad.nn import functional as F

from .table import case, normal


def pad(x, pad, mode="constant", value=0.0):
    """F.pad by looking up each output element's source."""
    widths = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)][::-1]
    widths = [(0, 0)] * (x.ndim - len(widths)) + widths
    y = np.full([n + a + b for n, (a, b) in zip(x.shape, widths, strict=True)], value)
    for at in np.ndindex(y.shape):
        source = [i - a for i, (a, _) in zip(at, widths, strict=True)]
        if mode == "reflect":
            mirrored = zip(map(abs, source), x.shape, strict=True)
            source = [min(i, 2 * (n - 1) - i) for i, n in mirrored]
        elif mode == "replicate":
            source = [min(max(i, 0), n - 1) for i, n in zip(source, x.shape, strict=True)]
        elif mode == "circular":
            source = [i % n for i, n in zip(source, x.shape, strict=True)]
        if all(0 <= i < n for i, n in zip(source, x.shape, strict=True)):
            y[at] = x[tuple(source)]
    return y


def pixel_shuffle(x, upscale_factor):
    r = upscale_factor
    *lead, channels, height, width = x.shape
    y = np.empty((*lead, channels // r**2, height * r, width * r))
    for *n, c, i, j in np.ndindex(y.shape):
        y[(*n, c, i, j)] = x[(*n, c * r * r + (i % r) * r + j % r, i // r, j // r)]
    return y


def pixel_unshuffle(x, downscale_factor):
    r = downscale_factor
    *lead, channels, height, width = x.shape
    y = np.empty((*lead, channels * r * r, height // r, width // r))
    for *n, c, i, j in np.ndindex(y.shape):
        y[(*n, c, i, j)] = x[(*n, c // (r * r), i * r + c // r % r, j * r + c % r)]
    return y


def loops_matmul(x, w, b=None):
    """F.linear, one output feature of one row at a time."""
    y = np.zeros((*x.shape[:-1], w.shape[0]))
    for at in np.ndindex(y.shape):
        y[at] = sum(x[at[:-1]] * w[at[-1]]) + (0 if b is None else b[at[-1]])
    return y


SHAPES = [
    case("Tensor.reshape", lambda x: x.reshape(3, 8), lambda x: x.reshape(3, 8), normal(2, 3, 4),
         batch=()),
    case("Tensor.reshape", lambda x: x.reshape(-1, 2), lambda x: x.reshape(-1, 2), normal(3, 4)),
    case("Tensor.view", lambda x: x.view((4, -1)), lambda x: x.reshape(4, -1), normal(2, 6), batch=()),
    case("Tensor.view_as", lambda x, y: x.view_as(y), lambda x, y: x.reshape(2, 3),
         normal(6), np.zeros((2, 3), np.int64), batch=()),
    case("Tensor.reshape_as", lambda x, y: x.reshape_as(y), lambda x, y: x.reshape(2, 3),
         normal(6), np.zeros((2, 3), np.int64), batch=()),
    case("Tensor.flatten", Tensor.flatten, lambda x, start_dim: x.reshape(len(x), -1),
         normal(2, 3, 2), start_dim=1, empty=False),
    case("Tensor.flatten", Tensor.flatten, np.ravel, normal(2, 3, 2)),
    case("Tensor.flatten", Tensor.flatten, lambda x: x.reshape(1), normal(), batch=()),
    case("Tensor.unflatten", lambda x: x.unflatten(1, (2, -1)), lambda x: x.reshape(len(x), 2, 3),
         normal(2, 6)),
    case("Tensor.permute", lambda x: x.permute(0, 2, 1), lambda x: x.transpose(0, 2, 1),
         normal(2, 3, 2)),
    case("Tensor.permute", lambda x: x.permute((2, 0, -2)), lambda x: x.transpose(2, 0, 1),
         normal(2, 3, 2)),
    case("Tensor.transpose", lambda x: x.transpose(0, -1), lambda x: x.swapaxes(0, -1), normal(2, 3, 2)),
    case("Tensor.t", Tensor.t, np.transpose, normal(2, 3)),
    case("Tensor.T", lambda x: x.T, np.transpose, normal(2, 3, 2)),
    case("Tensor.mT", lambda x: x.mT, lambda x: x.swapaxes(1, 2), normal(2, 3, 2)),
    case("Tensor.squeeze", Tensor.squeeze, np.squeeze, normal(1, 3, 1), batch=()),
    case("Tensor.squeeze", Tensor.squeeze, lambda x, dim: x[:, :, 0], normal(2, 3, 1), dim=(-1, 1)),
    case("Tensor.unsqueeze", Tensor.unsqueeze, lambda x, dim: np.expand_dims(x, dim), normal(2, 3), dim=1),
    case("Tensor.unsqueeze", Tensor.unsqueeze, lambda x, dim: np.expand_dims(x, dim), normal(2, 3), dim=-1),
    case("Tensor.expand", lambda x: x.expand(4, -1, 3), lambda x: np.broadcast_to(x, (4, 2, 3)),
         normal(2, 1), batch=()),
    case("Tensor.expand", lambda x: x.expand((3, 2)), lambda x: np.broadcast_to(x, (3, 2)),
         normal(), batch=()),
    case("Tensor.expand_as", lambda x, y: x.expand_as(y), lambda x, y: np.tile(x, (3, 1)),
         normal(1, 2), np.zeros((3, 2), np.int64), batch=()),
    case("Tensor.repeat", lambda x: x.repeat(3, 1, 2), lambda x: np.tile(x, (3, 1, 2)), normal(2, 3)),
    case("Tensor.flip", lambda x: x.flip(0, -1), lambda x: x[::-1, ..., ::-1], normal(2, 3, 2)),
    case("Tensor.flip", lambda x: x.flip((1,)), lambda x: x[:, ::-1], normal(2, 3)),
    case("Tensor.roll", Tensor.roll, lambda x, shifts, dims: np.roll(x, shifts, dims), normal(3, 4),
         shifts=1, dims=1),
    case("Tensor.roll", Tensor.roll, lambda x, shifts, dims: np.roll(x, shifts, dims), normal(3, 4),
         shifts=(1, -2), dims=(0, 1)),
    case("Tensor.roll", Tensor.roll, lambda x, shifts: np.roll(x, shifts), normal(3, 4), shifts=5),
    case("Tensor.narrow", Tensor.narrow, lambda x, dim, start, length: x[:, 1:3], normal(2, 4),
         dim=1, start=1, length=2),
    case("Tensor.split", Tensor.split, lambda x, split_size: [x[:2], x[2:4], x[4:]], normal(5, 2),
         split_size=2, batch=()),
    case("Tensor.split", Tensor.split, lambda x, split_size, dim: [x[:, :1], x[:, 1:]], normal(2, 4),
         split_size=[1, 3], dim=1),
    case("Tensor.chunk", Tensor.chunk, lambda x, chunks, dim: [x[:, :3], x[:, 3:]], normal(2, 5),
         chunks=2, dim=1),
    case("Tensor.unbind", Tensor.unbind, lambda x, dim: [x[:, 0], x[:, 1]], normal(3, 2), dim=1),
]  # fmt: skip

JOINING = [
    case("mg.cat", lambda x, y: mg.cat([x, y], dim=1), lambda x, y: np.concatenate([x, y], 1),
         normal(2, 3), normal(2, 1), batch=(0, 1)),
    case("mg.cat", lambda x: mg.cat([x, x]), lambda x: np.concatenate([x, x]), normal(2, 3)),
    case("mg.stack", lambda x, y: mg.stack([x, y]), lambda x, y: np.stack([x, y]), normal(2, 3),
         normal(2, 3), batch=(0, 1)),
    case("mg.stack", lambda x, y: mg.stack([x, y], dim=-1), lambda x, y: np.stack([x, y], -1),
         normal(2, 3), normal(2, 3), batch=(0, 1)),
    case("F.pad", F.pad, pad, normal(2, 3), pad=(1, 2)),
    case("F.pad", F.pad, pad, normal(2, 3, 4), pad=(0, 1, 2, 0), value=1.5),
    case("F.pad", F.pad, pad, normal(2, 5), pad=(-1, 2)),
    case("F.pad", F.pad, pad, normal(2, 5), pad=(0, 0)),
    case("F.pad", F.pad, pad, normal(2, 3, 4), pad=(2, 1, 1, 2), mode="reflect"),
    case("F.pad", F.pad, pad, normal(2, 3, 4), pad=(5, 1, 1, 2), mode="replicate"),
    case("F.pad", F.pad, pad, normal(2, 3, 4), pad=(4, 1, 1, 2), mode="circular"),
    case("F.pixel_shuffle", F.pixel_shuffle, pixel_shuffle, normal(2, 8, 2, 3), upscale_factor=2),
    case("F.pixel_unshuffle", F.pixel_unshuffle, pixel_unshuffle, normal(2, 2, 4, 6),
         downscale_factor=2),
]  # fmt: skip


def matmul(x, y, **batch):
    return case("Tensor.matmul", Tensor.matmul, np.matmul, x, y, **batch)


def einsum(equation, *arrays, **batch):
    return case("mg.einsum", lambda *x: mg.einsum(equation, *x),
                lambda *x: np.einsum(equation, *x), *arrays, **batch)  # fmt: skip


MATRICES = [
    matmul(normal(3, 4), normal(4, 2)),
    matmul(normal(4), normal(4), batch=()),
    matmul(normal(3, 4), normal(4)),
    matmul(normal(4), normal(4, 2), batch=()),
    matmul(normal(2, 3, 4), normal(2, 4, 2), batch=(0, 1)),
    matmul(normal(2, 1, 3, 4), normal(3, 4, 2)),
    matmul(normal(3, 4), normal(2, 4, 2), batch=(1,)),
    matmul(normal(2, 3, 4), normal(4)),
    matmul(normal(4), normal(2, 4, 3), batch=(1,)),
    einsum("ij,jk->ik", normal(3, 4), normal(4, 2)),
    einsum("bij,bjk", normal(2, 3, 2), normal(2, 2, 3), batch=(0, 1)),
    einsum("ij->ji", normal(3, 2)),
    einsum("ij->", normal(3, 2)),
    einsum("ij->j", normal(3, 2)),
    einsum("i,j->ij", normal(3), normal(2)),
    einsum("ij,jk,kl->il", normal(2, 3), normal(3, 2), normal(2, 2)),
    einsum("nchw,oc->nohw", normal(2, 3, 2, 2), normal(2, 3)),
    einsum("ij,k->j", normal(2, 3), normal(2)),
    case("F.linear", F.linear, loops_matmul, normal(3, 4), normal(2, 4), normal(2)),
    case("F.linear", F.linear, loops_matmul, normal(2, 3, 4), normal(2, 4)),
    case("F.linear", F.linear, loops_matmul, normal(4), normal(2, 4), normal(2), batch=()),
]

CASES = SHAPES + JOINING + MATRICES
