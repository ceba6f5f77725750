"""Oracles of attention: loops over single positions, from the papers' equations.

Parameters come as dicts of arrays under their state_dict names.
"""

import math

import loops
import numpy as np
from loops import positions


def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None
):
    """Each query by itself. `attn_mask` is an array of booleans or of numbers to add."""
    lead = np.broadcast_shapes(query.shape[:-2], key.shape[:-2], value.shape[:-2])
    length, size = query.shape[-2], key.shape[-2]
    query, key, value = (np.broadcast_to(x, (*lead, *x.shape[-2:])) for x in (query, key, value))
    mask = np.zeros((length, size)) if attn_mask is None else attn_mask
    if mask.dtype == bool:
        mask = np.where(mask, 0.0, -np.inf)
    mask = np.broadcast_to(mask, (*lead, length, size))
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    y = np.zeros((*lead, length, value.shape[-1]))
    for *at, i in positions(*lead, length):
        at = tuple(at)
        scores = {  # of the keys that this query may look at
            j: scale * query[(*at, i)].dot(key[(*at, j)]) + mask[(*at, i, j)]
            for j in range(size)
            if mask[(*at, i, j)] > -np.inf and not (is_causal and j > i)
        }
        highest = max(scores.values(), default=0.0)
        total = sum(math.exp(s - highest) for s in scores.values())
        for j, s in scores.items():
            y[(*at, i)] += math.exp(s - highest) / total * value[(*at, j)]
    return y


def affine(x, w, b=None):
    return x @ w.T + (0 if b is None else b)


