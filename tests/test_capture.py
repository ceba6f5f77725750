"""debug.capture: every layer's activations and gradients."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import debug, nn


def test_values_and_gradients_by_path():
    model = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Tanh(), nn.Linear(4, 2)))
    x = mg.randn(5, 3)
    with debug.capture(model) as made:
        y = model(x)
    assert list(made) == ["0", "1.0", "1.1", "1", ""]
    hidden = model[0](x)
    np.testing.assert_array_equal(made["0"].value.numpy(), hidden.detach().numpy())
    assert made["0"].layer is model[0]
    assert made["1.0"].gradient is None
    y.sum().backward()
    expected = np.ones((5, 2)) @ model[1][1].weight.detach().numpy()
    np.testing.assert_allclose(made["1.0"].gradient.numpy(), expected, rtol=1e-6)
    slope = 1 - np.tanh(hidden.detach().numpy()) ** 2
    np.testing.assert_allclose(made["0"].gradient.numpy(), expected * slope, rtol=1e-5)
    assert made[""].gradient.tolist() == np.ones((5, 2)).tolist()


def test_a_layer_that_runs_twice():
    class Twice(nn.Layer):
        def __init__(self):
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, x):
            return self.relu(self.relu(x) - 1)

    with debug.capture(Twice()) as made:
        Twice()  # another one is not looked at
        list(made)
    assert made == {}
    model = Twice()
    with debug.capture(model) as made:
        model(mg.tensor([0.5, 3.0]))
    assert {path: a.value.tolist() for path, a in made.items()} == {
        "relu": [0.5, 3], "relu (2)": [0, 2], "": [0, 2],
    }  # fmt: skip


def test_outside_of_the_block_nothing_is_kept():
    model = nn.Sequential(nn.ReLU())
    with pytest.raises(ZeroDivisionError), debug.capture(model) as made:
        raise ZeroDivisionError
    model(mg.ones(2))
    assert made == {}


def test_under_no_grad_there_are_values_only():
    model = nn.Sequential(nn.Linear(2, 2))
    with debug.capture(model) as made, mg.no_grad():
        model(mg.ones(1, 2))
    assert made["0"].gradient is None
    assert repr(made["0"]) == "Linear (1, 2), no gradient yet"


def test_it_takes_a_layer():
    with (
        pytest.raises(TypeError, match="capture: expected a Layer, got function"),
        debug.capture(nn.functional.relu),
    ):
        pass
