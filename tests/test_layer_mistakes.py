"""Mistakes while building a model, each met with what to write instead."""

import sys

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(mg.ones(2))
        self.features = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
        self.norm = nn.BatchNorm1d(2)


def test_forgotten_super_init_is_named():
    class Forgetful(nn.Module):
        def __init__(self):
            self.fc = nn.Linear(2, 2)

    class OnlyALayerList(nn.Module):
        def __init__(self):
            self.layers = [nn.Linear(2, 2)]

    hint = r"must begin with super\(\).__init__\(\)"
    with pytest.raises(RuntimeError, match=r"Forgetful.__init__ " + hint):
        Forgetful()
    with pytest.raises(RuntimeError, match=r"OnlyALayerList.__init__ " + hint):
        OnlyALayerList()(mg.ones(1, 2))


def test_plain_attributes_may_come_before_super_init():
    class Early(nn.Module):
        def __init__(self):
            self.width = 2
            super().__init__()
            self.fc = nn.Linear(self.width, 1)

    assert Early().fc.in_features == 2


@pytest.mark.parametrize("wrong", ["_init_", "__int__"])
def test_a_misspelt_init_is_refused_where_it_is_written(wrong):
    with pytest.raises(TypeError, match=rf"Net defines {wrong}; rename it __init__"):
        type("Net", (nn.Module,), {wrong: lambda self: None})


def test_a_missing_or_misspelt_forward_is_named():
    class Without(nn.Module):
        pass

    class Misspelt(nn.Module):
        def foward(self, x):
            return x

    with pytest.raises(NotImplementedError, match=r"Without has no forward method; define forward"):
        Without()(1)
    with pytest.raises(NotImplementedError, match=r"Misspelt .*; rename foward to forward"):
        Misspelt()(1)


def weights_init(m):
    if m.__class__.__name__.find("Linear") != -1:
        m.weight.data.normal_(0.0, 0.02)


def test_data_is_a_plain_array_and_what_to_write_instead():
    """`m.weight.data.normal_(0.0, 0.02)`: the old spelling of the DCGAN example."""
    hint = r"plain NumPy array, which has no method normal_; write nn.init.normal_\(layer.weight"
    with pytest.raises(TypeError, match=hint):
        Net().apply(weights_init)

    class Clips(nn.Module):
        def forward(self, x):
            x.data.clamp_(0, 1)

    with pytest.raises(TypeError, match=r"write w.clamp_\(...\), without .data, inside of `with"):
        Clips()(mg.ones(2))
    with pytest.raises(AttributeError, match="has no attribute 'wieght'"):
        Net().apply(lambda layer: layer.wieght)


def test_a_misspelt_attribute_suggests_the_nearest():
    with pytest.raises(
        AttributeError, match=r"^Net has no attribute 'feature'; did you mean 'features'\?$"
    ):
        _ = Net().feature
    assert not hasattr(Net(), "qqqqq")


def test_the_suggestion_is_not_printed_twice(capsys):
    try:
        _ = Net().feature
    except AttributeError:
        sys.__excepthook__(*sys.exc_info())  # Python adds suggestions of its own here
    assert capsys.readouterr().err.lower().count("did you mean") == 1


def test_a_parameter_or_buffer_cannot_turn_into_something_else_unnoticed():
    net = Net()
    with pytest.raises(
        TypeError, match=r"Net.scale is a Parameter .* Tensor; write scale = Parameter"
    ):
        net.scale = mg.ones(2)
    with pytest.raises(TypeError, match=r"BatchNorm1d.running_mean is a Tensor .* float"):
        net.norm.running_mean = 0.5
    net.scale = None
    net.norm.running_mean = None


def test_registering_the_wrong_kind_is_refused():
    net = nn.Layer()
    with pytest.raises(
        TypeError, match=r"Layer.register_buffer: m must be a Tensor or None, got nda"
    ):
        net.register_buffer("m", np.ones(2))
    with pytest.raises(TypeError, match=r"register_parameter: w must be a Parameter .* got Tensor"):
        net.register_parameter("w", mg.ones(2))
    with pytest.raises(
        TypeError, match=r"layer 'a' is a class; write ReLU\(...\), with parentheses"
    ):
        net.add_module("a", nn.ReLU)
    with pytest.raises(TypeError, match=r"layer 'a' must be a Layer, got function"):
        net.add_module("a", nn.functional.relu)
    with pytest.raises(ValueError, match=r"layer 'a.b': a name must be a string, .* without a dot"):
        net.add_module("a.b", nn.ReLU())
    with pytest.raises(ValueError, match=r"'training' is an attribute already"):
        net.add_module("training", nn.ReLU())
    with pytest.raises(ValueError, match=r"'forward' is an attribute already"):
        net.add_module("forward", nn.ReLU())
