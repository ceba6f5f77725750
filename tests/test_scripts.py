"""Scripts written for PyTorch (tests/scripts) run and train with only their imports changed.

They read the first images of the real MNIST and CIFAR-10, MNIST also in FashionMNIST's place.
"""

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minigrad as mg

SCRIPTS = Path(__file__).parent / "scripts"
IMAGES = {"train": 1280, "t10k": 300, "data_batch_1": 768, "test_batch": 200}
CIFAR_RECORD = 3073  # bytes: a label and 32 x 32 x 3 pixels

# What is small about the data is told to the data set, not to the script.
RUN = f"""
import runpy, sys
from minigrad.datasets import CIFAR10
CIFAR10.train_files, CIFAR10.test_files = {{"data_batch_1.bin": None}}, {{"test_batch.bin": None}}
CIFAR10.train_size, CIFAR10.test_size = {IMAGES["data_batch_1"]}, {IMAGES["test_batch"]}
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""

IMPORTS = [
    (r"import torch(vision)?$", r"import minigrad as torch\1"),
    (r"import torch(vision)?(\.[\w.]+) as (\w+)$", r"import minigrad\2 as \3"),
    (r"import torch\.utils\.data$", "import minigrad.utils.data"),
    (r"from torch(vision)?([\w.]*) import (.*)$", r"from minigrad\2 import \3"),
]


def with_imports_of_minigrad(script):
    """The script's text with its lines that import torch or torchvision changed, and no other."""
    lines = script.read_text().splitlines()
    for i, line in enumerate(lines):
        if re.match(r"(import|from) torch", line):
            (lines[i],) = [re.sub(p, r, line) for p, r in IMPORTS if re.match(p, line)]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def place(data_folder, tmp_path_factory):
    """A folder to run in, the beginnings of the data sets in ./data and in ../data."""
    base = tmp_path_factory.mktemp("scripts")
    raw, cifar = base / "data" / "MNIST" / "raw", base / "data" / "cifar-10-batches-bin"
    for folder in (raw, cifar, base / "run"):
        folder.mkdir(parents=True)
    for part in ("train", "t10k"):
        for kind, header, size in (("images-idx3", 16, 784), ("labels-idx1", 8, 1)):
            name, n = f"{part}-{kind}-ubyte", IMAGES[part]
            with gzip.open(data_folder / "MNIST" / "raw" / f"{name}.gz") as file:
                content = file.read(header + n * size)
            (raw / name).write_bytes(content[:4] + n.to_bytes(4, "big") + content[8:])
    for name in ("data_batch_1", "test_batch"):
        with open(data_folder / "cifar-10-batches-bin" / f"{name}.bin", "rb") as file:
            (cifar / f"{name}.bin").write_bytes(file.read(IMAGES[name] * CIFAR_RECORD))
    (base / "data" / "FashionMNIST").symlink_to(base / "data" / "MNIST")
    (base / "run" / "data").symlink_to(base / "data")
    return base / "run"


@pytest.fixture
def run(place):
    """Run a script with its imports changed, and return what it printed."""

    def run(name, *args):
        (place / f"{name}.py").write_text(with_imports_of_minigrad(SCRIPTS / f"{name}.py"))
        environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONWARNINGS": "error"}
        command = [sys.executable, "-c", RUN, f"{name}.py", *args]
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def size_of(path):
    with Image.open(path) as image:
        return image.size


def numbers(pattern, text):
    return [float(found) for found in re.findall(pattern, text)]


def test_nothing_but_imports_is_changed():
    for script in SCRIPTS.glob("*.py"):
        ported = with_imports_of_minigrad(script)
        before, after = script.read_text().splitlines(), ported.splitlines()
        changed = [old for old, new in zip(before, after, strict=True) if old != new]
        assert changed
        assert all(re.match(r"(import|from) torch", line) for line in changed)
        assert not re.search(r"^(import|from) torch", ported, re.MULTILINE)


def test_mnist(run, place):
    printed = run("mnist", "--epochs", "1", "--save-model")
    losses = numbers(r"Loss: ([\d.]+)", printed)
    assert losses[0] > 2
    assert losses[-1] < 1.5
    assert numbers(r"Accuracy: (\d+)/300", printed)[-1] > 200
    weights = mg.load(place / "mnist_cnn.pt")
    assert list(weights)[:2] == ["conv1.weight", "conv1.bias"]
    assert weights["fc1.weight"].shape == (128, 9216)


def test_mnist_dry_run(run):
    printed = run("mnist", "--dry-run", "--epochs", "1", "--no-accel", "--batch-size=32")
    assert printed.count("Loss:") == 1
    assert "Train Epoch: 1 [0/1280 (0%)]" in printed


