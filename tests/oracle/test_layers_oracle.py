"""Every layer beside torch's: printed text, state_dict, outputs, gradients, buffers."""

import copy
import inspect

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn

# One line a case: how both are made, and the shape of the input (None: print and keys only).
CASES = [
    ("Identity()", (2, 3)),
    ("Linear(3, 4)", (5, 3)),
    ("Linear(3, 4, bias=False)", (2, 5, 3)),
    ("Flatten()", (2, 3, 4)),
    ("Flatten(0, 1)", (2, 3, 4)),
    ("Unflatten(1, (2, 3))", (2, 6, 4)),
    ("Conv1d(4, 6, 3, stride=2, padding=1, groups=2)", (2, 4, 9)),
    ("Conv1d(2, 3, 2, padding='same')", (2, 2, 5)),
    ("Conv2d(3, 4, 3)", (2, 3, 6, 5)),
    ("Conv2d(3, 4, (3, 2), stride=(2, 1), padding=(1, 2), dilation=2, bias=False)", (1, 3, 7, 6)),
    ("Conv2d(4, 4, 3, padding='same', groups=4, padding_mode='reflect')", (2, 4, 5, 6)),
    ("Conv2d(1, 2, 4, padding='same', padding_mode='circular')", (2, 1, 5, 6)),
    ("Conv2d(1, 2, 3, padding=(1, 2), padding_mode='replicate')", (2, 1, 5, 6)),
    ("Conv2d(3, 4, 3, padding='valid')", (3, 6, 5)),
    ("Conv3d(2, 4, (1, 2, 3), padding=1, groups=2)", (2, 2, 3, 4, 5)),
    ("ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2)", (2, 4, 9)),
    ("ConvTranspose2d(3, 4, 4, 2, 1)", (2, 3, 5, 6)),
    ("ConvTranspose2d(4, 2, (2, 3), stride=(3, 2), bias=False, dilation=2)", (2, 4, 3, 5)),
    ("ConvTranspose3d(2, 4, (1, 2, 3), 2, 1, 1, 2)", (2, 2, 3, 4, 5)),
    ("MaxPool1d(2)", (2, 3, 7)),
    ("MaxPool2d(3, 2, padding=1)", (2, 3, 7, 8)),
    ("MaxPool2d((2, 3), stride=(1, 2), dilation=2, ceil_mode=True)", (2, 3, 8, 9)),
    ("MaxPool3d(2)", (2, 3, 4, 4, 5)),
    ("AvgPool1d(3, 2, 1)", (2, 3, 7)),
    ("AvgPool2d((3, 2), 2, ceil_mode=True)", (2, 3, 7, 8)),
    ("AvgPool2d(3, 2, 1, count_include_pad=False)", (2, 3, 7, 8)),
    ("AvgPool3d(2)", (2, 3, 4, 4, 5)),
    ("AdaptiveAvgPool1d(3)", (2, 3, 7)),
    ("AdaptiveAvgPool2d((3, None))", (2, 3, 7, 8)),
    ("AdaptiveAvgPool3d(1)", (2, 3, 4, 4, 5)),
    ("AdaptiveMaxPool1d(3)", (2, 3, 7)),
    ("AdaptiveMaxPool2d(2)", (2, 3, 7, 8)),
    ("AdaptiveMaxPool3d((1, 2, 3))", (2, 3, 4, 4, 5)),
    ("BatchNorm1d(3)", (5, 3)),
    ("BatchNorm1d(3, momentum=None)", (5, 3, 4)),
    ("BatchNorm2d(3, eps=0.1, momentum=0.3)", (4, 3, 5, 2)),
    ("BatchNorm2d(3, affine=False, track_running_stats=False)", (4, 3, 5, 2)),
    ("BatchNorm2d(3, bias=False)", (4, 3, 5, 2)),
    ("BatchNorm3d(3)", (2, 3, 2, 3, 2)),
    ("InstanceNorm1d(3)", (2, 3, 6)),
    ("InstanceNorm2d(3, affine=True)", (2, 3, 4, 5)),
    ("InstanceNorm2d(3, track_running_stats=True)", (2, 3, 4, 5)),
    ("InstanceNorm3d(3)", (2, 3, 2, 3, 2)),
    ("LayerNorm(5)", (2, 3, 5)),
    ("LayerNorm((3, 5), bias=False)", (2, 3, 5)),
    ("LayerNorm((3, 5), elementwise_affine=False)", (2, 3, 5)),
    ("GroupNorm(2, 4)", (2, 4, 5)),
    ("GroupNorm(4, 4, affine=False)", (2, 4, 5, 3)),
    ("Dropout(0.0)", (2, 3)),
    ("Dropout1d(0.2)", None),
    ("Dropout2d(0.2, inplace=True)", None),
    ("Dropout3d()", None),
    ("ReLU()", (3, 4)),
    ("ReLU(inplace=True)", None),
    ("ReLU6()", (3, 4)),
    ("LeakyReLU()", (3, 4)),
    ("LeakyReLU(0.2, inplace=True)", None),
    ("PReLU()", (3, 4)),
    ("PReLU(4, init=0.1)", (3, 4, 2)),
    ("ELU(0.5)", (3, 4)),
    ("ELU(inplace=True)", None),
    ("GELU()", (3, 4)),
    ("GELU('tanh')", (3, 4)),
    ("SiLU()", (3, 4)),
    ("SiLU(inplace=True)", None),
    ("Sigmoid()", (3, 4)),
    ("Tanh()", (3, 4)),
    ("Softplus(2.0, 1.0)", (3, 4)),
    ("Hardswish()", (3, 4)),
    ("Hardswish(inplace=True)", None),
    ("Hardsigmoid()", (3, 4)),
    ("Mish()", (3, 4)),
    ("Mish(inplace=True)", None),
    ("Softmax(dim=1)", (3, 4)),
    ("LogSoftmax(dim=-1)", (3, 4)),
    ("Hardtanh()", (3, 4)),
    ("Hardtanh(0, 6, inplace=True)", None),
    ("Embedding(5, 3)", None),
    ("Embedding(5, 3, padding_idx=-2)", None),
    ("CrossEntropyLoss()", None),
    ("MSELoss(reduction='sum')", None),
    ("Upsample(scale_factor=2)", (2, 3, 4, 5)),
    ("Upsample((7, 6))", (2, 3, 4, 5)),
    ("Upsample(scale_factor=(2, 3), mode='bilinear')", (2, 3, 4, 5)),
    ("Upsample(8, mode='linear', align_corners=True)", (2, 3, 5)),
    ("PixelShuffle(2)", (2, 8, 3, 4)),
    ("Unfold(2)", (2, 3, 4, 5)),
    ("Unfold((2, 3), dilation=(1, 2), padding=1, stride=2)", (2, 3, 5, 6)),
    ("Fold((4, 5), 2)", (2, 12, 12)),
    ("Fold(output_size=(5, 6), kernel_size=(2, 3), dilation=1, padding=1, stride=2)", (2, 12, 9)),
    ("DataParallel(nn.Linear(3, 2))", (2, 3)),
    ("PixelUnshuffle(2)", (2, 3, 4, 6)),
    ("ZeroPad1d((1, 2))", (2, 3, 4)),
    ("ZeroPad2d((1, 2, 0, -1))", (2, 3, 4, 5)),
    ("ZeroPad3d(1)", (2, 3, 4, 5, 2)),
    ("ConstantPad1d(2, 1.5)", (2, 3, 4)),
    ("ConstantPad2d(1, 3)", (2, 3, 4, 5)),
    ("ConstantPad3d(1, 3)", (2, 3, 4, 5, 2)),
    ("ReflectionPad1d(2)", (2, 3, 4)),
    ("ReflectionPad2d((1, 2, 3, 0))", (2, 3, 4, 5)),
    ("ReflectionPad3d(1)", (2, 3, 4, 5, 2)),
    ("ReplicationPad1d(2)", (2, 3, 4)),
    ("ReplicationPad2d((1, 2, 3, 0))", (2, 3, 4, 5)),
    ("ReplicationPad3d(1)", (2, 3, 4, 5, 2)),
    ("CircularPad1d(2)", (2, 3, 4)),
    ("CircularPad2d((1, 2, 3, 0))", (2, 3, 4, 5)),
    ("CircularPad3d(1)", (2, 3, 4, 5, 2)),
    ("Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 2), nn.Tanh()))", (5, 3)),
    ("ModuleList([nn.ReLU(), nn.ReLU(), nn.Linear(1, 2), nn.Sequential(nn.Tanh())])", None),
    ("ModuleDict({'a': nn.Linear(1, 2), 'b': nn.BatchNorm1d(2)})", None),
]


