"""debug.animate: a GIF with a frame for each step of the window."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

import minigrad as mg
from minigrad import debug, nn
from minigrad.debug import animation


@pytest.fixture
def scene(monkeypatch, tmp_path):
    """scene(layer, size): what would be drawn."""
    drawn = []
    monkeypatch.setattr(animation, "_write", lambda scene, path: drawn.append(scene))

    def made(layer, size=None):
        debug.animate(layer, tmp_path / "a.gif", size)
        return drawn[-1]

    return made


@pytest.mark.parametrize(
    ("layer", "size", "frames"),
    [
        (nn.Conv2d(2, 3, 3), 4, 4),
        (nn.ConvTranspose2d(1, 1, 1, stride=2), 2, 4),
        (nn.MaxPool1d(2), 4, 2),
        (nn.DeformConv(1, 1, padding=0), 4, 4),
    ],
)
def test_a_gif_with_a_frame_for_each_step(tmp_path, layer, size, frames):
    debug.animate(layer, tmp_path / "a.gif", size)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == frames
        assert gif.info["duration"] == 500  # milliseconds
        assert max(gif.size) < 800
        shown = []
        for frame in range(frames):
            gif.seek(frame)
            shown.append(np.asarray(gif.convert("RGB"), int))
    assert all(abs(a - b).max() > 50 for a, b in pairwise(shown))
    corner = np.stack(shown)[:, :4, :4]
    assert (corner == 255).all()  # nothing is cut off


def test_the_window_of_each_output(scene):
    drawn = scene(nn.Conv2d(1, 1, 3, stride=2, padding=1))
    assert (drawn.size, drawn.out) == ((5, 5), (3, 3))
    assert drawn.heading == "5×5 → 3×3"
    assert (drawn.low.tolist(), drawn.high.tolist()) == ([-1, -1], [6, 6])
    first, *_, last = drawn.steps
    assert first.above == [(0, 0)]
    assert first.below == [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]
    assert last.below == [(row, column) for row in (3, 4, 5) for column in (3, 4, 5)]


def test_dilation_leaves_gaps(scene):
    (step, *_) = scene(nn.Conv1d(1, 1, 3, dilation=2)).steps
    assert step.below == [(0, 0), (0, 2), (0, 4)]


def test_a_transposed_convolution_lays_its_kernel(scene):
    drawn = scene(nn.ConvTranspose2d(1, 1, 2, stride=2, output_padding=1), (1, 2))
    assert [step.below for step in drawn.steps] == [[(0, 0)], [(0, 1)]]
    assert drawn.steps[1].above == [(0, 2), (0, 3), (1, 2), (1, 3)]
    untouched = set(np.ndindex(*drawn.out)) - set(drawn.touched)
    assert untouched == {(2, i) for i in range(5)} | {(0, 4), (1, 4)}


def test_the_winner_of_a_maximum(scene):
    steps = scene(nn.MaxPool2d(2), 4).steps
    assert all(len(step.winners) == 1 and step.winners[0] in step.below for step in steps)
    assert all(not step.winners for step in scene(nn.AvgPool2d(2), 4).steps)


def test_the_points_of_a_deformable_convolution(scene):
    layer = nn.DeformConv(1, 1)
    layer.offset.bias.data[0:2] = 0.5, -0.25  # y and x of the first tap
    step = scene(layer, 3).steps[4]
    assert len(step.arrows) == 9
    start, end = step.arrows[0]
    assert (start.tolist(), end.tolist()) == ([0, 0], [0.5, -0.25])


@pytest.mark.parametrize(
    ("layer", "size", "out"),
    [
        (nn.Conv2d(1, 1, 3), (5, 5), (3, 3)), (nn.Conv2d(1, 1, 3, dilation=2), (7, 7), (3, 3)),
        (nn.DilatedConv(1, 1), (5, 5), (5, 5)), (nn.AvgPool2d(2), (6, 6), (3, 3)),
        (nn.GlobalMaxPool2d(), (7, 7), (1, 1)), (nn.CausalConv1d(1, 1, 2), (1, 5), (1, 5)),
        (nn.Conv2d(1, 1, 9, stride=3), (15, 15), (3, 3)),
    ],
)  # fmt: skip
def test_a_size_that_shows_how_the_window_moves(scene, layer, size, out):
    drawn = scene(layer)
    assert (drawn.size, drawn.out) == (size, out)


def test_the_default_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    debug.animate(nn.MaxPool1d(2), size=2)
    assert (tmp_path / "convolution.gif").exists()


def test_what_cannot_be_animated():
    conv = nn.Conv2d(1, 1, 3)
    with pytest.raises(ValueError, match=r"animate: path must end in \.gif, got 'a\.mp4'"):
        debug.animate(conv, "a.mp4")
    with pytest.raises(ValueError, match=r"Conv3d has three; see debug\.microscope"):
        debug.animate(nn.Conv3d(1, 1, 3))
    with pytest.raises(
        ValueError, match=r"animate: DeformConv2d reads .* take a DeformConv, which"
    ):
        debug.animate(nn.DeformConv2d(1, 1, 3))
    with pytest.raises(TypeError, match=r"animate: expected .* got Sequential; pass one of the 1"):
        debug.animate(nn.Sequential(conv))
    with pytest.raises(TypeError, match=r"animate: expected a convolution or pooling .* got str"):
        debug.animate("conv")
    with pytest.raises(ValueError, match=r"size must be a whole number of at least 1, or 2 of"):
        debug.animate(conv, size=0)
    with pytest.raises(ValueError, match=r"size \(28, 28\) takes 676 frames, at most 400"):
        debug.animate(conv, size=28)
    with pytest.raises(ValueError, match=r"does not fit|too small|kernel"):
        debug.animate(conv, size=2)


def test_the_layer_and_the_random_numbers_stay_as_they_are(tmp_path):
    layer = nn.Conv2d(1, 1, 3).double()
    state = mg.get_rng_state()
    debug.animate(layer, tmp_path / "a.gif", 3)
    assert layer.weight.grad is None
    assert mg.get_rng_state() == state
