"""Embedding: a learned vector for each of a fixed set of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from . import functional as F
from . import init
from .arguments import whole
from .layer import Layer
from .parameter import Parameter


class Embedding(Layer):
    """Row i of `weight` for each int i: (...) int64 -> (..., embedding_dim).

    `weight` is (num_embeddings, embedding_dim) and starts standard normal. The row `padding_idx`
    starts as zeros and gets no gradient.

    >>> nn.Embedding(100, 16)(mg.tensor([[1, 5, 2], [0, 99, 7]])).shape
    (2, 3, 16)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = whole(self, "num_embeddings", num_embeddings)
        self.embedding_dim = whole(self, "embedding_dim", embedding_dim)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(
                f"Embedding: padding_idx must be below num_embeddings={num_embeddings}, "
                f"got {padding_idx}"
            )
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.weight = Parameter(np.empty((self.num_embeddings, self.embedding_dim), np.float32))
        self.reset_parameters()
        self.to(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw the vectors anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    def forward(self, x: Tensor) -> Tensor:
        """(...) int64 -> (..., embedding_dim)."""
        return F.embedding(x, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """Sizes."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
