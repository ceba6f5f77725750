"""The graph that a loss was computed by, as a picture (SVG) or as text for Graphviz (DOT)."""

from __future__ import annotations

from functools import cached_property
from html import escape
from pathlib import Path
from typing import NamedTuple

from ..graph import Node
from ..tensor import Tensor
from .layout import Layout, lay_out
from .naming import Place, leaf_name

CHARACTER, LINE, PADDING = 7.0, 15, 8  # pixels: a letter's width, a line's height, around the text
FILL = {"op": "#e8eef7", "leaf": "#e6f2e6", "result": "#fbe9d7"}
STROKE = {"op": "#3b6ea8", "leaf": "#2e7d4f", "result": "#d9772b"}


class Box(NamedTuple):
    """A box of the picture: its text, what it stands for, and what pointing at it shows."""

    lines: tuple[str, ...]
    kind: str
    about: str

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels."""
        longest = max(map(len, self.lines))
        return CHARACTER * longest + 2 * PADDING, LINE * len(self.lines) + PADDING


class Drawing:
    """What `debug.graph` returns. A notebook shows it; `save` writes it.

    `boxes`: what is drawn, and `edges`: pairs of numbers of boxes, from input to op.
    """

    def __init__(self, boxes: list[Box], edges: list[tuple[int, int]]) -> None:
        self.boxes, self.edges = boxes, edges

    def save(self, path: str | Path) -> None:
        """Write the picture, as path ends in: .svg, or .dot for Graphviz."""
        path = Path(path)
        if path.suffix not in (".svg", ".dot"):
            raise ValueError(f"save: the name must end in .svg or .dot, got {path.name!r}")
        path.write_text(self.svg if path.suffix == ".svg" else self.dot, encoding="utf-8")

    @property
    def dot(self) -> str:
        """The graph in Graphviz's language."""
        lines = ["digraph {", '  node [shape=box, style=filled, fontname="monospace"]']
        for i, box in enumerate(self.boxes):
            label = "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in box.lines)
            lines.append(f'  {i} [label="{label}", fillcolor="{FILL[box.kind]}"]')
        lines += [f"  {a} -> {b}" for a, b in self.edges]
        return "\n".join([*lines, "}"]) + "\n"

    @cached_property
    def svg(self) -> str:
        """The picture: inputs above, the result below."""
        layout = lay_out([box.size for box in self.boxes], self.edges)
        width, height = layout.size
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="monospace" font-size="11.5">',
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto"><path d="M0,0L8,4L0,8z" fill="#777"/></marker></defs>',
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>',
            *(_edge(points) for points in layout.routes),
            *(self._box(i, layout) for i in range(len(self.boxes))),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _repr_svg_(self) -> str:
        return self.svg

    def _box(self, i: int, layout: Layout) -> str:
        box, (x, y) = self.boxes[i], layout.centers[i]
        width, height = box.size
        left, top = x - width / 2, y - height / 2
        weights = ["bold"] + ["normal"] * (len(box.lines) - 1)
        text = "".join(
            f'<text x="{x:.1f}" y="{top + LINE * row:.1f}" text-anchor="middle" '
            f'font-weight="{weight}">{escape(line)}</text>'
            for row, (line, weight) in enumerate(zip(box.lines, weights, strict=True), 1)
        )
        return (
            f'<g><title>{escape(box.about)}</title><rect x="{left:.1f}" y="{top:.1f}" '
            f'width="{width:.1f}" height="{height:.1f}" rx="4" fill="{FILL[box.kind]}" '
            f'stroke="{STROKE[box.kind]}"/>{text}</g>'
        )


def graph(loss: Tensor) -> Drawing:
    """The operations and leaves that `loss` was computed by; draw it before `backward` frees them.

    >>> x = mg.tensor([1.0, 2.0], requires_grad=True)
    >>> debug.graph((x * x).sum()).save("graph.svg")

    An op's box has its name, the shape of what it made, the layer and the user's line; a leaf's its
    name in the model. Tensors that need no gradient are not recorded and do not appear.
    """
    if not isinstance(loss, Tensor):
        raise TypeError(f"graph: expected a Tensor, got {type(loss).__name__}")
    if loss.grad_fn is None:
        raise ValueError("graph: nothing recorded made this tensor, so there is no graph to draw")
    numbers: dict[Node | Tensor, int] = {loss.grad_fn: 0}
    boxes, edges = [_op_box(loss.grad_fn, "result")], []
    todo = [loss.grad_fn]
    while todo:
        node = todo.pop()
        if isinstance(node.backward, str):
            raise RuntimeError(
                f"graph: {node} was freed by backward(); draw the graph before, or write "
                "loss.backward(retain_graph=True)"
            )
        for target in node.inputs:
            if target is None:
                continue
            if target not in numbers:
                numbers[target] = len(boxes)
                if isinstance(target, Node):
                    boxes.append(_op_box(target, "op"))
                    todo.append(target)
                else:
                    boxes.append(_leaf_box(target, node))
            edges.append((numbers[target], numbers[node]))
    return Drawing(boxes, edges)


def _op_box(node: Node, kind: str) -> Box:
    layer = node.layer_path or (type(node.layer).__name__ if node.layer is not None else "")
    lines = (node.name, str(node.shape), *([layer] if layer else []), node.line)
    return Box(lines, kind, f"{Place.of(node)}, made {node.shape}")


def _leaf_box(leaf: Tensor, user: Node) -> Box:
    name = leaf_name(leaf, user.layers) or "leaf"
    return Box((name, str(leaf.shape)), "leaf", f"{name} {leaf.shape} {leaf.dtype}")


def _edge(points: list[tuple[float, float]]) -> str:
    """A smooth line through the points, from above to below."""
    (x, y), *rest = points
    path = f"M{x:.1f},{y:.1f}"
    for to_x, to_y in rest:
        half = (to_y - y) / 2
        path += f"C{x:.1f},{y + half:.1f} {to_x:.1f},{to_y - half:.1f} {to_x:.1f},{to_y:.1f}"
        x, y = to_x, to_y
    return f'<path d="{path}" fill="none" stroke="#777" marker-end="url(#tip)"/>'
