"""Mistakes planted in the scripts beside this file, one each, and the check that should find it.

A script trains a net as it should; it defines model, loader, loss, optimizer and step. A mistake
replaces one text of it. `python tests/doctor` shows what the doctor says to all of them.
"""

import linecache
from pathlib import Path
from typing import NamedTuple

import minigrad as mg
from minigrad import debug

SCRIPTS = Path(__file__).parent / "scripts"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))


def examine(script: str, old: str = "", new: str = "") -> debug.Report:
    """What the doctor says to a script, or to one in which `old` is replaced by `new`."""
    source = (SCRIPTS / f"{script}.py").read_text()
    assert source.count(old) == 1 or not old, f"{old!r} is not once in {script}"
    source = source.replace(old, new) if old else source
    call = "report = debug.doctor(model, loader, loss, optimizer, step)\n"
    source += f"\n\nfrom minigrad import debug\n\n{call}"
    path = f"<doctor>/{script}.py"
    linecache.cache[path] = len(source), None, source.splitlines(True), path
    mg.manual_seed(0)
    names = {"__name__": script}
    exec(compile(source, path, "exec"), names)
    return names["report"]


class Mistake(NamedTuple):
    """`old` is replaced by `new` in a script; the finding of `check` should have `says` in it."""

    script: str
    old: str
    new: str
    check: str
    says: str
    in_line: str = ""  # what stands in the line that should be named, where there is one

    def examine(self) -> debug.Report:
        """What the doctor says."""
        return examine(self.script, self.old, self.new)

    def finding(self, report: debug.Report) -> debug.Finding | None:
        """The finding that names the mistake."""
        right = (f for f in report if f.check == self.check and self.says in str(f))
        return next(right, None)

    def line(self) -> str:
        """The line that should be named, such as "mlp.py:12"."""
        lines = linecache.getlines(f"<doctor>/{self.script}.py")
        found = [i for i, text in enumerate(lines, 1) if self.in_line in text]
        return f"{self.script}.py:{found[0]}"

    def __str__(self) -> str:
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.script}: {old[:30]} -> {new}"


ZERO, BACK, MOVE = "    optimizer.zero_grad()\n", "    value.backward()\n", "    optimizer.step()\n"
VALUE, NO_GRAD = (
    "    value = loss(model(x), y)\n",
    "    with mg.no_grad():\n        output = model(x)\n",
)
LAST = "nn.Linear(32, 10),"
LOADER = "loader = DataLoader(TensorDataset(images, labels), batch_size=50, shuffle=True)"
SORTED = """import numpy as np
by_class = np.argsort(digits.targets)
loader = DataLoader(TensorDataset(images[by_class], labels[by_class]), batch_size=50)"""
ONE_CLASS = SORTED.replace("digits.targets)", "digits.targets)[:140]")
FLATTEN, FC1, FC2 = "x = x.flatten(1)", "x = F.relu(self.fc1(x))", "return self.fc2(x)"
TARGETS = "mg.tensor(digits.targets)"
HIDDEN = "    nn.ReLU(),\n    nn.Linear(48, 32),\n    nn.ReLU(),\n"
SIGMOIDS = """    nn.Sigmoid(),
    *[nn.Sequential(nn.Linear(48, 48), nn.Sigmoid()) for _ in range(8)],
    nn.Linear(48, 32),
    nn.Sigmoid(),
"""
TWO_BLOCKS = "nn.SEBlock(16, reduction=4), nn.SEBlock(16, reduction=4)"
CONSTANT = "for p in model.parameters():\n    nn.init.constant_(p, 0.1)\nloss ="
POOLED, MIXED = "x = x.mean((2, 3))", "x = x.permute(1, 0, 2, 3).reshape(x.shape[0], -1)"

