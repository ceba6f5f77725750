"""Attention and the transformer's encoder beside torch's, in float64."""

import inspect

import numpy as np
import pytest
import torch
import torch.nn.functional as TF
from beside import Draw, assert_same, examples

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F

INF = float("inf")


def draw_mask(draw, *shape):
    """Booleans, True in half of the places, in every row somewhere, or numbers with some -inf."""
    mask = draw.rng.random(shape) < 0.5
    mask[..., draw.int(0, shape[-1] - 1)] = True
    return mask if draw.coin() else np.where(mask, draw.array(*shape), -INF)


@examples(60)
def test_scaled_dot_product_attention(seed):
    draw = Draw(seed)
    lead = draw.ints(draw.int(0, 2), 1, 3)
    length, size, e, v = draw.ints(4, 1, 5)
    options = {"scale": draw.pick.choice([None, 0.3])}
    arrays = [draw.array(*lead, *shape) for shape in ((length, e), (size, e), (size, v))]
    if draw.coin():
        options["is_causal"] = True
    elif draw.coin():
        mask = draw_mask(draw, *lead[draw.int(0, len(lead)) :], length, size)
        if draw.coin():  # a query that may look at nothing
            mask[..., draw.int(0, length - 1), :] = False if mask.dtype == bool else -INF
        arrays.append(mask)
    assert_same(
        lambda *t: F.scaled_dot_product_attention(*t, **options),
        lambda *t: TF.scaled_dot_product_attention(*t, **options),
        *arrays,
    )


def twins(name, *args, **options):
    """The layer here and in torch, in float64, with torch's values, each parameter random."""
    ours, theirs = getattr(nn, name)(*args, **options), getattr(torch.nn, name)(*args, **options)
    return load(ours, theirs)


def load(ours, theirs, seed=0):
    rng = np.random.default_rng(seed)
    ours.double()
    theirs.double()
    for tensor in theirs.state_dict().values():
        if tensor.dtype == torch.float64:
            tensor.copy_(torch.from_numpy(rng.uniform(-1, 1, tensor.shape)))
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    return ours, theirs


def assert_same_layers(ours, theirs, call, *arrays):
    """`call(layer, *tensors)` for both: results, and the gradients of inputs and parameters."""
    assert_same(lambda *t: call(ours, *t), lambda *t: call(theirs, *t), *arrays)
    expected = dict(theirs.named_parameters())
    assert [name for name, _ in ours.named_parameters()] == list(expected)
    for name, p in ours.named_parameters():
        if expected[name].grad is None:
            assert p.grad is None or not p.grad.data.any(), name
            continue
        np.testing.assert_allclose(
            p.grad.data, expected[name].grad.numpy(), 1e-9, 1e-10, err_msg=name
        )


def draw_masks(draw, n, heads, length, size):
    """attn_mask and key_padding_mask as torch wants them: both of booleans, or both of numbers."""
    forbidden = draw.rng.random((n, heads, length, size)) < 0.3
    padding = draw.rng.random((n, size)) < 0.3
    forbidden[..., 0] = padding[:, 0] = False
    attn = forbidden[0, 0] if draw.coin() else forbidden.reshape(-1, length, size)
    masks = [attn if draw.coin() else None, padding if draw.coin() else None]
    if draw.coin():
        masks = [None if m is None else np.where(m, -INF, draw.array(*m.shape)) for m in masks]
    return masks


@examples(60)
def test_multihead_attention(seed):
    draw = Draw(seed)
    heads, n, length, size = draw.ints(4, 1, 4)
    e = heads * draw.int(1, 3)
    own = draw.coin()
    kdim, vdim = draw.ints(2, 1, 5) if own else (e, e)
    options = {
        "bias": draw.coin(), "add_bias_kv": draw.coin(), "add_zero_attn": draw.coin(),
        "batch_first": draw.coin(), "kdim": kdim if own else None, "vdim": vdim if own else None,
    }  # fmt: skip
    ours, theirs = twins("MultiheadAttention", e, heads, **options)
    single = draw.coin()
    n = 1 if single else n

    def shaped(positions, features):
        order = (n, positions, features) if options["batch_first"] else (positions, n, features)
        return draw.array(*([positions, features] if single else order))

    attn, padding = draw_masks(draw, n, heads, length, size)
    if padding is not None and single:
        padding = padding[0]
    call = {"need_weights": draw.coin(), "average_attn_weights": draw.coin()}
    masks = {"attn_mask": attn, "key_padding_mask": padding}
    given = [name for name, mask in masks.items() if mask is not None]

    def run(layer, q, k, v, *tensors):
        y, weights = layer(q, k, v, **dict(zip(given, tensors, strict=True)), **call)
        return y if weights is None else (y, weights)

    inputs = [shaped(length, e), shaped(size, kdim), shaped(size, vdim)]
    assert_same_layers(ours, theirs, run, *inputs, *(masks[name] for name in given))


