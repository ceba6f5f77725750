"""nn.MultiheadAttention and scaled_dot_product_attention: what they give, and what they refuse."""

import itertools

import loops_attention
import numpy as np
import pytest
from numerical import check_gradients
from parametric import arrays, as_function, randomized

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F

INF = np.inf


def randn(*shape, seed=0):
    return mg.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def close(tensor, expected):
    np.testing.assert_allclose(tensor.data, expected, rtol=1e-9, atol=1e-12)


def booleans(*shape, seed=0):
    """Half of them True, never a whole row."""
    mask = np.random.default_rng(seed).random(shape) < 0.5
    mask[..., 0] = False
    return mask


def test_a_query_finds_the_mean_of_the_values_whose_keys_it_meets():
    keys = mg.tensor([[100.0, 0.0], [100.0, 0.0], [0.0, 100.0]])
    values = mg.tensor([[1.0], [3.0], [7.0]])
    found = F.scaled_dot_product_attention(mg.tensor([[1.0, 0.0], [0.0, 1.0]]), keys, values)
    np.testing.assert_allclose(found.data, [[2.0], [7.0]], rtol=1e-6)


def test_the_first_query_of_a_causal_attention_sees_only_the_first_value():
    x = randn(4, 3)
    close(F.scaled_dot_product_attention(x, x, x, is_causal=True)[0], x.data[0])


def test_a_row_that_is_masked_as_a_whole_gives_zeros_and_takes_no_gradient():
    q, k, v = (randn(3, 2, seed=i).requires_grad_() for i in range(3))
    mask = mg.tensor([[True, True, False], [False] * 3, [True] * 3])
    y = F.scaled_dot_product_attention(q, k, v, mask)
    assert not y[1].data.any()
    y.sum().backward()
    assert not q.grad.data[1].any()
    assert all(np.isfinite(t.grad.data).all() for t in (q, k, v))


def test_dropout_drops_weights_and_scales_up_the_rest():
    mg.manual_seed(0)
    ones = mg.ones(1, 400)
    y = F.scaled_dot_product_attention(ones.mT, ones.mT, mg.eye(400), dropout_p=0.25)
    kept = y.data * 400
    np.testing.assert_allclose(np.unique(kept.round(4)), [0, 4 / 3], atol=1e-4)
    assert (kept == 0).mean() == pytest.approx(0.25, abs=0.01)


# MultiheadAttention

LAYERS = {
    "plain": {},
    "without biases": {"bias": False},
    "one learned key more": {"add_bias_kv": True},
    "a key of zeros more": {"add_zero_attn": True, "add_bias_kv": True},
    "own sizes": {"kdim": 3, "vdim": 5},
}


def of_sample(x, i, batch_first):
    return x.data[i] if batch_first else x.data[:, i]


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("options", LAYERS.values(), ids=LAYERS)
def test_output_is_that_of_the_papers_formula(options, batch_first):
    layer = randomized(nn.MultiheadAttention(4, 2, batch_first=batch_first, **options))
    n, length, size = 2, 3, 5
    p = arrays(layer)
    shape = (lambda s, f: (n, s, f)) if batch_first else (lambda s, f: (s, n, f))
    q, k, v = (
        randn(*shape(s, f), seed=f)
        for s, f in ((length, 4), (size, layer.kdim), (size, layer.vdim))
    )
    attn, padding = booleans(n * 2, length, size, seed=1), booleans(n, size, seed=2)
    y, weights = layer(q, k, v, mg.tensor(padding), attn_mask=mg.tensor(attn))
    for i in range(n):
        mask = np.where(attn[2 * i : 2 * i + 2] | padding[i], -INF, 0.0)
        expected = loops_attention.multihead(
            *(of_sample(x, i, batch_first) for x in (q, k, v)), p, 2, mask, layer.add_zero_attn
        )
        np.testing.assert_allclose(of_sample(y, i, batch_first), expected, rtol=1e-9, atol=1e-12)
    seen = weights.data
    np.testing.assert_allclose(seen.sum(-1), 1)
    assert seen.shape == (
        n,
        length,
        k.shape[batch_first] + sum(o.startswith("add") for o in options),
    )


@pytest.mark.parametrize("options", LAYERS.values(), ids=LAYERS)
def test_gradients_of_inputs_and_parameters(options):
    layer = randomized(nn.MultiheadAttention(4, 2, **options))
    f, parameters = as_function(layer, inputs=3)
    inputs = [randn(s, 2, n).data for s, n in ((2, 4), (3, layer.kdim), (3, layer.vdim))]
    check_gradients(f, *inputs, *parameters)


def test_the_weights_of_the_heads_and_their_mean():
    layer, x = randomized(nn.MultiheadAttention(4, 2)), randn(3, 2, 4)
    y, mean = layer(x, x, x)
    again, each = layer(x, x, x, average_attn_weights=False)
    assert each.shape == (2, 2, 3, 3)
    close(mean, each.data.mean(1))
    alone, none = layer(x, x, x, need_weights=False)
    assert none is None
    assert (y.data == again.data).all()
    assert (y.data == alone.data).all()


def test_without_a_batch_axis():
    x, mask = randn(3, 4), mg.tensor([False, True, False])
    for batch_first in (False, True):
        layer = randomized(nn.MultiheadAttention(4, 2, batch_first=batch_first))
        axis = 0 if batch_first else 1
        q = x.unsqueeze(axis)
        y, w = layer(x, x, x, key_padding_mask=mask)
        y_batch, w_batch = layer(q, q, q, key_padding_mask=mask.unsqueeze(0))
        close(y, y_batch.squeeze(axis).data)
        close(w, w_batch[0].data)
        assert layer(x, x, x, average_attn_weights=False)[1].shape == (2, 3, 3)


