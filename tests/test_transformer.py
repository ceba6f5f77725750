"""nn.TransformerEncoderLayer and nn.TransformerEncoder."""

import itertools

import loops_attention
import numpy as np
import pytest
from numerical import check_gradients
from parametric import arrays, as_function, randomized

import minigrad as mg
from minigrad import nn

INF = np.inf
FUNCTIONS = {"relu": lambda x: np.maximum(x, 0), "tanh": np.tanh}


def randn(*shape, seed=0):
    return mg.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("norm_first", "bias", "batch_first", "activation"),
    [
        (False, True, False, "relu"),
        (True, True, False, "tanh"),
        (False, False, True, "tanh"),
        (True, False, True, "relu"),
    ],
)
def test_output_is_that_of_the_formula(norm_first, bias, batch_first, activation):
    function = activation if activation == "relu" else nn.Tanh()
    layer = nn.TransformerEncoderLayer(
        4, 2, 6, 0.0, function, batch_first=batch_first, norm_first=norm_first, bias=bias
    )
    randomized(layer)
    n, length = 2, 5
    x = randn(*((n, length, 4) if batch_first else (length, n, 4)))
    mask = np.tri(length, k=1) == 0
    padding = np.array([[False] * 5, [False, False, False, True, True]])
    y = layer(x, mg.tensor(mask), mg.tensor(padding))
    for i in range(n):
        at = i if batch_first else (slice(None), i)
        numbers = np.where(mask | padding[i], -INF, 0)
        p, f = arrays(layer), FUNCTIONS[activation]
        close(y.data[at], loops_attention.encoder_layer(x.data[at], p, 2, norm_first, f, numbers))


@pytest.mark.parametrize("norm_first", [False, True])
def test_gradients_of_input_and_parameters(norm_first):
    layer = nn.TransformerEncoderLayer(4, 2, 3, 0.0, "gelu", norm_first=norm_first)
    f, parameters = as_function(randomized(layer))
    check_gradients(f, randn(3, 2, 4).data, *parameters)


def test_names_of_the_parameters():
    keys = list(nn.TransformerEncoderLayer(4, 2).state_dict())
    assert keys == [
        f"{part}.{name}"
        for part, names in (
            ("self_attn", ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]),
            *((part, ["weight", "bias"]) for part in ("linear1", "linear2", "norm1", "norm2")),
        )
        for name in names
    ]


@pytest.mark.parametrize("bias", [True, False])
def test_number_of_parameters(bias):
    d, inner = 8, 20
    layer = nn.TransformerEncoderLayer(d, 2, inner, bias=bias)
    weights, biases = 4 * d * d + 2 * d * inner + 2 * d, 4 * d + inner + d + 2 * d
    assert sum(p.numel() for p in layer.parameters()) == weights + bias * biases


@pytest.mark.parametrize("name", ["self_attn", "dropout", "dropout1", "dropout2"])
def test_each_dropout_acts_in_training_only(name):
    mg.manual_seed(0)
    layer, x = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.5).eval(), mg.randn(4, 3, 8)
    assert (layer(x).data == layer(x).data).all()
    layer.get_submodule(name).training = True
    assert (layer(x).data != layer(x).data).any()


def test_an_encoder_is_its_layers_in_a_row():
    layer = randomized(nn.TransformerEncoderLayer(4, 2, 6, 0.0))
    encoder = nn.TransformerEncoder(layer, 3, nn.LayerNorm(4).double())
    for i, part in enumerate(encoder.layers):
        randomized(part, seed=i)
    x, mask, padding = randn(5, 2, 4), mg.tensor(np.tri(5) == 0), mg.zeros(2, 5).bool()
    padding.data[1, 3:] = True
    y = x
    for part in encoder.layers:
        y = part(y, mask, padding)
    close(encoder(x, mask, padding).data, encoder.norm(y).data)
    close(encoder(x, None, padding, is_causal=True).data, encoder.norm(y).data)
    assert encoder(x[:, 0]).shape == (5, 4)


