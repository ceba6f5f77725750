"""Calling a layer: hooks around it, and errors that say where in the model they come from."""

import traceback

import pytest

import minigrad as mg
from minigrad import nn

# Hooks


def test_forward_hook_sees_and_replaces_the_output():
    layer = nn.ReLU()
    seen = []
    watch = layer.register_forward_hook(lambda layer, x, y: seen.append((layer, x[0], y)))
    double = layer.register_forward_hook(lambda layer, x, y: y * 2)
    x = mg.tensor([-1.0, 3.0])
    assert layer(x).tolist() == [0, 6]
    assert seen[0][:2] == (layer, x)
    assert seen[0][2].tolist() == [0, 3]
    double.remove()
    watch.remove()
    watch.remove()  # a second time does nothing
    assert layer(x).tolist() == [0, 3]
    assert len(seen) == 1


def test_forward_pre_hook_replaces_the_inputs():
    layer = nn.ReLU()
    one = layer.register_forward_pre_hook(lambda layer, inputs: inputs[0] + 1)
    assert layer(mg.tensor([-3.0, 1.0])).tolist() == [0, 2]
    layer.register_forward_pre_hook(lambda layer, inputs: (inputs[0] * 10,))
    assert layer(mg.tensor([1.0])).tolist() == [20]
    one.remove()
    assert layer(mg.tensor([1.0])).tolist() == [10]


def test_hooks_do_not_hide_layers_or_become_some():
    layer = nn.ReLU()
    layer.register_forward_hook(nn.Linear(1, 1))
    assert list(layer.parameters()) == []


# Errors with a path


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 3)
        self.stages = nn.ModuleList([nn.Sequential(nn.ReLU(), nn.Linear(256, 2))])

    def forward(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return x


def test_an_error_names_the_path_and_the_layer_and_the_edit():
    with pytest.raises(ValueError, match=r"3 features.*256") as caught:
        Deep()(mg.ones(2, 4))
    message = str(caught.value)
    assert message.startswith(
        "stages.0.1 (Linear(in_features=256, out_features=2, bias=True)): linear: "
    )
    assert "; write Linear(3, 2)\nCalled at test_layer_call.py:" in message
    assert caught.value.layer_path == "stages.0.1"
    assert type(caught.value.layer) is nn.Linear


def test_a_layer_called_past_its_container_is_found_too():
    class Reaching(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(nn.ReLU(), nn.Linear(8, 2))

        def forward(self, x):
            return self.features[1](x)

    with pytest.raises(ValueError, match=r"^features\.1 \(Linear"):
        Reaching()(mg.ones(2, 4))


def test_a_layer_on_its_own_is_named_without_a_path():
    with pytest.raises(
        ValueError, match=r"^Linear\(in_features=8, out_features=2, bias=True\): linear"
    ):
        nn.Linear(8, 2)(mg.ones(2, 4))


def test_a_layer_made_in_forward_has_no_path():
    class Careless(nn.Module):
        def forward(self, x):
            return nn.Linear(8, 2)(x)

    with pytest.raises(ValueError, match=r"^Linear\(in_features=8"):
        Careless()(mg.ones(2, 4))


def test_the_users_own_errors_keep_their_text_behind_the_path():
    class Block(nn.Module):
        def forward(self, x):
            raise ValueError("my own words")

    with pytest.raises(ValueError, match=r"^1 \(Block\(\)\): my own words$"):
        nn.Sequential(nn.ReLU(), Block())(mg.ones(1))


def test_errors_of_the_users_own_classes_pass_unchanged():
    class Stop(ValueError):
        def __init__(self, code):
            super().__init__(code, "stop")

    class Block(nn.Module):
        def forward(self, x):
            raise Stop(3)

    with pytest.raises(Stop) as caught:
        nn.Sequential(Block())(mg.ones(1))
    assert caught.value.args == (3, "stop")


def test_another_attribute_that_lacks_is_left_as_it_is():
    class Block(nn.Module):
        def forward(self, x):
            return x[0].missing

    with pytest.raises(AttributeError, match="missing"):
        nn.Sequential(Block())((mg.ones(1), mg.ones(1)))


def test_the_users_line_is_in_the_traceback():
    try:
        Deep()(mg.ones(2, 4))  # this line
    except ValueError:
        assert "Deep()(mg.ones(2, 4))  # this line" in traceback.format_exc()
    else:
        pytest.fail("no error")


def test_an_error_that_the_user_handles_leaves_the_layer_usable():
    net = nn.Sequential(nn.Linear(4, 2))
    with pytest.raises(ValueError, match="write Linear"):
        net(mg.ones(1, 5))
    assert net(mg.ones(1, 4)).shape == (1, 2)


def test_the_wrong_number_of_inputs_names_the_layer():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.act = nn.ReLU()

        def forward(self, x):
            return self.act()

    with pytest.raises(TypeError, match=r"^act \(ReLU\(\)\): .*forward\(\) missing 1 required"):
        Net()(mg.ones(1))
