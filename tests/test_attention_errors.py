"""What attention refuses, and what it says then."""

# ruff: noqa: E501 (a row of the tables is a line)

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F

X, WIDE = mg.zeros(3, 2, 4), mg.zeros(3, 2, 5)

WRONG_CALLS = [
    (lambda m: m(mg.zeros(2, 4, 5, 5), X, X), ValueError,
     r"must all be \(L, N, E\), or all \(L, E\).*query has shape \(2, 4, 5, 5\).*permute\(2, 0, 1\)"),
    (lambda m: m(X, mg.zeros(3, 4), X), ValueError, r"key has shape \(3, 4\)$"),
    (lambda m: m(mg.zeros(2, 4, 3), X, X), ValueError,
     r"query has 3 features \(shape \(2, 4, 3\)\), embed_dim is 4; write x.mT"),
    (lambda m: m(X, WIDE, X), ValueError, r"key has 5 features .*, kdim is 4$"),
    (lambda m: m(X, X, WIDE), ValueError, r"value has 5 features .*, vdim is 4$"),
    (lambda m: m(X, X, mg.zeros(5, 2, 4)), ValueError,
     r"key and value must have as many positions and samples, got \(3, 2, 4\) and \(5, 2, 4\)"),
    (lambda m: m(X, mg.zeros(3, 1, 4), mg.zeros(3, 1, 4)), ValueError,
     r"query \(3, 2, 4\) and key \(3, 1, 4\) must have the same batch size; it is axis 1 with"
     r" batch_first=False"),
    (lambda m: m(X, mg.zeros(0, 2, 4), mg.zeros(0, 2, 4)), ValueError,
     r"key needs at least one position, got shape \(0, 2, 4\)"),
    (lambda m: m(X, X, X, mg.zeros(2, 5).bool()), ValueError,
     r"key_padding_mask must be \(N, S\) = \(2, 3\), got \(2, 5\)$"),
    (lambda m: m(X, X, X, mg.zeros(3, 2).bool()), ValueError,
     r"key_padding_mask .* got \(3, 2\); .* batch_first=False, is that right\? If not, write "
     r"batch_first=True"),
    (lambda m: m(X, X, X, attn_mask=mg.zeros(5, 5)), ValueError,
     r"attn_mask must be \(L, S\) = \(3, 3\) or \(N \* heads, L, S\) = \(4, 3, 3\), got \(5, 5\)$"),
    (lambda m: m(X, X, X, attn_mask=mg.zeros(2, 2)), ValueError,
     r"attn_mask .* got \(2, 2\); .*write batch_first=True"),
    (lambda m: m(X, X, X, attn_mask=mg.zeros(3, 3).long()), TypeError,
     r"attn_mask must be a Tensor of booleans or .*, got int64; write x.bool\(\)"),
    (lambda m: m(X, X, X, np.zeros((2, 3), bool)), TypeError,
     r"key_padding_mask must be a Tensor .*, got ndarray; write minigrad.tensor\(x\)"),
    (lambda m: m(X[:, 0], X[:, 0], X[:, 0], mg.zeros(1, 3).bool()), ValueError,
     r"key_padding_mask must be \(S,\) = \(3,\), got \(1, 3\)$"),
    (lambda m: m(X.long(), X, X, attn_mask=mg.zeros(3, 3).bool()), TypeError,
     "MultiheadAttention: linear: input is int64, the weight float32"),
    (lambda m: m(X.double(), X.double(), X.double()), TypeError, "write x.to.minigrad.float32"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), WRONG_CALLS)
def test_wrong_inputs(call, error, message):
    with pytest.raises(error, match=message):
        call(nn.MultiheadAttention(4, 2))


def test_a_map_for_a_layer_that_takes_the_batch_first():
    layer, x = nn.MultiheadAttention(4, 2, batch_first=True), mg.zeros(2, 4, 5, 5)
    with pytest.raises(ValueError, match=r"\(N, L, E\).*write x.flatten\(2\).mT"):
        layer(x, x, x)
    sequence = x.flatten(2).mT
    assert layer(sequence, sequence, sequence)[0].shape == (2, 25, 4)


WRONG_LAYERS = [
    (lambda: nn.MultiheadAttention(10, 3), ValueError,
     "MultiheadAttention: embed_dim=10 is not divisible by num_heads=3; the nearest embed_dim is "
     "9 or 12, or choose num_heads among 1, 2, 5, 10"),
    (lambda: nn.MultiheadAttention(8, 0), ValueError, "num_heads must be at least 1, got 0"),
    (lambda: nn.MultiheadAttention(8, 2, dropout=1.5), ValueError, "dropout must be between 0 and 1, got 1"),
    (lambda: nn.MultiheadAttention(8, 2, dropout="0.1"), TypeError, r"dropout must be .*, got '0.1'$"),
    (lambda: nn.MultiheadAttention(8, 2, kdim=0), ValueError, "kdim must be at least 1, got 0"),
    (lambda: nn.MultiheadAttention(8, 2, vdim=2.0), TypeError, "vdim must be an int, got 2.0"),
]  # fmt: skip


@pytest.mark.parametrize(("build", "error", "message"), WRONG_LAYERS)
def test_wrong_arguments(build, error, message):
    with pytest.raises(error, match=message):
        build()


Q, K = mg.zeros(2, 4, 3), mg.zeros(2, 5, 3)
MASK = mg.zeros(4, 5).bool()

WRONG_FUNCTION_CALLS = [
    ((Q.long(), K, K), {}, TypeError, "scaled_dot_product_attention: needs floating .* int64; write x.float"),
    ((Q, mg.zeros(2, 5, 2), K), {}, ValueError, r"query has 3 features .*, key 2 \(shape \(2, 5, 2\)"),
    ((Q, K, Q), {}, ValueError, r"need as many positions S, at least one; got \(2, 5, 3\) and \(2, 4, 3\)"),
    ((Q, Q[:, :0], Q[:, :0]), {}, ValueError, r"at least one; got \(2, 0, 3\)"),
    ((Q, mg.zeros(3), K), {}, ValueError, r"key needs two axes at least, .*, got \(3,\)"),
    ((Q, mg.zeros(3, 5, 3), mg.zeros(3, 5, 3)), {}, ValueError,
     r"axes before the last two: the shapes query \(2,\) and key \(3,\) and value \(3,\)"),
    ((Q, K, K, mg.zeros(5, 4)), {}, ValueError,
     r"attn_mask of shape \(5, 4\) does not broadcast to .* = \(2, 4, 5\)"),
    ((Q, K, K, mg.zeros(3, 2, 4, 5)), {}, ValueError, r"attn_mask of shape \(3, 2, 4, 5\) does not"),
    ((Q, K, K, mg.tensor(True)), {}, ValueError, r"attn_mask of shape \(\) does not"),
    ((Q, K, K, mg.zeros(4, 5).long()), {}, TypeError, r"attn_mask must be a Tensor of booleans .* int64"),
    ((Q, K, K, MASK), {"is_causal": True}, ValueError, r"exclude each other; put the causal part into"),
    ((Q, K, K), {"dropout_p": 2.0}, ValueError, r"p is a probability in 0..1, got 2.0"),
    ((Q, K, K.double()), {}, TypeError, "matmul: operands of dtype float32 and float64"),
]  # fmt: skip


@pytest.mark.parametrize(("inputs", "options", "error", "message"), WRONG_FUNCTION_CALLS)
def test_wrong_inputs_to_the_function(inputs, options, error, message):
    with pytest.raises(error, match=message):
        F.scaled_dot_product_attention(*inputs, **options)
