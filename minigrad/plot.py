"""Pictures of a training. Each function returns a matplotlib Figure and never shows it.

`figure.savefig("curves.png")` writes it; a notebook draws it when it is a cell's last line. The
functions make Figures directly, without pyplot, so they touch neither its windows nor its state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .nn import Layer
from .nn.conv import ConvNd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRAIN, VALID, GOOD, BAD, FAINT = "#3b6ea8", "#d9772b", "#2e7d4f", "#b3362c", "#d8d8d8"


def curves(history: Iterable) -> Figure:
    """Loss and accuracy by epoch, of what `train.fit` returned."""
    from matplotlib.ticker import MaxNLocator

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
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
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
    side = max(4.5, (0.5 if n <= 20 else 0.15) * n + 1.5)
    figure = _figure(side + 0.6, side)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(n), classes, rotation=0 if max(map(len, classes)) < 3 else 90)
    axes.set_yticks(range(n), classes)
    axes.tick_params(length=0, labelsize="medium" if n <= 20 else "xx-small")
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

    Those of 3 input channels are shown in color (gray is 0), of others channel by channel: red is
    positive, blue negative, white 0.
    """
    from matplotlib import colormaps

    weight = next((m.weight.data for m in model.modules() if isinstance(m, ConvNd)), None)
    if weight is None or weight.ndim != 4:
        raise ValueError("filters: the model has no Conv2d; filters are the kernels of the first")
    shades = 0.5 + weight / (2 * abs(weight).max() or 1)  # 0.5 is 0
    if weight.shape[1] == 3:
        tiles = np.moveaxis(shades[:64], 1, -1)  # (F, K, K, 3)
    else:
        planes = shades.reshape(-1, *weight.shape[2:])[:64]
        tiles = colormaps["RdBu_r"](planes)[..., :3]
    mosaic = _mosaic(tiles.repeat(10, 1).repeat(10, 2), columns=8, gap=4)
    height, width = mosaic.shape[:2]
    figure = _figure(6, 6 * height / width + 0.5)
    axes = figure.add_subplot()
    axes.imshow(mosaic)
    axes.set_axis_off()
    axes.set_title("Kernels of the first convolution")
    return figure


def _mosaic(tiles: np.ndarray, columns: int, gap: int) -> np.ndarray:
    """Color tiles (N, h, w, 3) as one picture, `columns` in a row, in gray frames."""
    n, h, w, _ = tiles.shape
    columns = min(n, columns)
    rows = -(-n // columns)
    picture = np.full((rows * (h + gap) + gap, columns * (w + gap) + gap, 3), 0.85)
    for i, tile in enumerate(tiles):
        top, left = gap + i // columns * (h + gap), gap + i % columns * (w + gap)
        picture[top : top + h, left : left + w] = tile
    picture[top:, left + w + gap :] = 1  # the last row may be shorter
    return picture


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
    columns = max(1, min(len(shown), 6))
    rows = -(-len(shown) // columns)
    figure = _figure(max(1.5 * columns, 4), 1.9 * rows + 0.6)
    for place, i in enumerate(shown, 1):
        axes = figure.add_subplot(rows, columns, place, xticks=[], yticks=[], frame_on=False)
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
