"""Names that minigrad lacks: the error says whether PyTorch has them and what to write instead."""

import ast
import copy
import math
import pickle
import re

import numpy as np
import pytest

import minigrad as torch
from minigrad import datasets, filters, models, names, nn, optim, transforms, utils
from minigrad.compat.torchvision import ops
from minigrad.names.table import INSTEAD
from minigrad.nn import functional as F

X = torch.ones(2, 2)

ASKED = [
    (lambda: torch.addmm, r"^torch.addmm is PyTorch's, minigrad .* Instead: .*`c \+ a @ b`$"),
    (lambda: nn.LSTM, r"^nn.LSTM is PyTorch's, .*Instead: `nn.Conv1d` or `nn.CausalConv1d`"),
    (lambda: F.grid_sample, r"^nn.functional.grid_sample is PyTorch's.*`F.deform_conv2d`"),
    (lambda: nn.init.sparse_, r"^nn.init.sparse_ is PyTorch's.*names: examples/unsupported.md$"),
    (lambda: optim.SparseAdam, r"^optim.SparseAdam is PyTorch's.*Instead: `optim.Adam`$"),
    (lambda: optim.lr_scheduler.CyclicLR, r"Instead: `optim.lr_scheduler.OneCycleLR`$"),
    (lambda: utils.data.IterableDataset, r"Instead: `utils.data.Dataset`"),
    (lambda: torch.cuda.synchronize, r"^cuda.synchronize is .*leave the line out$"),
    (lambda: X.addcmul_, r"^Tensor.addcmul_ is PyTorch's.*`c \+ value \* a \* b`$"),
    (lambda: X.exp_, r"^Tensor.exp_ is .*Instead: `x = x.exp\(...\)`, which makes a new tensor$"),
    (lambda: X.einsum, r"^neither minigrad nor PyTorch has Tensor.einsum"),
    (lambda: torch.clone, r"^torch.clone is .*Instead: `x.clone\(...\)`$"),
    (lambda: torch.conv2d, r"^torch.conv2d is .*Instead: `F.conv2d\(...\)`$"),
    (lambda: transforms.FiveCrop, r"^transforms.FiveCrop is .*Instead: `transforms.CenterCrop`$"),
    (lambda: datasets.SVHN, r"^datasets.SVHN is PyTorch's.*`datasets.MNIST`.*`utils.data.Tensor"),
    (lambda: models.resnet18, r"^models.resnet18 is .*`models.resnet20`.*random weights$"),
    (lambda: ops.nms, r"^ops.nms is PyTorch's"),
    (lambda: torch.Linear, r"^torch.Linear does not exist; nn.Linear does$"),
    (lambda: nn.mse_loss, r"^nn.mse_loss does not exist; nn.functional.mse_loss does$"),
    (lambda: nn.Relu, r"^neither minigrad nor PyTorch has nn.Relu; did you mean 'ReLU'"),
    (lambda: optim.Sgd, r"has optim.Sgd; did you mean 'SGD'\?$"),
    (lambda: X.veiw, r"has Tensor.veiw; did you mean 'view'"),
    (lambda: X.xyzzy, r"^neither minigrad nor PyTorch has Tensor.xyzzy$"),
]


@pytest.mark.parametrize(("ask", "message"), ASKED, ids=range(len(ASKED)))
def test_what_a_missing_name_says(ask, message):
    with pytest.raises(AttributeError, match=message):
        ask()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("from minigrad import addmm", r"^torch.addmm is .*Instead: .*`c \+ a @ b`$"),
        ("from minigrad import linalg", r"^torch.linalg is .*numpy.linalg"),
        ("from minigrad.nn import LSTM", r"^nn.LSTM is PyTorch's"),
        ("from minigrad.nn.init import sparse_", r"^nn.init.sparse_ is PyTorch's"),
        ("from minigrad.optim import adamw", r"has optim.adamw; did you mean 'AdamW'"),
        ("from minigrad.models import vgg16", r"^models.vgg16 is .*`models.lenet5`"),
    ],
)
def test_an_import_says_the_same(line, message):
    with pytest.raises(ImportError, match=message):
        exec(line, {})


