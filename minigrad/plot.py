"""Pictures of a training and of a net. Each function returns a matplotlib Figure, shown nowhere.

`figure.savefig("curves.png")` writes it; a notebook draws it when it is a cell's last line. The
functions make Figures directly, without pyplot, so they touch neither its windows nor its state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .nn import Layer
from .nn.conv import ConvNd
from .tensor import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .debug import Activation

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


def feature_maps(value: Tensor, image: int = 0) -> Figure:
    """The channels that a layer made of one image, at most 64 of them; `value` is (N, C, H, W).

    Of `debug.capture`: `plot.feature_maps(made["features.0"].value)`. One scale for all: red is
    positive, blue negative, white 0.
    """
    from matplotlib import colormaps

    if not isinstance(value, Tensor):
        raise TypeError(
            f"feature_maps: expected a Tensor, got {type(value).__name__}; of debug.capture write "
            'made["path"].value'
        )
    if value.ndim != 4 or not 0 <= image < len(value) or 0 in value.shape:
        raise ValueError(
            f"feature_maps: needs maps (N, C, H, W) that have image {image}, got {value.shape}"
        )
    maps = value.data[image][:64]
    tiles = colormaps["RdBu_r"](0.5 + maps / (2 * abs(maps).max() or 1))[..., :3]
    zoom = max(1, 60 // max(maps.shape[1:]))
    mosaic = _mosaic(tiles.repeat(zoom, 1).repeat(zoom, 2), columns=8, gap=4)
    height, width = mosaic.shape[:2]
    figure = _figure(6, 6 * height / width + 0.5)
    axes = figure.add_subplot()
    axes.imshow(mosaic)
    axes.set_axis_off()
    some = f", the first {len(maps)}" if len(maps) < value.shape[1] else ""
    axes.set_title(f"{value.shape[1]} channels of {maps.shape[1]}x{maps.shape[2]}{some}")
    return figure


def gradient_flow(made: Mapping[str, Activation]) -> Figure:
    """How large the gradients are that arrive at each layer; `made` is of `debug.capture`.

    Bars: the mean of their absolute values. A fall over many powers of ten towards the first layers
    is a gradient that vanishes, a rise one that explodes.
    """
    found = {path: a.gradient.data for path, a in made.items() if a.gradient is not None}
    if not any(g.size for g in found.values()):
        raise ValueError("gradient_flow: no layer has a gradient; call loss.backward() before")
    figure = _figure(6, 1 + 0.28 * len(found))
    axes = figure.add_subplot()
    with np.errstate(all="ignore"):
        sizes = [float(abs(g).mean()) if g.size else 0.0 for g in found.values()]
    shown = [size if np.isfinite(size) else 0.0 for size in sizes]
    axes.barh(_layer_names(made, found), shown, color=TRAIN)
    for row, size in enumerate(sizes):
        if not np.isfinite(size):  # debug.detect_nan says where it begins
            place = axes.get_yaxis_transform()
            axes.text(0.02, row, str(size), color=BAD, va="center", transform=place)
    axes.invert_yaxis()
    if any(shown):
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        axes.set_xlim(10 ** np.floor(np.log10(low)), 10 ** np.ceil(np.log10(high)))  # decades
    axes.set_xlabel("mean absolute gradient")
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    return figure


def layer_statistics(made: Mapping[str, Activation]) -> Figure:
    """Mean and deviation of what each layer makes, and how much of it is 0; of `debug.capture`.

    A good start keeps the deviation about the same from layer to layer (He et al. 2015, section
    2.2). A layer of nothing but zeros is dead.
    """
    found = {path: a.value.data for path, a in made.items() if a.value.data.size}
    if not found:
        raise ValueError("layer_statistics: nothing was captured; call the model in the block")
    figure = _figure(9, 1.2 + 0.28 * len(found))
    spread, zeros = figure.subplots(1, 2, sharey=True)
    names = _layer_names(made, found)
    means, deviations = zip(*((v.mean(), v.std()) for v in found.values()), strict=True)
    spread.errorbar(means, names, xerr=deviations, fmt="o", color=TRAIN, capsize=3)
    spread.axvline(0, color=FAINT, zorder=0)
    spread.set_xlabel("mean, and one deviation to both sides")
    zeros.barh(names, [100 * np.mean(v == 0) for v in found.values()], color=VALID)
    zeros.set(xlim=(0, 100), xlabel="zeros in %")
    spread.invert_yaxis()
    return figure


def _layer_names(made: Mapping[str, Activation], paths: Iterable[str]) -> list[str]:
    return [f"{path or 'the model'} ({type(made[path].layer).__name__})" for path in paths]


def saliency(model: Layer, image: Tensor, target: int | None = None) -> Figure:
    """Which pixels the score of class `target` hangs on: the size of its gradient by each of them.

    `image` is (C, H, W), as the model takes it; `target` is by default the class that wins. The
    largest of a pixel's channels is shown (Simonyan, Vedaldi & Zisserman 2014, section 3). The
    model runs as in `eval()`.
    """
    if image.ndim != 3:
        raise ValueError(f"saliency: image must be (C, H, W), got {image.shape}")
    kept = [(p, p.grad) for p in model.parameters()]
    modes = [(layer, layer.training) for layer in model.modules()]
    x = Tensor(image.data[None].copy(), requires_grad=True)  # (C, H, W) -> (1, C, H, W)
    model.eval()
    try:
        scores = model(x)
    finally:
        for layer, training in modes:
            layer.training = training
    if scores.ndim != 2:
        raise ValueError(f"saliency: the model must give scores (N, classes), got {scores.shape}")
    target = int(scores.data[0].argmax()) if target is None else target
    scores[0, target].backward()
    for p, grad in kept:
        p.grad = grad
    assert x.grad is not None
    shown = np.moveaxis(image.data, 0, -1)  # (C, H, W) -> (H, W, C)
    shown = shown - shown.min()
    shown = shown / (shown.max() or 1)
    figure = _figure(6, 3.3)
    left, right = figure.subplots(1, 2)
    left.imshow(shown if shown.shape[2] == 3 else shown[..., 0], cmap="gray")
    left.set_title("the image")
    right.imshow(abs(x.grad.data[0]).max(0), cmap="magma")
    right.set_title(f"what class {target} hangs on")
    for axes in left, right:
        axes.set_axis_off()
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
