"""debug.taps: the definition, beside the fast layers, on 500 random configurations."""

from itertools import cycle, islice

import numpy as np
import pytest
from windows_at_random import CONVS, OPTIONS, POOLS, Draw, configuration

import minigrad as mg
from minigrad import debug, nn


def as_given(layer, x):
    """A DeformConv's output with its offsets and mask taken as constants."""
    layer(x)
    return layer._deform(x, layer.last_offsets, layer.last_mask)


def check(layer, inputs, rng):
    x, *more = inputs
    taps = debug.taps(layer, x, *more)
    x.requires_grad = True
    y = as_given(layer, x) if isinstance(layer, nn.DeformConv) else layer(x, *more)
    np.testing.assert_allclose(taps.output(), y.detach().numpy(), rtol=1e-10, atol=1e-10)
    dy = rng.standard_normal(y.shape)
    y.backward(dy)
    np.testing.assert_allclose(taps.dx(mg.tensor(dy)), x.grad.numpy(), rtol=1e-10, atol=1e-10)
    weight = getattr(layer, "weight", None)
    if weight is not None:
        np.testing.assert_allclose(taps.dw(dy), weight.grad.numpy(), rtol=1e-10, atol=1e-10)


def test_500_random_configurations():
    draw = Draw(0)
    for kind, n in islice(cycle(2 * CONVS + POOLS), 500):
        check(*configuration(draw, kind, n), draw.rng)
    assert draw.tries < 1500
    rare = {name: count for name, count in draw.came.items() if count < 5}
    assert not rare, f"hardly drawn: {rare}"
    assert len(draw.came) == OPTIONS


def test_each_tap_of_a_convolution():
    layer = nn.Conv2d(1, 1, 2, padding=1, bias=False)
    layer.weight.data[...] = [[[[1, 2], [3, 4]]]]
    taps = debug.taps(layer, mg.tensor([[[10.0, 20.0], [30.0, 40.0]]]))
    listed = np.stack([taps.outputs, taps.inputs, taps.weights])
    assert listed[:, :3].T.tolist() == [[0, 0, 3], [1, 0, 2], [1, 1, 3]]  # the upper edge
    assert listed[:, listed[0] == 4].T.tolist() == [[4, 0, 0], [4, 1, 1], [4, 2, 2], [4, 3, 3]]
    assert taps.factors.tolist() == [1] * 16
    assert taps.output()[0, 1, 1] == 10 + 2 * 20 + 3 * 30 + 4 * 40
    assert taps.dx(np.ones((1, 3, 3))).tolist() == [[[10, 10], [10, 10]]]
    assert repr(taps) == "16 taps of Conv2d, (1, 2, 2) -> (1, 3, 3)"


def test_the_bilinear_weights_of_a_deformable_tap():
    layer = nn.DeformConv2d(1, 1, 1, bias=False)
    layer.weight.data[...] = 2
    x = mg.tensor([[[[0.0, 10.0], [20.0, 30.0]]]])
    offset = np.zeros((1, 2, 2, 2), np.float32)
    offset[0, :, 0, 0] = 0.25, 0.5  # y, x
    mask = np.full((1, 1, 2, 2), 0.5, np.float32)
    taps = debug.taps(layer, x, mg.tensor(offset), mg.tensor(mask))
    first = taps.outputs == 0
    assert taps.inputs[first].tolist() == [0, 1, 2, 3]
    assert taps.factors[first].tolist() == [0.1875, 0.1875, 0.0625, 0.0625]
    assert taps.output()[0, 0, 0, 0] == 2 * 0.5 * 10.0


def test_the_first_of_equal_values_wins():
    taps = debug.taps(nn.MaxPool2d(2), mg.ones(1, 1, 2, 2))
    assert taps.inputs.tolist() == [0]
    assert taps.dx(np.full((1, 1, 1, 1), 5.0)).tolist() == [[[[5, 0], [0, 0]]]]
    nan = mg.tensor([[[[1.0, np.nan], [np.nan, 2.0]]]])
    assert debug.taps(nn.MaxPool2d(2), nan).inputs.tolist() == [2]  # of several nan the last


def test_what_has_no_taps():
    conv, x = nn.Conv2d(2, 2, 3), mg.ones(1, 2, 4, 4)
    with pytest.raises(TypeError, match=r"taps: expected a convolution or pooling .* got int;"):
        debug.taps(3, x)
    with pytest.raises(TypeError, match="got Linear, which holds none"):
        debug.taps(nn.Linear(2, 2), x)
    model = nn.Sequential(nn.ReLU(), nn.Sequential(conv, nn.MaxPool2d(2)))
    with pytest.raises(TypeError, match=r"got Sequential; pass one of the 2 in it, .*model\[1\]\["):
        debug.taps(model, x)
    with pytest.raises(TypeError, match=r"got DepthwiseSeparable; .* such as model\.depthwise"):
        debug.taps(nn.DepthwiseSeparable(2, 2), x)
    with pytest.raises(TypeError, match=r"x must be a Tensor, got numpy.ndarray; .*from_numpy"):
        debug.taps(conv, np.ones((1, 2, 4, 4)))
    with pytest.raises(TypeError, match=r"x must be a Tensor, got list; write minigrad.tensor\(x"):
        debug.taps(conv, [1.0])
    with pytest.raises(ValueError, match=r"x of shape \(0, 2, 4, 4\) holds no pixel"):
        debug.taps(conv, mg.ones(0, 2, 4, 4))
    with pytest.raises(ValueError, match=r"has 3 channels, expected in_channels=2"):
        debug.taps(conv, mg.ones(1, 3, 4, 4))
    with pytest.raises(ValueError, match=r"expected an input of 4 axes \(N, C, H, W\)"):
        debug.taps(conv, mg.ones(4, 4))
    with pytest.raises(ValueError, match=r"taps: there are 37,748,736, .* x\[..., :16, :16\]"):
        debug.taps(nn.Conv2d(64, 64, 3, padding=1), mg.ones(1, 64, 32, 32))

    class Mine(nn.Conv2d):
        def forward(self, x):
            return 2 * super().forward(x)

    with pytest.raises(TypeError, match=r"taps: Mine has a forward of its own, .* Mine's weight"):
        debug.taps(Mine(2, 2, 3), x)


def test_offsets_that_do_not_fit():
    x, layer = mg.ones(1, 1, 3, 3), nn.DeformConv2d(1, 1, 2)
    with pytest.raises(ValueError, match=r"give offset=, of shape \(N, 8, H', W'\)"):
        debug.taps(layer, x)
    with pytest.raises(ValueError, match="the offsets hold nan or inf"):
        debug.taps(layer, x, mg.full((1, 8, 2, 2), float("nan")))
    predicting = nn.DeformConv(1, 1)
    predicting.offset.bias.data[0] = np.nan
    with pytest.raises(ValueError, match="the offsets hold nan or inf"):
        debug.taps(predicting, x)
    with pytest.raises(ValueError, match=r"only DeformConv2d takes offset .* is Conv2d"):
        debug.taps(nn.Conv2d(1, 1, 2), x, mg.ones(1, 8, 2, 2))


def test_gradients_that_do_not_fit():
    taps = debug.taps(nn.MaxPool2d(2), mg.ones(1, 1, 4, 4))
    with pytest.raises(ValueError, match=r"Taps.dx: dy has shape \(2, 2\), it must have .*1, 1, 2"):
        taps.dx(np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"Taps.dw: MaxPool2d has no weight; only dx\(dy\)"):
        taps.dw(np.ones((1, 1, 2, 2)))
