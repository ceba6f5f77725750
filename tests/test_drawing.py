"""debug.graph: what is drawn, and where the boxes stand."""

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import debug, nn
from minigrad.debug.layout import lay_out


def test_ops_and_leaves_and_who_uses_whom():
    x = mg.tensor([2.0, 3.0], requires_grad=True)
    drawing = debug.graph((x * x + 10 * x).sum())
    names = [box.lines[0] for box in drawing.boxes]
    assert sorted(names) == ["add", "leaf", "mul", "mul", "sum"]
    named = sorted((names[a], names[b]) for a, b in drawing.edges)
    assert named == [
        ("add", "sum"), ("leaf", "mul"), ("leaf", "mul"), ("leaf", "mul"), ("mul", "add"),
        ("mul", "add"),
    ]  # fmt: skip
    assert [box.kind for box in drawing.boxes].count("result") == 1


def test_a_box_names_shape_layer_and_line():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3))
    loss = nn.functional.cross_entropy(model(mg.randn(2, 1, 4, 4)), mg.tensor([0, 1]))
    boxes = {box.lines[0]: box for box in debug.graph(loss).boxes}
    assert boxes["conv2d"].lines[1:3] == ("(2, 2, 2, 2)", "0")
    assert boxes["conv2d"].lines[3].startswith("test_drawing.py:")
    assert boxes["2.weight"].lines == ("2.weight", "(3, 8)")
    assert boxes["2.weight"].kind == "leaf"
    assert "in 0 (Conv2d), made (2, 2, 2, 2)" in boxes["conv2d"].about


def test_the_picture_is_one_file_that_stands_for_itself(tmp_path):
    names = {"mg": mg}
    exec(compile("x = mg.ones(2, requires_grad=True)\ny = (x * 2).exp()", "<a & b>", "exec"), names)
    drawing = debug.graph(names["y"])
    drawing.save(tmp_path / "graph.svg")
    text = (tmp_path / "graph.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    shown = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert shown == ["exp", "(2,)", "<a & b>:2", "mul", "(2,)", "<a & b>:2", "leaf", "(2,)"]
    assert text.count("http") == 1  # the name of SVG; nothing is loaded
    assert drawing._repr_svg_() == text


def test_dot(tmp_path):
    x = mg.ones(2, requires_grad=True)
    debug.graph(x.exp()).save(tmp_path / "graph.dot")
    text = (tmp_path / "graph.dot").read_text()
    assert re.fullmatch(
        r'digraph \{\n  node .*\n  0 \[label="exp\\n\(2,\)\\ntest_drawing.py:\d+", .*\]\n'
        r'  1 \[label="leaf\\n\(2,\)", .*\]\n  1 -> 0\n\}\n',
        text,
    )


def test_what_cannot_be_drawn(tmp_path):
    x = mg.ones(2, requires_grad=True)
    y = x.sum()
    with pytest.raises(TypeError, match="graph: expected a Tensor, got float"):
        debug.graph(1.0)
    with pytest.raises(ValueError, match="nothing recorded made this tensor"):
        debug.graph(x)
    with pytest.raises(ValueError, match=r"must end in \.svg or \.dot, got 'graph\.png'"):
        debug.graph(y).save(tmp_path / "graph.png")
    y.backward()
    with pytest.raises(RuntimeError, match=r"was freed by backward\(\); draw the graph before"):
        debug.graph(y)


@st.composite
def graphs(draw):
    """Boxes 0..n-1; every box but 0, the result, is used by some before it."""
    count = draw(st.integers(1, 12))
    sizes = [(draw(st.floats(10, 200)), draw(st.floats(10, 60))) for _ in range(count)]
    edges = []
    for i in range(1, count):
        users = draw(st.lists(st.integers(0, i - 1), min_size=1, max_size=3, unique=True))
        edges += [(i, user) for user in users]
    return sizes, edges


@given(graphs())
@settings(deadline=None, derandomize=True, database=None)
def test_boxes_stand_apart_and_edges_lead_down(graph):
    sizes, edges = graph
    layout = lay_out(sizes, edges)
    frames = [
        (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        for (x, y), (w, h) in zip(layout.centers, sizes, strict=True)
    ]
    for left, top, right, bottom in frames:
        assert left >= 0
        assert top >= 0
        assert right <= layout.size[0]
        assert bottom <= layout.size[1]
    for a, b in combinations(frames, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for (upper, lower), route in zip(edges, layout.routes, strict=True):
        assert route[0] == pytest.approx((layout.centers[upper][0], frames[upper][3]))
        assert route[-1] == pytest.approx((layout.centers[lower][0], frames[lower][1]))
        heights = [y for _, y in route]
        assert heights == sorted(heights)
        assert heights[0] < heights[-1]
