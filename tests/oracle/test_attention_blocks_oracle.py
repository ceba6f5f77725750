"""The attention blocks that torch has no layer for, beside the same composed of torch's ops."""

import numpy as np
import torch
import torch.nn.functional as TF
from beside import Draw, assert_same, examples

from minigrad import nn


def non_local(x, p, mode, sub_sample):
    n = x.ndim - 2
    conv, pool = getattr(TF, f"conv{n}d"), getattr(TF, f"max_pool{n}d")

    def pointwise(x, name):
        return conv(x, p[f"{name}.weight"], p.get(f"{name}.bias"))

    theta, phi, g = x, x, pointwise(x, "g")
    if mode != "gaussian":
        theta, phi = pointwise(x, "theta"), pointwise(x, "phi")
    if sub_sample:
        window = (1, 2, 2) if n == 3 else 2
        phi, g = pool(phi, window), pool(g, window)
    theta, phi, g = theta.flatten(2), phi.flatten(2), g.flatten(2)
    places, others = theta.shape[2], phi.shape[2]
    if mode == "concatenation":  # every pair, as in equation (8)
        a = theta[:, :, :, None].expand(-1, -1, -1, others)
        b = phi[:, :, None, :].expand(-1, -1, places, -1)
        f = torch.einsum("ncij,oc->nij", torch.cat([a, b], 1), p["w_f"]).relu() / others
    else:
        f = torch.einsum("nci,ncj->nij", theta, phi)
        f = f / others if mode == "dot_product" else f.exp() / f.exp().sum(2, keepdim=True)
    y = torch.einsum("nij,ncj->nci", f, g)
    y = pointwise(y.unflatten(2, x.shape[2:]), "W")
    if "norm.weight" in p:
        y = TF.batch_norm(y, None, None, p["norm.weight"], p["norm.bias"], True)
    return x + y


def augmented(x, p, heads, dk, dv, kernel, stride):
    q, k, v = TF.conv2d(x, p["qkv.weight"], p.get("qkv.bias"), stride).split([dk, dk, dv], 1)
    n, _, height, width = q.shape
    q, k, v = (t.reshape(n, heads, -1, height * width) for t in (q, k, v))
    scores = torch.einsum("nhdi,nhdj->nhij", q, k)
    if "rel_h" in p:
        y, x_ = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        y, x_ = y.flatten(), x_.flatten()
        rel = p["rel_h"][y[None] - y[:, None] + height - 1]
        rel = rel + p["rel_w"][x_[None] - x_[:, None] + width - 1]  # (query, key, d)
        scores = scores + torch.einsum("nhdi,ijd->nhij", q, rel)
    weights = (scores / (dk // heads) ** 0.5).softmax(-1)
    y = torch.einsum("nhij,nhdj->nhdi", weights, v).reshape(n, dv, height, width)
    y = TF.conv2d(y, p["out.weight"], p.get("out.bias"))
    if "conv.weight" not in p:
        return y
    pads = []
    for size, k_, s in zip(x.shape[2:], kernel, stride, strict=True):
        total = max((-(-size // s) - 1) * s + k_ - size, 0)
        pads = [total // 2, total - total // 2, *pads]
    conv = TF.conv2d(TF.pad(x, pads), p["conv.weight"], p.get("conv.bias"), stride)
    return torch.cat([conv, y], 1)


def assert_same_as_composed(layer, composed, x, seed):
    rng = np.random.default_rng(seed)
    layer.double()
    for parameter in layer.parameters():
        parameter.data[...] = rng.uniform(-1, 1, parameter.shape)
    p = {name: torch.tensor(q.data, requires_grad=True) for name, q in layer.named_parameters()}
    assert_same(layer, lambda t: composed(t, p), x)
    for name, q in layer.named_parameters():
        expected = p[name].grad.numpy()
        np.testing.assert_allclose(q.grad.data, expected, 1e-9, 1e-10, err_msg=name)


@examples(40)
def test_non_local_blocks(seed):
    draw = Draw(seed)
    n, channels, dims = draw.int(2, 3), draw.int(1, 4), draw.int(1, 3)
    mode = draw.pick.choice(["embedded_gaussian", "gaussian", "dot_product", "concatenation"])
    sub_sample, norm = draw.coin(), draw.coin()
    block = getattr(nn, f"NonLocalBlock{dims}d")(channels, draw.int(1, 3), mode, sub_sample, norm)
    x = draw.array(n, channels, *draw.ints(dims, 2, 4))
    assert_same_as_composed(block, lambda t, p: non_local(t, p, mode, sub_sample), x, seed)


@examples(40)
def test_attention_augmented_convolutions(seed):
    draw = Draw(seed)
    heads, n, channels = draw.ints(3, 1, 3)
    dk, dv = heads * draw.int(1, 3), heads * draw.int(1, 3)
    kernel, stride, size = draw.ints(2, 1, 4), draw.ints(2, 1, 3), draw.ints(2, 1, 5)
    small = tuple(-(-s // st) for s, st in zip(size, stride, strict=True))
    layer = nn.AttentionAugmentedConv2d(
        channels,
        dv + draw.int(0, 3),
        kernel,
        dk,
        dv,
        heads,
        small,
        draw.coin(),
        stride,
        draw.coin(),
    )
    assert_same_as_composed(
        layer,
        lambda t, p: augmented(t, p, heads, dk, dv, kernel, stride),
        draw.array(n, channels, *size),
        seed,
    )