def both(code):
    return [eval(f"nn.{code}", {"nn": library}) for library in (nn, torch.nn)]


def state(layer):
    return {key: t.detach().numpy().copy() for key, t in layer.state_dict().items()}


def load_random(ours, theirs, rng):
    """The same random parameters and buffers in both, in float64."""
    ours.double()
    theirs.double()
    for tensor in theirs.state_dict().values():
        if tensor.dtype == torch.float64:
            values = rng.uniform(0.5, 1.5, tensor.shape)
            tensor.copy_(torch.from_numpy(values))
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})


@pytest.mark.parametrize("code", [code for code, _ in CASES])
def test_text_and_state_dict(code):
    ours, theirs = both(code)
    assert repr(ours) == repr(theirs)
    found = {key: (value.shape, value.dtype) for key, value in state(ours).items()}
    expected = {key: (value.shape, value.dtype) for key, value in state(theirs).items()}
    assert list(found.items()) == list(expected.items())


def nested(parts):
    """Code of a Sequential, ModuleList or ModuleDict of some parts."""
    listed = st.lists(parts, max_size=4)
    return st.one_of(
        listed.map(lambda codes: f"nn.Sequential({', '.join(codes)})"),
        listed.map(lambda codes: f"nn.ModuleList([{', '.join(codes)}])"),
        st.dictionaries(st.sampled_from("abc"), parts).map(
            lambda named: f"nn.ModuleDict({{{', '.join(f'{k!r}: {c}' for k, c in named.items())}}})"
        ),
    )


