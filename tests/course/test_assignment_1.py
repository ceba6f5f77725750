"""Assignment 1: the mistakes that students make with an engine, and what they are told."""

import re

import numpy as np
import pytest
from attempts import ASSIGNMENTS, Own, losses, tried

from minigrad.course.assignment import find
from minigrad.course.item import Mismatch
from minigrad.course.walk_item import CONSTANT, NO_INPUT, Graph, gradients_of

ASSIGNMENT = ASSIGNMENTS["1"]

ALL_WALKS = {
    "walk_back, a chain", "walk_back, branches that meet",
    "walk_back, a leaf as the start, constants", "walk_back, ways back that return one array twice",
}  # fmt: skip

WRONG = {
    "axes of size 1 stay as they were": (
        [("if size == 1:", "if False:")],
        "unbroadcast, axes of size 1", r"dx has shape .*, expected",
    ),
    "unbroadcast sums all axes": (
        [("while dz.ndim > len(shape):\n        dz = dz.sum(0)", "dz = np.sum(dz)")],
        "unbroadcast, axes of size 1", r"AxisError|expected",
    ),
    "add without unbroadcast": (
        [("(unbroadcast(dz, x.shape), unbroadcast(dz, y.shape))", "(dz, dz)")],
        "add, dx", r"dx has shape .*, expected",
    ),
    "one gradient is left out": (
        [("(unbroadcast(dz, x.shape), unbroadcast(dz, y.shape))", "(unbroadcast(dz, x.shape),)")],
        "add, dy", r"add_backward returned tuple of 1, expected a tuple with the gradients of x, y",
    ),
    "only z is returned": (
        [("return np.multiply(x, y), mul_backward", "return np.multiply(x, y)")],
        "mul, z", r"mul returned ndarray, expected the pair \(z, mul_backward\)",
    ),
    "factors exchanged": (
        [("dx = unbroadcast(dz * y", "dx = unbroadcast(dz * x")],
        "mul, dx", r"dx (is wrong|has shape)|could not be broadcast",
    ),
    "matmul without a transpose": (
        [("...ik,...jk->...ij", "...ik,...kj->...ij")],
        "matmul, dx", r"dx is wrong|operand",
    ),
    "stacks are not summed": (
        [("return unbroadcast(dx, x.shape), unbroadcast(dy, y.shape)", "return dx, dy")],
        "matmul, dx, stacks of matrices", r"dx has shape .*, expected",
    ),
    "no accumulation": (
        [("received[i].copy() if old is None else old + received[i]", "received[i].copy()")],
        "walk_back, branches that meet", r"the gradient of [abc] is wrong at",
    ),
    "added in place": (
        [("received[i].copy() if old is None else old + received[i]",
          "received[i] if old is None else np.add(old, received[i], out=old)")],
        "walk_back, ways back that return one array twice", r"the gradient of [abc] is wrong at",
    ),
    "leaves share an array": (
        [("received[i].copy() if", "received[i] if")],
        "walk_back, each leaf an array of its own",
        r"[abc] and [abc] were given the same array: who writes .* copy",
    ),
    "the oldest first": (
        [(", reverse=True", "")],
        "walk_back, a chain", r"KeyError",
    ),
    "None is an input like others": (
        [("for i, target in enumerate(node.inputs):\n            if target is not None:",
          "for i, target in enumerate(node.inputs):\n            if True:"),
         ("if t is not None", "")],
        "walk_back, a leaf as the start, constants", r"settle was called with something that is no",
    ),
    "a start that is a leaf is forgotten": (
        [("    for leaf in leaves:", "    for leaf in leaves if isinstance(start, Node) else ():")],
        "walk_back, a leaf as the start, constants", r"settle was never called for [abc]",
    ),
    "yielded too late": (
        [("        yield node, gradients[node]\n", ""),
         ("        for i, target in enumerate(node.inputs):",
          "        yield node, received[0]\n        for i, target in enumerate(node.inputs):"),
         ("gradients.pop(node)", "gradients[node]")],
        "walk_back, yields before, settles at the end",
        r"was yielded after its way back had run|the gradient yielded with u\d+",
    ),
    "nothing is yielded": (
        [("yield node, gradients[node]", "yield from ()")],
        "walk_back, yields before, settles at the end",
        r"the ways back ran in the order u\d.*, and what was yielded is nothing",
    ),
    "only the node is yielded": (
        [("yield node, gradients[node]", "yield node")],
        "walk_back, a chain", r"TypeError: walk_back yielded .*, expected the pair \(node, its",
    ),
    "settled as it comes": (
        [("                gradients[target] = received",
          "                if not isinstance(target, Node):\n"
          "                    settle(target, received[i])\n"
          "                gradients[target] = received"),
         ("    for leaf in leaves:\n        settle(leaf, gradients[leaf])",
          "    if start in leaves:\n        settle(start, seed)")],
        "walk_back, yields before, settles at the end", r"settle was called (\d times )?for [abc]",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("edits", "item", "message"), WRONG.values(), ids=list(WRONG))
def test_a_mistake_is_found_and_named(edits, item, message):
    assert re.search(message, losses(ASSIGNMENT, "by_order", *edits, only=item)[item])


def test_mistakes_in_the_walk_cost_only_what_they_spoil():
    silent = ("yield node, gradients[node]", "yield from ()")
    lost = losses(ASSIGNMENT, "by_order", silent)
    assert set(lost) == {"walk_back, yields before, settles at the end"}
    assert not ALL_WALKS & set(losses(ASSIGNMENT, "by_order", ("dz * y", "dz * x")))


def test_a_leaf_that_is_given_a_gradient_of_another_shape():
    item, edit = "walk_back, a chain", ("gradients[leaf])", "gradients[leaf][None])")
    (message,) = losses(ASSIGNMENT, "by_order", edit, only=item).values()
    assert re.search(r"for [abc] with a gradient of shape \(1, (\d)\), expected \(\1,\)", message)


EVERY_PATH = """
def walk_back(start, seed, retain_graph, settle, tracer=None):
    todo, leaves = [(start, seed)], {}
    while todo:
        target, dz = todo.pop()
        if not isinstance(target, Node):
            leaves[target] = leaves.get(target, 0) + dz
            continue
        yield target, dz
        for t, dx in zip(target.inputs, target.backward(dz), strict=True):
            if t is not None:
                todo.append((t, dx))
    for leaf, dx in leaves.items():
        settle(leaf, dx + 0)
"""


def test_a_walk_along_every_path_is_right_and_not_what_is_asked_for():
    lost = losses(ASSIGNMENT, "by_order", ("\ndef walk_back", f"{EVERY_PATH}\n\ndef other"))
    assert set(lost) == {
        "walk_back, each node once, when its gradient is complete",
        "walk_back, yields before, settles at the end",
    }
    assert re.search(r"the way back of u\d ran \d+ times, expected once", lost.popitem()[1])


RECURSIVE = """
def walk_back(start, seed, retain_graph, settle, tracer=None):
    order, seen = [], set()

    def visit(target):
        if target is None or target in seen:
            return
        seen.add(target)
        for t in target.inputs if isinstance(target, Node) else ():
            visit(t)
        order.append(target)

    visit(start)
    gradients = {start: seed}
    for target in reversed(order):
        if isinstance(target, Node):
            yield target, gradients[target]
            dxs = target.backward(gradients[target])
            for t, dx in zip(target.inputs, dxs, strict=True):
                if t is not None:
                    gradients[t] = dx + gradients.get(t, 0)
    for target in order:
        if not isinstance(target, Node):
            settle(target, gradients[target])
"""


def test_recursion_loses_only_the_deep_graph():
    assert losses(ASSIGNMENT, "by_order", ("\ndef walk_back", f"{RECURSIVE}\n\ndef other")) == {}
    names = {}
    exec(f"from minigrad.graph import Node\n{RECURSIVE}", names)
    assignment = find(1)
    deep = assignment.items[-1]
    solution = Own(assignment, walk_back=names["walk_back"])
    with pytest.raises(RecursionError):
        deep.run(solution, {"steps": 2_000})
    assert list(deep.ranges["steps"]) == [20_000]


def test_a_wrong_walk_through_the_deep_graph():
    assignment = find(1)
    solution = Own(assignment, walk_back=lambda start, seed, retain_graph, settle: None)
    with pytest.raises(Mismatch, match="the gradient of a is None, expected an array"):
        assignment.items[-1].run(solution, {"steps": 2})


def test_the_gradients_of_a_graph_by_hand():
    inputs = np.array([[0, 1], [2, 0], [2, CONSTANT], [0, NO_INPUT]])  # u1, u2, u3, u4
    factors = np.array([[3.0, 2], [1, 1], [5, 7], [9, 0]])
    graph = Graph(2, inputs, factors, start=3, seed=np.ones(1))
    found = gradients_of(graph)
    assert [None if g is None else g.tolist() for g in found] == [[4], [2], [1], [1], None, None]
    assert str(graph).splitlines() == [
        "for the steps, the oldest first,",
        "    u1 = 3 * a + 2 * b",
        "    u2 = 1 * u1 + 1 * a",
        "    u3 = 5 * u1 + 7 * (a constant)",
        "    u4 = 9 * a",
        "with the leaves a and b; the start is u2, seed =",
        "    [1.]",
    ]


def test_another_op_with_the_same_way_back_is_empty_too(tmp_path):
    text = """
from minigrad.ops.linalg import einsum

def matmul(x, y):
    return einsum("ij,jk->ik", x, y)
"""
    outcome = tried(ASSIGNMENT, tmp_path, text, "matmul, dx")
    assert outcome.points == 0
    assert "minigrad.ops.linalg.einsum is the solution itself" in outcome.problem
