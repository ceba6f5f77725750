"""python -m minigrad.compat: a script that imports torch and torchvision runs on minigrad."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.py"))

TRAIN = """
from __future__ import print_function
import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torchvision.transforms as T
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset
from torchvision import datasets, transforms
import helper


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.fc = nn.Linear(4 * 3 * 3, 2)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        return F.log_softmax(self.fc(torch.flatten(x, 1)), dim=1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    args = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(1)
    loader = DataLoader(TensorDataset(*helper.data()), batch_size=16, shuffle=True)
    model = Net().to(device)
    optimizer = optim.Adadelta(model.parameters(), lr=1.0)
    scheduler = StepLR(optimizer, step_size=1, gamma=0.7)
    for epoch in range(args.epochs):
        for data, target in loader:
            data, target = data.to(device), target.to(device)
            optimizer.zero_grad()
            loss = F.nll_loss(model(data), target)
            loss.backward()
            optimizer.step()
        scheduler.step()
        print(f"epoch {epoch} on {device}: {loss.item():.4f}")
    torch.save(model.state_dict(), "net.pt")
    state = torch.load("net.pt", map_location=device, weights_only=True)
    print(Net().load_state_dict(state), __file__, T is transforms)


if __name__ == "__main__":
    main()
"""
HELPER = """
import torch
def data():
    x = torch.randn(64, 1, 8, 8)
    return x, (x.mean((1, 2, 3)) > 0).long()
"""


def run(folder, code, *arguments, script="script.py"):
    if code is not None:
        (folder / script).write_text(code)
    command = [sys.executable, "-m", "minigrad.compat", script, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_a_script_trains_saves_and_loads_as_it_is(tmp_path):
    (tmp_path / "helper.py").write_text(HELPER)
    done = run(tmp_path, TRAIN, "--epochs", "3")
    assert (done.stderr, done.returncode) == ("", 0)
    *epochs, last = done.stdout.splitlines()
    assert len(epochs) == 3
    assert epochs[0].startswith("epoch 0 on cpu: ")
    assert float(epochs[-1].split()[-1]) < float(epochs[0].split()[-1])
    assert last.endswith(f"{tmp_path / 'script.py'} True")
    assert (tmp_path / "net.pt").exists()


def test_a_script_has_its_own_world(tmp_path):
    code = "import sys; print(sys.argv, __name__, sys.path[0], sys.modules['__main__'].x); x = 1"
    done = run(tmp_path, "x = 5\n" + code, "-h", "--", "a b")
    assert done.stdout == f"['script.py', '-h', '--', 'a b'] __main__ {tmp_path} 5\n"


def test_the_modules_are_minigrads_own_and_know_it(tmp_path):
    code = """
import torch.nn.functional, torch.utils.data.sampler, torchvision.ops, torch.backends.cudnn as c
import torch, torchvision, minigrad, minigrad.compat, warnings
assert torch is minigrad and torch.nn is minigrad.nn and torch.optim is minigrad.optim
assert torch.nn.functional.relu is minigrad.nn.functional.relu
assert torchvision.datasets is minigrad.datasets and torchvision.models is minigrad.models
assert c is minigrad.backends.cudnn
for module in (torch, torch.nn, torch.nn.functional, torchvision.transforms):
    assert module.__spec__.name == module.__name__ and "minigrad" in module.__name__
minigrad.compat.install()
from torch.nn.modules_ import x
"""
    done = run(tmp_path, code)
    assert "neither minigrad nor PyTorch has nn.modules_" in done.stderr
    assert "AssertionError" not in done.stderr


def test_a_mistake_is_shown_in_the_users_lines(tmp_path):
    code = "import torch\ndef f(x):\n    return torch.nn.Linear(5, 2)(x)\nf(torch.ones(3, 4))\n"
    done = run(tmp_path, code)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith('script.py", line 4, in <module>')
    assert lines[-1].endswith("the weight expects 5 (shape (2, 5)); write Linear(4, 2)")
    assert "minigrad/compat" not in done.stderr


def test_what_an_op_remembers_is_the_scripts_line(tmp_path):
    code = "import torch\nx = torch.ones(2, requires_grad=True)\n\nprint((x * x).grad_fn)"
    assert run(tmp_path, code).stdout == "<mul at script.py:4>\n"


@pytest.mark.parametrize(
    ("code", "returncode", "error"),
    [
        ("import sys; sys.exit(7)", 7, ""),
        ("raise SystemExit('no data')", 1, "no data"),
        ("import os; os.kill(os.getpid(), 2)", 130, "KeyboardInterrupt"),
        ("x = (", 1, "SyntaxError: '(' was never closed"),
        (
            "from torch.nn import LSTM",
            1,
            "nn.LSTM is PyTorch's, minigrad does not have it. Instead",
        ),
        ("import torch.distributed as dist", 1, "torch.distributed is PyTorch's"),
        ("from torchvision.io import read_image", 1, "torchvision.io is PyTorch's"),
    ],
)
def test_how_a_script_ends(code, returncode, error, tmp_path):
    done = run(tmp_path, code)
    assert done.returncode == returncode
    assert error in (done.stderr.strip().splitlines() or [""])[-1]
    assert "minigrad/compat/__main__" not in done.stderr


def test_help_and_wrong_use(tmp_path):
    command = [sys.executable, "-m", "minigrad.compat"]
    text = subprocess.check_output([*command, "--help"], text=True)
    assert "Run a script that imports torch and torchvision" in text
    done = run(tmp_path, None, script="none.py")
    assert done.returncode == 2
    assert "there is no file none.py; give the path of a Python script" in done.stderr


def test_the_real_torch_is_not_shadowed(tmp_path):
    (tmp_path / "torch.py").write_text("")
    code = "import torch, minigrad.compat; minigrad.compat.install()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert "RuntimeError: compat: the real torch is imported already, from " in done.stderr
    assert "python -m minigrad.compat script.py" in done.stderr


def test_torchvisions_squeeze_and_excitation():
    from minigrad.compat.torchvision.ops import SqueezeExcitation, deform_conv2d
    from minigrad.nn import functional as F

    assert deform_conv2d is F.deform_conv2d
    block = SqueezeExcitation(4, 2)
    shapes = {name: p.shape for name, p in block.named_parameters()}
    assert shapes == {
        "fc1.weight": (2, 4, 1, 1), "fc1.bias": (2,), "fc2.weight": (4, 2, 1, 1), "fc2.bias": (4,),
    }  # fmt: skip
    x = np.random.default_rng(0).standard_normal((3, 4, 5, 6)).astype(np.float32)
    w1, b1, w2, b2 = (p.detach().numpy().squeeze() for p in block.parameters())
    hidden = np.maximum(x.mean((2, 3)) @ w1.T + b1, 0)
    gate = 1 / (1 + np.exp(-(hidden @ w2.T + b2)))
    y = block(mg.tensor(x))
    np.testing.assert_allclose(y.detach().numpy(), x * gate[:, :, None, None], rtol=1e-5)
