"""Devices: a script that asks for one is told of the CPU, honestly."""

import copy
import pickle

import numpy as np
import pytest

import minigrad as torch
from minigrad import nn, optim
from minigrad.cuda.amp import autocast as old_autocast

USE_CPU = r"CPU only, use device=\"cpu\", got {}. Write\n  device = \"cpu\"\nor.*\n  device = torch"


def test_the_usual_lines_choose_the_cpu():
    by_cuda = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    by_mps = "mps" if torch.backends.mps.is_available() else "cpu"
    accelerator = torch.accelerator
    by_accelerator = accelerator.current_accelerator().type if accelerator.is_available() else "cpu"
    assert str(by_cuda) == by_mps == by_accelerator == "cpu"
    assert accelerator.current_accelerator() is None
    assert torch.cuda.device_count() == accelerator.device_count() == 0
    assert not torch.cuda.is_bf16_supported()
    assert not torch.backends.mps.is_built()
    assert not torch.backends.cudnn.is_available()
    assert torch.backends.cudnn.version() is None


def test_settings_for_a_gpu_are_accepted(monkeypatch):
    import minigrad.backends.cudnn as cudnn

    monkeypatch.setattr(cudnn, "benchmark", True)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    assert torch.backends.cudnn.benchmark
    torch.cuda.manual_seed(0)
    torch.cuda.manual_seed_all(0)
    torch.cuda.empty_cache()


def test_a_device_object():
    device = torch.device("cpu")
    assert (device.type, device.index) == ("cpu", None)
    assert str(device) == f"{device}" == "cpu"
    assert repr(device) == "device(type='cpu')"
    assert device == torch.device(device) == torch.ones(2).device
    assert device != torch.device("cpu:0")
    assert device != "cpu"  # as in PyTorch
    first = torch.device("cpu", 0)
    assert (first.index, str(first)) == (0, "cpu:0")
    assert repr(first) == "device(type='cpu', index=0)"
    assert len({device, torch.device("cpu"), first}) == 2
    assert copy.deepcopy(first) == first == pickle.loads(pickle.dumps(first))
    assert isinstance(device, torch.device)
    with pytest.raises(AttributeError, match=r"device.type cannot be changed"):
        device.type = "cuda"


@pytest.mark.parametrize(
    ("name", "came"),
    [("cuda", "'cuda'"), ("cuda:1", "'cuda:1'"), ("mps", "'mps'"), ("cpu:x", "'cpu:x'"),
     ("cpu:1", "'cpu:1'"), ("", "''"), (3, "'3'")],
)  # fmt: skip
def test_another_device_is_refused_with_the_edit(name, came):
    with pytest.raises(ValueError, match=USE_CPU.format(came)):
        torch.device(name)


def test_a_device_and_its_number_are_refused_as_written():
    with pytest.raises(ValueError, match=USE_CPU.format("'cuda', 1")):
        torch.device("cuda", 1)


X = torch.ones(2, 3)
CREATE = {
    "tensor": lambda **o: torch.tensor([1.0], **o),
    "as_tensor": lambda **o: torch.as_tensor([1.0], **o),
    "zeros": lambda **o: torch.zeros(2, 3, **o),
    "ones": lambda **o: torch.ones((2, 3), **o),
    "empty": lambda **o: torch.empty(2, **o),
    "full": lambda **o: torch.full((2,), 3.0, **o),
    "eye": lambda **o: torch.eye(3, **o),
    "arange": lambda **o: torch.arange(3, **o),
    "linspace": lambda **o: torch.linspace(0, 1, 3, **o),
    "zeros_like": lambda **o: torch.zeros_like(X, **o),
    "ones_like": lambda **o: torch.ones_like(X, **o),
    "full_like": lambda **o: torch.full_like(X, 2.0, **o),
    "randn": lambda **o: torch.randn(2, 3, **o),
    "rand": lambda **o: torch.rand(2, 3, **o),
    "randint": lambda **o: torch.randint(5, (2,), **o),
    "randperm": lambda **o: torch.randperm(5, **o),
    "randn_like": lambda **o: torch.randn_like(X, **o),
    "rand_like": lambda **o: torch.rand_like(X, **o),
}


@pytest.mark.parametrize("create", CREATE.values(), ids=CREATE)
def test_every_creation_function_takes_a_device(create):
    for device in (None, "cpu", torch.device("cpu")):
        assert create(device=device).shape == create().shape
    with pytest.raises(ValueError, match=USE_CPU.format("'cuda'")):
        create(device="cuda")


def test_what_is_made_like_another_tensor_may_be_trained():
    for name in ("zeros_like", "ones_like", "randn_like", "rand_like"):
        made = getattr(torch, name)(X, dtype=torch.float64, requires_grad=True)
        assert (made.shape, made.dtype, made.requires_grad) == (X.shape, np.float64, True)
    assert torch.ones_like(X).tolist() == np.ones((2, 3)).tolist()
    assert not torch.zeros_like(X).data.any()


def test_to_takes_a_device_and_a_dtype_in_any_way():
    device, x = torch.device("cpu"), torch.ones(2)
    assert x.to(device) is x.to("cpu") is x.to(device, non_blocking=True) is x.to(torch.ones(1))
    assert x.to(device, torch.float64).dtype == np.float64
    assert x.to(device=device, dtype=torch.int64).dtype == np.int64
    copied = x.to(device, copy=True)
    assert copied is not x
    assert not x.is_cuda
    for wrong in ("cuda", "mps"):
        with pytest.raises(ValueError, match=USE_CPU.format(repr(wrong))):
            x.to(wrong)


