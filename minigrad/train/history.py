"""What a training has done, epoch by epoch."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..tensor import Tensor


class Epoch(NamedTuple):
    """One pass over the training data. `epoch` counts from 1, `lr` is that of its first step.

    Losses and accuracies (0 to 1) are means over the samples; those of the training data were
    measured while the weights moved. Accuracies are None where the targets are no class numbers,
    the `valid_` fields without validation data.
    """

    epoch: int
    lr: float
    train_loss: float
    train_accuracy: float | None
    valid_loss: float | None
    valid_accuracy: float | None
    seconds: float

    @property
    def watched_loss(self) -> float:
        """The loss that says which epoch was the best: on the validation data if there are any."""
        loss = self.train_loss if self.valid_loss is None else self.valid_loss
        return math.inf if math.isnan(loss) else loss

    def line(self, epochs: int) -> str:
        """One line of text, as `fit` prints it."""
        parts = [f"epoch {self.epoch:{len(str(epochs))}}/{epochs}", f"loss {self.train_loss:.4f}"]
        if self.train_accuracy is not None:
            parts.append(f"accuracy {self.train_accuracy:7.2%}")
        if self.valid_loss is not None:
            parts.append(f"valid loss {self.valid_loss:.4f}")
        if self.valid_accuracy is not None:
            parts.append(f"valid accuracy {self.valid_accuracy:7.2%}")
        return "  ".join([*parts, f"{self.seconds:.1f} s"])


@dataclass
class History:
    """What `fit` returns: `history.epochs` in order, `history["valid_loss"]` as a list.

    `best_weights` is the model's state_dict after the best epoch.
    """

    epochs: list[Epoch] = field(default_factory=list)
    best_weights: dict[str, Tensor] = field(default_factory=dict, repr=False)

    @property
    def best(self) -> Epoch:
        """The epoch with the lowest validation loss (training loss without validation data)."""
        return min(self.epochs, key=lambda epoch: epoch.watched_loss)

    def __getitem__(self, name: str) -> list[Any]:
        if name not in Epoch._fields:
            raise KeyError(f"History has no {name!r}; it has {', '.join(Epoch._fields)}")
        return [getattr(epoch, name) for epoch in self.epochs]

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    def to_csv(self) -> str:
        """A line of names, then a line an epoch; what is None is left empty."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(Epoch._fields)
        table.writerows(self.epochs)
        return text.getvalue()
