import numpy as np
import pytest
from matplotlib.figure import Figure

from minigrad import nn, plot
from minigrad.models import build
from minigrad.train import Epoch

HISTORY = [Epoch(n, 0.1, 2 / n, 1 - 0.9 / n, 2.2 / n, 1 - 0.95 / n, 1.0) for n in range(1, 6)]


def drawn(figure, tmp_path):
    """It is a Figure, it can be written, and pyplot knows nothing of it."""
    import matplotlib.pyplot as plt

    assert isinstance(figure, Figure)
    figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000
    assert plt.get_fignums() == []


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_curves(tmp_path):
    figure = plot.curves(HISTORY)
    loss, accuracy = figure.axes
    assert [line.get_label() for line in loss.lines] == ["training", "validation"]
    assert loss.lines[0].get_ydata() == pytest.approx([2, 1, 2 / 3, 0.5, 0.4])
    assert accuracy.lines[1].get_ydata() == pytest.approx([e.valid_accuracy for e in HISTORY])
    drawn(figure, tmp_path)


def test_curves_of_one_epoch_without_validation_or_accuracy(tmp_path):
    figure = plot.curves([Epoch(1, 0.1, 0.5, None, None, None, 1.0)])
    [loss] = figure.axes
    assert [line.get_label() for line in loss.lines] == ["training"]
    drawn(figure, tmp_path)


def test_curves_of_nothing_are_refused():
    with pytest.raises(ValueError, match="curves: the history is empty; train"):
        plot.curves([])


def test_confusion_matrix(tmp_path):
    figure = plot.confusion_matrix([0, 0, 1, 1, 1, 2], [0, 1, 1, 1, 0, 2], ["a", "b", "c"])
    axes = figure.axes[0]
    shares = axes.images[0].get_array()
    expected = np.array([[1 / 2, 1 / 2, 0], [1 / 3, 2 / 3, 0], [0, 0, 1]])
    assert np.allclose(np.asarray(shares), expected)
    assert texts(axes) == ["1", "1", "1", "2", "1"]
    assert axes.get_title() == "6 guesses, 66.67% right"
    drawn(figure, tmp_path)


def test_confusion_matrix_with_a_class_that_never_occurs_and_many_classes(tmp_path):
    figure = plot.confusion_matrix([0], [20], [f"class {n}" for n in range(21)])
    assert texts(figure.axes[0]) == []
    drawn(figure, tmp_path)


def test_filters_of_one_channel(tmp_path):
    conv = nn.Conv2d(1, 9, 3)
    conv.weight.data[...] = 0
    conv.weight.data[0, 0, 0, 0] = 2  # red: the greatest
    conv.weight.data[8, 0, 2, 2] = -2  # blue
    figure = plot.filters(nn.Sequential(conv))
    picture = figure.axes[0].images[0].get_array()
    assert picture.shape == (2 * 34 + 4, 8 * 34 + 4, 3)  # 8 in a row
    red, blue, white = picture[9, 9], picture[34 + 29, 29], picture[19, 19]
    assert red[0] > 0.3 > red[2]
    assert blue[2] > 0.3 > blue[0]
    assert white.min() > 0.95
    drawn(figure, tmp_path)


def test_filters_of_color_and_of_many_channels(tmp_path):
    color = nn.Conv2d(3, 1, 1)
    color.weight.data[...] = np.array([1, 0, -1]).reshape(1, 3, 1, 1)
    picture = plot.filters(color).axes[0].images[0].get_array()
    assert picture[9, 9].tolist() == [1, 0.5, 0]
    drawn(plot.filters(nn.Conv2d(40, 2, 3)), tmp_path)


def test_filters_without_a_convolution_are_refused():
    with pytest.raises(ValueError, match="filters: the model has no Conv2d"):
        plot.filters(build("mlp", 1, 10, 8))


def test_filters_that_are_all_zero(tmp_path):
    conv = nn.Conv2d(1, 1, 3)
    nn.init.zeros_(conv.weight)
    drawn(plot.filters(conv), tmp_path)


def test_wrong_guesses_come_surest_first(tmp_path):
    images = np.arange(4 * 9, dtype=np.uint8).reshape(4, 3, 3)
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.5, 0.5]])
    figure = plot.wrong_guesses(images, np.array([1, 0, 1, 1]), probabilities, ["cat", "dog"])
    assert [axes.get_title() for axes in figure.axes] == ["cat (90%)", "dog (60%)", "cat (50%)"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["is dog", "is cat", "is dog"]
    assert [axes.images[0].get_array().tolist() for axes in figure.axes] == [
        images[i].tolist() for i in (0, 1, 3)
    ]
    assert figure.get_suptitle() == "3 of 4 guessed wrong"
    drawn(figure, tmp_path)


def test_wrong_guesses_of_color_images_and_only_some_of_them(tmp_path):
    images = np.zeros((30, 4, 4, 3), np.uint8)
    figure = plot.wrong_guesses(images, np.ones(30, int), np.eye(2)[[0] * 30], ["a", "b"], most=7)
    assert len(figure.axes) == 7
    assert figure.get_suptitle() == "30 of 30 guessed wrong, the 7 surest"
    drawn(figure, tmp_path)


def test_no_wrong_guesses(tmp_path):
    figure = plot.wrong_guesses(np.zeros((2, 3, 3)), [0, 1], np.eye(2), ["a", "b"])
    assert figure.get_suptitle() == "0 of 2 guessed wrong"
    drawn(figure, tmp_path)
