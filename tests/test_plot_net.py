"""Pictures of a net: what its layers make, what gradients arrive, what it looks at."""

import numpy as np
import pytest
from test_plot import drawn

import minigrad as mg
from minigrad import debug, nn, plot
from minigrad.models import build


def captured(backward=True):
    mg.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 4))
    with debug.capture(model) as made:
        loss = nn.functional.cross_entropy(model(mg.randn(5, 1, 8, 8)), mg.tensor([0, 1, 2, 3, 0]))
    if backward:
        loss.backward()
    return made


def test_feature_maps(tmp_path):
    figure = plot.feature_maps(captured()["0"].value, image=2)
    [axes] = figure.axes
    assert axes.get_title() == "3 channels of 6x6"
    drawn(figure, tmp_path)
    many = plot.feature_maps(mg.zeros(1, 70, 2, 2))
    assert many.axes[0].get_title() == "70 channels of 2x2, the first 64"


@pytest.mark.parametrize("shape", [(3, 6, 6), (1, 2, 3, 3), (5, 0, 3, 3)])
def test_feature_maps_of_something_else(shape):
    with pytest.raises(ValueError, match=r"needs maps \(N, C, H, W\) that have image 2, got"):
        plot.feature_maps(mg.zeros(*shape), image=2)


def test_feature_maps_take_the_value_of_what_was_captured():
    with pytest.raises(TypeError, match=r'got Activation; .* write made\["path"\]\.value'):
        plot.feature_maps(captured()["0"])


def test_gradient_flow(tmp_path):
    made = captured()
    figure = plot.gradient_flow(made)
    [axes] = figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[:2] == ["0 (Conv2d)", "1 (ReLU)"]
    assert labels[-1] == "the model (Sequential)"
    widths = [bar.get_width() for bar in axes.patches]
    assert widths == pytest.approx([abs(a.gradient.data).mean() for a in made.values()])
    drawn(figure, tmp_path)
    for factor in 0, np.inf:
        for activation in made.values():
            activation.gradient = activation.gradient * factor
        drawn(plot.gradient_flow(made), tmp_path)
    assert plot.gradient_flow(made).axes[0].texts[0].get_text() == "nan"
    with pytest.raises(ValueError, match=r"no layer has a gradient; call loss.backward\(\)"):
        plot.gradient_flow(captured(backward=False))


def test_layer_statistics(tmp_path):
    made = captured()
    figure = plot.layer_statistics(made)
    spread, zeros = figure.axes
    relu = made["1"].value.data
    assert zeros.patches[1].get_width() == pytest.approx(100 * np.mean(relu == 0))
    assert spread.lines[0].get_xdata()[1] == pytest.approx(relu.mean())
    drawn(figure, tmp_path)
    with pytest.raises(ValueError, match="nothing was captured"):
        plot.layer_statistics({})


def test_saliency(tmp_path):
    model = nn.Sequential(nn.Flatten(), nn.Linear(8, 2, bias=False))
    weight = np.arange(16, dtype=np.float32).reshape(2, 8) - 10
    model[1].weight.data[:] = weight
    kept = model[1].weight.grad = mg.ones(2, 8)
    image = mg.ones(2, 2, 2)
    figure = plot.saliency(model, image, target=0)
    _, map_ = figure.axes
    expected = abs(weight[0]).reshape(2, 2, 2).max(0)
    np.testing.assert_array_equal(map_.images[0].get_array(), expected)
    assert map_.get_title() == "what class 0 hangs on"
    assert model[1].weight.grad is kept
    assert not image.requires_grad
    drawn(figure, tmp_path)
    drawn(plot.saliency(build("lenet5", 3, 10, 32), mg.rand(3, 32, 32)), tmp_path)


def test_saliency_leaves_the_model_as_it_is():
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 2))
    model[2].eval()
    plot.saliency(model, mg.rand(1, 2, 2))
    assert [layer.training for layer in model] == [True, True, False, True]
    assert model[1].num_batches_tracked.item() == 0


def test_what_saliency_takes():
    with pytest.raises(ValueError, match=r"image must be \(C, H, W\), got \(1, 1, 2, 2\)"):
        plot.saliency(nn.Flatten(), mg.ones(1, 1, 2, 2))
    with pytest.raises(ValueError, match=r"must give scores \(N, classes\), got \(1, 1, 2, 2\)"):
        plot.saliency(nn.ReLU(), mg.ones(1, 2, 2))