def multihead(query, key, value, p, heads, mask=None, zero=False):
    """Concat(head_1, ..., head_h) W^O of one sample (L, E), each head looking for itself.

    The mask is added to the scores: (L, S), or (heads, L, S). With `zero` there is one key more.
    """
    e = query.shape[1]
    if "in_proj_weight" in p:
        wq, wk, wv = (p["in_proj_weight"][i * e : (i + 1) * e] for i in range(3))
    else:
        wq, wk, wv = p["q_proj_weight"], p["k_proj_weight"], p["v_proj_weight"]
    bias = p.get("in_proj_bias", np.zeros(3 * e))
    q = affine(query, wq, bias[:e])
    k = affine(key, wk, bias[e : 2 * e])
    v = affine(value, wv, bias[2 * e :])
    if "bias_k" in p:
        k, v = np.vstack([k, p["bias_k"][0]]), np.vstack([v, p["bias_v"][0]])
    if zero:
        k, v = (np.vstack([x, np.zeros(e)]) for x in (k, v))
    if mask is not None:
        mask = np.broadcast_to(mask, (heads, *mask.shape[-2:]))
        more = len(k) - mask.shape[2]
        mask = np.concatenate([mask, np.zeros((heads, len(q), more))], axis=2)
    found = []
    for h in range(heads):
        part = slice(h * e // heads, (h + 1) * e // heads)
        own = None if mask is None else mask[h]
        found.append(scaled_dot_product_attention(q[:, part], k[:, part], v[:, part], own))
    return affine(np.hstack(found), p["out_proj.weight"], p.get("out_proj.bias"))


def below(p, prefix):
    """The parameters of one part, under the names that they have there."""
    return {k.removeprefix(prefix): v for k, v in p.items() if k.startswith(prefix)}


def encoder_layer(x, p, heads, norm_first, activation, mask=None):
    """One sample (L, E) through a transformer's encoder layer."""

    def norm(y, name):
        return loops.layer_norm(y, y.shape[1:], p[f"{name}.weight"], p.get(f"{name}.bias"))

    def attend(y):
        return multihead(y, y, y, below(p, "self_attn."), heads, mask)

    def feed_forward(y):
        inner = activation(affine(y, p["linear1.weight"], p.get("linear1.bias")))
        return affine(inner, p["linear2.weight"], p.get("linear2.bias"))

    if norm_first:
        x = x + attend(norm(x, "norm1"))
        return x + feed_forward(norm(x, "norm2"))
    x = norm(x + attend(x), "norm1")
    return norm(x + feed_forward(x), "norm2")


def pointwise(x, p, name):
    """A 1x1 convolution."""
    return loops.conv(x, p[f"{name}.weight"], p.get(f"{name}.bias"))


def non_local(x, p, mode, sub_sample):
    """Equations (1) to (6) of Wang et al. 2018: z = W y + x, and f / C for each pair (i, j).

    W is followed by a batch norm in evaluation if the parameters have one.
    """
    n = x.ndim - 2
    theta, phi, g = x, x, pointwise(x, p, "g")
    if mode != "gaussian":
        theta, phi = pointwise(x, p, "theta"), pointwise(x, p, "phi")
    if sub_sample:
        window = (1, 2, 2) if n == 3 else (2,) * n
        phi, g = loops.max_pool(phi, window), loops.max_pool(g, window)
    places, others = list(positions(*x.shape[2:])), list(positions(*phi.shape[2:]))
    y = np.zeros((x.shape[0], g.shape[1], *x.shape[2:]))
    attention = np.zeros((x.shape[0], len(places), len(others)))
    for image in range(x.shape[0]):
        for row, i in enumerate(places):
            a = theta[(image, slice(None), *i)]
            f = [compare(a, phi[(image, slice(None), *j)], mode, p) for j in others]
            c = sum(f) if "gaussian" in mode else len(others)
            for column, j in enumerate(others):
                attention[image, row, column] = f[column] / c
                y[(image, slice(None), *i)] += f[column] / c * g[(image, slice(None), *j)]
    z = pointwise(y, p, "W")
    if "norm.weight" in p:
        statistics = p["norm.running_mean"], p["norm.running_var"]
        z = loops.batch_norm_eval(z, *statistics, p["norm.weight"], p["norm.bias"])
    return z + x, attention


def compare(a, b, mode, p):
    if mode == "concatenation":
        return max(0.0, p["w_f"][0].dot(np.concatenate([a, b])))
    return a.dot(b) if mode == "dot_product" else math.exp(a.dot(b))


def augmented(x, p, heads, dk, dv, kernel, stride=1):
    """Bello et al. 2019, section 3: concat(conv(x), attention(x) W^O).

    The score of a query at (yi, xi) and a key at (yj, xj) is
    q . (k + rel_w[xj - xi] + rel_h[yj - yi]) / sqrt(dk / heads), the second row of a table of
    2 W - 1 rows standing for the distance -(W - 1) + 1.
    """
    qkv = loops.conv(x, p["qkv.weight"], p.get("qkv.bias"), stride=stride)
    n, _, height, width = qkv.shape
    y = np.zeros((n, dv, height, width))
    pixels = list(positions(height, width))
    for image, h in positions(n, heads):
        part = slice(h * dk // heads, (h + 1) * dk // heads)
        q, k = qkv[image, :dk][part], qkv[image, dk : 2 * dk][part]
        out = slice(h * dv // heads, (h + 1) * dv // heads)
        v = qkv[image, 2 * dk :][out]
        for yi, xi in pixels:
            scores = []
            for yj, xj in pixels:
                met = k[:, yj, xj].copy()
                if "rel_w" in p:
                    met += p["rel_w"][xj - xi + width - 1] + p["rel_h"][yj - yi + height - 1]
                scores.append(q[:, yi, xi].dot(met) / math.sqrt(dk / heads))
            weights = np.exp(scores) / np.sum(np.exp(scores))
            for weight, (yj, xj) in zip(weights, pixels, strict=True):
                y[image, out, yi, xi] += weight * v[:, yj, xj]
    y = pointwise(y, p, "out")
    if "conv.weight" not in p:
        return y
    return np.concatenate([same_conv(x, p, kernel, stride), y], axis=1)


def same_conv(x, p, kernel, stride):
    """A convolution of a map padded so that ceil(size / stride) windows fit, the odd zero last."""
    pads = [(0, 0), (0, 0)]
    for size, k, s in zip(x.shape[2:], kernel, loops.each(stride, 2), strict=True):
        total = max((math.ceil(size / s) - 1) * s + k - size, 0)
        pads.append((total // 2, total - total // 2))
    return loops.conv(np.pad(x, pads), p["conv.weight"], p.get("conv.bias"), stride=stride)
