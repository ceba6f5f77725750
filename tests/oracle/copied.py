"""PyTorch's versions of minigrad's ready-made nets: the very source, with PyTorch's imports."""

from functools import cache
from pathlib import Path

from minigrad import models

IMPORTS = {
    "from . import nn": "from torch import nn",
    "from .nn import functional as F": "import torch.nn.functional as F",
    "from .tensor import Tensor": "from torch import Tensor",
    "from .nn.arguments": "from minigrad.nn.arguments",
    "from .names": "from minigrad.names",
    "_tell_missing(__name__)": "",
    "nn.Layer": "nn.Module",
}


def build(name, in_channels=3, num_classes=10, image_size=32):
    """A net of `minigrad.models`, made of PyTorch's layers."""
    return source()[name](in_channels, num_classes, image_size)


def block():
    """PyTorch's version of `minigrad.models.ResidualBlock`."""
    return source()["ResidualBlock"]


@cache
def source():
    """The names of minigrad/models.py, as they are with PyTorch."""
    text = Path(models.__file__).read_text()
    for ours, theirs in IMPORTS.items():
        text = text.replace(ours, theirs)
    scope = {"__name__": "copied_models"}
    exec(compile(text, "models.py with torch", "exec"), scope)
    return scope


def pair(name, *sizes):
    """The net in minigrad and in PyTorch, with PyTorch's weights."""
    theirs, ours = build(name, *sizes), models.build(name, *sizes)
    copy_weights(theirs, ours)
    return ours, theirs


def copy_weights(theirs, ours):
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})


def no_dropout(*nets):
    for net in nets:
        for layer in net.modules():
            if type(layer).__name__ == "Dropout":
                layer.p = 0.0
