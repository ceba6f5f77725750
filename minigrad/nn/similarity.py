"""How alike two vectors are."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .layer import Layer


class CosineSimilarity(Layer):
    """The cosine of the angle between vectors along `dim`: 1 alike, 0 at right angles, -1 opposed.

    A vector shorter than `eps` counts as one of length `eps`.
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Two tensors of one shape -> that shape without axis `dim`."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
