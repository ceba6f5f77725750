"""state_dict and load_state_dict: PyTorch keys, nothing loaded by halves, errors with the edit."""

import copy

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 2, 3)
        self.bn1 = nn.BatchNorm2d(2)
        self.fc = nn.Linear(8, 3)


class Renamed(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
        self.classifier = nn.Linear(8, 3)


KEYS = [
    "conv1.weight",
    "conv1.bias",
    "bn1.weight",
    "bn1.bias",
    "bn1.running_mean",
    "bn1.running_var",
    "bn1.num_batches_tracked",
    "fc.weight",
    "fc.bias",
]


def values(net):
    return {key: np.array(tensor) for key, tensor in net.state_dict().items()}


def equal(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)


def test_keys_shapes_and_dtypes_are_pytorchs():
    state = Net().state_dict()
    assert list(state) == KEYS
    assert [tensor.shape for tensor in state.values()] == [
        (2, 1, 3, 3), (2,), (2,), (2,), (2,), (2,), (), (3, 8), (3,),
    ]  # fmt: skip
    assert state["bn1.num_batches_tracked"].dtype == np.int64
    assert {t.dtype for key, t in state.items() if "num" not in key} == {np.dtype(np.float32)}
    assert list(nn.BatchNorm2d(2).state_dict(prefix="a.")) == [
        "a.weight", "a.bias", "a.running_mean", "a.running_var", "a.num_batches_tracked",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "keys"),
    [
        (nn.Linear(2, 3, bias=False), {"weight": (3, 2)}),
        (nn.Conv2d(4, 6, (3, 5), groups=2), {"weight": (6, 2, 3, 5), "bias": (6,)}),
        (nn.LayerNorm((3, 4)), {"weight": (3, 4), "bias": (3, 4)}),
        (nn.LayerNorm(3, bias=False), {"weight": (3,)}),
        (nn.GroupNorm(2, 4), {"weight": (4,), "bias": (4,)}),
        (nn.BatchNorm1d(3, affine=False, track_running_stats=False), {}),
        (nn.BatchNorm1d(3, track_running_stats=False), {"weight": (3,), "bias": (3,)}),
        (nn.InstanceNorm2d(3), {}),
        (nn.PReLU(5), {"weight": (5,)}),
        (nn.Embedding(7, 2), {"weight": (7, 2)}),
        (nn.ReLU(), {}),
        (nn.CrossEntropyLoss(), {}),
        (nn.CrossEntropyLoss(weight=mg.ones(3)), {"weight": (3,)}),
        (nn.BCEWithLogitsLoss(pos_weight=mg.ones(1)), {"pos_weight": (1,)}),
    ],
    ids=lambda case: type(case).__name__,
)
def test_layouts(layer, keys):
    assert {key: tensor.shape for key, tensor in layer.state_dict().items()} == keys


def test_the_tensors_are_detached_and_share_memory():
    net = Net()
    state = net.state_dict()
    assert not any(tensor.requires_grad for tensor in state.values())
    net.fc.bias.data[0] = 42
    assert state["fc.bias"].tolist()[0] == 42


def test_round_trip():
    source, target = Net(), Net()
    parameters = list(target.parameters())
    missing, unexpected = target.load_state_dict(source.state_dict())
    assert (missing, unexpected) == ([], [])
    assert equal(values(source), values(target))
    assert all(a is b for a, b in zip(parameters, target.parameters(), strict=True))
    source.fc.bias.data[0] = 42  # a copy was loaded
    assert target.fc.bias.tolist()[0] != 42


def test_arrays_load_too_and_are_converted():
    net = nn.Linear(2, 1).double()
    net.load_state_dict({"weight": np.array([[1, 2]], np.float32), "bias": np.zeros(1, np.int64)})
    assert net.weight.tolist() == [[1, 2]]
    assert net.weight.dtype == np.float64


def test_loading_makes_a_recorded_graph_stale():
    net = nn.Linear(2, 1)
    loss = net(mg.ones(1, 2).double().float().requires_grad_()).sum()
    net.load_state_dict(nn.Linear(2, 1).state_dict())
    with pytest.raises(RuntimeError, match=r"load_state_dict at .* has written into it since"):
        loss.backward()


def test_strict_false_loads_what_fits_and_names_the_rest():
    net = Net()
    state = {"fc.bias": mg.tensor([1.0, 2.0, 3.0]), "head.bias": mg.ones(2)}
    result = net.load_state_dict(state, strict=False)
    assert net.fc.bias.tolist() == [1, 2, 3]
    assert result.missing_keys == [key for key in KEYS if key != "fc.bias"]
    assert result.unexpected_keys == ["head.bias"]