def test_a_model_moves_to_the_cpu_only():
    model = nn.Linear(2, 3)
    assert model.to(torch.device("cpu")) is model
    assert model.to("cpu", torch.float64).weight.dtype == np.float64
    for layer in (model, nn.ReLU()):
        with pytest.raises(ValueError, match=USE_CPU.format("'cuda'")):
            layer.to("cuda")


LAYERS = {
    "Linear": lambda **o: nn.Linear(2, 3, **o),
    "Conv2d": lambda **o: nn.Conv2d(2, 3, 3, **o),
    "ConvTranspose1d": lambda **o: nn.ConvTranspose1d(2, 3, 3, **o),
    "BatchNorm2d": lambda **o: nn.BatchNorm2d(2, **o),
    "InstanceNorm1d": lambda **o: nn.InstanceNorm1d(2, affine=True, **o),
    "LayerNorm": lambda **o: nn.LayerNorm(2, **o),
    "GroupNorm": lambda **o: nn.GroupNorm(1, 2, **o),
    "PReLU": lambda **o: nn.PReLU(**o),
    "Embedding": lambda **o: nn.Embedding(2, 3, **o),
    "MultiheadAttention": lambda **o: nn.MultiheadAttention(2, 1, add_bias_kv=True, **o),
    "TransformerEncoderLayer": lambda **o: nn.TransformerEncoderLayer(2, 1, 4, **o),
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_a_layer_is_made_on_a_device_and_in_a_dtype(make):
    def state(layer):
        return {key: (x.dtype, x.tolist()) for key, x in layer.state_dict().items()}

    made = []
    for options in ({}, {"device": X.device, "dtype": torch.float64}, {"device": "cpu"}):
        torch.manual_seed(0)
        made.append(make(**options))
    plain, double, on_cpu = made
    assert state(plain) == state(on_cpu)
    assert state(double) == state(plain.double())
    assert {p.dtype for p in double.parameters()} == {np.dtype("float64")}
    with pytest.raises(ValueError, match=USE_CPU.format("'cuda'")):
        make(device="cuda")
    with pytest.raises(TypeError, match=r"parameters need a floating dtype, got int64"):
        make(dtype=torch.int64)


def test_cuda_is_refused_with_the_edit():
    with pytest.raises(RuntimeError, match=r"Tensor\.cuda\(\): .*CPU only; leave \.cuda\(\) out"):
        torch.ones(2).cuda()
    with pytest.raises(RuntimeError, match=r"Linear\.cuda\(\): .*write \.to\(device\) after\n"):
        nn.Linear(1, 1).cuda()


def test_a_generator_has_a_device():
    draws = [torch.rand(2, generator=torch.Generator(d).manual_seed(1)) for d in ("cpu", X.device)]
    assert draws[0].tolist() == draws[1].tolist()
    with pytest.raises(ValueError, match=USE_CPU.format("'cuda'")):
        torch.Generator(device="cuda")


def test_load_takes_a_map_location(tmp_path):
    torch.save({"w": X}, tmp_path / "x.pt")
    for where in (None, "cpu", X.device, {"cuda:0": "cpu"}, lambda storage, location: storage):
        loaded = torch.load(tmp_path / "x.pt", map_location=where, weights_only=False)
        assert loaded["w"].tolist() == X.tolist()
    with pytest.raises(ValueError, match=USE_CPU.format("'cuda'")):
        torch.load(tmp_path / "x.pt", map_location="cuda")


def test_mixed_precision_says_that_it_is_none():
    for make in (
        lambda: torch.autocast(device_type="cuda", dtype=torch.float32),
        lambda: torch.amp.autocast("cpu"),
        lambda: old_autocast(),
        lambda: torch.amp.GradScaler(),
        lambda: torch.cuda.amp.GradScaler("cuda"),
    ):
        with pytest.warns(UserWarning, match="nothing is cast to half precision") as told:
            make()
        assert told[0].filename == __file__
    torch.amp.GradScaler("cuda", enabled=False)
    with torch.autocast("cuda", enabled=False), old_autocast(enabled=False):
        assert (X @ X.T).dtype == np.float32


def test_a_step_through_a_scaler_is_a_step():
    def trained(scaled):
        torch.manual_seed(0)
        model = nn.Linear(3, 1)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        loss = model(X).square().mean()
        if not scaled:
            loss.backward()
            optimizer.step()
        else:
            scaler = torch.amp.GradScaler(enabled=False)
            scaler.load_state_dict(scaler.state_dict())
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
            assert (scaler.get_scale(), scaler.is_enabled()) == (1.0, False)
        return model.weight.tolist()

    assert trained(scaled=True) == trained(scaled=False)


def test_compiling_says_that_it_does_not():
    model = nn.Linear(3, 1)
    with pytest.warns(UserWarning, match="compile: minigrad compiles nothing") as told:
        assert torch.compile(model, mode="reduce-overhead") is model
    assert told[0].filename == __file__
    with pytest.warns(UserWarning, match=r"jit\.script: minigrad compiles nothing"):
        assert torch.jit.script(model) is model
    with pytest.warns(UserWarning, match=r"jit\.trace: minigrad compiles nothing"):
        assert torch.jit.trace(model, X) is model
    with pytest.warns(UserWarning, match="compile: minigrad compiles nothing") as told:

        @torch.compile(dynamic=True)
        def double(x):
            return 2 * x

    assert told[0].filename == __file__
    assert double(X).tolist() == (2 * X).tolist()
