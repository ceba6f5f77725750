"""Convolution, pooling, norms and resizing beside torch, with random options in float64."""

import numpy as np
import pytest
import torch
import torch.nn.functional as TF
from beside import Draw, assert_same, both, examples

from minigrad import Tensor
from minigrad.nn import functional as F

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # torch's own


@examples(150)
def test_convolution(seed):
    d = Draw(seed)
    n = d.int(1, 3)
    groups = d.pick.choice([1, 1, 2, 3, 4])
    kernel, dilation, stride = d.ints(n, 1, 5 - n // 2), d.ints(n, 1, 3), d.ints(n, 1, 3)
    padding = d.ints(n, 0, 3)
    low = [
        max(1, e * (k - 1) + 1 - 2 * p) for e, k, p in zip(dilation, kernel, padding, strict=True)
    ]
    size = [d.int(a, a + (24, 12, 5)[n - 1]) for a in low]
    per_group = d.pick.choice([1, 1, 2, 3, 8])
    x = d.array(d.int(1, 5), groups * per_group, *size)
    w = d.array(groups * d.pick.choice([1, 2, 5, 16]), per_group, *kernel)
    b = [d.array(len(w))] if d.coin() else []
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    if d.int(0, 5) == 0:
        options |= {"stride": 1, "padding": "same"}
    both(f"conv{n}d", x, w, *b, **options)


@examples(120)
def test_transposed_convolution(seed):
    d = Draw(seed)
    n = d.int(1, 3)
    groups = d.pick.choice([1, 1, 2, 3])
    kernel, dilation, stride = d.ints(n, 1, 5 - n // 2), d.ints(n, 1, 3), d.ints(n, 1, 4)
    size = d.ints(n, 1, (16, 8, 4)[n - 1])
    full = [
        (s - 1) * st + e * (k - 1) + 1
        for s, st, e, k in zip(size, stride, dilation, kernel, strict=True)
    ]
    padding = tuple(d.int(0, min(3, (f - 1) // 2)) for f in full)
    added = tuple(d.int(0, max(s, e) - 1) for s, e in zip(stride, dilation, strict=True))
    x = d.array(d.int(1, 5), groups * d.pick.choice([1, 2, 5]), *size)
    w = d.array(x.shape[1], d.pick.choice([1, 2, 16]), *kernel)
    b = [d.array(w.shape[1] * groups)] if d.coin() else []
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    both(f"conv_transpose{n}d", x, w, *b, output_padding=added, **options)


@examples(12)
def test_convolution_of_the_size_of_a_small_net(seed):
    d = Draw(seed)
    c, o, k, stride = d.pick.choice([(1, 32, 3, 1), (16, 32, 3, 2), (32, 32, 5, 1), (64, 16, 1, 2)])
    x, w = d.array(d.int(1, 9), c, d.int(20, 33), d.int(20, 33)), d.array(o, c, k, k)
    both("conv2d", x, w, d.array(o), stride=stride, padding=k // 2)


@examples(80)
def test_max_pooling(seed):
    d = Draw(seed)
    n = d.int(1, 3)
    kernel, dilation = d.ints(n, 1, 4), d.ints(n, 1, 2)
    padding = tuple(d.int(0, k // 2) for k in kernel)
    low = [max(1, e * (k - 1) + 1) for e, k in zip(dilation, kernel, strict=True)]
    x = d.array(d.int(1, 4), d.int(1, 5), *[d.int(a, a + 8) for a in low])
    options = {"padding": padding, "dilation": dilation, "ceil_mode": d.coin()}
    stride = d.ints(n, 1, 3) if d.coin() else None
    both(f"max_pool{n}d", x, kernel_size=kernel, stride=stride, **options)


@examples(20)
def test_max_pooling_of_ties_sends_the_gradient_where_torch_does(seed):
    d = Draw(seed)
    x = np.floor(d.array(2, 3, 7, 8))  # few different numbers
    both("max_pool2d", x, kernel_size=3, stride=d.int(1, 3), padding=d.int(0, 1))
    both("adaptive_max_pool2d", x, output_size=d.ints(2, 1, 5))


@examples(80)
def test_average_pooling(seed):
    d = Draw(seed)
    n = d.int(1, 3)
    kernel = d.ints(n, 1, 4)
    padding = tuple(d.int(0, k // 2) for k in kernel)
    x = d.array(d.int(1, 4), d.int(1, 5), *[d.int(k, k + 8) for k in kernel])
    options = {"padding": padding, "ceil_mode": d.coin(), "count_include_pad": d.coin()}
    if n > 1 and d.coin():
        options["divisor_override"] = d.int(1, 7)
    both(
        f"avg_pool{n}d",
        x,
        kernel_size=kernel,
        stride=d.ints(n, 1, 3) if d.coin() else None,
        **options,
    )


@examples(40)
def test_adaptive_pooling(seed):
    d = Draw(seed)
    n = d.int(1, 3)
    x = d.array(d.int(1, 3), d.int(1, 4), *d.ints(n, 1, 9))
    out = d.ints(n, 1, 7)
    if n > 1 and d.coin():
        out = (None, *out[1:])
    both(f"adaptive_{d.pick.choice(['avg', 'max'])}_pool{n}d", x, output_size=out)


def scale_factor(d, size):
    """A factor that leaves something, and whose forward and backward agree in torch.

    Where the size stays or doubles by another factor than 1 or 2, torch's "nearest" reads other
    pixels forward than it gives the gradient to.
    """
    factor = d.pick.choice([0.5, 0.7, 1.0, 1.3, 2.0, 2.5, 3.0])
    out = int(size * factor)
    agrees = factor in (1.0, 2.0) or out not in (size, 2 * size)
    return factor if out >= 1 and agrees else 2.0


@examples(120)
def test_interpolation(seed):
    d = Draw(seed)
    n = d.int(1, 3)
    mode = d.pick.choice(["nearest", {1: "linear", 2: "bilinear", 3: "trilinear"}[n]])
    x = d.array(d.int(1, 3), d.int(1, 3), *d.ints(n, 1, 9))
    options = {"mode": mode}
    if d.coin():
        options["size"] = d.ints(n, 1, 14)
    else:
        options["scale_factor"] = tuple(scale_factor(d, s) for s in x.shape[2:])
        options["recompute_scale_factor"] = d.pick.choice([None, False, True])
    if mode != "nearest":
        options["align_corners"] = d.pick.choice([None, True, False])
    both("interpolate", x, **options)


@examples(40)
def test_padding(seed):
    d = Draw(seed)
    x = d.array(*d.ints(4, 3, 6))
    mode = d.pick.choice(["constant", "reflect", "replicate", "circular"])
    axes = d.pick.choice([1, 2]) if mode == "constant" else 2
    pad = d.ints(2 * axes, -1 if mode == "constant" else 0, 2)
    both("pad", x, pad=pad, mode=mode, value=1.5 if mode == "constant" else None)


@examples(40)
def test_batch_norm(seed):
    d = Draw(seed)
    shape = (d.int(2, 5), d.int(1, 6), *d.ints(d.int(0, 3), 1, 5))
    x, c = d.array(*shape), shape[1]
    wb = [d.array(c), d.array(c)] if d.coin() else []
    mean, var = d.rng.standard_normal(c), d.rng.random(c) + 0.5
    running = [(Tensor(m.copy()), torch.tensor(m)) for m in (mean, var)]
    options = {"training": d.coin(), "momentum": d.pick.random(), "eps": d.pick.choice([1e-5, 0.1])}

    def run(module, side):
        means = [pair[side] for pair in running]
        return lambda x, w=None, b=None: module.batch_norm(x, *means, w, b, **options)

    assert_same(run(F, 0), run(TF, 1), x, *wb)
    for ours, theirs in running:
        np.testing.assert_allclose(ours.data, theirs.numpy(), rtol=1e-9)


@examples(40)
def test_other_norms(seed):
    d = Draw(seed)
    groups = d.int(1, 3)
    c = groups * d.int(1, 3)
    x = d.array(d.int(1, 4), c, *d.ints(d.int(1, 3), 2, 5))
    wb = [d.array(c), d.array(c)] if d.coin() else []
    eps = d.pick.choice([1e-5, 0.1])
    assert_same(
        lambda x, *wb: F.group_norm(x, groups, *wb, eps=eps),
        lambda x, *wb: TF.group_norm(x, groups, *wb, eps=eps), x, *wb,
    )  # fmt: skip
    assert_same(
        lambda x, w=None, b=None: F.instance_norm(x, None, None, w, b, eps=eps),
        lambda x, w=None, b=None: TF.instance_norm(x, None, None, w, b, eps=eps), x, *wb,
    )  # fmt: skip
    shape = x.shape[d.int(1, x.ndim - 1) :]
    wb = [d.array(*shape), d.array(*shape)] if d.coin() else []
    assert_same(
        lambda x, *wb: F.layer_norm(x, shape, *wb, eps=eps),
        lambda x, *wb: TF.layer_norm(x, shape, *wb, eps=eps), x, *wb,
    )  # fmt: skip


@examples(10)
def test_running_statistics_of_instance_norm(seed):
    d = Draw(seed)
    x, mean, var = d.array(3, 4, 5), d.rng.standard_normal(4), d.rng.random(4) + 0.5
    ours, theirs = (
        [Tensor(mean.copy()), Tensor(var.copy())],
        [torch.tensor(mean), torch.tensor(var)],
    )
    use = d.coin()
    assert_same(
        lambda x: F.instance_norm(x, *ours, use_input_stats=use),
        lambda x: TF.instance_norm(x, *theirs, use_input_stats=use), x,
    )  # fmt: skip
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.data, b.numpy(), rtol=1e-9)


@examples(10)
def test_embedding_with_a_padding_row(seed):
    d = Draw(seed)
    index, padding = d.rng.integers(0, 7, (3, 4)), d.pick.choice([None, 2, -1])
    both("embedding", index, d.array(7, 3), padding_idx=padding)


@examples(30)
def test_products_of_matrices(seed):
    d = Draw(seed)
    a, b, c = d.ints(3, 1, 6)
    lead = d.ints(d.int(0, 2), 1, 3)
    some = tuple(n if d.coin() else 1 for n in lead)[d.int(0, len(lead)) :]
    x = d.array(*lead, a, b) if d.int(0, 4) else d.array(b)
    y = d.array(*some, b, c) if d.int(0, 4) else d.array(b)
    assert_same(lambda x, y: x @ y, lambda x, y: x @ y, x, y)
    both("linear", x, d.array(c, b), d.array(c))
