"""When shapes do not fit: which layer, called where, what ran before it, and the edit."""

import pytest

import minigrad as mg
from minigrad import nn


class Net(nn.Layer):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(400, 120), nn.ReLU())

    def forward(self, x):
        return self.classifier(self.features(x))


def error_of(model, *shape):
    with pytest.raises(ValueError, match="write ") as caught:
        model(mg.zeros(*shape))
    return caught.value


def test_the_shapes_on_the_way_are_listed():
    error = error_of(Net(), 2, 1, 28, 28)
    first, called, *table = str(error).splitlines()
    assert first.startswith("classifier.1 (Linear(in_features=400")
    assert first.endswith("; write Linear(864, 120)")
    assert called == (f"Called at {error.line}. The shapes on the way, (N, C, H, W) for images:")
    assert table == [
        "  the input                (2, 1, 28, 28)",
        "  features.0    Conv2d     (2, 6, 24, 24)",
        "  features.1    ReLU       (2, 6, 24, 24)",
        "  features.2    MaxPool2d  (2, 6, 12, 12)",
        "  classifier.0  Flatten    (2, 864)",
        "  classifier.1  Linear     does not fit",
    ]


def test_the_same_facts_are_attributes():
    model = Net()
    error = error_of(model, 2, 1, 28, 28)
    assert error.layer is model.classifier[1]
    assert error.layer_path == "classifier.1"
    assert error.got == (2, 864)
    line = Net.forward.__code__.co_firstlineno + 1
    assert error.line == f"test_shape_errors.py:{line}"
    assert [(path, shape) for path, _, shape in error.ran] == [
        ("features.0", (2, 6, 24, 24)),
        ("features.1", (2, 6, 24, 24)),
        ("features.2", (2, 6, 12, 12)),
        ("features", (2, 6, 12, 12)),
        ("classifier.0", (2, 864)),
    ]
    assert error.ran[0][1] is model.features[0]


def test_the_first_layer_has_nothing_before_it():
    error = error_of(Net(), 2, 3, 28, 28)
    assert error.layer_path == "features.0"
    assert error.got == (2, 3, 28, 28)
    assert error.ran == []
    assert "\n" not in str(error)


def test_a_layer_by_itself():
    error = error_of(nn.Linear(4, 2), 3, 5)
    assert error.layer_path == ""
    assert "\n" not in str(error)


def test_of_a_deep_net_the_last_rows_are_listed():
    model = nn.Sequential(*(nn.ReLU() for _ in range(40)), nn.Linear(3, 2))
    lines = str(error_of(model, 1, 4)).splitlines()
    assert lines[2] == "  (27 more)"
    assert len(lines) == 2 + 1 + 15
    assert lines[-1].split() == ["40", "Linear", "does", "not", "fit"]


def test_each_call_starts_anew():
    model = Net()
    model.features(mg.zeros(1, 1, 28, 28))
    error_of(model, 2, 1, 28, 28)
    error = error_of(model, 2, 1, 28, 28)
    assert len(error.ran) == 5


def test_what_does_not_fit_in_the_models_own_forward():
    class Own(nn.Layer):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3)

        def forward(self, x):
            return self.conv(x).reshape(-1, 101)

    with pytest.raises(ValueError, match="does not go into") as caught:
        Own()(mg.zeros(2, 1, 28, 28))
    *_, conv, last = str(caught.value).splitlines()
    assert conv.split(maxsplit=2) == ["conv", "Conv2d", "(2, 4, 26, 26)"]
    assert last.split() == ["here", "Own", "does", "not", "fit"]
    assert caught.value.line.startswith("test_shape_errors.py:")
