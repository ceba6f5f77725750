"""How good is a model? Without gradients, in eval mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..nn import Layer
from ..nn.utils import evaluating
from ..tensor import Tensor, no_grad

Loss = Callable[[Any, Any], Tensor]


def evaluate(model: Layer, loader: Iterable, loss: Loss) -> tuple[float, float | None]:
    """Mean loss and accuracy (0 to 1) over the batches `(inputs, targets)` of `loader`.

    The accuracy is None where the targets are no class numbers. Each layer is left in the mode
    (train or eval) it was in.

    >>> from minigrad.utils.data import DataLoader, TensorDataset
    >>> dataset = TensorDataset(mg.tensor([[2.0, 0.0], [0.0, 2.0]]), mg.tensor([0, 0]))
    >>> loss, accuracy = mg.train.evaluate(nn.Identity(), DataLoader(dataset, 2), F.cross_entropy)
    >>> accuracy
    0.5
    """
    mean = Mean()
    with evaluating(model), no_grad():
        for inputs, targets in batches("evaluate", loader):
            outputs = model(inputs)
            mean.add(loss(outputs, targets).item(), outputs, targets)
    return mean.loss, mean.accuracy


def predict(model: Layer, loader: Iterable) -> tuple[np.ndarray, np.ndarray]:
    """The model's outputs (N, ...) and the targets (N, ...), in the order of `loader`.

    For a classifier the outputs are logits (N, C): `outputs.argmax(1)` are the guesses.
    """
    outputs, answers = [], []
    with evaluating(model), no_grad():
        for inputs, targets in batches("predict", loader):
            outputs.append(model(inputs).numpy())
            answers.append(targets.numpy())
    return np.concatenate(outputs), np.concatenate(answers)


class Mean:
    """Mean loss and accuracy over batches, each sample counted once."""

    def __init__(self) -> None:
        self.samples = 0
        self.answers = 0
        self.right = 0
        self.total_loss = 0.0

    def add(self, loss: float, outputs: Any, targets: Tensor) -> None:
        """Add a batch with its mean loss."""
        self.samples += len(targets)
        self.total_loss += loss * len(targets)
        if targets.dtype.kind == "i" and outputs.ndim == targets.ndim + 1:  # (N, C), (N,)
            self.answers += targets.numel()
            self.right += int((outputs.data.argmax(1) == targets.data).sum())

    @property
    def loss(self) -> float:
        """The mean loss of a sample."""
        return self.total_loss / self.samples

    @property
    def accuracy(self) -> float | None:
        """The share of right answers, 0 to 1; None if the targets were no class numbers."""
        return self.right / self.answers if self.answers else None


def batches(owner: str, loader: Iterable) -> Iterator[tuple[Any, Any]]:
    """The batches of `loader`, of which there must be at least one, each (inputs, targets)."""
    batch = None
    for batch in loader:
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise TypeError(
                f"{owner}: a batch must be (inputs, targets), the loader gave "
                f"{type(batch).__name__}"
                + (f" of {len(batch)}" if isinstance(batch, (tuple, list)) else "")
                + "; let the data set return two things"
            )
        yield batch[0], batch[1]
    if batch is None:
        raise ValueError(
            f"{owner}: the loader gave no batches; is the data set empty, or smaller than "
            "batch_size with drop_last=True?"
        )
