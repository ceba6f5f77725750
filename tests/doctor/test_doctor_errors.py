"""What debug.doctor refuses, and the edit that it names."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import debug, nn, optim
from minigrad.utils.data import DataLoader, TensorDataset

F = nn.functional
MODEL = nn.Linear(4, 3)
X, Y = mg.ones(5, 4), mg.zeros(5, dtype=mg.int64)
BATCHES = [(X, Y)]
ADAM = optim.Adam(MODEL.parameters())
EMPTY = DataLoader(TensorDataset(X, Y), 10, drop_last=True)


def no_parameters():
    optimizer = optim.Adam(MODEL.parameters())
    optimizer.param_groups[0]["params"].clear()
    return optimizer


WRONG = {
    "a model that is a function": (
        (F.relu, BATCHES, F.cross_entropy, ADAM), r"model must be a Layer, got function"),
    "a model that is a class": (
        (nn.ReLU, BATCHES, F.cross_entropy, ADAM), r"got the class ReLU; write ReLU\(\)"),
    "no loader": (
        (MODEL, 3, F.cross_entropy, ADAM), r"loader must give batches .*, got int; write DataLoader"),
    "a tensor": ((MODEL, X, F.cross_entropy, ADAM), r"got Tensor; .* or \[\(x, y\)\] for one batch"),
    "a generator": (
        (MODEL, (b for b in BATCHES), F.cross_entropy, ADAM), r"once only; write list\(\.\.\.\)"),
    "an iterator of a loader": (
        (MODEL, iter(DataLoader(TensorDataset(X, Y))), F.cross_entropy, ADAM), r"BatchIterator.*pass "
        "the DataLoader itself"),
    "no batches": (
        (MODEL, [], F.cross_entropy, ADAM), r"gave no batches; is the data set empty"),
    "too few for a batch": ((MODEL, EMPTY, F.cross_entropy, ADAM), r"smaller than batch_size"),
    "batches of three": (
        (MODEL, [(X, Y, Y)], F.cross_entropy, ADAM), r"gave tuple of 3; let the data set return two"),
    "batches of one": ((MODEL, [X], F.cross_entropy, ADAM), r"it gave Tensor; let the data set"),
    "arrays": (
        (MODEL, [(np.ones((5, 4)), Y)], F.cross_entropy, ADAM), r"gave ndarray; write mg.tensor\(x\)"),
    "an empty batch": ((MODEL, [(X[:0], Y[:0])], F.cross_entropy, ADAM), r"inputs of shape \(0, 4\)"),
    "a loss by name": (
        (MODEL, BATCHES, "cross_entropy", ADAM), r"got str; write nn.functional.cross_entropy"),
    "a loss that is a class": (
        (MODEL, BATCHES, nn.CrossEntropyLoss, ADAM), r"write CrossEntropyLoss\(\)"),
    "a loss that gives a number": (
        (MODEL, BATCHES, lambda o, y: F.cross_entropy(o, y).item(), ADAM),
        r"loss must return a Tensor, <lambda> returned float; leave out \.item\(\)"),
    "a loss for each example": (
        (MODEL, BATCHES, nn.CrossEntropyLoss(reduction="none"), ADAM),
        r"CrossEntropyLoss returned shape \(5,\); write reduction=\"mean\""),
    "parameters for an optimizer": (
        (MODEL, BATCHES, F.cross_entropy, list(MODEL.parameters())),
        r"must be an Optimizer, got list; write optim.Adam\(model.parameters\(\)\)"),
    "an optimizer of nothing": (
        (MODEL, BATCHES, F.cross_entropy, no_parameters()), r"holds no parameters; write optim.Adam"),
    "no step": (
        (MODEL, BATCHES, F.cross_entropy, ADAM, 3), r"step must be a function .*, got int; write def "
        r"step\(x, y\):"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_refused(arguments, message):
    with pytest.raises((TypeError, ValueError), match=rf"^doctor: .*{message}"):
        debug.doctor(*arguments)
