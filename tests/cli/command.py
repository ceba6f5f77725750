"""What the tests of the command line share."""

from pathlib import Path

import numpy as np

from minigrad.serialization import load

QUICK = ["train", "--model", "mlp", "--batch-size", "256", "--epochs", "2"]


def same_weights(a, b):
    a, b = (load(Path(folder) / "checkpoint.safetensors")["model"] for folder in (a, b))
    return all(np.array_equal(a[name], b[name]) for name in a)
