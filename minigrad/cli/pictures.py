"""The pictures in a run folder."""

from __future__ import annotations

from pathlib import Path

from .. import plot
from ..nn import Conv2d, Layer
from ..train import History
from .evaluate import TestResult


def draw(folder: Path, history: History, model: Layer, result: TestResult) -> list[str]:
    """Write the pictures of a run as PNG files, and return their names."""
    data, targets = result.dataset, result.targets
    probabilities = result.logits.softmax(1).data
    figures = {
        "curves": plot.curves(history),
        "confusion_matrix": plot.confusion_matrix(targets, result.guesses, data.classes),
        "wrong_guesses": plot.wrong_guesses(data.data, targets, probabilities, data.classes),
    }
    if any(isinstance(layer, Conv2d) for layer in model.modules()):
        figures["filters"] = plot.filters(model)
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png")
    return [f"{name}.png" for name in figures]
