"""How alike two vectors are."""

from __future__ import annotations

from ...methods.base import need_float
from ...tensor import Tensor


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along `dim`, that axis gone: from -1 to 1.

    The shapes are equal or broadcast. A vector shorter than `eps` counts as one of length `eps`.
    """
    x, y = need_float("cosine_similarity", x1), need_float("cosine_similarity", x2)
    lengths = [v.norm(dim=dim, keepdim=True).clip(min=eps) for v in (x, y)]
    return (x / lengths[0] * (y / lengths[1])).sum(dim)
