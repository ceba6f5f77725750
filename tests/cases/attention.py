"""Attention, against a loop over every query and key."""

import loops_attention
import numpy as np

from minigrad.nn import functional as F

from .table import case, normal, rng

BATCH = (0, 1, 2)


def attention(*inputs, batch=BATCH, **options):
    """A case; a tuple stands for a random array of that shape."""
    name = "scaled_dot_product_attention"
    arrays = [normal(*x) if isinstance(x, tuple) else x for x in inputs]
    oracle = getattr(loops_attention, name)
    return case(f"F.{name}", getattr(F, name), oracle, *arrays, batch=batch, **options)


def blocked(mask):
    """Numbers to add, some of them -inf, a whole row of them too."""
    return np.where(mask, rng.standard_normal(mask.shape), -np.inf)


MASK = rng.random((4, 5)) < 0.6
MASK[2] = False  # a query that may look at nothing
MASK[3, 0] = True

CASES = [
    attention((2, 4, 3), (2, 5, 3), (2, 5, 2)),
    attention((4, 3), (5, 3), (5, 2), batch=()),
    attention((2, 2, 4, 3), (2, 2, 5, 3), (2, 2, 5, 3), scale=0.3),
    attention((2, 4, 3), (2, 5, 3), (2, 5, 2), is_causal=True),  # more keys than queries
    attention((2, 5, 3), (2, 4, 3), (2, 4, 2), is_causal=True),
    attention((2, 3, 4, 2), (2, 1, 5, 2), (2, 1, 5, 3)),  # heads that share keys and values
    attention((2, 4, 3), (2, 5, 3), (2, 5, 2), MASK),
    attention((2, 4, 3), (2, 5, 3), (2, 5, 2), rng.random(5) < 0.7),
    attention((2, 2, 4, 3), (2, 2, 5, 3), (2, 2, 5, 2), blocked(MASK)),
    attention((2, 3, 4, 2), (2, 3, 5, 2), (2, 3, 5, 2), (3, 1, 5)),
]
