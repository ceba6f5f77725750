"""minigrad.compare names the layer that differs first, and why."""

import copied
import numpy as np
import pytest
import torch
import torch.nn.functional as TF

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F

SOURCE = """
class Net(nn.Module):
    def __init__(self, padding=1, dilation=1, bias=True, eps=1e-5, momentum=0.1, swapped=False,
                 relu=True, detach=False, p=0.5, stride=1, groups=1, last=True):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=padding, dilation=dilation, stride=stride)
        self.bn1 = nn.BatchNorm2d(8, eps=eps, momentum=momentum)
        pair = [nn.ReLU(), nn.MaxPool2d(2)]
        self.middle = nn.Sequential(*(pair[::-1] if swapped else pair))
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, bias=bias, groups=groups)
        self.drop = nn.Dropout(p)
        self.fc1 = nn.Linear(8, 8)
        self.fc2 = nn.Linear(8, 5)
        self.relu, self.detach, self.last = relu, detach, last

    def forward(self, x):
        x = self.middle(self.bn1(self.conv1(x)))
        y = self.conv2(x)
        if self.detach:
            y = y.detach()
        x = (F.relu(y) + x).mean((2, 3))
        x = self.fc1(self.drop(x))
        if self.relu:
            x = F.relu(x)
        x = self.fc2(x)
        return F.log_softmax(x, 1) if self.last else x
"""


def net(library, functional, **options):
    scope = {"nn": library.nn, "F": functional, "__name__": "user"}
    exec(SOURCE, scope)
    return scope["Net"](**options)


def nets(train=True, theirs=(), **ours):
    """PyTorch's net and minigrad's, with as many of its weights as fit."""
    torch.manual_seed(0)
    a, b = net(torch, TF, **dict(theirs)), net(mg, F, **ours)
    a.drop.p = b.drop.p = ours.get("p", 0.0)
    shapes = {name: x.shape for name, x in b.state_dict().items()}
    state = {name: x.numpy() for name, x in a.state_dict().items()}
    fits = {name: x for name, x in state.items() if shapes.get(name) == x.shape}
    b.load_state_dict(fits, strict=False)
    return a.train(train), b.train(train)


X = np.random.default_rng(1).standard_normal((6, 3, 8, 8)).astype(np.float32)
Y = np.array([0, 1, 2, 3, 4, 0])


@pytest.mark.parametrize("train", [True, False])
def test_the_same_nets_agree(train):
    a, b = nets(train)
    result = mg.compare(a, b, X)
    assert result.agrees
    assert (result.first, result.what) == (None, "")
    assert [row.path for row in result.rows] == [
        "conv1", "bn1", "middle.0", "middle.1", "middle", "conv2", "drop", "fc1", "fc2",
        "(the model)",
    ]  # fmt: skip
    for row in result.rows:
        assert row.output < 1e-5
        assert row.gradient < 1e-4
        assert not row.notes
    assert str(result).splitlines()[-1] == "Outputs and gradients of all layers agree."