def test_vae(run, place):
    printed = run("vae", "--epochs", "2")
    assert "Using device: cpu" in printed
    first, last = numbers(r"Epoch: \d Average loss: ([\d.]+)", printed)
    assert last < 0.7 * first
    assert size_of(place / "results" / "reconstruction_2.png") == (8 * 30 + 2, 2 * 30 + 2)
    assert size_of(place / "results" / "sample_2.png") == (8 * 30 + 2, 8 * 30 + 2)


@pytest.mark.parametrize(
    ("dataset", "options"), [("fake", []), ("mnist", ["--dataroot=data", "--imageSize=64"])]
)
def test_dcgan(run, place, dataset, options):
    small = ["--ngf=8", "--ndf=8", "--batchSize=16", "--manualSeed=1", "--outf=gan"]
    printed = run("dcgan", "--dataset", dataset, *options, *small, "--dry-run")
    assert "ConvTranspose2d(100, 64, kernel_size=(4, 4), stride=(1, 1), bias=False)" in printed
    (loss_d,) = numbers(r"\[0/1\]\[0/\d+\] Loss_D: ([\d.]+)", printed)
    assert 0.5 < loss_d < 4
    real = np.asarray(Image.open(place / "gan" / "real_samples.png"))
    assert real.shape == (2 * 66 + 2, 8 * 66 + 2, 3)
    assert (real.min(), real.max()) == (0, 255)
    weights = mg.load(place / "gan" / "netG_epoch_0.pth")
    assert 0.015 < weights["main.0.weight"].std().item() < 0.025  # as weights_init has it
    again = ["--netG=gan/netG_epoch_0.pth", "--netD=gan/netD_epoch_0.pth"]
    if dataset == "fake":
        run("dcgan", "--dataset", dataset, *options, *small, *again, "--dry-run")


def test_dcgan_of_images_of_ones_own(run, place):
    for name in ("red", "blue"):
        (place / "pets" / name).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (70, 90), name).save(place / "pets" / name / "1.png")
    small = ["--ngf=8", "--ndf=8", "--batchSize=2", "--outf=gan", "--niter=1"]
    printed = run("dcgan", "--dataset=folder", "--dataroot=pets", *small)
    assert "[0/1][0/1] Loss_D:" in printed


def test_cifar_blitz(run, place):
    printed = run("cifar_blitz")
    lines = printed.splitlines()
    losses = numbers(r"loss: ([\d.]+)", printed)
    assert len(losses) == 2
    assert losses[1] < losses[0] + 0.01 < 2.33
    assert len(lines[0].split()) == 4
    assert size_of(place / "batch.png") == (640, 480)
    assert lines[-1] == "cpu"
    (truth,) = [line for line in lines if line.startswith("GroundTruth")]
    assert truth.split()[1:] == ["cat", "ship", "ship", "plane"]
    assert len(re.findall(r"Accuracy for class: \w+ +is [\d.]+ %", printed)) == 10
    assert mg.load(place / "cifar_net.pth")["fc3.bias"].shape == (10,)


def test_quickstart(run):
    printed = run("quickstart")
    assert "Shape of X [N, C, H, W]: [64, 1, 28, 28]" in printed
    assert "Shape of y: [64] int64" in printed
    assert "Using cpu device" in printed
    assert "    (4): Linear(in_features=512, out_features=10, bias=True)" in printed
    losses = numbers(r"Avg loss: ([\d.]+)", printed)
    assert losses[0] > losses[1] > losses[2]
    assert 'Actual: "Sneaker"' in printed  # the first test image of MNIST is a 7


def test_cifar_resnet_and_its_checkpoint(run, place):
    printed = run("cifar_resnet", "--epochs", "1", "--lr", "0.02")
    bars = re.findall(
        r"(\d)/6 \| \d+s \| Loss: ([\d.]+) \| Acc: ([\d.]+)% \((\d+)/(\d+)\)", printed
    )
    assert [int(bar[0]) for bar in bars] == list(range(1, 7))
    assert float(bars[-1][1]) < 2.5
    checkpoint = mg.load(place / "checkpoint" / "ckpt.pth")
    assert set(checkpoint) == {"net", "acc", "epoch"}
    assert (checkpoint["epoch"], type(checkpoint["acc"])) == (0, float)
    assert "Saving.." in printed
    resumed = run("cifar_resnet", "--epochs", "1", "--resume")
    assert "Resuming from checkpoint" in resumed
    assert float(re.search(r"Loss: ([\d.]+)", resumed)[1]) < float(bars[0][1])
