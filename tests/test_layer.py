"""What every layer can do: hold parts, find them, switch modes, convert, be copied."""

import copy

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(mg.ones(2))
        self.features = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        self.norm = nn.BatchNorm1d(2)

    def forward(self, x):
        return self.norm(self.features(x)) * self.scale


def names(pairs):
    return [name for name, _ in pairs]


# Holding and finding


def test_module_is_layer():
    assert nn.Module is nn.Layer


def test_parameters_are_found_in_the_order_of_pytorch():
    assert names(Net().named_parameters()) == [
        "scale",
        "features.0.weight",
        "features.0.bias",
        "features.2.weight",
        "features.2.bias",
        "norm.weight",
        "norm.bias",
    ]
    assert len(list(Net().parameters())) == 7
    assert names(Net().named_parameters(recurse=False)) == ["scale"]
    assert names(Net().named_parameters(prefix="net"))[1] == "net.features.0.weight"


def test_buffers_are_found():
    net = Net()
    expected = ["norm.running_mean", "norm.running_var", "norm.num_batches_tracked"]
    assert names(net.named_buffers()) == expected
    assert [b.shape for b in net.buffers()] == [(2,), (2,), ()]
    assert list(net.buffers(recurse=False)) == []


def test_children_and_modules():
    net = Net()
    assert names(net.named_children()) == ["features", "norm"]
    assert list(net.children()) == [net.features, net.norm]
    assert names(net.named_modules()) == [
        "", "features", "features.0", "features.1", "features.2", "norm",
    ]  # fmt: skip
    assert next(net.modules()) is net
    assert names(net.named_modules(prefix="net"))[:2] == ["net", "net.features"]


def test_a_shared_layer_is_listed_once_and_saved_twice():
    relu = nn.Linear(2, 2)
    net = nn.Sequential(relu, relu)
    assert names(net.named_modules()) == ["", "0"]
    assert names(net.named_children()) == ["0"]
    assert names(net.named_parameters()) == ["0.weight", "0.bias"]
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_a_shared_parameter_is_listed_once_and_saved_twice():
    net = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 5, bias=False))
    net[1].weight = net[0].weight
    assert names(net.named_parameters()) == ["0.weight"]
    assert list(net.state_dict()) == ["0.weight", "1.weight"]


def test_layers_and_parameters_in_plain_lists_tuples_and_dicts_are_found():
    class Plain(nn.Layer):
        def __init__(self):
            super().__init__()
            self.blocks = []
            self.heads = {"digit": nn.Linear(2, 10)}
            self.pair = (nn.ReLU(), nn.Linear(2, 1, bias=False))
            self.scales = [nn.Parameter(mg.ones(3))]
            self.blocks.append(nn.Linear(3, 2))  # after the assignment

        def forward(self, x):
            return self.heads["digit"](self.blocks[0](x))

    net = Plain()
    assert list(net.state_dict()) == [
        "scales.0",
        "blocks.0.weight",
        "blocks.0.bias",
        "heads.digit.weight",
        "heads.digit.bias",
        "pair.1.weight",
    ]
    assert net.eval().blocks[0].training is False
    assert net.get_submodule("heads.digit") is net.heads["digit"]
    assert "(blocks.0): Linear(in_features=3, out_features=2, bias=True)" in repr(net)


def test_a_layer_that_is_removed_or_replaced_is_no_longer_found():
    net = Net()
    net.norm = nn.Identity()
    del net.scale
    net.features = None
    assert list(net.parameters()) == []


def test_attributes_are_ordinary_and_complete_under_tab():
    net = Net()
    assert vars(net)["scale"] is net.scale
    assert {"features", "norm", "scale", "parameters"} <= set(dir(net))


def test_register_parameter_buffer_and_module():
    net = nn.Layer()
    net.register_parameter("w", nn.Parameter(mg.ones(2)))
    net.register_parameter("bias", None)
    net.register_buffer("mean", mg.zeros(3))
    net.register_buffer("scratch", mg.zeros(1), persistent=False)
    net.register_buffer("nothing", None)
    net.add_module("fc", nn.Linear(1, 1))
    assert list(net.state_dict()) == ["w", "mean", "fc.weight", "fc.bias"]
    assert names(net.named_buffers()) == ["mean", "scratch"]
    assert net.bias is None
    net.mean = mg.ones(3)  # stays a buffer
    assert net.state_dict()["mean"].tolist() == [1, 1, 1]