def test_the_layers_are_copies_with_the_same_first_values():
    layer = nn.TransformerEncoderLayer(4, 2, 6)
    encoder = nn.TransformerEncoder(layer, 2)
    first, second = encoder.layers
    assert first is not second
    assert layer not in list(encoder.modules())
    for p, q, r in zip(*(m.parameters() for m in (layer, first, second)), strict=True):
        assert (p.data == q.data).all()
        assert (q.data == r.data).all()
        assert not any(np.shares_memory(a.data, b.data) for a, b in ((p, q), (q, r)))


def test_an_empty_batch():
    layer = nn.TransformerEncoderLayer(4, 2, 6)
    y = layer(mg.zeros(3, 0, 4), src_key_padding_mask=mg.zeros(0, 3).bool())
    assert y.shape == (3, 0, 4)
    y.sum().backward()


def test_a_compact_convolutional_transformer_learns_which_half_is_bright():
    mg.manual_seed(0)

    class Compact(nn.Layer):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 8, 3, padding=1)
            layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True, norm_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(8))
            self.place = nn.Parameter(mg.randn(1, 16, 8) * 0.1)
            self.head = nn.Linear(8, 2)

        def forward(self, x):
            x = nn.functional.max_pool2d(self.conv(x).relu(), 2).flatten(2).mT  # (N, 16, 8)
            return self.head(self.encoder(x + self.place).mean(1))

    model = Compact()
    optimizer = mg.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        labels = mg.randint(2, size=(32,))
        x = mg.randn(32, 1, 8, 8) * 0.3
        x.data[np.arange(32), 0, 6 * labels.data] += 1.0  # a bright line on top or below
        loss = nn.functional.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1


@pytest.mark.parametrize("batch_first", [True, False])
def test_summary_counts_the_attention_too(batch_first):
    layer = nn.TransformerEncoderLayer(8, 2, 20, batch_first=batch_first)
    length = 5
    expected = 3 * (length * (4 * 64 + 2 * 8 * 20) + 2 * length**2 * 8)
    found = mg.summary(layer, (3, length, 8) if batch_first else (length, 3, 8))
    assert found.receptive_field is None  # tokens are no map
    assert found.multiply_adds == expected
    assert found.parameters == sum(row.parameters for row in found.rows)


WRONG = [
    (lambda: nn.TransformerEncoderLayer(10, 4), ValueError,
     "TransformerEncoderLayer: d_model=10 is not divisible by nhead=4; the nearest d_model is 8"),
    (lambda: nn.TransformerEncoderLayer(8, 0), ValueError, "nhead must be at least 1, got 0"),
    (lambda: nn.TransformerEncoderLayer(8.0, 2), TypeError, "d_model must be an int, got 8.0; "),
    (lambda: nn.TransformerEncoderLayer(8, 2, 0), ValueError, "dim_feedforward must be at least 1"),
    (lambda: nn.TransformerEncoderLayer(8, 2, 9, 2), ValueError, "dropout must be between 0"),
    (lambda: nn.TransformerEncoderLayer(8, 2, activation="gelo"), ValueError,
     "TransformerEncoderLayer: activation must be one of 'relu', 'gelu', got 'gelo'; did you mean"),
    (lambda: nn.TransformerEncoderLayer(8, 2, activation=nn.GELU), TypeError,
     r"activation is the class GELU; write GELU\(\), with parentheses"),
    (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer, 2), TypeError,
     r"TransformerEncoder: encoder_layer must be a layer, such as .*, got <class"),
    (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 2, nn.LayerNorm), TypeError,
     r"TransformerEncoder: norm must be a layer, .*; write LayerNorm\(\.\.\.\), with parentheses"),
    (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 2, 8), TypeError,
     "TransformerEncoder: norm must be a layer, .* or None, got 8$"),
    (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 0), ValueError,
     "TransformerEncoder: num_layers must be at least 1, got 0"),
    (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 2)(mg.zeros(3, 2, 9)),
     ValueError,
     r"layers.0.self_attn \(MultiheadAttention\): query has 9 features .*, embed_dim is 8"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_positions_do_not_know_their_order():
    """Without an embedding of places, permuted positions give permuted outputs."""
    layer, x = randomized(nn.TransformerEncoderLayer(4, 2, 6, 0.0)), randn(4, 2, 4)
    for order in itertools.islice(itertools.permutations(range(4)), 0, 24, 5):
        close(layer(x[list(order)]).data, layer(x).data[list(order)])
