"""The encoder of a transformer."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ..tensor import Tensor
from . import functional as F
from .arguments import choice, divides, whole
from .attention import MultiheadAttention
from .containers import ModuleList
from .dropout import Dropout
from .layer import Layer
from .linear import Linear
from .norm import LayerNorm

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu}


class TransformerEncoderLayer(Layer):
    """Self-attention, then two linear layers at each position; the input is added after both.

    (L, N, d_model), or (N, L, d_model) with `batch_first=True`, keeps its shape; the batch axis may
    be missing. `activation` is "relu", "gelu" or a function. With `norm_first` each half normalizes
    what it reads, otherwise what it and its input sum to. `bias=False` leaves out all biases.
    Vaswani et al., Attention is all you need, 2017, section 3.1; norm_first: Xiong et al., On layer
    normalization in the transformer architecture, 2020.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        d_model, nhead = whole(self, "d_model", d_model), whole(self, "nhead", nhead)
        divides(self, nhead, "nhead", d_model=d_model)
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        self.linear1 = Linear(d_model, whole(self, "dim_feedforward", dim_feedforward), bias)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = _function(type(self).__name__, activation)
        self.to(device=device, dtype=dtype)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """(L, N, d_model) -> (L, N, d_model). Masks as in `MultiheadAttention`: True forbids."""
        masks = src_mask, src_key_padding_mask, is_causal
        if self.norm_first:
            x = src + self._attend(self.norm1(src), *masks)
            return x + self._feed_forward(self.norm2(x))
        x = self.norm1(src + self._attend(src, *masks))
        return self.norm2(x + self._feed_forward(x))

    def _attend(
        self, x: Tensor, mask: Tensor | None, padding: Tensor | None, is_causal: bool
    ) -> Tensor:
        y, _ = self.self_attn(
            x, x, x, padding, need_weights=False, attn_mask=mask, is_causal=is_causal
        )
        return self.dropout1(y)

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))


def _function(
    layer: str, activation: str | Callable[[Tensor], Tensor]
) -> Callable[[Tensor], Tensor]:
    if isinstance(activation, type):
        raise TypeError(
            f"{layer}: activation is the class {activation.__name__}; write "
            f"{activation.__name__}(), with parentheses"
        )
    if callable(activation):
        return activation
    return ACTIVATIONS[choice(layer, "activation", activation, ACTIVATIONS)]


class TransformerEncoder(Layer):
    """`num_layers` copies of `encoder_layer` in a row, and `norm` behind them if there is one.

    All copies start with the values of `encoder_layer`, as in PyTorch; call `reset_parameters` or
    an initialisation on them to make them different. `enable_nested_tensor` changes nothing.
    """

    def __init__(
        self,
        encoder_layer: Layer,
        num_layers: int,
        norm: Layer | None = None,
        enable_nested_tensor: bool = True,
    ) -> None:
        super().__init__()
        self.num_layers = whole(self, "num_layers", num_layers)
        if not isinstance(encoder_layer, Layer):
            raise TypeError(
                f"{type(self).__name__}: encoder_layer must be a layer, such as "
                f"TransformerEncoderLayer(64, 4), got {encoder_layer!r}"
            )
        self.layers = ModuleList([copy.deepcopy(encoder_layer) for _ in range(self.num_layers)])
        if norm is not None and not isinstance(norm, Layer):
            edit = ""
            if isinstance(norm, type):
                edit = f"; write {norm.__name__}(...), with parentheses"
            raise TypeError(
                f"{type(self).__name__}: norm must be a layer, such as LayerNorm(64), or None, got "
                f"{norm!r}{edit}"
            )
        self.norm = norm

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """(L, N, d_model) -> (L, N, d_model); the masks go to every layer."""
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, bool(is_causal))
        return src if self.norm is None else self.norm(src)
