"""nn.NonLocalBlock1d/2d/3d against the equations of Wang et al., 2018."""

import loops_attention
import numpy as np
import pytest
from numerical import check_gradients
from parametric import arrays, as_function, randomized

import minigrad as mg
from minigrad import nn

BLOCKS = {
    nn.NonLocalBlock1d: (2, 3, 5),
    nn.NonLocalBlock2d: (2, 3, 2, 4),
    nn.NonLocalBlock3d: (2, 3, 2, 2, 3),
}
MODES = ("embedded_gaussian", "gaussian", "dot_product", "concatenation")
every_block = pytest.mark.parametrize(("block", "shape"), BLOCKS.items())
every_mode = pytest.mark.parametrize("mode", MODES)


def randn(*shape, seed=0):
    return mg.from_numpy(np.random.default_rng(seed).standard_normal(shape))


@every_mode
@every_block
@pytest.mark.parametrize(("sub_sample", "norm"), [(False, True), (True, False)])
def test_output_and_attention_are_those_of_the_equations(block, shape, mode, sub_sample, norm):
    layer = randomized(block(3, 2, mode, sub_sample, norm)).eval()
    if norm:
        layer.norm.running_mean.data[...] = [0.5, -1, 2]
        layer.norm.running_var.data[...] = [2, 0.3, 1]
    x = randn(*shape)
    y, attention = loops_attention.non_local(x.data, arrays(layer), mode, sub_sample)
    np.testing.assert_allclose(layer(x).data, y, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(layer.last_attention.data, attention, rtol=1e-9, atol=1e-12)
    assert not layer.last_attention.requires_grad
    if "gaussian" in mode:
        np.testing.assert_allclose(attention.sum(2), 1)


@every_mode
@pytest.mark.parametrize(
    ("block", "shape", "sub_sample", "norm"),
    [
        (nn.NonLocalBlock1d, (2, 3, 4), True, True),
        (nn.NonLocalBlock2d, (2, 3, 2, 2), False, False),
        (nn.NonLocalBlock3d, (1, 3, 2, 2, 2), True, True),
    ],
)
def test_gradients_of_input_and_parameters(block, shape, mode, sub_sample, norm):
    f, parameters = as_function(randomized(block(3, 2, mode, sub_sample, norm)))
    check_gradients(f, randn(*shape).data, *parameters)


@every_mode
@every_block
@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_a_new_block_gives_back_its_input_exactly(block, shape, mode, norm, training):
    mg.manual_seed(0)
    layer, x = block(3, mode=mode, norm=norm).train(training), mg.randn(*shape)
    assert (layer(x).data == x.data).all()


@every_mode
@pytest.mark.parametrize("norm", [True, False])
def test_a_new_block_learns(mode, norm):
    """The last step's zeros get a gradient, so that the block leaves the identity."""
    mg.manual_seed(0)
    layer = nn.NonLocalBlock2d(4, mode=mode, norm=norm)
    (layer(mg.randn(2, 4, 3, 3)) * mg.randn(2, 4, 3, 3)).sum().backward()
    last = layer.norm if norm else layer.W
    assert last.weight.grad.data.any()
    layer.reset_parameters()
    assert not last.weight.data.any()


def test_non_local_block_is_the_one_for_maps():
    assert nn.NonLocalBlock is nn.NonLocalBlock2d


def test_half_of_the_channels_but_at_least_one():
    assert nn.NonLocalBlock(7).inter_channels == 3
    assert nn.NonLocalBlock(1).inter_channels == 1
    assert nn.NonLocalBlock(1)(mg.randn(1, 1, 3, 3)).shape == (1, 1, 3, 3)


@every_mode
@pytest.mark.parametrize("norm", [True, False])
def test_number_of_parameters(mode, norm):
    c, inner = 8, 3
    embeddings = {"gaussian": 1}.get(mode, 3)  # g, and theta and phi
    expected = embeddings * (c * inner + inner) + inner * c + (2 * c if norm else c)
    if mode == "concatenation":
        expected += 2 * inner
    for block in BLOCKS:
        layer = block(c, inner, mode, norm=norm)
        assert sum(p.numel() for p in layer.parameters()) == expected


@pytest.mark.parametrize(
    ("block", "shape", "keys"),
    [
        (nn.NonLocalBlock1d, (2, 8, 7), 3),
        (nn.NonLocalBlock2d, (2, 8, 4, 5), 4),
        (nn.NonLocalBlock3d, (2, 8, 3, 4, 5), 12),
    ],
)
@every_mode
def test_multiply_adds(block, shape, keys, mode):
    inner, p = 3, int(np.prod(shape[2:]))
    for sub_sample, k in ((False, p), (True, keys)):
        layer, x = block(8, inner, mode, sub_sample), mg.zeros(*shape)
        compared = {
            "gaussian": p * k * 8,
            "concatenation": (p + k) * inner,
        }.get(mode, p * k * inner)
        assert layer._multiply_adds(x, layer(x)) == 2 * (compared + p * k * inner)
        assert layer.last_attention.shape == (2, p, k)
        embeddings = p * 8 * inner * (1 if mode == "gaussian" else 3)
        total = embeddings + compared + p * k * inner + p * inner * 8
        assert mg.summary(layer, shape).multiply_adds == 2 * total


def test_the_block_keeps_what_it_compared_and_not_the_attention():
    layer = nn.NonLocalBlock2d(4, 2)
    assert layer.last_attention is None
    with mg.no_grad():
        layer(mg.randn(1, 4, 20, 20))
    assert sum(t.numel() for t in layer._compared) == 2 * 2 * 400
    assert layer.last_attention.shape == (1, 400, 400)
    assert "_compared" not in layer.state_dict()


def test_the_attention_looks_for_the_same_number():
    """With the gaussian of the plain input, equal pixels look at each other."""
    x = mg.tensor(np.array([[[9.0, -9.0, 9.0, -9.0]]]))
    layer = nn.NonLocalBlock1d(1, mode="gaussian").double()
    layer(x)
    expected = np.array([[0.5, 0, 0.5, 0], [0, 0.5, 0, 0.5]] * 2)
    np.testing.assert_allclose(layer.last_attention.data[0], expected, atol=1e-12)


def test_an_empty_batch():
    for mode in MODES:
        layer = nn.NonLocalBlock2d(4, mode=mode, sub_sample=True, norm=False)
        y = layer(mg.zeros(0, 4, 4, 4))
        assert y.shape == (0, 4, 4, 4)
        y.sum().backward()
        assert layer.last_attention.shape == (0, 16, 4)


def test_float32_stays_float32():
    for mode in MODES:
        assert (
            randomized(nn.NonLocalBlock2d(4, mode=mode)).float()(mg.randn(2, 4, 3, 3)).dtype
            == np.float32
        )


WRONG = [
    (lambda: nn.NonLocalBlock2d(0), ValueError, "NonLocalBlock2d: channels must be at least 1"),
    (lambda: nn.NonLocalBlock1d(4, 0), ValueError, "inter_channels must be at least 1, got 0"),
    (lambda: nn.NonLocalBlock3d(4, mode="dot"), ValueError,
     "NonLocalBlock3d: mode must be one of 'embedded_gaussian', .*, got 'dot'"),
    (lambda: nn.NonLocalBlock2d(4)(mg.zeros(2, 3, 5, 5)), ValueError,
     r"NonLocalBlock2d: expected an input \(N, 4, H, W\), got shape \(2, 3, 5, 5\)"),
    (lambda: nn.NonLocalBlock2d(4)(mg.zeros(4, 5, 5)), ValueError,
     r"expected an input \(N, 4, H, W\), got shape \(4, 5, 5\)"),
    (lambda: nn.NonLocalBlock3d(4)(mg.zeros(2, 4, 5, 5)), ValueError,
     r"expected an input \(N, 4, D, H, W\)"),
    (lambda: nn.NonLocalBlock1d(4, sub_sample=True)(mg.zeros(2, 4, 1)), ValueError,
     r"pool \(MaxPool1d.*: max_pool1d: .*(covers|window)"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
