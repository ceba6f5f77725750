import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from minigrad.models import build
from minigrad.nn import functional as F
from minigrad.summary import summary


class Net(nn.Module):
    """As in PyTorch's tutorials: pooling and relu are functions."""

    def __init__(self, features=16 * 5 * 5):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(features, 120)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc1(x.flatten(1))


def test_lenet_row_by_row():
    result = summary(build("lenet5", 1, 10, 28), (2, 1, 28, 28))
    rows = {row.layer: row for row in result.rows}
    conv = result.rows[3]
    assert (conv.path, conv.layer, conv.shape) == ("3", "Conv2d 5x5", (2, 16, 10, 10))
    assert conv.parameters == 16 * (6 * 25 + 1)
    assert conv.multiply_adds == 2 * 16 * 10 * 10 * 6 * 25
    assert conv.receptive_field == (14, 14)
    assert rows["MaxPool2d 2x2, stride 2"].receptive_field == (16, 16)
    assert rows["Linear"].multiply_adds == 2 * 84 * 10
    assert rows["Linear"].receptive_field is None
    assert result.parameters == result.trainable == 61_706
    assert result.multiply_adds == 2 * 416_520


def test_depthwise_separable_arithmetic():
    """32 to 64 channels, 3x3: 288 + 2,048 weights instead of 18,432."""
    net = nn.Sequential(
        nn.Conv2d(32, 32, 3, padding=1, groups=32, bias=False), nn.Conv2d(32, 64, 1, bias=False)
    )
    depthwise, pointwise = summary(net, (1, 32, 10, 10)).rows
    assert depthwise.layer == "Conv2d 3x3, depthwise"
    assert (depthwise.parameters, pointwise.parameters) == (288, 2048)
    assert (depthwise.multiply_adds, pointwise.multiply_adds) == (28_800, 204_800)


def test_resnet20_multiply_adds():
    """40.6 million; the literature's number for ResNet-20."""
    result = summary(build("resnet20", 3, 10, 32), (1, 3, 32, 32))
    assert result.multiply_adds == 40_551_040
    assert result.receptive_field == (109, 109)


def test_what_is_printed():
    text = str(summary(build("lenet5", 1, 10, 28), (1, 1, 28, 28)))
    lines = text.splitlines()
    assert lines[0].split() == [
        "path", "layer", "output", "shape", "parameters", "multiply-adds", "receptive", "field"
    ]  # fmt: skip
    assert lines[2].split() == ["0", "Conv2d", "5x5", "(1,", "6,", "28,", "28)", "156", "117,600",
                                "5x5"]  # fmt: skip
    assert "parameters: 61,706\n" in text
    assert "multiply-adds: 416,520\n" in text
    assert text.endswith("receptive field: 16x16 pixels")


def positive(layers):
    """Layers whose gradients cannot vanish: all weights 1, means instead of maxima."""
    net = nn.Sequential(*layers).double()
    for p in net.parameters():
        p.data[...] = 1
    return net


def measured_field(net, size, at=None):
    """The extent of the gradient of the output pixel (at, at), by default the middle one."""
    x = mg.ones(1, 1, size, size, dtype=mg.float64, requires_grad=True)
    y = net(x)
    at = y.shape[2] // 2 if at is None else at
    y[0, 0, at, at].backward()
    rows, columns = np.nonzero(x.grad.data[0, 0])
    return (int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1) if len(rows) else (0, 0)


layer_plans = st.lists(
    st.tuples(st.booleans(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2)), max_size=4
)


@settings(max_examples=25, deadline=None)
@given(plan=layer_plans)
def test_the_receptive_field_is_where_the_gradient_reaches(plan):
    layers = [nn.Conv2d(1, 1, 1)]
    for pool, k, stride, dilation in plan:
        layers.append(nn.AvgPool2d(k, stride) if pool else nn.Conv2d(1, 1, k, stride, 0, dilation))
    net, size = positive(layers), 260
    assert summary(net, mg.zeros(1, 1, size, size, dtype=mg.float64)).receptive_field == (
        measured_field(net, size)
    )


short_plans = st.lists(st.tuples(*[st.integers(1, 3)] * 3), min_size=1, max_size=2)