def test_get_submodule_parameter_and_buffer():
    net = Net()
    assert net.get_submodule("features.2") is net.features[2]
    assert net.get_submodule("") is net
    assert net.get_parameter("features.2.weight") is net.features[2].weight
    assert net.get_buffer("norm.running_var") is net.norm.running_var
    with pytest.raises(
        ValueError, match=r"Net has no layer 'feature\.2'; did you mean 'features\.2'"
    ):
        net.get_submodule("feature.2")
    with pytest.raises(ValueError, match=r"Net has no parameter 'x'; there are scale, features\.0"):
        net.get_parameter("x")


def test_a_parameter_shares_the_memory_it_is_given():
    array = np.zeros(2, np.float32)
    for data in (array, mg.from_numpy(array)):
        parameter = nn.Parameter(data)
        assert parameter.requires_grad
        assert parameter.data is array
    assert not nn.Parameter(array, requires_grad=False).requires_grad
    assert repr(parameter).startswith("Parameter containing:\n")
    with pytest.raises(TypeError, match=r"Parameter: expected a Tensor .* got list; write"):
        nn.Parameter([1.0, 2.0])


# Switching and converting


def test_train_and_eval_reach_every_layer_and_return_the_layer():
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(layer.training for layer in net.modules())
    assert net.train() is net
    assert all(layer.training for layer in net.modules())
    with pytest.raises(ValueError, match=r"Net.train: mode must be a bool, got 'eval'"):
        net.train("eval")


def test_zero_grad():
    net = nn.Linear(2, 1)
    net(mg.ones(3, 2)).sum().backward()
    assert net.weight.grad.tolist() == [[3, 3]]
    net.zero_grad(set_to_none=False)
    assert net.weight.grad.tolist() == [[0, 0]]
    net.zero_grad()
    assert net.weight.grad is None
    net.zero_grad(set_to_none=False)
    assert net.weight.grad is None


def test_requires_grad_freezes():
    net = Net().requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())
    assert not net(mg.ones(2, 4)).requires_grad
    assert all(p.requires_grad for p in net.requires_grad_().parameters())


def test_apply_goes_from_the_inside_out():
    seen = []
    net = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh())
    assert net.apply(lambda layer: seen.append(type(layer).__name__)) is net
    assert seen == ["ReLU", "Sequential", "Tanh", "Sequential"]


def test_dtype_conversion_keeps_the_parameters_and_the_integers():
    net = Net()
    before = net.scale
    net(mg.randn(5, 4)).sum().backward()
    assert net.double() is net
    assert net.scale is before
    assert net.scale.dtype == net.scale.grad.dtype == np.float64
    assert net.norm.running_mean.dtype == np.float64
    assert net.norm.num_batches_tracked.dtype == np.int64
    assert net(mg.randn(5, 4).double()).dtype == np.float64
    assert net.float().scale.dtype == np.float32
    assert net.to(np.float64).scale.dtype == np.float64
    assert net.to("cpu") is net is net.cpu()
    assert net.to("cpu", dtype=np.float32).scale.dtype == np.float32


def test_conversion_to_what_does_not_exist_is_refused_and_changes_nothing():
    net = Net()
    with pytest.raises(ValueError, match=r"CPU only.*'cuda'"):
        net.to("cuda")
    with pytest.raises(TypeError, match=r"Net.to: parameters need a floating dtype, got int64"):
        net.to(np.int64)
    assert {p.dtype for p in net.parameters()} == {np.dtype(np.float32)}


def test_deepcopy_is_equal_and_independent():
    net = Net()
    net.register_forward_hook(lambda layer, inputs, output: output)
    twin = copy.deepcopy(net)
    x = mg.randn(5, 4)
    assert twin(x).tolist() == net(x).tolist()
    twin.scale.data[...] = 7
    twin.norm.running_mean.data[...] = 7
    assert net.scale.tolist() == [1, 1]
    assert 7 not in net.norm.running_mean.tolist()
    assert type(twin.scale) is nn.Parameter
    assert repr(twin) == repr(net)
