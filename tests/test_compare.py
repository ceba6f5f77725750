"""minigrad.compare where there is no PyTorch; with it, see tests/oracle/test_compare_oracle.py."""

import sys

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn

X = np.ones((1, 1), np.float32)


def test_without_pytorch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="compare needs PyTorch beside minigrad; write pip insta"):
        mg.compare(nn.Linear(1, 1), nn.Linear(1, 1), X)


def test_where_torch_is_minigrad_itself(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", mg)
    with pytest.raises(
        ImportError, match=r"`import torch` gives minigrad itself, by minigrad.comp"
    ):
        mg.compare(nn.Linear(1, 1), nn.Linear(1, 1), X)
