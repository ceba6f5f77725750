"""What debug.doctor refuses, and the edit that it names."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import debug, nn, optim
from minigrad.utils.data import DataLoader, TensorDataset

F = nn.functional
MODEL = nn.Linear(4, 3)
X, Y = mg.ones(5, 4), mg.zeros(5, dtype=mg.int64)
BATCHES = DataLoader(TensorDataset(X, Y), 5)
GOOD = {
    "model": MODEL,
    "loader": BATCHES,
    "loss": F.cross_entropy,
    "optimizer": optim.Adam(MODEL.parameters()),
    "step": None,
}
NO_PARAMETERS = optim.Adam(MODEL.parameters())
NO_PARAMETERS.param_groups[0]["params"] = []


def to_number(output, target):
    return F.cross_entropy(output, target).item()


WRONG = {
    "model": [
        (F.relu, r"model must be a Layer, got function"),
        (nn.ReLU, r"got the class ReLU; write ReLU\(\)"),
    ],
    "loader": [
        (3, r"loader must give batches \(inputs, targets\), got int; write DataLoader"),
        (X, r"got Tensor; write .* or \[\(x, y\)\] for one batch"),
        ((batch for batch in BATCHES), r"a generator, which can .* once only; write list"),
        (iter(BATCHES), r"a BatchIterator, .* or pass the DataLoader itself"),
        ([], r"gave no batches; is the data set empty"),
        (DataLoader(TensorDataset(X, Y), 10, drop_last=True), r"or smaller than batch_size"),
        ([(X, Y, Y)], r"it gave tuple of 3; let the data set return two things"),
        ([X], r"it gave Tensor; let the data set return two things"),
        ([(np.ones((5, 4)), Y)], r"it gave ndarray; write mg.tensor\(x\)"),
        ([(X[:0], Y[:0])], r"inputs of shape \(0, 4\); axis 0 counts the examples"),
    ],
    "loss": [
        ("cross_entropy", r"got str; write nn.functional.cross_entropy"),
        (nn.CrossEntropyLoss, r"got the class CrossEntropyLoss; write CrossEntropyLoss\(\)"),
        (to_number, r"must return a Tensor, to_number returned float; leave out \.item\(\)"),
        (nn.CrossEntropyLoss(reduction="none"), r"returned shape \(5,\); write reduction=\"mean\""),
    ],
    "optimizer": [
        (list(MODEL.parameters()), r"an Optimizer, got list; write optim.Adam\(model.parameters"),
        (NO_PARAMETERS, r"the optimizer holds no parameters; write optim.Adam\(model.param"),
    ],
    "step": [
        (3, r"step must be a function of a batch, got int; write def step\(x, y\):"),
        (lambda batch: None, r"got function\(batch\); write def step\(x, y\):"),
    ],
}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [(name, value, message) for name, rows in WRONG.items() for value, message in rows],
)
def test_a_wrong_argument_is_refused(name, value, message):
    with pytest.raises((TypeError, ValueError), match=rf"^doctor: .*{message}"):
        debug.doctor(**GOOD | {name: value})
