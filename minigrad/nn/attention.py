"""Multi-head attention over sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..functions import cat
from ..tensor import Tensor
from . import functional as F
from . import init
from .arguments import divides, number, whole
from .functional.attention import added, attend, causal_mask
from .layer import Layer
from .linear import Linear
from .parameter import Parameter


class MultiheadAttention(Layer):
    """Attention in `num_heads` parts of embed_dim / num_heads features each, side by side.

    Inputs are (L, N, embed_dim), or (N, L, embed_dim) with `batch_first=True`; the batch axis may
    be missing. `in_proj_weight` (3 embed_dim, embed_dim) stacks the projections of query, key and
    value; where `kdim` or `vdim` differ from embed_dim there are `q_proj_weight`, `k_proj_weight`
    and `v_proj_weight`. `dropout` drops weights in training. `add_bias_kv` lets every query look at
    one learned key and value more, `add_zero_attn` at one of zeros.
    Vaswani et al., Attention is all you need, 2017, section 3.2.2.

    >>> attention = nn.MultiheadAttention(embed_dim=8, num_heads=2, batch_first=True)
    >>> x = mg.zeros(4, 10, 8)
    >>> output, weights = attention(x, x, x)
    >>> output.shape, weights.shape
    ((4, 10, 8), (4, 10, 10))
    """

    _sees_all = True

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        e = self.embed_dim = whole(self, "embed_dim", embed_dim)
        self.num_heads = whole(self, "num_heads", num_heads)
        divides(self, self.num_heads, "num_heads", embed_dim=e)
        self.head_dim = e // self.num_heads
        self.kdim = e if kdim is None else whole(self, "kdim", kdim)
        self.vdim = e if vdim is None else whole(self, "vdim", vdim)
        self.dropout = number(self, "dropout", dropout, 0, 1)
        self.batch_first, self.add_zero_attn = batch_first, add_zero_attn
        together = self.kdim == self.vdim == e
        self.in_proj_weight = _empty(3 * e, e) if together else None
        self.q_proj_weight = None if together else _empty(e, e)
        self.k_proj_weight = None if together else _empty(e, self.kdim)
        self.v_proj_weight = None if together else _empty(e, self.vdim)
        self.in_proj_bias = _empty(3 * e) if bias else None
        self.out_proj = Linear(e, e, bias)
        self.bias_k = _empty(1, 1, e) if add_bias_kv else None
        self.bias_v = _empty(1, 1, e) if add_bias_kv else None
        self.reset_parameters()
        self.to(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw the weights anew, and set the biases of the four projections to 0."""
        for weight in (
            self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight
        ):  # fmt: skip
            if weight is not None:
                init.xavier_uniform_(weight)
        self.out_proj.reset_parameters()
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """query (L, N, E), key and value (S, N, *) -> output (L, N, E), weights (N, L, S).

        `average_attn_weights=False` gives the weights of each head, (N, heads, L, S);
        `need_weights=False` gives None. In the masks True forbids, and numbers are added to the
        scores: `key_padding_mask` is (N, S), `attn_mask` (L, S) or (N * heads, L, S). `is_causal`
        alone makes the mask itself; beside an `attn_mask` it only says that this is the causal one.
        A query that may look at nothing gets zeros, where PyTorch gives nan if weights are needed.
        """
        self._check_axes(query=query, key=key, value=value)
        single, batch_axis = query.ndim == 2, 0 if self.batch_first else 1
        if single:
            query, key, value = (x.unsqueeze(batch_axis) for x in (query, key, value))
        n, queries, keys = self._sizes(query, key, value)
        if is_causal and attn_mask is None:
            attn_mask = causal_mask(queries, keys).logical_not()
        padding_shape = (keys,) if single else (n, keys)
        mask = self._mask(n, queries, keys, attn_mask, key_padding_mask, padding_shape)

        q, k, v = self._project(query, key, value)
        if self.bias_k is not None and self.bias_v is not None:
            k, v = self._one_more(k, self.bias_k), self._one_more(v, self.bias_v)
        if self.add_zero_attn:
            zero = Tensor(np.zeros(self.embed_dim, k.dtype))
            k, v = self._one_more(k, zero), self._one_more(v, zero)
        if mask is not None and k.shape[2] > keys:
            mask = F.pad(mask, (0, k.shape[2] - keys))  # all may look at those

        y, weights = attend(q, k, v, mask, self.dropout if self.training else 0.0)
        y = y.permute((0, 2, 1, 3) if self.batch_first else (2, 0, 1, 3)).flatten(2)
        y = self.out_proj(y)  # (N, heads, L, head_dim) -> (L, N, E)
        if single:
            y = y.squeeze(batch_axis)
        if not need_weights:
            return y, None
        if average_attn_weights:
            weights = weights.mean(1)
        return y, weights.squeeze(0) if single else weights

    def _project(self, *inputs: Tensor) -> list[Tensor]:
        """query, key, value -> three of (N, heads, positions, head_dim)."""
        weights: Any = self.q_proj_weight, self.k_proj_weight, self.v_proj_weight
        if self.in_proj_weight is not None:
            weights = self.in_proj_weight.chunk(3)
        biases = (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        order = (0, 2, 1, 3) if self.batch_first else (1, 2, 0, 3)
        return [
            F.linear(x, w, b).unflatten(2, (self.num_heads, self.head_dim)).permute(order)
            for x, w, b in zip(inputs, weights, biases, strict=True)
        ]

    def _one_more(self, x: Tensor, position: Tensor) -> Tensor:
        """(N, heads, S, head_dim) with one position more, the same for every sample."""
        shape = self.num_heads, 1, self.head_dim
        return cat([x, position.reshape(shape).expand(len(x), *shape)], dim=2)

    def _mask(
        self,
        n: int,
        queries: int,
        keys: int,
        attn_mask: Tensor | None,
        key_padding_mask: Tensor | None,
        padding_shape: tuple[int, ...],
    ) -> Tensor | None:
        """Both masks together, in a shape that broadcasts to the scores (N, heads, L, S)."""
        mask, each, dtype = None, n * self.num_heads, self.out_proj.weight.dtype
        if attn_mask is not None:
            attn_mask = _forbidding("attn_mask", attn_mask, dtype)
            if attn_mask.shape not in [(queries, keys), (each, queries, keys)]:
                raise ValueError(
                    f"attn_mask must be (L, S) = {(queries, keys)} or (N * heads, L, S) = "
                    f"{(each, queries, keys)}, got {attn_mask.shape}{self._swapped(attn_mask, n)}"
                )
            heads = (n, self.num_heads)
            mask = attn_mask if attn_mask.ndim == 2 else attn_mask.unflatten(0, heads)
        if key_padding_mask is not None:
            padding = _forbidding("key_padding_mask", key_padding_mask, dtype)
            if padding.shape != padding_shape:
                axes = "(N, S)" if len(padding_shape) == 2 else "(S,)"
                raise ValueError(
                    f"key_padding_mask must be {axes} = {padding_shape}, got {padding.shape}"
                    f"{self._swapped(padding, n)}"
                )
            padding = padding.reshape(n, 1, 1, keys)
            mask = padding if mask is None else mask + padding
        return mask

    def _check_axes(self, **inputs: Tensor) -> None:
        order = "(N, L, E)" if self.batch_first else "(L, N, E)"
        for what, x in inputs.items():
            if x.ndim not in (2, 3) or x.ndim != inputs["query"].ndim:
                edit = ""
                if x.ndim == 4 and self.batch_first:
                    edit = "; write x.flatten(2).mT to make a sequence of a map (N, E, H, W)"
                elif x.ndim == 4:
                    edit = "; write x.flatten(2).permute(2, 0, 1) to make one of a map (N, E, H, W)"
                raise ValueError(
                    f"query, key and value must all be {order}, or all (L, E) without a batch; "
                    f"{what} has shape {x.shape}{edit}"
                )

    def _sizes(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[int, int, int]:
        """(N, L, S), after making sure that the inputs fit the layer and each other."""
        for what, x, argument in (
            ("query", query, "embed_dim"), ("key", key, "kdim"), ("value", value, "vdim")
        ):  # fmt: skip
            features = getattr(self, argument)
            if x.shape[2] != features:
                edit = "; write x.mT if the features come second" * (x.shape[1] == features)
                raise ValueError(
                    f"{what} has {x.shape[2]} features (shape {x.shape}), {argument} is "
                    f"{features}{edit}"
                )
        if key.shape[:2] != value.shape[:2]:
            raise ValueError(
                f"key and value must have as many positions and samples, got {key.shape} and "
                f"{value.shape}"
            )
        batch, length = (0, 1) if self.batch_first else (1, 0)
        if query.shape[batch] != key.shape[batch]:
            raise ValueError(
                f"query {query.shape} and key {key.shape} must have the same batch size; it is "
                f"axis {batch} with batch_first={self.batch_first}"
            )
        if not key.shape[length]:
            raise ValueError(f"key needs at least one position, got shape {key.shape}")
        return query.shape[batch], query.shape[length], key.shape[length]

    def _swapped(self, mask: Tensor, n: int) -> str:
        """The edit for a mask that would fit if the batch axis were the other one."""
        if mask.shape[-1] != n:
            return ""
        return (
            f"; the layer reads its inputs with batch_first={self.batch_first}, is that right? "
            f"If not, write batch_first={not self.batch_first} where it is made"
        )

    def _multiply_adds(self, x: Tensor, output: tuple[Tensor, Tensor | None]) -> int:
        """Three projections, the scores and the means; `out_proj` counts its own.

        Without weights in the output there is no telling how many keys there were: as many as
        queries, then.
        """
        e, extra = self.embed_dim, (self.bias_k is not None) + self.add_zero_attn
        queries = x.shape[-2] if self.batch_first else x.shape[0]
        samples = 1 if x.ndim == 2 else x.shape[0 if self.batch_first else 1]
        keys = queries if output[1] is None else output[1].shape[-1] - extra
        projections = queries * e * e + keys * (self.kdim + self.vdim) * e
        return samples * (projections + 2 * queries * (keys + extra) * e)


def _empty(*shape: int) -> Parameter:
    return Parameter(np.empty(shape, np.float32))


def _forbidding(name: str, mask: Tensor, dtype: np.dtype) -> Tensor:
    """A mask that is True where looking is forbidden, as numbers to add to the scores."""
    if isinstance(mask, Tensor) and mask.dtype.kind == "b":
        mask = mask.logical_not()
    return added(name, mask, dtype)
