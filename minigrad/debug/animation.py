"""A GIF of the window that slides over the input, or of kernels that are laid onto the output."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..nn.conv import ConvNd
from ..nn.conv_transpose import ConvTransposeNd
from ..nn.deform import DeformConv2d
from ..nn.functional.shapes import sizes
from ..nn.pool import AdaptivePoolNd
from ..plot import GOOD, TRAIN, VALID
from ..tensor import Tensor
from .reads import MAX_POOLS, Reads, conv_geometry, reads
from .taps import moved_by, run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Cell = tuple[int, int]  # row, column

SLANT, FLAT, GAP = 0.35, 0.55, 1.6  # how the maps lie in the picture, and how far apart
LIGHT_BLUE, GRAY_BLUE, EDGE = "#d3e2f3", "#9db4cf", "#8a97a6"
GREENS = ["#dff0e3", "#bfdfc8", "#9ccdaa", "#77b98b"]
MOST_FRAMES = 400
SECONDS = 12  # that a round takes, within 2 to 8 frames a second


def animate(
    layer: Any, path: str | Path = "convolution.gif", size: int | tuple[int, ...] | None = None
) -> None:
    """Write a GIF of what `layer` does to an input of `size`: the input below, the output above.

    >>> debug.animate(nn.Conv2d(1, 1, 3, stride=2, padding=1), "stride.gif", size=4)

    A frame is an output pixel with the window that it reads, the padding drawn around the input;
    of a transposed convolution an input pixel, and where it lays its kernel; what none touches is
    hatched. A maximum's winner is orange, and the points of a deformable convolution are joined to
    where they would lie unmoved. The input is drawn at random; `size` is by default as small as
    shows how the window moves. Takes the layers that `debug.taps` takes, of one or two axes; one
    channel is shown.
    """
    path = Path(path)
    if path.suffix != ".gif":
        raise ValueError(f"animate: path must end in .gif, got {path.name!r}")
    if getattr(layer, "_dims", 2) > 2:
        kind = type(layer).__name__
        raise ValueError(f"animate: draws one or two axes, {kind} has three; see debug.microscope")
    if isinstance(layer, DeformConv2d):
        raise ValueError(
            "animate: DeformConv2d reads where its second input says; take a DeformConv, which "
            "predicts it"
        )
    given = _default_size(layer) if size is None else size
    shape = sizes("animate", "size", given, getattr(layer, "_dims", 2), 1)
    channels, dtype = 1, np.dtype(np.float32)
    if isinstance(layer, ConvNd):
        channels, dtype = layer.in_channels, layer.weight.dtype
    values = np.random.default_rng(0).standard_normal((1, channels, *shape))
    x = Tensor(values.astype(dtype))
    y = run("animate", layer, x, None, None)
    frames = math.prod(shape if isinstance(layer, ConvTransposeNd) else y.shape[2:])
    if frames > MOST_FRAMES:
        raise ValueError(
            f"animate: size {shape} takes {frames} frames, at most {MOST_FRAMES} are drawn; choose "
            "a smaller size"
        )
    offsets, masks = (None if a is None else a[0] for a in moved_by(layer, x, None, None))
    _write(Scene(layer, shape, reads(layer, x.data[0], offsets, masks)[0]), path)


class Step(NamedTuple):
    """One frame: the cells it touches in the input, its padding included, and in the output."""

    below: list[Cell]
    above: list[Cell]
    winners: list[Cell]
    arrows: list[tuple[tuple[float, float], tuple[float, float]]]  # from where a tap is moved, to


class Scene:
    """What all frames share, and the steps, one a frame."""

    def __init__(self, layer: Any, size: tuple[int, ...], sheet: Reads) -> None:
        self.title = f"{type(layer).__name__}({layer.extra_repr()})"
        self.heading = f"{'×'.join(map(str, size))} → {'×'.join(map(str, sheet.out))}"
        self.size, self.out = _two(size), _two(sheet.out)
        places = np.array([_two(place, 0) for place in sheet.places.tolist()], int).reshape(-1, 2)
        outputs = np.stack(np.unravel_index(sheet.outputs, self.out), axis=-1)
        transposed = isinstance(layer, ConvTransposeNd)
        self.low, self.high = np.zeros(2, int), np.array(self.size)
        drawn = places if sheet.origins is None else sheet.origins
        if len(drawn):
            self.low = np.minimum(self.low, drawn.min(0))
            self.high = np.maximum(self.high, drawn.max(0) + 1)
        wins = sheet.factors > 0 if isinstance(layer, MAX_POOLS) else np.zeros(len(places), bool)
        self.steps = []
        source, sources = (places, self.size) if transposed else (outputs, self.out)
        for at in np.ndindex(*sources):
            here = np.flatnonzero((source == at).all(-1))
            arrows = []
            if sheet.points is not None and sheet.origins is not None:
                arrows = [(sheet.origins[row], sheet.points[row]) for row in here[::4]]
            below = [at] if transposed else _cells(places[here])
            above = _cells(outputs[here]) if transposed else [at]
            self.steps.append(Step(below, above, _cells(places[here][wins[here]]), arrows))
        self.touched = Counter(cell for step in self.steps for cell in step.above)

    def corner(self, row: float, column: float, above: bool) -> tuple[float, float]:
        """Where a corner of a cell is in the picture."""
        rows, columns = self.out if above else self.size
        x = column - columns / 2 - SLANT * (row - rows / 2)
        lift = FLAT * (self.out[0] - self.low[0]) + GAP if above else 0.0
        return x, lift - FLAT * row

    def draw(self, axes: Axes, number: int) -> None:
        """The frame of step `number`; what the steps before have reached stays coloured."""
        step = self.steps[number]
        cells = [(row, column) for row in range(self.low[0], self.high[0])
                 for column in range(self.low[1], self.high[1])]  # fmt: skip
        inside = [all(0 <= i < n for i, n in zip(c, self.size, strict=True)) for c in cells]
        colors = [LIGHT_BLUE if own else "white" for own in inside]
        for i, cell in enumerate(cells):
            if cell in step.winners:
                colors[i] = VALID
            elif cell in step.below and not step.arrows:
                colors[i] = TRAIN if inside[i] else GRAY_BLUE
        self._fill(axes, cells, False, colors, ["-" if own else ":" for own in inside])

        times = Counter(cell for before in self.steps[: number + 1] for cell in before.above)
        most = max(self.touched.values(), default=1)
        cells = list(np.ndindex(*self.out))
        colors = [GOOD if c in step.above else _shade(times[c], most) for c in cells]
        self._fill(axes, cells, True, colors)
        untouched = [cell for cell in cells if not self.touched[cell]]
        self._fill(axes, untouched, True, "none", hatch="////")
        self._join(axes, step)
        for start, end in step.arrows:
            (x0, y0), (x1, y1) = (self.corner(a + 0.5, b + 0.5, False) for a, b in (start, end))
            axes.plot([x0, x1], [y0, y1], color="#333333", linewidth=1)
            axes.plot(x1, y1, "o", color=VALID, markersize=5)

    def _fill(
        self, axes: Axes, cells: list[Cell], above: bool, colors: Any, lines: Any = "-",
        hatch: str | None = None,
    ) -> None:  # fmt: skip
        from matplotlib.collections import PolyCollection

        shapes = [self.around([cell], above) for cell in cells]
        style: dict[str, Any] = {"edgecolors": EDGE, "linewidths": 0.8, "hatch": hatch}
        axes.add_collection(PolyCollection(shapes, facecolors=colors, linestyles=lines, **style))

    def _join(self, axes: Axes, step: Step) -> None:
        """Lines from the corners of the window to those of what it makes, or is made of."""
        if not step.below or not step.above or step.arrows:
            return
        for (x0, y0), (x1, y1) in zip(
            self.around(step.below, False), self.around(step.above, True), strict=True
        ):
            axes.plot([x0, x1], [y0, y1], color=EDGE, linewidth=0.8, alpha=0.7)

    def around(self, cells: list[Cell], above: bool) -> list[tuple[float, float]]:
        """The corners of the box that holds these cells."""
        rows, columns = zip(*cells, strict=True)
        top, left, bottom, right = min(rows), min(columns), max(rows) + 1, max(columns) + 1
        ends = (top, left), (top, right), (bottom, right), (bottom, left)
        return [self.corner(*end, above) for end in ends]


def _write(scene: Scene, path: Path) -> None:
    from matplotlib.animation import PillowWriter
    from matplotlib.figure import Figure

    below = scene.around(_cells(np.stack([scene.low, scene.high - 1])), False)
    corners = below + scene.around([(0, 0), (scene.out[0] - 1, scene.out[1] - 1)], True)
    (left, bottom), (right, top) = np.min(corners, 0) - 0.3, np.max(corners, 0) + 0.3
    scale = min(0.5, 6 / (right - left), 6 / (top - bottom))  # inches a cell
    figure = Figure(figsize=(max(4.2, scale * (right - left)), scale * (top - bottom) + 0.6))
    axes = figure.add_axes((0, 0, 1, 1 - 0.6 / figure.get_figheight()))
    heading = textwrap.fill(scene.title, round(15 * figure.get_figwidth())) + f"\n{scene.heading}"
    figure.text(0.5, 0.99, heading, fontsize=8, color="#333333", ha="center", va="top")
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    axes.set_axis_off()
    writer = PillowWriter(fps=min(8, max(2, round(len(scene.steps) / SECONDS))))
    with writer.saving(figure, str(path), dpi=100):
        for number in range(len(scene.steps)):
            scene.draw(axes, number)
            writer.grab_frame()
            for drawn in [*axes.collections, *axes.lines]:
                drawn.remove()


def _default_size(layer: Any) -> tuple[int, ...]:
    """A size at which the window takes some three steps along each axis."""
    n = getattr(layer, "_dims", 2)
    if isinstance(layer, ConvTransposeNd):
        return (3,) * n
    if isinstance(layer, AdaptivePoolNd) or not hasattr(layer, "kernel_size"):
        return (7,) * n
    options = (layer.kernel_size, layer.stride, layer.dilation)
    windows = zip(*(np.broadcast_to(option, n).tolist() for option in options), strict=True)
    if isinstance(layer, ConvNd):
        before = conv_geometry(layer, (64,) * n)[1]
    else:
        before = tuple(np.broadcast_to(layer.padding, n).tolist())
    return tuple(
        max(5, d * (k - 1) + 1 + 2 * s - 2 * p)
        for (k, s, d), p in zip(windows, before, strict=True)
    )


def _two(sizes: Iterable[int], filled: int = 1) -> tuple[int, int]:
    """Sizes or a place in two axes: of one, it is a row."""
    row, column = [filled, *sizes][-2:]
    return int(row), int(column)


def _shade(times: int, most: int) -> str:
    """White for a pixel that nothing has reached, else the darker the more kernels lie there."""
    return GREENS[3 * (times - 1) // max(most - 1, 1)] if times else "white"


def _cells(places: np.ndarray) -> list[Cell]:
    return [(int(row), int(column)) for row, column in places]
