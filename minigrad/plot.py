"""Pictures of a training. Each function returns a matplotlib Figure and never shows it.

`figure.savefig("curves.png")` writes it; a notebook draws it when it is a cell's last line. The
functions make Figures directly, without pyplot, so they touch neither its windows nor its state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .nn import Layer
from .nn.conv import ConvNd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRAIN, VALID, GOOD, BAD, FAINT = "#3b6ea8", "#d9772b", "#2e7d4f", "#b3362c", "#d8d8d8"


def curves(history: Iterable) -> Figure:
    """Loss and accuracy by epoch, of what `train.fit` returned."""
    epochs = list(history)
    if not epochs:
        raise ValueError("curves: the history is empty; train for at least one epoch first")
    panels = ["loss"] if epochs[0].train_accuracy is None else ["loss", "accuracy"]
    figure = _figure(5 * len(panels), 3.6)
    for i, what in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), i + 1)
        for part, label, color in ("train", "training", TRAIN), ("valid", "validation", VALID):
            values = [getattr(epoch, f"{part}_{what}") for epoch in epochs]
            if None not in values:
                axes.plot(
                    [epoch.epoch for epoch in epochs], values, color=color, label=label,
                    linewidth=1.8, marker="o", markersize=3,
                )  # fmt: skip
        axes.set_title(what.capitalize())
        axes.set_xlabel("epoch")
        axes.set_xlim(0.5, len(epochs) + 0.5)
        axes.xaxis.get_major_locator().set_params(integer=True)
        if what == "accuracy":
            axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
        axes.grid(color=FAINT, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    return figure


def confusion_matrix(
    targets: Sequence[int] | np.ndarray,
    guesses: Sequence[int] | np.ndarray,
    classes: Sequence[str],
) -> Figure:
    """How often each class (a row) was taken for each other one (a column).

    `targets` and `guesses`: class numbers (N,). The color is the share of the row.
    """
    n = len(classes)
    counts = np.zeros((n, n), int)
    np.add.at(counts, (np.asarray(targets), np.asarray(guesses)), 1)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = max(4.5, 0.5 * n + 1.5)
    figure = _figure(side + 0.6, side)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(n), classes, rotation=0 if max(map(len, classes)) < 3 else 90)
    axes.set_yticks(range(n), classes)
    axes.tick_params(length=0)
    axes.set_xlabel("guess")
    axes.set_ylabel("truth")
    right = counts.trace() / max(counts.sum(), 1)
    axes.set_title(f"{counts.sum():,} guesses, {right:.2%} right")
    if n <= 20:  # more numbers could not be read
        for row, column in np.argwhere(counts):
            color = "white" if shares[row, column] > 0.5 else "black"
            axes.text(
                column, row, counts[row, column], color=color, fontsize=8, ha="center", va="center"
            )
    bar = figure.colorbar(image, shrink=0.8, format=lambda share, _: f"{100 * share:g}%")
    bar.outline.set_visible(False)
    bar.set_label("share of the true class")
    return figure


def filters(model: Layer) -> Figure:
    """The kernels of the model's first convolution, at most 64 of them.

    Those of 3 input channels are shown in color, of others channel by channel: a row for each
    kernel if there are few. Red is positive, blue negative, white 0.
    """
    weight = next((m.weight.data for m in model.modules() if isinstance(m, ConvNd)), None)
    if weight is None or weight.ndim != 4:
        raise ValueError("filters: the model has no Conv2d; filters are the kernels of the first")
    limit = abs(weight).max() or 1.0
    if weight.shape[1] == 3:  # (F, 3, K, K) -> colors 0..1, gray is 0
        tiles: Any = list(0.5 + np.moveaxis(weight[:64], 1, -1) / (2 * limit))
        columns = 8
    else:
        tiles = list(weight.reshape(-1, *weight.shape[2:])[:64])
        columns = weight.shape[1] if 1 < weight.shape[1] <= 8 else 8
    figure, panels = _tiles(len(tiles), columns, 1.0, 0.95)
    for axes, tile in zip(panels, tiles, strict=True):
        axes.imshow(tile, cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_frame_on(True)
        axes.spines[:].set_color(FAINT)
    figure.suptitle("Kernels of the first convolution")
    return figure


def wrong_guesses(
    images: np.ndarray,
    targets: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    most: int = 24,
) -> Figure:
    """The images that were guessed wrong, those first of which the model was surest.

    `images` (N, H, W) or (N, H, W, 3), as the data sets hold them; `targets` (N,) class numbers;
    `probabilities` (N, C).
    """
    targets, probabilities = np.asarray(targets), np.asarray(probabilities)
    guesses, sureness = probabilities.argmax(1), probabilities.max(1)
    wrong = np.flatnonzero(guesses != targets)
    shown = wrong[np.argsort(-sureness[wrong], kind="stable")][:most]
    figure, panels = _tiles(len(shown), 6, 1.5, 1.9)
    for axes, i in zip(panels, shown, strict=True):
        axes.imshow(images[i], cmap="gray")
        axes.set_title(f"{classes[guesses[i]]} ({sureness[i]:.0%})", color=BAD, fontsize=9, pad=4)
        axes.set_xlabel(f"is {classes[targets[i]]}", color=GOOD, fontsize=9, labelpad=3)
    some = f", the {len(shown)} surest" if len(shown) < len(wrong) else ""
    figure.suptitle(f"{len(wrong)} of {len(targets)} guessed wrong{some}")
    return figure


def _figure(width: float, height: float) -> Figure:
    """An empty figure, sizes in inches, that keeps its parts from overlapping."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return Figure((width, height), dpi=130, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))


def _tiles(n: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure with n small pictures without ticks, at most `columns` in a row."""
    columns = max(1, min(n, columns))
    rows = -(-n // columns)
    figure = _figure(max(columns * width, 4), rows * height + 0.6)
    panels = [figure.add_subplot(rows, columns, i + 1) for i in range(n)]
    for axes in panels:
        axes.set(xticks=[], yticks=[])
        axes.set_frame_on(False)
    return figure, panels
