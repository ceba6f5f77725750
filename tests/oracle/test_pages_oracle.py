"""What examples/from_pytorch.md says of PyTorch is true of it."""

import numpy as np
import pytest
import torch
from test_code_blocks import ROOT, blocks_of, run

import minigrad as mg

PAGE = ROOT / "examples" / "from_pytorch.md"
BLOCKS = list(blocks_of(PAGE))
PYTORCH = [block for block in BLOCKS if block.file == "torch"]
SAFETENSORS = next(block for block in PYTORCH if "load_file" in block.code)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_script_runs_with_the_imports_of_pytorch():
    script = BLOCKS[0]
    assert "import minigrad as torch" in script.code
    code = script.code.replace("import minigrad as torch", "import torch")
    code = code.replace("minigrad", "torch")
    assert run(script._replace(code=code))["torch"] is torch


OTHERS = [block for block in PYTORCH if block != SAFETENSORS]


@pytest.mark.parametrize("block", OTHERS, ids=[f"block {i}" for i in range(len(OTHERS))])
def test_the_blocks_with_pytorch_run(block):
    run(block)


def test_weights_go_to_pytorch_and_back():
    pytorch = SAFETENSORS
    ours = run(BLOCKS[BLOCKS.index(pytorch) - 1])["model"].eval()
    theirs = run(pytorch)["model"].eval()
    x = np.random.default_rng(0).standard_normal((3, 1, 4, 4), np.float32)
    y = theirs(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(ours(mg.tensor(x)).detach().numpy(), y, rtol=1e-5, atol=1e-6)
    back = mg.load("model.safetensors")
    assert back.keys() == ours.state_dict().keys()
    for key, value in ours.state_dict().items():
        np.testing.assert_array_equal(back[key].numpy(), value.numpy())


def test_weights_go_over_as_arrays():
    theirs, ours = torch.nn.Linear(3, 2), mg.nn.Linear(3, 2)
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    np.testing.assert_array_equal(ours.weight.detach().numpy(), theirs.weight.detach().numpy())
    ours.weight.data[...] = 1
    state = {key: torch.from_numpy(value.numpy()) for key, value in ours.state_dict().items()}
    theirs.load_state_dict(state)
    assert theirs.weight.tolist() == [[1, 1, 1], [1, 1, 1]]


REFUSED = (RuntimeError, ValueError, TypeError, AssertionError)


@pytest.mark.parametrize(
    "line",
    [
        "torch.ones(2, 3).t().view(6)",
        "torch.ones(3)[::-1]",
        "np.asarray(torch.ones(3, requires_grad=True))",
        "torch.ones(3, requires_grad=True).numpy()",
        "np.ones(3) + torch.ones(3)",
        "y = (x * x).sum(); y.backward(); y.backward()",
        "y = x.exp(); y.add_(1); y.sum().backward()",
        "torch.nn.functional.cross_entropy(torch.zeros(1, 2), torch.tensor([1]).int())",
        "torch.nn.Conv2d(1, 1, 3, stride=2, padding='same')(torch.ones(1, 1, 5, 5))",
        "torch.nn.Linear(2, 2)(torch.ones(1, 3))",
    ],
)
def test_what_pytorch_refuses(line):
    with pytest.raises(REFUSED):
        exec(line, {"torch": torch, "np": np, "x": torch.ones(2, requires_grad=True)})


def test_what_pytorch_does_otherwise():
    x = y = torch.ones(3)
    y += 1
    assert x.tolist() == [2, 2, 2]
    assert isinstance(x.data, torch.Tensor)
    assert isinstance(x.shape, torch.Size)
    assert torch.sign(torch.tensor(float("nan"))).item() == 0

    x = torch.tensor([2.0], requires_grad=True)
    total = x.sum()
    total.backward()
    total.backward()  # nothing was saved
    (2 * x).mul_(3).backward()  # nor here
    assert x.grad.item() == 1 + 1 + 6
    x.grad = None
    square = (x * x).sum()
    x.data[0] = 3
    square.backward()
    assert x.grad.item() == 6  # of 2 * 2 it should be 4

    with pytest.warns(UserWarning, match="target size"):
        torch.nn.functional.mse_loss(torch.ones(3, 1), torch.ones(3))
    assert torch.nn.functional.mse_loss(torch.ones(3), torch.ones(3).long()).item() == 0
    x = torch.tensor([-1.0])
    torch.nn.ReLU(inplace=True)(x)
    assert x.item() == 0
    layer = torch.nn.Module()
    layer.blocks = [torch.nn.Linear(2, 2)]
    assert not list(layer.parameters())
    x, attention = torch.ones(1, 1, 2), torch.nn.MultiheadAttention(2, 1)
    assert attention(x, x, x, attn_mask=torch.ones(1, 1).bool())[0].isnan().all()
    assert next(iter(torch.utils.data.DataLoader([1.5, 2.5], 2))).dtype == torch.float64