@settings(max_examples=10, derandomize=True, database=None)
@given(down=short_plans, up=short_plans)
def test_with_transposed_convolutions_it_is_a_close_bound(down, up):
    layers = [nn.Conv2d(1, 1, k, stride, dilation=dilation) for k, stride, dilation in down]
    layers += [nn.ConvTranspose2d(1, 1, k, stride, dilation=dilation) for k, stride, dilation in up]
    net, size = positive(layers), 40
    x = mg.ones(1, 1, size, size, dtype=mg.float64)
    bound, side = mg.receptive_field(net, x)[0], net(x).shape[2]
    middle = range(side)[max(0, side // 2 - 5) : side // 2 + 6]
    measured = max(measured_field(net, size, at)[0] for at in middle)
    coarse = np.prod([stride for _, stride, _ in down])
    assert measured <= bound < measured + 2 * coarse


def test_a_field_that_is_not_square():
    net = nn.Sequential(nn.Conv2d(1, 1, (1, 5)), nn.MaxPool2d((2, 1)), nn.Conv2d(1, 1, 3))
    result = summary(net, (1, 1, 20, 20))
    assert result.rows[1].layer == "MaxPool2d 2x1, stride 2x1"
    assert result.receptive_field == (6, 7)


def test_functions_that_shrink_the_map_count_as_pooling():
    assert [row.receptive_field for row in summary(Net(), (1, 3, 32, 32)).rows] == [
        (5, 5), (14, 14), None
    ]  # fmt: skip


def test_pooling_of_the_whole_map_and_enlarging():
    net = nn.Sequential(nn.Conv2d(1, 1, 3, 2), nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 3),
                        nn.AdaptiveAvgPool2d(1))  # fmt: skip
    rows = summary(net, (1, 1, 21, 21)).rows  # 21 -> 10 -> 20 -> 18 -> 1
    assert [row.receptive_field for row in rows] == [(3, 3), (3, 3), (5, 5), (22, 22)]


def test_a_map_that_gets_another_number_of_axes_has_no_field_any_more():
    net = nn.Sequential(nn.Unflatten(1, (1, -1)), nn.Conv3d(1, 2, 3), nn.Flatten(1, 2), nn.ReLU())
    result = summary(net, (1, 6, 8, 8))
    assert result.error is None
    assert [row.receptive_field for row in result.rows] == [None] * 4


def test_where_branches_meet_the_widest_counts():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.wide, self.narrow = nn.Conv2d(1, 1, 7, padding=3), nn.Conv2d(1, 1, 3, padding=1)
            self.last = nn.ReLU()

        def forward(self, x):
            return self.last(self.wide(x) + self.narrow(x))

    fields = {row.path: row.receptive_field for row in summary(Branches(), (1, 1, 9, 9)).rows}
    assert fields == {"wide": (7, 7), "narrow": (3, 3), "last": (7, 7)}


def test_shared_and_frozen_parameters_and_those_beside_layers():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 4)
            self.scale = nn.Parameter(np.ones(4, np.float32))

        def forward(self, x):
            return self.linear(self.linear(x)) * self.scale

    model = Scaled()
    model.scale.requires_grad = False
    result = summary(model, (2, 4))
    assert [(r.path, r.parameters) for r in result.rows] == [("linear", 20), ("linear", 0), ("", 4)]
    assert (result.parameters, result.trainable, result.multiply_adds) == (24, 20, 64)
    assert "parameters: 24 (4 frozen)" in str(result)


def test_integer_inputs_and_no_grad():
    with mg.no_grad():
        result = summary(nn.Sequential(nn.Embedding(10, 3)), mg.tensor([[1, 2]]))
    assert result.rows[0].shape == (1, 2, 3)
    assert result.receptive_field is None


def test_a_model_that_fails_is_shown_as_far_as_it_ran():
    result = summary(Net(features=99), (1, 3, 32, 32))
    assert [row.path for row in result.rows] == ["conv1", "conv2"]
    assert isinstance(result.error, ValueError)
    last = str(result).splitlines()[-1]
    assert last.startswith("stopped here: fc1 (Linear(")
    assert last.endswith("write Linear(400, 120)")


def test_the_model_is_left_as_it_was():
    model = nn.Sequential(nn.BatchNorm2d(1), nn.Dropout())
    model[0].eval()
    before = mg.get_rng_state()
    summary(model, (4, 1, 3, 3))
    assert [m.training for m in model.modules()] == [True, False, True]
    assert model[0].num_batches_tracked.item() == 0
    assert all(not m._forward_hooks for m in model.modules())
    assert mg.get_rng_state() == before