leaves = st.sampled_from(["nn.ReLU()", "nn.Linear(1, 2)", "nn.BatchNorm1d(2)"])


@settings(deadline=None)
@given(st.recursive(leaves, nested, max_leaves=12))
def test_text_and_keys_of_any_tree(code):
    ours, theirs = (eval(code, {"nn": library}) for library in (nn, torch.nn))
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for walk in ("named_modules", "named_children", "named_parameters", "named_buffers"):
        found, expected = ([name for name, _ in getattr(m, walk)()] for m in (ours, theirs))
        assert found == expected, walk


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize(("code", "shape"), [case for case in CASES if case[1]])
def test_values_gradients_and_buffers(code, shape, training):
    rng = np.random.default_rng(0)
    ours, theirs = (layer.train(training) for layer in both(code))
    load_random(ours, theirs, rng)
    data = rng.standard_normal(shape)
    x, x_torch = mg.tensor(data, requires_grad=True), torch.tensor(data, requires_grad=True)
    y, y_torch = ours(x), theirs(x_torch)
    np.testing.assert_allclose(y.detach().numpy(), y_torch.detach().numpy(), rtol=1e-9, atol=1e-12)

    cotangent = rng.standard_normal(y.shape)
    y.backward(mg.tensor(cotangent))
    y_torch.backward(torch.tensor(cotangent))
    # torch takes the slope 1/6 of hardsigmoid in float32 even for float64 inputs
    rtol = 1e-7 if code == "Hardsigmoid()" else 1e-9
    np.testing.assert_allclose(x.grad.numpy(), x_torch.grad.numpy(), rtol=rtol, atol=1e-11)
    gradients = {name: p.grad.numpy() for name, p in theirs.named_parameters()}
    assert gradients.keys() == dict(ours.named_parameters()).keys()
    for name, p in ours.named_parameters():
        np.testing.assert_allclose(p.grad.numpy(), gradients[name], rtol=1e-9, atol=1e-11)
    for key, value in state(theirs).items():
        np.testing.assert_allclose(state(ours)[key], value, rtol=1e-12)


LOSSES = [
    ("CrossEntropyLoss(weight=w, ignore_index=1, label_smoothing=0.1)", "class"),
    ("CrossEntropyLoss()", "probability"),
    ("NLLLoss(weight=w, ignore_index=0, reduction='sum')", "class"),
    ("MSELoss()", "value"),
    ("L1Loss(reduction='sum')", "value"),
    ("SmoothL1Loss(beta=0.5)", "value"),
    ("HuberLoss('none', 0.5)", "value"),
    ("KLDivLoss(reduction='batchmean')", "probability"),
    ("KLDivLoss(reduction='sum', log_target=True)", "value"),
    ("BCELoss(weight=w)", "probability"),
    ("BCEWithLogitsLoss(weight=w, pos_weight=w)", "probability"),
]


