"""Attention: each query takes the mean of the values, weighted by how well it meets their keys."""

from __future__ import annotations

import math

import numpy as np

from ...methods.base import cast, need_float
from ...ops.broadcast import broadcast_shapes
from ...tensor import Tensor
from .activation import dropout


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """softmax(scale * query @ key.mT + mask) @ value, with scale = 1 / sqrt(E) by default.

    query (..., L, E), key (..., S, E) and value (..., S, V) give (..., L, V). `attn_mask` goes
    with (..., L, S): booleans, True where a query may look, or numbers that are added to the
    scores. With `is_causal`, query i looks at the keys 0..i. A query that may look at no key gets
    zeros. `dropout_p` drops weights whenever it is not 0: pass 0.0 in evaluation.
    Vaswani et al., Attention is all you need, 2017, section 3.2.1.
    """
    name = "scaled_dot_product_attention"
    scores_shape = _scores_shape(name, need_float(name, query), key, value)
    if is_causal and attn_mask is not None:
        raise ValueError(
            f"{name}: attn_mask and is_causal=True exclude each other; put the causal part into "
            "the mask: attn_mask & minigrad.from_numpy(numpy.tri(L, S, dtype=bool))"
        )
    if is_causal:
        attn_mask = causal_mask(*scores_shape[-2:])
    if attn_mask is not None:
        attn_mask = added(f"{name}: attn_mask", attn_mask, query.dtype)
        fits = zip(reversed(attn_mask.shape), reversed(scores_shape), strict=False)
        few = 0 < attn_mask.ndim <= len(scores_shape)
        if not few or any(size not in (1, wanted) for size, wanted in fits):
            raise ValueError(
                f"{name}: attn_mask of shape {attn_mask.shape} does not broadcast to the scores "
                f"(..., L, S) = {scores_shape}"
            )
    return attend(query, key, value, attn_mask, dropout_p, scale)[0]


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    dropout_p: float = 0.0,
    scale: float | None = None,
) -> tuple[Tensor, Tensor]:
    """What the queries find (..., L, V), and the weights of the keys (..., L, S).

    `mask` is added to the scores; -inf forbids. Where a query may look at no key, its softmax
    would be 0 / 0: such a row is computed unmasked, and its weights are then set to 0.
    """
    if scale is None:
        scale = 1 / math.sqrt(query.shape[-1])
    scores = (query * scale) @ key.mT  # (..., L, E) @ (..., E, S) -> (..., L, S)
    if mask is None:
        weights = scores.softmax(-1)
    else:
        blind = np.all(mask.data == -np.inf, axis=-1, keepdims=True)
        if blind.any():
            weights = (scores + mask.masked_fill(blind, 0.0)).softmax(-1).masked_fill(blind, 0.0)
        else:
            weights = (scores + mask).softmax(-1)
    weights = dropout(weights, dropout_p)
    return weights @ value, weights


def causal_mask(queries: int, keys: int) -> Tensor:
    """Boolean (queries, keys): True where query i may look, at the keys 0..i."""
    return Tensor(np.tri(queries, keys, dtype=bool))


def added(name: str, mask: Tensor, dtype: np.dtype) -> Tensor:
    """A mask as numbers to add to the scores: True becomes 0, False -inf; numbers stay."""
    if not isinstance(mask, Tensor) or mask.dtype.kind not in "bf":
        given = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        edit = "x.bool()" if isinstance(mask, Tensor) else "minigrad.tensor(x)"
        raise TypeError(
            f"{name} must be a Tensor of booleans or of floating point numbers, got {given}; "
            f"write {edit}"
        )
    if mask.dtype.kind == "b":
        return Tensor(np.where(mask.data, dtype.type(0), dtype.type(-np.inf)))
    return cast(mask, dtype)


def _scores_shape(name: str, query: Tensor, key: Tensor, value: Tensor) -> tuple[int, ...]:
    """(..., L, S), after making sure that queries, keys and values go together."""
    for what, x in (("query", query), ("key", key), ("value", value)):
        if x.ndim < 2:
            raise ValueError(
                f"{name}: {what} needs two axes at least, (positions, features), got {x.shape}"
            )
    if query.shape[-1] != key.shape[-1]:
        raise ValueError(
            f"{name}: query has {query.shape[-1]} features (shape {query.shape}), key "
            f"{key.shape[-1]} (shape {key.shape}); both need as many"
        )
    if key.shape[-2] != value.shape[-2] or not key.shape[-2]:
        raise ValueError(
            f"{name}: key (..., S, E) and value (..., S, V) need as many positions S, at least one;"
            f" got {key.shape} and {value.shape}"
        )
    leading = broadcast_shapes(
        f"{name}, axes before the last two",
        query=query.shape[:-2],
        key=key.shape[:-2],
        value=value.shape[:-2],
    )
    return (*leading, query.shape[-2], key.shape[-2])