def test_a_mask_of_booleans_and_one_of_numbers_are_the_same():
    layer, x = randomized(nn.MultiheadAttention(4, 2)), randn(3, 2, 4)
    mask, padding = booleans(3, 3), booleans(2, 3, seed=1)
    plain = layer(x, x, x, mg.tensor(padding), attn_mask=mg.tensor(mask))[0]
    for dtype in (np.float32, np.float64):
        numbers = [mg.tensor(np.where(m, -INF, 0).astype(dtype)) for m in (padding, mask)]
        close(layer(x, x, x, numbers[0], attn_mask=numbers[1])[0], plain.data)


def test_is_causal_alone_makes_the_mask():
    layer, x = randomized(nn.MultiheadAttention(4, 2)), randn(3, 2, 4)
    mask = mg.tensor(~np.tri(3, dtype=bool))
    y, w = layer(x, x, x, is_causal=True)
    close(y, layer(x, x, x, attn_mask=mask)[0].data)
    close(y, layer(x, x, x, attn_mask=mask, is_causal=True)[0].data)
    assert not np.triu(w.data, 1).any()


@pytest.mark.parametrize("need_weights", [True, False])
def test_a_sample_that_is_all_padding_gives_the_bias_and_finite_gradients(need_weights):
    layer, x = randomized(nn.MultiheadAttention(4, 2)), randn(3, 2, 4)
    padding = mg.tensor([[False, False, True], [True, True, True]])
    y, _ = layer(x, x, x, padding, need_weights)
    close(y[:, 1], np.tile(layer.out_proj.bias.data, (3, 1)))
    y.sum().backward()
    assert all(np.isfinite(p.grad.data).all() for p in layer.parameters())


def test_a_learned_bias_of_the_scores_gets_its_gradient():
    layer, x = randomized(nn.MultiheadAttention(4, 2)), randn(3, 2, 4)
    check_gradients(lambda mask: layer(x, x, x, attn_mask=mask)[0], randn(4, 3, 3).data)


def test_an_empty_batch():
    layer = nn.MultiheadAttention(4, 2, add_bias_kv=True)
    x, padding = mg.zeros(3, 0, 4), mg.zeros(0, 3).bool()
    y, w = layer(x, x, x, padding, attn_mask=mg.zeros(0, 3, 3))
    assert (y.shape, w.shape) == ((3, 0, 4), (0, 3, 4))
    y.sum().backward()
    assert layer.in_proj_weight.grad.shape == (12, 4)


def test_dropout_only_in_training():
    mg.manual_seed(0)
    layer, x = nn.MultiheadAttention(4, 2, dropout=0.5), mg.randn(6, 2, 4)
    weights = layer(x, x, x, average_attn_weights=False)[1]
    assert (weights.data == 0).any()
    layer.eval()
    assert (layer(x, x, x, average_attn_weights=False)[1].data > 0).all()


def test_float32_stays_float32():
    layer, x = nn.MultiheadAttention(4, 2, add_zero_attn=True), mg.randn(3, 2, 4)
    y, w = layer(x, x, x, mg.zeros(2, 3).bool(), attn_mask=mg.zeros(3, 3).double())
    assert (y.dtype, w.dtype) == (np.float32, np.float32)


def test_first_values():
    mg.manual_seed(0)
    layer = nn.MultiheadAttention(64, 4, add_bias_kv=True)
    bound = np.sqrt(6 / (64 + 3 * 64))  # of all three projections as one, as in PyTorch
    assert np.abs(layer.in_proj_weight.data).max() == pytest.approx(bound, rel=1e-3)
    assert np.abs(layer.out_proj.weight.data).max() == pytest.approx(1 / 8, rel=1e-2)
    assert not layer.in_proj_bias.data.any()
    assert not layer.out_proj.bias.data.any()
    assert layer.bias_v.init == "xavier_normal_(fan_in=64, fan_out=64)"
    assert layer.bias_k.data.std() == pytest.approx(np.sqrt(2 / 128), rel=0.3)
    other = nn.MultiheadAttention(64, 4, kdim=32)
    bound = np.sqrt(6 / (64 + 32))
    assert np.abs(other.k_proj_weight.data).max() == pytest.approx(bound, rel=1e-2)


@pytest.mark.parametrize("options", LAYERS.values(), ids=LAYERS)
def test_parameters_and_multiply_adds(options):
    e = 8
    layer = nn.MultiheadAttention(e, 2, batch_first=True, **options)
    kdim, vdim = layer.kdim, layer.vdim
    biases = (4 if "bias" not in options else 0) + 2 * ("add_bias_kv" in options)
    assert sum(p.numel() for p in layer.parameters()) == e * (2 * e + kdim + vdim + biases)
    n, length, size = 2, 5, 7
    q, k, v = mg.randn(n, length, e), mg.randn(n, size, kdim), mg.randn(n, size, vdim)
    seen = size + sum(o.startswith("add") for o in options)
    projections = length * e * e + size * (kdim + vdim) * e
    assert layer._multiply_adds(q, layer(q, k, v)) == n * (projections + 2 * length * seen * e)


def test_multiply_adds_of_every_way_to_give_a_sequence():
    for batch_first, shape in itertools.product((False, True), ((5, 2, 8), (2, 5, 8), (5, 8))):
        layer, x = nn.MultiheadAttention(8, 2, batch_first=batch_first), mg.randn(*shape)
        length = 5 if len(shape) == 2 else shape[batch_first]
        samples = 1 if len(shape) == 2 else 10 // length
        expected = samples * (3 * length * 64 + 2 * length**2 * 8)
        for need_weights in (True, False):
            output = layer(x, x, x, need_weights=need_weights)
            assert layer._multiply_adds(x, output) == expected