# script, old, new, check, what it says, what stands in the line that it names
DATA = [
    ("mlp", ".flatten(1) / 255", ".flatten(1)", "inputs", "x / 255"),
    ("mlp", "/ 255", "/ 255 / 255", "inputs", "divided by 255 twice"),
    ("mlp", ".float().flatten(1) / 255", ".flatten(1)", "inputs", "x.float() / 255"),
    ("mlp", "labels =", "images.data[3, 5] = float('nan')\nlabels =", "inputs", "hold nan"),
    ("autoencoder", "self.data[index]", "self.data[0]", "inputs", "identical"),
    ("mlp", TARGETS, f"{TARGETS} + 1", "labels", "y - 1"),
    ("mlp", "nn.Linear(32, 10)", "nn.Linear(32, 9)", "labels", "have 10 outputs"),
    ("mlp", LOADER, SORTED, "labels", "shuffle=True"),
    ("mlp", LOADER, ONE_CLASS, "labels", "all labels are 0"),
    ("regression", "= mg.tensor(features), ", "= mg.tensor(features), 1000 * ", "labels",
     "y.std()"),
    ("segmentation", "[:, None, None] + 1", "[:, None, None] + 2", "labels", "have 7 outputs"),
    ("dropout_net", "batch_size=64", "batch_size=131", "last batch", "drop_last=True"),
    ("mlp", TARGETS, f"{TARGETS}.float()", "loss", "target.long()"),
]  # fmt: skip
OUTPUT = [
    ("lenet", "nn.Linear(64, 32)", "nn.Linear(100, 32)", "forward", "write: Linear(64, 32)",
     "self.fc1(x)"),
    ("mlp", LAST, f"{LAST} nn.Softmax(1),", "output activation", "leave out the softmax"),
    ("mlp", LAST, f"{LAST} nn.ReLU(),", "output activation", "leave out the relu"),
    ("lenet", FC2, f"{FC2}.softmax(1)", "output activation", "out the softmax", ".softmax(1)"),
    ("lenet", FC2, f"{FC2}.sigmoid()", "output activation", "out the sigmoid", ".sigmoid()"),
    ("imbalanced", ".squeeze(1)", ".squeeze(1).sigmoid()", "output activation", "out the sigmoid",
     ".sigmoid()"),
    ("log_softmax", "F.log_softmax(x, dim=1)", "x", "output activation", "F.log_softmax(output"),
    ("log_softmax", "F.log_soft", "F.soft", "output activation", "F.log_softmax(output, 1)"),
    ("regression", "nn.Linear(64, 1)", "nn.Linear(64, 1), nn.ReLU()", "output activation",
     "leave out the last relu"),
    ("autoencoder", "return image, image", "return 2 * image - 1, 2 * image - 1",
     "output activation", "leave out the last sigmoid"),
    ("regression", "y = y.unsqueeze(1)", "", "broadcast", "y.unsqueeze(1)", "(output - target)"),
    ("imbalanced", ".squeeze(1)", "", "loss", "output.squeeze(-1)"),
    ("multilabel", ", nn.Sigmoid()", "", "loss", "apply sigmoid"),
    ("regression", "((output - target) ** 2)", "(output - target)", "loss direction", "missing",
     "(output - target).mean()"),
    ("regression", "return ((", "return -((", "loss direction", "sign", "return -"),
    ("segmentation", "nn.Conv2d(12, 6, 1),", "nn.Conv2d(12, 6, 1), nn.Softmax(1),",
     "output activation", "leave out the softmax"),
    ("vae", ".sigmoid(), mean", ".log(), mean", "loss", "in 0..1", "F.binary_cross"),
    ("mlp", "loss =", "nn.init.normal_(model[4].weight, std=5)\nloss =", "loss at start", "ln 10"),
]  # fmt: skip
PARAMETERS = [
    ("resnet", "return F.relu(x + y)", "return F.relu(x)", "parameters reached",
     "4.conv1.weight, 4.bn1.weight", "self.bn2(self.conv2(y))"),
    ("lenet", "F.max_pool2d(F.relu(self.conv2(x)), 2)", "self.conv2(x).argmax(2).float()",
     "parameters reached", "argmax", ".argmax(2)"),
    ("lenet", FC1, "x = F.relu(x[:, :32])", "parameters reached", "fc1.weight", "def forward"),
    ("lenet", FLATTEN, "x = x.detach().flatten(1)", "parameters reached", "conv1.weight",
     ".detach()"),
    ("lenet", FLATTEN, "x = mg.Tensor(x.data).flatten(1)", "parameters reached", "conv1.weight",
     "Tensor(x.data)"),
    ("lenet", FC1, "x = F.relu(nn.Linear(64, 32)(x))", "parameters found", "in __init__",
     "nn.Linear(64, 32)(x)"),
    ("se_net", f"[{TWO_BLOCKS}]", f"{{{TWO_BLOCKS}}}", "parameters found", "in __init__",
     "block(x)"),
    ("formula", "nn.Parameter(mg.randn(2, 16))", "mg.randn(2, 16, requires_grad=True)",
     "parameters found", "nn.Parameter", "x @ self.w1"),
    ("lenet", "SGD(model.parameters()", "SGD(LeNet().parameters()", "optimizer", "another model"),
    ("lenet", "SGD(model.parameters()", "SGD(model.fc2.parameters()", "optimizer", "conv1.weight"),
    ("lenet", "total =", "model.fc2 = nn.Linear(32, 10)\ntotal =", "optimizer", "fc2.weight"),
    ("frozen", "backbone.requires_grad_(False)\n", "", "optimizer", "requires_grad_(False)"),
    ("mlp", "loss =", CONSTANT, "symmetry", "2.weight"),
    ("formula", "mg.randn(2, 16)", "mg.zeros(2, 16)", "symmetry", "w1"),
]  # fmt: skip
SIGNALS = [
    ("mlp", "loss =", "nn.init.constant_(model[0].bias, -20)\nloss =", "dead units", "100% of 48"),
    ("regression", "\n\ndef loss", "nn.init.normal_(model[0].weight, std=300)\n\n\ndef loss",
     "saturation", "xavier"),
    ("mlp", HIDDEN, SIGMOIDS, "gradient flow", "vanishes on its way to 0.weight"),
    ("lenet", FLATTEN, MIXED, "examples apart", "x.flatten(1)", ".permute("),
    ("lenet", FLATTEN, "x = x.reshape(32, -1)", "examples apart", "fixed batch", "reshape(32"),
    ("se_net", POOLED, f"{POOLED}\n        x = x - x.mean(0)", "examples apart", "axis 0",
     "x.mean(0)"),
    ("vision_transformer", ", batch_first=True", "", "examples apart", "influence",
     "self.encoder("),
    ("log_softmax", "dim=1", "dim=0", "examples apart", "dim=1", "dim=0"),
    ("mlp", "lr=1e-3", "lr=1.0", "update size", "so large"),
    ("lenet", "lr=0.05", "lr=500.0", "update size", "so large"),
    ("mlp", "lr=1e-3", "lr=1e-8", "update size", "so small"),
    ("lenet", "momentum=0.9", "momentum=0.9, maximize=True", "one batch", "maximize=True"),
    ("lenet", "(self.conv1(x))", "(self.conv1(mg.ones(x.shape)))", "one batch",
     "does not use its input"),
]  # fmt: skip
LOOP = [
    ("mlp", "loss(model(x), y)", "loss(model(x).softmax(1), y)", "activation in step",
     "out the softmax", ".softmax(1)"),
    ("mlp", ZERO, "", "zero_grad", "found the gradients", BACK),
    ("accumulation", f"    {ZERO}", "", "zero_grad", "found the gradients", ".backward()"),
    ("resnet", ZERO, "", "zero_grad", "found the gradients", ".backward()"),
    ("mlp", BACK + MOVE, MOVE + BACK, "order of the loop", "before backward", MOVE),
    ("mlp", MOVE, "", "order of the loop", "step() is not called", BACK),
    ("mlp", ZERO + VALUE + BACK, VALUE + BACK + ZERO, "order of the loop", "stands between", MOVE),
    ("lenet", BACK, "", "order of the loop", "backward() is not called", "def step"),
    ("lenet", "    output = model(x)\n", NO_GRAD, "step", "leave out no_grad()", BACK),
    ("resnet", "model.train()", "model.eval()", "train mode", "model.train()", ".backward()"),
    ("dropout_net", "model.train()", "model.eval()", "train mode", "model.train()", BACK),
    ("mlp", "value.item()", "value", "kept graphs", "losses.append(value.item())", "losses.app"),
    ("lenet", "value.item()", "value", "kept graphs", "total += value.item()", "total +="),
    ("regression", "value.item()", "value", "kept graphs", "append(value.item())", "append(value"),
    ("lenet", "+= value.item()", "+= value.item()\n    scheduler.step()", "scheduler",
     "behind the loop", "scheduler.step()"),
]  # fmt: skip
MISTAKES = [Mistake(*row) for row in [*DATA, *OUTPUT, *PARAMETERS, *SIGNALS, *LOOP]]