@pytest.mark.parametrize(("code", "kind"), LOSSES)
def test_losses(code, kind):
    rng = np.random.default_rng(0)
    n, c = 6, 3
    weight = rng.uniform(0.5, 2, c)
    targets = {
        "class": rng.integers(0, c, n),
        "value": rng.standard_normal((n, c)),
        "probability": rng.dirichlet(np.ones(c), n),
    }
    data = rng.uniform(0.1, 0.9, (n, c)) if "BCELoss" in code else rng.standard_normal((n, c))
    results = []
    for library, tensor in ((nn, mg.tensor), (torch.nn, torch.tensor)):
        loss = eval(f"nn.{code}", {"nn": library, "w": tensor(weight)})
        x = tensor(data, requires_grad=True)
        y = loss(x, tensor(targets[kind]))
        y.sum().backward()
        results.append((y.detach().numpy(), x.grad.numpy(), repr(loss), list(loss.state_dict())))
    (y, dx, *texts), (y_torch, dx_torch, *texts_torch) = results
    np.testing.assert_allclose(y, y_torch, rtol=1e-9)
    np.testing.assert_allclose(dx, dx_torch, rtol=1e-9, atol=1e-12)
    assert texts == texts_torch


def test_embedding():
    ours, theirs = both("Embedding(5, 3, padding_idx=1)")
    load_random(ours, theirs, np.random.default_rng(0))
    index = np.array([[0, 1, 4], [4, 2, 4]])
    y, y_torch = ours(mg.tensor(index)), theirs(torch.tensor(index))
    np.testing.assert_array_equal(y.detach().numpy(), y_torch.detach().numpy())
    (y * y).sum().backward()
    (y_torch * y_torch).sum().backward()
    np.testing.assert_allclose(ours.weight.grad.numpy(), theirs.weight.grad.numpy(), rtol=1e-12)


def test_every_layer_has_a_case():
    tested = {code.split("(")[0] for code, _ in CASES + LOSSES}
    elsewhere = {"ParameterList", "MultiheadAttention", "CosineSimilarity"}
    elsewhere |= {"TransformerEncoderLayer", "TransformerEncoder"}
    layers = {name for name in nn.__all__ if inspect.isclass(getattr(nn, name))}
    of_torch = {name for name in layers if hasattr(torch.nn, name)} - {"Module", "Parameter"}
    assert of_torch - elsewhere - tested == set()


@pytest.mark.parametrize(
    "code", ["Linear(40, 50)", "Conv2d(8, 30, 3, groups=2)", "Embedding(40, 50)", "PReLU(9)"]
)
def test_first_values_have_torchs_distribution(code):
    torch.manual_seed(0)
    mg.manual_seed(0)
    for ours, theirs in zip(*(list(layer.parameters()) for layer in both(code)), strict=True):
        a, b = ours.detach().numpy().ravel(), theirs.detach().numpy().ravel()
        spread = b.std() / np.sqrt(b.size)
        assert abs(a.mean() - b.mean()) <= 8 * spread
        assert a.std() == pytest.approx(b.std(), rel=6 / np.sqrt(b.size))


def test_layers_take_torchs_arguments_in_torchs_order():
    legacy = {"size_average", "reduce", "return_indices", "self"}
    for name in {code.split("(")[0] for code, _ in CASES + LOSSES}:
        ours = inspect.signature(getattr(nn, name).__init__).parameters.values()
        theirs = inspect.signature(getattr(torch.nn, name).__init__).parameters
        positional = [
            p.name for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self"
        ]
        expected = [p for p in theirs if p not in legacy]
        assert positional == expected[: len(positional)], name


def test_a_torch_model_moves_over_and_back():
    code = "Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(64, 3))"
    ours, theirs = both(code)
    theirs(torch.randn(8, 1, 6, 6))
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    back = copy.deepcopy(theirs)
    back.load_state_dict(
        {key: torch.tensor(value.numpy()) for key, value in ours.state_dict().items()}
    )
    x = np.random.default_rng(0).standard_normal((2, 1, 6, 6)).astype(np.float32)
    for a, b in ((ours.eval(), theirs.eval()), (ours, back.eval())):
        np.testing.assert_allclose(
            a(mg.tensor(x)).detach().numpy(),
            b(torch.tensor(x)).detach().numpy(),
            rtol=1e-4,
            atol=1e-6,
        )