PLANTED = {
    "padding": ({"padding": 0}, "conv1", "output", r"padding=\(1, 1\) in PyTorch, the default in"),
    "dilation": ({"dilation": 2, "padding": 2}, "conv1", "output", r"dilation=\(2, 2\) in min"),
    "stride": ({"stride": 2}, "conv1", "output", r"stride=\(1, 1\) in PyTorch, stride=\(2, 2\)"),
    "eps": ({"eps": 1e-3}, "bn1", "output", r"eps=1e-05 in PyTorch, eps=0.001 in minigrad"),
    "small eps": ({"eps": 2e-5}, "bn1", "output", r"eps=1e-05 in PyTorch, eps=2e-05 in minigrad"),
    "momentum": ({"momentum": 0.2}, "bn1", "statistics", r"another running_mean, running_var"),
    "swapped": ({"swapped": True}, "middle.0", "output", r"a ReLU in PyTorch, a MaxPool2d in min"),
    "bias missing": ({"bias": False}, "conv2", "output", r"bias is in PyTorch only.*bias=False"),
    "groups": ({"groups": 2}, "conv2", "output", r"shape \(8, 8, 3, 3\) in PyTorch, \(8, 4, 3, 3"),
    "relu missing": (
        {"relu": False}, "fc2", "output", r"input differs already, though fc1 agrees.*between fc1"
    ),
    "relu added": ({"theirs": {"relu": False}}, "fc2", "output", r"between fc1 and fc2"),
    "log_softmax missing": ({"last": False}, "(the model)", "output", r"forward does after fc2"),
    "detach": ({"detach": True}, "conv2", "gradient", r"does between conv2 and drop.*a detach"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_difference_is_named_at_its_layer(name):
    options, path, what, reason = PLANTED[name]
    a, b = nets(**options)
    result = mg.compare(a, b, X)
    assert (result.first.path, result.what) == (path, what)
    assert not result.agrees
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(result.verdict)
    assert str(result).endswith(result.verdict)
    (marked,) = [line for line in str(result).splitlines() if "<-" in line]
    assert marked.startswith(path)


def test_dropout_in_train_mode():
    a, b = nets(p=0.5)
    result = mg.compare(a, b, X)
    assert result.first.path == "drop"
    assert "drops at random in train mode; call eval() on both models" in result.verdict
    assert mg.compare(a.eval(), b.eval(), X).agrees


def test_a_mode_that_differs():
    a, b = nets()
    b.bn1.eval()
    result = mg.compare(a, b, X)
    assert result.first.path == "bn1"
    assert "train mode in PyTorch, eval mode in minigrad" in result.verdict


def test_weights_come_first():
    a, b = nets()
    b.fc1.weight.data = b.fc1.weight.data.T.copy()
    result = mg.compare(a, b, X)
    assert result.first.path == "fc1"
    assert result.first.weights > 0.1
    assert "weight differs (" in result.verdict
    assert "transposed" in result.verdict
    assert "load_state_dict({name: x.numpy() for name, x in torch_model" in result.verdict
    b.load_state_dict({name: x.numpy() for name, x in a.state_dict().items()})
    b.bn1.running_var.data[0] += 1
    b.eval()
    result = mg.compare(a.eval(), b, X)
    assert result.first.path == "bn1"
    assert "running_var differs" in result.verdict


def test_weights_that_no_output_shows():
    a, b = nets(train=False)
    b.bn1.momentum = 0.5
    result = mg.compare(a, b, X)
    assert result.agrees
    assert result.what == "settings"
    assert "Still, of bn1: momentum=0.1 in PyTorch, momentum=0.5 in minigrad." in result.verdict


def test_frozen_weights():
    a, b = nets()
    b.conv2.weight.requires_grad = False
    result = mg.compare(a, b, X)
    assert (result.first.path, result.what) == ("conv2", "gradient")
    assert "those of the weights of conv2" in result.verdict
    assert "is one frozen by requires_grad" in result.verdict


def test_a_layer_that_does_not_run():
    a, b = nets()
    b.drop.forward = None
    b.forward = lambda x: b.fc2(b.fc1(b.middle(b.bn1(b.conv1(x))).mean((2, 3))))
    result = mg.compare(a, b, X)
    assert result.first.path == "conv2"
    assert "conv2 runs in PyTorch only: the models differ there, after middle." in result.verdict


def test_a_net_of_minigrad_that_fails():
    a, b = nets()
    b.fc2 = nn.Linear(7, 5)
    with pytest.raises(ValueError, match=r"fc2 .*input has 8 features .*the weight expects 7"):
        mg.compare(a, b, X)
    b.conv1 = nn.Conv2d(3, 8, 3, padding=1)
    assert mg.compare(a, b, X).first.path == "conv1"


def test_with_a_loss():
    a, b = nets(last=False, theirs={"last": False})
    result = mg.compare(a, b, X, loss=(TF.cross_entropy, F.cross_entropy), target=Y)
    assert result.agrees
    theirs, ours = result.loss
    assert abs(theirs - ours) < 1e-5
    assert f"loss: PyTorch {theirs:.7g}, minigrad {ours:.7g}" in str(result)
    sums = (TF.cross_entropy, lambda y, t: F.cross_entropy(y, t, reduction="sum"))
    result = mg.compare(a, b, X, loss=sums, target=mg.tensor(Y))
    assert (result.first, result.what) == (None, "loss")
    assert "The outputs agree and the losses differ: PyTorch" in result.verdict
    squares = (lambda y: y.square().mean(), lambda y: (y.detach() * y).mean())
    result = mg.compare(a, b, X, loss=squares)
    assert (result.first.path, result.what) == ("(the model)", "gradient")
    assert "between (the model) and the loss" in result.verdict


def test_nothing_is_changed():
    a, b = nets(p=0.5)
    calls = []
    a.fc1.register_forward_hook(lambda *_: calls.append("torch"))
    b.fc1.register_forward_hook(lambda *_: calls.append("minigrad"))
    a(torch.tensor(X)).sum().backward()
    b(mg.tensor(X)).sum().backward()
    calls.clear()
    a.bn1.train()
    b.conv1.eval()

    def snapshot():
        return [
            *(x.numpy().copy() for x in a.state_dict().values()),
            *(x.numpy().copy() for x in b.state_dict().values()),
            *(p.grad.numpy().copy() for p in a.parameters()),
            *(p.grad.numpy().copy() for p in b.parameters()),
            torch.get_rng_state().numpy(),
            np.array(str(mg.get_rng_state())),
            np.array([m.training for m in (*a.modules(), *b.modules())]),
        ]

    before = snapshot()
    objects = [(p, p.grad) for p in (*a.parameters(), *b.parameters())]
    mg.compare(a, b, X)
    b.conv2.weight.requires_grad = False  # so that float64 is asked too
    mg.compare(a, b, X)
    b.conv2.weight.requires_grad = True
    for x, y in zip(before, snapshot(), strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_array_equal(x, y)
    assert all(p.grad is gradient for p, gradient in objects)
    assert len(a.fc1._forward_hooks) == len(b.fc1._forward_hooks) == 1
    assert set(calls) == {"torch", "minigrad"}
    with torch.no_grad(), mg.no_grad():
        assert mg.compare(a.eval(), b.eval(), X).rows[0].gradient is not None


@pytest.mark.parametrize(("name", "seed"), [("mnist_cnn", 0), ("resnet20", 0), ("resnet20", 1)])
def test_rounding_is_no_difference(name, seed):
    """Seed 1 of resnet20 has a number that rounding puts on the other side of relu's kink."""
    torch.manual_seed(seed)
    ours, theirs = copied.pair(name, 3, 10, 32)
    copied.no_dropout(ours, theirs)
    x = np.random.default_rng(seed).standard_normal((16, 3, 32, 32)).astype(np.float32)
    result = mg.compare(theirs, ours, x)
    assert result.agrees
    assert max(row.gradient for row in result.rows) < 1e-5


def test_what_a_batch_may_be():
    a, b = nets()
    for batch in (X, mg.tensor(X), torch.tensor(X), (X,), X.astype(np.float64)):
        assert mg.compare(a, b, batch).agrees
    with pytest.raises(TypeError, match=r"batch and target must be arrays or tensors, got str; "):
        mg.compare(a, b, "images")


def test_layers_of_several_inputs_and_outputs():
    a, b = torch.nn.MultiheadAttention(4, 2), nn.MultiheadAttention(4, 2)
    copied.copy_weights(a, b)
    q = np.random.default_rng(0).standard_normal((5, 2, 4)).astype(np.float32)
    assert mg.compare(a, b, (q, q, q)).agrees
    b.out_proj.bias.data[0] += 1e-3
    assert "bias" in str(mg.compare(a, b, (q, q, q)))


def test_wrong_arguments():
    a, b = nets()
    with pytest.raises(TypeError, match=r"torch_model must be a torch.nn.Module, got user.Net; wr"):
        mg.compare(b, a, X)
    with pytest.raises(TypeError, match=r"minigrad_model must be a minigrad Layer, got user.Net"):
        mg.compare(a, a, X)
    with pytest.raises(TypeError, match=r"loss must be a pair of functions, got builtins.function"):
        mg.compare(a, b, X, loss=F.cross_entropy)
    with pytest.raises(ValueError, match=r"rtol must be > 0, got 0; for example 1e-5"):
        mg.compare(a, b, X, rtol=0)
