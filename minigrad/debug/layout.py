"""Where the boxes of a graph stand: in rows, every edge from a row above to one below.

After Sugiyama, Tagawa & Toda, "Methods for visual understanding of hierarchical system structures",
1981: longest paths make the rows, an edge over several rows gets a stop in each, each row is sorted
by where its neighbours stand, and then boxes move towards them.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import NamedTuple

GAP_X, GAP_Y, MARGIN = 18.0, 34.0, 12.0  # pixels between boxes, between rows, around all
SWEEPS = 8

Sizes = list[tuple[float, float]]
Edges = list[tuple[int, int]]


class Layout(NamedTuple):
    """The picture's size, the boxes' centers, and for each edge the points that it goes through."""

    size: tuple[float, float]
    centers: list[tuple[float, float]]
    routes: list[list[tuple[float, float]]]


def lay_out(sizes: Sizes, edges: Edges) -> Layout:
    """Boxes of these (width, height), joined by edges (upper, lower) without a cycle."""
    count = len(sizes)
    row_of = _rows(count, edges)
    sizes, paths = list(sizes), []
    for upper, lower in edges:
        path = [upper]
        for row in range(row_of[upper] + 1, row_of[lower]):  # stops on the way
            path.append(len(sizes))
            sizes.append((0.0, 0.0))
            row_of.append(row)
        paths.append([*path, lower])

    above, below = defaultdict(list), defaultdict(list)
    for path in paths:
        for a, b in pairwise(path):
            above[b].append(a)
            below[a].append(b)
    rows: list[list[int]] = [[] for _ in range(max(row_of) + 1)]
    for i, row in enumerate(row_of):
        rows[row].append(i)

    x = _columns(rows, sizes, above, below)
    heights = [max(sizes[i][1] for i in row) for row in rows]
    top, y = MARGIN, [0.0] * len(rows)
    for row, height in enumerate(heights):
        y[row] = top + height / 2
        top += height + GAP_Y
    left = min(x[i] - sizes[i][0] / 2 for i in range(len(sizes))) - MARGIN
    x = [value - left for value in x]
    width = max(x[i] + sizes[i][0] / 2 for i in range(len(sizes))) + MARGIN

    routes = []
    for path in paths:
        first, *stops, last = path
        start = (x[first], y[row_of[first]] + sizes[first][1] / 2)
        end = (x[last], y[row_of[last]] - sizes[last][1] / 2)
        routes.append([start, *((x[i], y[row_of[i]]) for i in stops), end])
    centers = [(x[i], y[row_of[i]]) for i in range(count)]
    return Layout((width, top - GAP_Y + MARGIN), centers, routes)


def _rows(count: int, edges: Edges) -> list[int]:
    """The row of each box: below all that it hangs on, and as low as what hangs on it allows."""
    inputs, outputs = defaultdict(list), defaultdict(list)
    for upper, lower in edges:
        inputs[lower].append(upper)
        outputs[upper].append(lower)
    waiting = {i: len(outputs[i]) for i in range(count)}
    ready, height = [i for i in range(count) if not waiting[i]], [0] * count
    for i in ready:  # it grows on the way: from the bottom upwards
        for upper in inputs[i]:
            height[upper] = max(height[upper], height[i] + 1)
            waiting[upper] -= 1
            if not waiting[upper]:
                ready.append(upper)
    return [max(height) - h for h in height]


def _columns(
    rows: list[list[int]], sizes: Sizes, above: dict[int, list[int]], below: dict[int, list[int]]
) -> list[float]:
    """The x of each box's center. Rows are sorted in turn by their neighbours above and below."""
    x = [0.0] * len(sizes)
    for row in rows:
        _place(row, [0.0] * len(row), sizes, x)
    for sweep in range(SWEEPS):
        neighbours, order = (above, rows) if sweep % 2 == 0 else (below, rows[::-1])
        for row in order:
            wished = {i: _mean([x[j] for j in neighbours[i]], x[i]) for i in row}
            row.sort(key=wished.__getitem__)
            _place(row, [wished[i] for i in row], sizes, x)
    return x


def _place(row: list[int], wished: list[float], sizes: Sizes, x: list[float]) -> None:
    """Put the boxes of a row, in order, as near to where they wish as their widths allow."""
    groups: list[tuple[list[int], float, float]] = []  # boxes side by side, their left, their width
    for i, wish in zip(row, wished, strict=True):
        group, width = [i], sizes[i][0] + GAP_X
        left = wish - width / 2
        while groups and groups[-1][1] + groups[-1][2] > left:
            other, other_left, other_width = groups.pop()
            share = len(group) / (len(group) + len(other))  # they meet between wishes
            left = (1 - share) * other_left + share * (left - other_width)
            group, width = other + group, other_width + width
        groups.append((group, left, width))
    for group, left, _ in groups:
        for i in group:
            x[i] = left + (sizes[i][0] + GAP_X) / 2
            left += sizes[i][0] + GAP_X


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default