def test_what_is_there_but_not_loaded_is_imported_as_ever():
    scope = {}
    exec("from minigrad import cli\nfrom minigrad.nn import conv\nfrom minigrad import *", scope)
    assert scope["conv"].Conv2d is nn.Conv2d
    assert scope["cli"].main
    assert scope["stack"] is torch.stack


def test_asking_whether_a_name_is_there_stays_quiet():
    assert not hasattr(torch, "addmm")
    assert not hasattr(nn, "LSTM")
    assert not hasattr(X, "addcmul_")
    assert getattr(torch, "linalg", None) is None
    assert not hasattr(torch, "__wrapped__")
    with pytest.raises(AttributeError, match=r"'minigrad.nn' has no attribute '__wrapped__'"):
        _ = nn.__wrapped__


def test_tensors_are_copied_and_pickled_as_ever():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    for same in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert same.tolist() == [1, 2]
        assert same.requires_grad
    for protocol in ("__setstate__", "__cuda_array_interface__", "__deepcopy__", "__len_hint__"):
        assert not hasattr(x, protocol)
    assert np.asarray(x.detach()).tolist() == [1, 2]


def test_a_layers_own_unknown_attribute_says_what_it_did():
    with pytest.raises(
        AttributeError, match=r"Linear has no attribute 'wieght'; did you mean .wei"
    ):
        _ = nn.Linear(1, 1).wieght


# ---- the table: every `code` between its backticks exists

WORDS = {
    "torch": torch, "minigrad": torch, "nn": nn, "F": F, "optim": optim, "utils": utils,
    "datasets": datasets, "transforms": transforms, "models": models, "filters": filters,
    "math": math, "numpy": np, "copy": copy,
    "model": nn.Linear(1, 1), "p": X,
}  # fmt: skip
TENSORS = set("abcuvxyp") | {"index", "src", "var"}
VALUES = {"value", "weight", "shape", "dim", "k", "i", "mean", "std", "eps"}


def code_of(text):
    return re.findall(r"`([^`]+)`", text)


def resolve(node):
    """What an expression of names and dots stands for; a tensor for what is computed."""
    if isinstance(node, ast.Name) and node.id in WORDS:
        return WORDS[node.id]
    if isinstance(node, ast.Attribute):
        return getattr(resolve(node.value), node.attr)
    return X


@pytest.mark.parametrize("name", INSTEAD)
def test_what_the_table_says_exists(name):
    pieces = code_of(INSTEAD[name])
    for piece in pieces:
        if piece.startswith(("__", ".")):  # methods, of a data set and a transform
            continue
        for node in ast.walk(ast.parse(piece)):
            if isinstance(node, ast.Attribute):
                assert hasattr(resolve(node.value), node.attr), ast.unparse(node)
            elif isinstance(node, ast.Name):
                known = {*WORDS, *TENSORS, *VALUES}
                assert node.id in known, f"{node.id} in {piece}"
    assert (
        pieces
        or name in ("torch.fft", "torch.sparse", "utils.checkpoint")
        or "nothing" in (INSTEAD[name])
    )


@pytest.mark.parametrize("name", [name for name in INSTEAD if not name.endswith("*")])
def test_the_table_tells_of_names_that_only_pytorch_has(name):
    place, _, own = name.rpartition(".")
    assert own in names.known()[place], "PyTorch has no such name"
    owner = torch if place == "torch" else resolve(ast.parse(place, mode="eval").body)
    assert not hasattr(owner, own), "minigrad has it: take it out of the table"


def test_the_names_of_pytorch_are_read():
    assert len(names.known()["torch"]) > 600
    assert {"Conv2d", "LSTM"} <= names.known()["nn"]
    assert {"make_grid", "data"} <= names.known()["utils"]  # torchvision's and torch's
