"""Sequential, ModuleList, ModuleDict, ParameterList."""

from collections import OrderedDict

import pytest

import minigrad as mg
from minigrad import nn


class Add(nn.Module):
    def __init__(self, amount):
        super().__init__()
        self.amount = amount

    def forward(self, x):
        return x + self.amount

    def extra_repr(self):
        return str(self.amount)


class Times10(nn.Module):
    def forward(self, x):
        return x * 10


def amounts(layers):
    return [layer.amount for layer in layers]


def test_sequential_runs_in_order():
    net = nn.Sequential(Add(1), Times10(), Add(3))
    assert net(mg.tensor(2.0)).item() == 33
    assert nn.Sequential()(5) == 5


@pytest.mark.parametrize("kind", [dict, OrderedDict])
def test_sequential_with_names(kind):
    net = nn.Sequential(kind([("first", Add(1)), ("second", Times10())]))
    assert net.first.amount == 1
    assert net(mg.tensor(2.0)).item() == 30
    assert [name for name, _ in net.named_children()] == ["first", "second"]
    assert next(net[1:].named_children())[0] == "second"


def test_sequential_indexing():
    net = nn.Sequential(Add(0), Add(1), Add(2), Add(3))
    assert len(net) == 4
    assert net[1].amount == 1
    assert net[-1].amount == 3
    assert amounts(net) == [0, 1, 2, 3]
    assert type(net[1:3]) is nn.Sequential
    assert net[1:3](mg.tensor(0.0)).item() == 3
    net[0] = Add(10)
    assert amounts(net) == [10, 1, 2, 3]
    assert net(mg.tensor(0.0)).item() == 16
    for index in (4, -5):
        with pytest.raises(
            IndexError, match=rf"Sequential: index {index} is out of range, it holds 4"
        ):
            net[index]


def test_a_slice_shares_its_layers():
    net = nn.Sequential(Add(0), Add(1))
    assert net[:1][0] is net[0]


@pytest.mark.parametrize(
    "kind", [lambda *layers: nn.Sequential(*layers), lambda *layers: nn.ModuleList(layers)]
)
def test_growing_and_shrinking_renumbers(kind):
    layers = kind(Add(0), Add(1))
    assert layers.append(Add(3)) is layers
    layers.insert(2, Add(2))
    layers.extend([Add(4), Add(5)])
    assert amounts(layers) == [0, 1, 2, 3, 4, 5]
    del layers[1]
    del layers[-1]
    assert amounts(layers) == [0, 2, 3, 4]
    del layers[:2]
    assert amounts(layers) == [3, 4]
    assert [name for name, _ in layers.named_children()] == ["0", "1"]


def test_a_subclass_of_sequential_may_keep_settings_beside_its_layers():
    class ConvBlock(nn.Sequential):
        def __init__(self, width):
            super().__init__(nn.Linear(2, width), nn.ReLU())
            self.width = width
            self.sizes = [2, width]

    block = ConvBlock(3)
    assert block(mg.ones(1, 2)).shape == (1, 3)
    assert list(block.state_dict()) == ["0.weight", "0.bias"]
    assert type(block[:1]) is nn.Sequential


def test_wrong_members_are_refused():
    with pytest.raises(TypeError, match=r"Sequential: layer '1' is a class; write ReLU\(\.\.\.\)"):
        nn.Sequential(nn.Linear(1, 1), nn.ReLU)
    with pytest.raises(TypeError, match=r"Sequential: layer '0' must be a Layer, got function"):
        nn.Sequential(nn.functional.relu)
    with pytest.raises(
        TypeError, match=r"Sequential takes layers, got a list; write Sequential\(\*"
    ):
        nn.Sequential([nn.ReLU()])
    with pytest.raises(TypeError, match=r"ModuleList: layer '0' must be a Layer, got int"):
        nn.ModuleList([3])
    with pytest.raises(TypeError, match=r"Parameter: expected a Tensor .* got float"):
        nn.ParameterList([3.0])


def test_module_list():
    layers = nn.ModuleList([Add(1), Add(2), Add(3)])
    assert len(layers) == 3
    assert amounts(layers) == [1, 2, 3]
    assert type(layers[:2]) is nn.ModuleList
    assert amounts(layers[1:]) == [2, 3]
    assert [name for name, _ in layers[1:].named_children()] == ["0", "1"]
    assert len(nn.ModuleList()) == 0
    assert amounts(nn.ModuleList(Add(i) for i in range(2))) == [0, 1]
    with pytest.raises(
        RuntimeError, match=r"ModuleList computes nothing; write `for layer in layers"
    ):
        layers(mg.ones(1))


def test_module_dict():
    heads = nn.ModuleDict({"a": Add(1), "b": Add(2)})
    heads["c"] = Add(3)
    heads.update([("d", Add(4))])
    assert list(heads) == list(heads.keys()) == ["a", "b", "c", "d"]
    assert amounts(heads.values()) == [1, 2, 3, 4]
    assert dict(heads.items())["b"] is heads["b"] is heads.b
    assert "a" in heads
    assert "z" not in heads
    assert heads.pop("a").amount == 1
    del heads["b"]
    assert len(heads) == 2
    with pytest.raises(KeyError, match=r"ModuleDict has no layer 'a'; it holds c, d"):
        heads["a"]
    with pytest.raises(ValueError, match=r"'keys' is an attribute already"):
        heads["keys"] = Add(1)


def test_parameter_list():
    weights = nn.ParameterList([mg.ones(2), nn.Parameter(mg.zeros(3, 2))])
    weights.append(mg.ones(1))
    assert [type(w) for w in weights] == [nn.Parameter] * 3
    assert list(weights.state_dict()) == ["0", "1", "2"]
    assert weights[1].shape == (3, 2)
    assert len(weights[1:]) == 2
    weights[0] = nn.Parameter(mg.zeros(4))
    assert len(list(weights.parameters())) == 3
    assert repr(weights).splitlines()[2] == "  (1): Parameter containing: [float32 of size 3x2]"


def test_module_list_prints_equal_neighbours_once():
    layers = nn.ModuleList([nn.Tanh(), Add(1), Add(1), Add(1), nn.Sequential(Add(2))])
    assert repr(layers) == (
        "ModuleList(\n"
        "  (0): Tanh()\n"
        "  (1-3): 3 x Add(1)\n"
        "  (4): Sequential(\n"
        "    (0): Add(2)\n"
        "  )\n"
        ")"
    )
    assert repr(nn.ModuleList()) == "ModuleList()"
    assert repr(nn.ModuleDict({"a": Add(1)})) == "ModuleDict(\n  (a): Add(1)\n)"
