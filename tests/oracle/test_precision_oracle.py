"""The rounding error in float32, against float64, is at most 4 times that of torch.

The errors of both are the largest over many seeds, relative to the largest value of the result:
one number's last bit says nothing. Run with -s to see them.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as TF

import minigrad as mg
from minigrad.kernels import conv
from minigrad.nn import functional as F

SEEDS, UNIT = 5, np.finfo(np.float32).eps / 2
IMAGES = (8, 16, 12, 12)

# name -> (minigrad's function, torch's, shapes of the arrays, what is added to the first of them)
CASES = {
    "conv": (
        lambda x, w: F.conv2d(x, w, padding=1),
        lambda x, w: TF.conv2d(x, w, padding=1),
        (IMAGES, (16, 16, 3, 3)), 0,
    ),
    "conv of positive numbers": (
        lambda x, w: F.conv2d(x, w, padding=1),
        lambda x, w: TF.conv2d(x, w, padding=1),
        (IMAGES, (16, 16, 3, 3)), 3,
    ),
    "strided conv": (
        lambda x, w: F.conv2d(x, w, stride=2, padding=2),
        lambda x, w: TF.conv2d(x, w, stride=2, padding=2),
        (IMAGES, (8, 16, 5, 5)), 0,
    ),
    "grouped conv": (
        lambda x, w: F.conv2d(x, w, groups=4, dilation=2),
        lambda x, w: TF.conv2d(x, w, groups=4, dilation=2),
        (IMAGES, (16, 4, 3, 3)), 0,
    ),
    "depthwise conv": (
        lambda x, w: F.conv2d(x, w, padding=1, groups=16),
        lambda x, w: TF.conv2d(x, w, padding=1, groups=16),
        (IMAGES, (16, 1, 3, 3)), 0,
    ),
    "transposed conv": (
        lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1),
        lambda x, w: TF.conv_transpose2d(x, w, stride=2, padding=1),
        (IMAGES, (16, 8, 4, 4)), 0,
    ),
    "linear": (F.linear, TF.linear, ((64, 400), (120, 400)), 0),
    "batch norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        lambda x, w, b: TF.batch_norm(x, None, None, w, b, training=True),
        (IMAGES, (16,), (16,)), 0,
    ),
    "batch norm of positive numbers": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        lambda x, w, b: TF.batch_norm(x, None, None, w, b, training=True),
        (IMAGES, (16,), (16,)), 1.9,
    ),
    "batch norm far from zero": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        lambda x, w, b: TF.batch_norm(x, None, None, w, b, training=True),
        (IMAGES, (16,), (16,)), 100,
    ),
    "group norm": (
        lambda x, w, b: F.group_norm(x, 4, w, b),
        lambda x, w, b: TF.group_norm(x, 4, w, b),
        (IMAGES, (16,), (16,)), 0,
    ),
    "layer norm": (
        lambda x, w, b: F.layer_norm(x, (64,), w, b),
        lambda x, w, b: TF.layer_norm(x, (64,), w, b),
        ((32, 64), (64,), (64,)), 0,
    ),
    "mean pool": (lambda x: F.avg_pool2d(x, 3), lambda x: TF.avg_pool2d(x, 3), (IMAGES,), 0),
    "softmax": (lambda x: F.softmax(x, -1), lambda x: TF.softmax(x, -1), ((64, 100),), 0),
    "gelu": (F.gelu, TF.gelu, (IMAGES,), 0),
    "cross entropy": (
        lambda x: F.cross_entropy(x, mg.arange(64) % 10),
        lambda x: TF.cross_entropy(x, torch.arange(64) % 10),
        ((64, 10),), 0,
    ),
}  # fmt: skip


def results(module, function, arrays, dy, dtype):
    """The value and every gradient, in float64."""
    inputs = [module.tensor(x.astype(dtype), requires_grad=True) for x in arrays]
    y = function(*inputs)
    y.backward(module.tensor(dy.astype(dtype)))
    return [
        np.asarray(t.detach().numpy(), np.float64) for t in (y, *(x.grad for x in inputs))
    ]  # fmt: skip


def errors(found, exact):
    return [abs(a - b).max() / abs(b).max() for a, b in zip(found, exact, strict=True)]


def largest_errors(name):
    ours_f, theirs_f, shapes, shift = CASES[name]
    ours, theirs = [], []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        arrays = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
        arrays[0] += np.float32(shift)
        dy = rng.standard_normal(theirs_f(*map(torch.tensor, arrays)).shape).astype(np.float32)
        exact = results(torch, theirs_f, arrays, dy, np.float64)
        ours.append(errors(results(mg, ours_f, arrays, dy, np.float32), exact))
        theirs.append(errors(results(torch, theirs_f, arrays, dy, np.float32), exact))
    return np.max(ours, axis=0), np.max(theirs, axis=0)


@pytest.mark.parametrize("way", ["shifts", "columns", "im2col"])
@pytest.mark.parametrize("name", CASES)
def test_the_error_stays_near_that_of_torch(name, way):
    if way != "shifts" and "conv" not in name:
        pytest.skip("only convolutions have several ways")
    with conv.algorithm(way):
        ours, theirs = largest_errors(name)
    print(
        f"\n{name}: " + ", ".join(f"{a:.1e} / {b:.1e}" for a, b in zip(ours, theirs, strict=True))
    )
    assert np.all(ours <= 4 * np.maximum(theirs, UNIT))
