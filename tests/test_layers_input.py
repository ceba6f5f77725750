"""What a layer says of an input that does not fit it, and that the edit it names works."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.filters import as_conv2d, sobel_x


def test_linear_after_a_map_says_what_to_write():
    with pytest.raises(ValueError, match=r"400 .* 256 .*; write Linear\(400, 120\)$"):
        nn.Linear(256, 120)(mg.ones(2, 400))
    with pytest.raises(ValueError, match=r"; write nn\.Flatten\(\) .* and Linear\(400, 120\)$"):
        nn.Linear(256, 120)(mg.ones(2, 16, 5, 5))
    with pytest.raises(ValueError, match=r"; write x\.flatten\(1\), which keeps the batch axis$"):
        nn.Linear(400, 120)(mg.ones(2, 16, 5, 5).flatten())
    with pytest.raises(ValueError, match=r"; write Linear\(6, 120\)$"):
        nn.Linear(7, 120)(mg.ones(2, 3, 6))
    with pytest.raises(
        ValueError, match=r"; write nn\.Flatten\(\) before this layer, or x\.flatten\(1\)$"
    ):
        nn.Linear(400, 120)(mg.ones(2, 16, 5, 5))


@pytest.mark.parametrize(
    ("layer", "shape", "match", "edit"),
    [
        (nn.Conv2d(3, 5, 3), (2, 8, 9, 3), r"come last, write x\.permute\(0, 3, 1, 2\)$",
         lambda x: x.permute(0, 3, 1, 2)),
        (nn.Conv2d(3, 5, 3), (8, 9, 3), r"come last, write x\.permute\(2, 0, 1\)$",
         lambda x: x.permute(2, 0, 1)),
        (nn.Conv1d(4, 6, 3), (10, 4), r"come last, write x\.mT$", lambda x: x.mT),
        (nn.Conv1d(4, 6, 3), (2, 10, 4), r"come last, write x\.mT$", lambda x: x.mT),
        (nn.ConvTranspose2d(3, 5, 3), (2, 8, 9, 3), r"write x\.permute\(0, 3, 1, 2\)$",
         lambda x: x.permute(0, 3, 1, 2)),
        (nn.Conv2d(1, 5, 3), (4, 8, 9), r"=1; .* batch of one channel, write x\.unsqueeze\(1\)$",
         lambda x: x.unsqueeze(1)),
        (nn.Conv2d(1, 5, 3), (8, 9), r"got shape \(8, 9\); write x\.unsqueeze\(0\) if",
         lambda x: x.unsqueeze(0)),
        (nn.Conv1d(1, 5, 3), (8,), r"got shape \(8,\); write x\.unsqueeze\(0\) if",
         lambda x: x.unsqueeze(0)),
        (nn.ConvTranspose1d(1, 5, 3), (8,), r"write x\.unsqueeze\(0\)", lambda x: x.unsqueeze(0)),
        (nn.MaxPool2d(2), (8, 9), r"write x\.unsqueeze\(0\) if", lambda x: x.unsqueeze(0)),
        (as_conv2d(sobel_x()), (8, 9), r"write x\.unsqueeze\(0\) if", lambda x: x.unsqueeze(0)),
        (nn.Conv2d(8, 5, 3), (2, 3, 8, 8), r"^Conv2d\(8, 5, .* 3 channels, .* in_channels=8; write",
         lambda x: mg.cat([x, x, x[:, :2]], 1)),
        (nn.Conv2d(3, 5, 3, padding=1, padding_mode="reflect"), (2, 1, 8, 9),
         r"\(2, 1, 8, 9\) has 1 channels", lambda x: x.expand(2, 3, 8, 9)),
    ],
)  # fmt: skip
def test_an_input_of_another_layout_is_refused_and_the_edit_works(layer, shape, match, edit):
    with pytest.raises(ValueError, match=match):
        layer(mg.ones(*shape))
    layer(edit(mg.ones(*shape)))


def test_what_the_layer_before_gave_is_said():
    with pytest.raises(
        TypeError,
        match=r"^1\.filter \(CausalConv1d.*got a tuple; the layer before gave 2 outputs: .*\[0\]$",
    ):
        nn.Sequential(nn.GatedResidualBlock(4), nn.GatedResidualBlock(4))(mg.ones(2, 4, 9))
    for layer in nn.ReLU(), nn.Tanh(), nn.Flatten(), nn.MaxPool1d(2), nn.BatchNorm1d(4):
        with pytest.raises(TypeError, match=r"^1 .* got a tuple; the layer before gave 2 outputs"):
            nn.Sequential(nn.GatedResidualBlock(4), layer)(mg.ones(2, 4, 9))
        with pytest.raises(
            TypeError, match=r" got None; does the forward before lack its `return`"
        ):
            layer(None)
    with pytest.raises(
        TypeError, match=r"^Conv2d.* got None; does the forward before lack its `re"
    ):
        nn.Conv2d(4, 6, 3)(None)


def test_groups_may_be_a_numpy_integer():
    x, w = mg.ones(2, 4, 5, 5), mg.ones(6, 2, 3, 3)
    groups = np.int64(2)
    y = nn.functional.conv2d(x, w, groups=groups)
    assert y.tolist() == nn.functional.conv2d(x, w, groups=2).tolist()
    up = nn.functional.conv_transpose2d(y, w, groups=groups)
    assert up.tolist() == nn.functional.conv_transpose2d(y, w, groups=2).tolist()