def refuse(net, state, match, kind=RuntimeError, **options):
    before = copy.deepcopy(values(net))
    with pytest.raises(kind, match=match) as caught:
        net.load_state_dict(state, **options)
    assert equal(before, values(net)), "something was loaded"
    return str(caught.value)


def test_every_difference_is_listed_and_nothing_is_loaded():
    net = Net()
    state = Net().state_dict()
    state["fc.weight"] = mg.ones(10, 8)
    state["extra.gain"] = mg.ones(1)
    del state["conv1.bias"], state["bn1.num_batches_tracked"]
    message = refuse(net, state, r"^Net\.load_state_dict: .* nothing was loaded\.")
    assert message.splitlines()[1:] == [
        "  missing:     conv1.bias (2,)",
        "  missing:     bn1.num_batches_tracked ()",
        "  unexpected:  extra.gain (1,)",
        "  wrong shape: fc.weight is (10, 8), in the model (3, 8)",
    ]


def test_a_wrong_shape_is_refused_also_when_not_strict():
    refuse(Net(), {"fc.bias": mg.ones(4)}, r"fc.bias is \(4,\), in the model \(3,\)", strict=False)


def apply_edit(message, state):
    """Run the lines of code that the message shows, as the user would."""
    code = [line.strip() for line in message.splitlines() if line.strip().startswith("state_dict")]
    scope = {"state_dict": dict(state)}
    exec("\n".join(code), scope)
    return scope["state_dict"]


def test_a_prefix_too_much_is_found_and_its_edit_works():
    net, source = Net(), Net()
    state = {f"module.{key}": tensor for key, tensor in source.state_dict().items()}
    message = refuse(net, state, r"9 keys differ only in a prefix: the state_dict has 'module\.'")
    assert "missing" not in message
    net.load_state_dict(apply_edit(message, state))
    assert equal(values(net), values(source))


def test_a_prefix_too_few_is_found_and_its_edit_works():
    net, source = nn.Sequential({"backbone": Net()}), Net()
    message = refuse(net, source.state_dict(), r"the state_dict lacks 'backbone\.'")
    net.load_state_dict(apply_edit(message, source.state_dict()))
    assert equal(values(net.backbone), values(source))


def test_renamed_layers_are_found_by_shape_and_the_edit_works():
    net, source = Net(), Renamed()
    message = refuse(net, source.state_dict(), "Equal shapes under other names")
    assert "state_dict['fc.weight'] = state_dict.pop('classifier.weight')" in message
    net.load_state_dict(apply_edit(message, source.state_dict()))
    assert np.array_equal(net.conv1.weight.data, source.features[0].weight.data)
    assert np.array_equal(net.fc.weight.data, source.classifier.weight.data)


def test_a_prefix_is_not_claimed_when_it_explains_only_a_part():
    state = {f"module.{key}": tensor for key, tensor in Net().state_dict().items()}
    del state["module.fc.bias"]
    message = refuse(Net(), state, r"missing: +fc.bias \(3,\)")
    assert "prefix" not in message
    assert "unexpected:  module.fc.weight" in message


def test_a_weight_is_not_taken_for_a_bias():
    state = Net().state_dict()
    state["norm.bias"] = state.pop("bn1.weight")
    assert "Equal shapes" not in refuse(Net(), state, r"missing: +bn1.weight")


def test_what_is_no_state_dict_is_refused():
    net = Net()
    refuse(
        net,
        "net.pt",
        r"got str; from a file, write load_state_dict\(minigrad.load\(path\)\)",
        TypeError,
    )
    checkpoint = {"net": net.state_dict(), "epoch": 3}
    refuse(
        net,
        checkpoint,
        r"whole checkpoint; write load_state_dict\(checkpoint\['net'\]\)",
        TypeError,
    )
    tensor = type("Tensor", (), {"__module__": "torch", "numpy": lambda self: np.ones(3)})()
    edit = (
        r"got torch.Tensor; write load_state_dict\(\{k: v.numpy\(\) for k, v in state.items\(\)\}"
    )
    refuse(net, {"fc.bias": tensor}, rf"'fc.bias' must be a Tensor, {edit}", TypeError)
    refuse(net, {"fc.bias": [1, 2, 3]}, r"'fc.bias' must be a Tensor, got list", TypeError)
