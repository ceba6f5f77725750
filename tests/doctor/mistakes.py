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
        return f"{self.script}: {' '.join((self.new or 'without ' + self.old).split())}"


ZERO, BACK, MOVE = "    optimizer.zero_grad()\n", "    value.backward()\n", "    optimizer.step()\n"
LAST = "    nn.Linear(32, 10),\n)\n"
LOADER = "loader = DataLoader(TensorDataset(images, labels), batch_size=50, shuffle=True)\n"
SORTED = "order = np.argsort(digits.targets)\nloader = DataLoader(TensorDataset(images[order], labels[order]), batch_size=50)\n"
FLATTEN, FC1 = "x = x.flatten(1)", "x = F.relu(self.fc1(x))"
DEEP = "    nn.ReLU(),\n    nn.Linear(48, 32),\n    nn.ReLU(),\n"
SIGMOIDS = "    nn.Sigmoid(),\n    *[nn.Sequential(nn.Linear(48, 48), nn.Sigmoid()) for _ in range(8)],\n    nn.Linear(48, 32),\n    nn.Sigmoid(),\n"

MISTAKES = [
    # the data
    Mistake("mlp", ".flatten(1) / 255", ".flatten(1)", "inputs", "x / 255"),
    Mistake("mlp", "/ 255", "/ 255 / 255", "inputs", "divided by 255 twice"),
    Mistake("mlp", ".float().flatten(1) / 255", ".flatten(1)", "inputs", "x.float() / 255"),
    Mistake("mlp", "labels = ", "images.data[3, 5] = float('nan')\nlabels = ", "inputs", "hold nan"),
    Mistake("autoencoder", "self.data[index]", "self.data[0]", "inputs", "identical"),
    Mistake("mlp", "mg.tensor(digits.targets)", "mg.tensor(digits.targets) + 1", "labels", "y - 1"),
    Mistake("mlp", "nn.Linear(32, 10)", "nn.Linear(32, 9)", "labels", "have 10 outputs"),
    Mistake("mlp", LOADER, f"import numpy as np\n{SORTED}", "labels", "shuffle=True"),
    Mistake("mlp", LOADER, LOADER.replace("images, labels", "images[:9], labels[:9]").replace("50", "9") * 0
            + f"import numpy as np\n{SORTED}".replace("[order]", "[order][:140]"), "labels", "sorted"),
    Mistake("regression", "y = mg.tensor(features), ", "y = mg.tensor(features), 1000 * ", "labels", "y.std()"),
    Mistake("segmentation", "[:, None, None] + 1", "[:, None, None] + 2", "labels", "have 7 outputs"),
    Mistake("dropout_net", "batch_size=64", "batch_size=131", "last batch", "drop_last=True"),
    Mistake("mlp", "mg.tensor(digits.targets)", "mg.tensor(digits.targets).float()", "loss", "target.long()"),
    # the last activation and the loss
    Mistake("mlp", LAST, "    nn.Linear(32, 10),\n    nn.Softmax(1),\n)\n", "output activation", "leave out the softmax"),
    Mistake("mlp", LAST, "    nn.Linear(32, 10),\n    nn.ReLU(),\n)\n", "output activation", "leave out the relu"),
    Mistake("lenet", "return self.fc2(x)", "return F.softmax(self.fc2(x), dim=1)", "output activation", "leave out the softmax", "F.softmax"),
    Mistake("lenet", "return self.fc2(x)", "return self.fc2(x).sigmoid()", "output activation", "leave out the sigmoid", ".sigmoid()"),
    Mistake("imbalanced", ".squeeze(1)", ".squeeze(1).sigmoid()", "output activation", "leave out the sigmoid", ".sigmoid()"),
    Mistake("log_softmax", "F.log_softmax(x, dim=1)", "x", "output activation", "log_softmax(output, 1)"),
    Mistake("log_softmax", "F.log_softmax(x, dim=1)", "F.softmax(x, dim=1)", "output activation", "log_softmax(output, 1)"),
    Mistake("regression", "nn.Linear(64, 1)", "nn.Linear(64, 1), nn.ReLU()", "output activation", "leave out the last relu"),
    Mistake("autoencoder", "return image, image", "return 2 * image - 1, 2 * image - 1", "output activation", "leave out the last sigmoid"),
    Mistake("regression", "y = y.unsqueeze(1)", "", "broadcast", "unsqueeze(1)", "(output - target)"),
    Mistake("imbalanced", ".squeeze(1)", "", "loss", "output.squeeze(-1)"),
    Mistake("multilabel", ", nn.Sigmoid()", "", "loss", "with_logits"),
    Mistake("vae", ".sigmoid(), mean", ".log(), mean", "loss", "in 0..1", "F.binary_cross"),
    Mistake("mlp", "loss = ", "nn.init.normal_(model[4].weight, std=5)\nloss = ", "loss at start", "ln 10"),
    # the parameters
    Mistake("lenet", FC1, "x = F.relu(x[:, :32])", "parameters reached", "fc1.weight", "def forward"),
    Mistake("lenet", FLATTEN, "x = x.detach().flatten(1)", "parameters reached", "conv1.weight", ".detach()"),
    Mistake("lenet", FLATTEN, "import minigrad\n        x = minigrad.Tensor(x.data).flatten(1)", "parameters reached", "conv1.weight", "Tensor(x.data)"),
    Mistake("lenet", FC1, "x = F.relu(nn.Linear(64, 32)(x))", "parameters found", "in __init__", "nn.Linear(64, 32)(x)"),
    Mistake("se_net", "[nn.SEBlock(16, reduction=4), nn.SEBlock(16, reduction=4)]", "{nn.SEBlock(16, reduction=4), nn.SEBlock(16, reduction=4)}", "parameters found", "in __init__", "block(x)"),
    Mistake("formula", "nn.Parameter(mg.randn(2, 16))", "mg.randn(2, 16, requires_grad=True)", "parameters found", "nn.Parameter", "x @ self.w1"),
    Mistake("lenet", "optim.SGD(model.parameters()", "optim.SGD(LeNet().parameters()", "optimizer", "another model"),
    Mistake("lenet", "optim.SGD(model.parameters()", "optim.SGD(model.fc2.parameters()", "optimizer", "conv1.weight"),
    Mistake("lenet", "scheduler = ", "model.fc2 = nn.Linear(32, 10)\nscheduler = ", "optimizer", "fc2.weight"),
    Mistake("frozen", "backbone.requires_grad_(False)\n", "", "optimizer", "requires_grad_(False)"),
    Mistake("mlp", "loss = ", "for p in model.parameters():\n    nn.init.constant_(p, 0.1)\nloss = ", "symmetry", "kaiming"),
    Mistake("formula", "mg.randn(2, 16)", "mg.zeros(2, 16)", "symmetry", "w1") ,
    # what passes through the layers
    Mistake("mlp", "loss = ", "nn.init.constant_(model[0].bias, -20)\nloss = ", "dead units", "smaller bias"),
    Mistake("regression", "\n\ndef loss", "nn.init.normal_(model[0].weight, std=300)\n\n\ndef loss", "saturation", "slope"),
    Mistake("mlp", DEEP, SIGMOIDS, "gradient flow", "vanishes"),
    Mistake("lenet", FLATTEN, "x = x.permute(1, 0, 2, 3).reshape(x.shape[0], -1)", "examples apart", "x.flatten(1)", ".permute("),
    Mistake("lenet", FLATTEN, "x = x.reshape(32, -1)", "examples apart", "fixed batch size", "reshape(32"),
    Mistake("se_net", "x = x.mean((2, 3))", "x = x.mean((2, 3))\n        x = x - x.mean(0)", "examples apart", "axis 0", "x.mean(0)"),
    Mistake("vision_transformer", ", batch_first=True", "", "examples apart", "influence", "self.encoder("),
    Mistake("log_softmax", "dim=1", "dim=0", "examples apart", "dim=1", "dim=0"),
    # the learning rate
    Mistake("mlp", "lr=1e-3", "lr=1.0", "update size", "lr="),
    Mistake("lenet", "lr=0.05", "lr=500.0", "update size", "lr="),
    Mistake("mlp", "lr=1e-3", "lr=1e-8", "update size", "lr="),
    Mistake("lenet", "momentum=0.9", "momentum=0.9, maximize=True", "one batch", "maximize"),
    # the loop
    Mistake("mlp", ZERO, "", "zero_grad", "zero_grad()", "backward()"),
    Mistake("accumulation", "        optimizer.zero_grad()\n", "", "zero_grad", "zero_grad()", "backward()"),
    Mistake("resnet", ZERO, "", "zero_grad", "zero_grad()", "backward()"),
    Mistake("mlp", BACK + MOVE, MOVE + BACK, "order of the loop", "before backward", "optimizer.step()"),
    Mistake("mlp", MOVE, "", "order of the loop", "not called", "backward()"),
    Mistake("mlp", ZERO + "    value = loss(model(x), y)\n" + BACK, "    value = loss(model(x), y)\n" + BACK + ZERO, "order of the loop", "stands between", "optimizer.step()"),
    Mistake("lenet", "    value.backward()\n", "", "order of the loop", "not called", "def step"),
    Mistake("lenet", "    output = model(x)\n", "    import minigrad\n    with minigrad.no_grad():\n        output = model(x)\n", "step", "leave out no_grad()", "backward()"),
    Mistake("resnet", "model.train()", "model.eval()", "train mode", "model.train()", ".backward()"),
    Mistake("dropout_net", "model.train()", "model.eval()", "train mode", "model.train()", "backward()"),
    Mistake("mlp", "value.item()", "value", "kept graphs", "losses.append(value.item())", "losses.append"),
    Mistake("lenet", "value.item()", "value", "kept graphs", "total += value.item()", "total +="),
    Mistake("regression", "value.item()", "value", "kept graphs", ".item()", "history[\"loss\"].append"),
    Mistake("lenet", "total += value.item()", "total += value.item()\n    scheduler.step()", "scheduler", "behind the loop", "scheduler.step()"),
]  # fmt: skip