def test_a_row_masked_as_a_whole_is_what_torch_gives_without_weights():
    ours, theirs = twins("MultiheadAttention", 4, 2)
    draw = Draw(0)
    padding = np.array([[True, True, True], [False, True, False]])

    def run(layer, x, padding):
        return layer(x, x, x, key_padding_mask=padding, need_weights=False)[0]

    assert_same_layers(ours, theirs, run, draw.array(3, 2, 4), padding)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@examples(25)
def test_transformer_encoder(seed, training):
    draw = Draw(seed)
    heads, n, length = draw.ints(3, 1, 4)
    d = heads * draw.int(1, 3)
    options = {
        "activation": draw.pick.choice(["relu", "gelu"]), "batch_first": draw.coin(),
        "norm_first": draw.coin(), "bias": draw.coin(), "layer_norm_eps": 0.01,
    }  # fmt: skip
    layers, norm = draw.int(1, 3), draw.coin()
    pair = []
    for library in (nn, torch.nn):
        layer = library.TransformerEncoderLayer(d, heads, draw.int(5, 5), 0.0, **options)
        final = library.LayerNorm(d) if norm else None
        pair.append(library.TransformerEncoder(layer, layers, final).train(training))
    ours, theirs = load(*pair, seed)
    attn, padding = draw_masks(draw, n, heads, length, length)
    masks = {"mask": attn, "src_key_padding_mask": padding}
    given = [name for name, mask in masks.items() if mask is not None]

    def run(layer, x, *tensors):
        return layer(x, **dict(zip(given, tensors, strict=True)))

    x = draw.array(*((n, length, d) if options["batch_first"] else (length, n, d)))
    assert_same_layers(ours, theirs, run, x, *(masks[name] for name in given))


@pytest.mark.parametrize("batch_first", [True, False])
def test_is_causal_with_torchs_own_mask(batch_first):
    ours, theirs = twins("TransformerEncoderLayer", 6, 2, 4, 0.0, batch_first=batch_first)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.float64)

    def run(layer, x):
        own = mg.tensor(mask.numpy()) if layer is ours else mask
        return layer(x, src_mask=own, is_causal=True)

    assert_same_layers(ours, theirs, run, Draw(0).array(5, 5, 6))


@pytest.mark.parametrize(
    "code",
    [
        "MultiheadAttention(4, 2)",
        "MultiheadAttention(4, 2, bias=False, add_bias_kv=True)",
        "MultiheadAttention(4, 2, kdim=3)",
        "TransformerEncoderLayer(4, 2, 5)",
        "TransformerEncoderLayer(4, 2, 5, activation=nn.GELU(), bias=False)",
        "TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 5, batch_first=True), 2,"
        " nn.LayerNorm(4))",
    ],
)
def test_text_and_state_dict(code):
    ours, theirs = (eval(f"nn.{code}", {"nn": library}) for library in (nn, torch.nn))
    assert repr(ours) == repr(theirs).replace("NonDynamicallyQuantizableLinear", "Linear")
    found, expected = (
        [(key, tuple(value.shape)) for key, value in layer.state_dict().items()]
        for layer in (ours, theirs)
    )
    assert found == expected


@pytest.mark.parametrize(
    "code", ["MultiheadAttention(40, 2, add_bias_kv=True)", "MultiheadAttention(40, 2, kdim=80)"]
)
def test_first_values_have_torchs_distribution(code):
    mg.manual_seed(0)
    torch.manual_seed(0)
    ours, theirs = (eval(f"nn.{code}", {"nn": library}) for library in (nn, torch.nn))
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        a, b = p.data, q.detach().numpy()
        assert a.std() == pytest.approx(b.std(), rel=8 / np.sqrt(b.size)), name
        assert abs(a.mean() - b.mean()) <= 8 * b.std() / np.sqrt(b.size), name


@pytest.mark.parametrize(
    "name", ["MultiheadAttention", "TransformerEncoderLayer", "TransformerEncoder"]
)
def test_arguments_in_torchs_order(name):
    for method in ("__init__", "forward"):
        ours, theirs = (
            inspect.signature(getattr(getattr(library, name), method)).parameters
            for library in (nn, torch.nn)
        )
        assert list(ours) == list(theirs)[: len(ours)]
        for argument in ours:
            if argument != "activation":
                assert ours[argument].default == theirs[argument].default, argument
