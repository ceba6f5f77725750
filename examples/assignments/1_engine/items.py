"""Assignment 1: what is marked. The arrays of the ops are x and y, z is their result."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from minigrad.course.assignment import run_file
from minigrad.course.item import COUNTING, RANDOM, SETTINGS, Item, Mismatch, agree, array_of, written
from minigrad.course.mutants import Mutant
from minigrad.course.op_item import op_item
from minigrad.ops.arithmetic import add, mul
from minigrad.ops.broadcast import unbroadcast
from minigrad.ops.linalg import matmul

TITLE = "The engine"
SOLUTION = [
    "ops.broadcast.unbroadcast", "ops.arithmetic.add", "ops.arithmetic.mul", "ops.linalg.matmul",
    "backprop.walk_back",
]  # fmt: skip
IMPORTS = """\
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad.graph import Node
"""
ALLOWED = ("numpy", "minigrad")

# Broadcasting: the full shape has `axes` axes of sizes 1, 2, 3. Of each operand the first
# x_cut or y_cut axes are left out, and where a bit of x_ones or y_ones is set, an axis has size 1.
SHAPES = {"axes": [0, 1, 2, 3], "A": [1, 2, 3], "B": [1, 2, 3], "C": [1, 2, 3]}
CUT, ONES = [0, 1, 2, 3], list(range(8))


def shape_of(case, cut, ones):
    """The shape of an operand with axes left out and axes of size 1."""
    full = [case[name] for name in "ABC"[: case["axes"]]]
    return tuple(1 if ones >> i & 1 else n for i, n in enumerate(full))[cut:]


def unbroadcast_item(name, points, cut, ones, possible):
    """One item about unbroadcast."""

    def make(case):
        dz = array_of(case, "dz", shape_of(case, 0, 0))
        return dz, shape_of(case, case["cut"], case["ones"])

    def run(solution, case):
        dz, shape = make(case)
        dx = solution.call("unbroadcast", dz, shape)
        if solution.changed:
            raise Mismatch("unbroadcast writes into dz; let it work on a copy")
        agree("dx", dx, np.asarray(unbroadcast(dz, shape)))

    def describe(case):
        dz, shape = make(case)
        return f"for unbroadcast(dz, {shape}) with\ndz =\n{written(dz)}"

    ranges = {**SHAPES, "cut": cut, "ones": ones, **SETTINGS}
    return Item(name, points, ranges, run, possible, describe)


def has_cut(case):
    """At least one axis is left out."""
    return 0 < case["cut"] <= case["axes"]


def has_ones(case):
    """At least one axis is repeated, and not all of them are left out."""
    kept = shape_of(case, case["cut"], 0) != shape_of(case, case["cut"], case["ones"])
    return case["cut"] <= case["axes"] and kept


def operands(case):
    """x and y, two arrays that fit together."""
    x_shape = shape_of(case, case["x_cut"], case["x_ones"])
    y_shape = shape_of(case, case["y_cut"], case["y_ones"])
    return {"x": array_of(case, "x", x_shape), "y": array_of(case, "y", y_shape)}, {}


def one_is_full(case):
    """At most all axes are left out, and only of one operand."""
    return max(case["x_cut"], case["y_cut"]) <= case["axes"] and 0 in (case["x_cut"], case["y_cut"])


PAIR = {**SHAPES, "x_cut": CUT, "y_cut": CUT, "x_ones": ONES, "y_ones": ONES}


def binary_item(op, part, points=1):
    """One item about a part of add or mul."""
    name = f"{op.__name__}, {part}"
    return op_item(name, points, op, operands, part, PAIR, one_is_full, result="z")


SIZES = [1, 2, 3]
MATRICES = {"rows": SIZES, "inner": SIZES, "columns": SIZES}
STACKS = {"P": SIZES, "Q": SIZES, "x_lead": [0, 1, 2, 3, 4], "y_lead": [0, 1, 2, 3, 4]}


def matrices(case):
    """x (..., rows, inner) and y (..., inner, columns)."""
    P, Q = case.get("P"), case.get("Q")
    leads = [(), (Q,), (1, Q), (P, 1), (P, Q)]
    x_lead, y_lead = (leads[case.get(name, 0)] for name in ("x_lead", "y_lead"))
    x = array_of(case, "x", (*x_lead, case["rows"], case["inner"]))
    return {"x": x, "y": array_of(case, "y", (*y_lead, case["inner"], case["columns"]))}, {}


def is_stack(case):
    """There are leading axes."""
    return case["x_lead"] > 0 or case["y_lead"] > 0


def matmul_item(part, points, ranges=MATRICES, possible=lambda case: True):
    """One item about a part of matmul."""
    name = f"matmul, {part}" + ("" if ranges is MATRICES else ", stacks of matrices")
    return op_item(name, points, matmul, matrices, part, ranges, possible, result="z")


# The walk. Its graphs are numbers, as adapter.py says.

adapter = run_file(Path(__file__).with_name("adapter.py"))
NO_INPUT, CONSTANT = adapter.NO_INPUT, adapter.CONSTANT
FAR = 100_000


class Graph(NamedTuple):
    """What `walk` of adapter.py takes."""

    leaves: int
    inputs: np.ndarray
    factors: np.ndarray
    start: int
    seed: np.ndarray

    def name(self, number):
        """a, b and c are leaves, u1, u2 ... the steps."""
        return "abc"[number] if number < self.leaves else f"u{number - self.leaves + 1}"


def graph_of(case):
    """The graph of a case: its shape is random, and follows from the seed."""
    rng = np.random.default_rng(case["seed"])
    leaves, steps = case["leaves"], case["steps"] + case["later"]
    inputs = []
    for known in range(leaves, leaves + steps):
        last = known - 1 if rng.random() < 0.7 else rng.integers(known)
        other = NO_INPUT
        if case["branches"]:
            other = rng.integers(known)
        if case["constants"] and rng.random() < 0.5:
            other = CONSTANT
        inputs.append([last, other] if rng.random() < 0.5 or other == NO_INPUT else [other, last])
    size = case["size"]
    shape = (steps, 2)
    if case["ones"]:
        factors = np.ones(shape)
    else:
        factors = rng.integers(2, 6, shape) if case["fill"] == COUNTING else rng.normal(size=shape)
    seed = np.arange(1.0, size + 1) if case["fill"] == COUNTING else rng.normal(size=size)
    start = leaves + case["steps"] - 1  # with no steps a leaf, the last
    inputs = np.array(inputs, np.int64).reshape(shape)
    return Graph(leaves, inputs, factors.astype(float), start, seed)


def gradients_of(graph):
    """The gradient of each leaf and step by its number; None where the start does not need it."""
    gradients = [None] * (graph.leaves + len(graph.inputs))
    gradients[graph.start] = graph.seed
    for number in range(graph.start, graph.leaves - 1, -1):
        for target, factor in zip(*(a[number - graph.leaves] for a in graph[1:3]), strict=True):
            if target >= 0 and gradients[number] is not None:
                before = 0 if gradients[target] is None else gradients[target]
                gradients[target] = before + factor * gradients[number]
    return gradients


def graph_text(case):
    """The graph as a student would write it down."""
    graph = graph_of(case)
    lines = []
    for i, (numbers, factors) in enumerate(zip(graph.inputs, graph.factors, strict=True)):
        terms = [
            f"{factor:.4g} * {'(needs no gradient)' if number == CONSTANT else graph.name(number)}"
            for number, factor in zip(numbers, factors, strict=True)
            if number != NO_INPUT
        ]
        lines.append(f"    {graph.name(graph.leaves + i)} = {' + '.join(terms)}")
    steps = "\n".join(["for the steps, the oldest first,", *lines] if lines else ["for no steps,"])
    leaves = " and ".join("abc"[: graph.leaves])
    start = graph.name(graph.start)
    return f"{steps}\nwith the leaves {leaves}; the start is {start}, seed =\n{written(graph.seed)}"


def leaves_are_right(graph, told):
    """The gradients of the leaves; whether settle gets them in one go is another item's concern."""
    expected = gradients_of(graph)
    received = {}
    for number, gradient, _ in told["settled"]:
        if number is None or number >= graph.leaves:
            raise Mismatch("settle was called with something that is no leaf of the graph")
        received[number] = received.get(number, 0) + np.asarray(gradient)
    for number in range(graph.leaves):
        name = graph.name(number)
        if expected[number] is not None:
            agree(f"the gradient of {name}", received.get(number), expected[number])
        elif number in received:
            raise Mismatch(f"settle was called for {name}, on which the start does not depend")


def leaves_own_theirs(graph, told):
    """No two leaves share memory."""
    for one, other in told["shared"]:
        raise Mismatch(
            f"{graph.name(one)} and {graph.name(other)} got the same array, or parts of one: who "
            "writes into one gradient changes the other"
        )


def each_step_once(graph, told):
    """Every way back runs once, when its gradient is complete, and is announced before."""
    expected = gradients_of(graph)
    ran = [number for number, _ in told["ran"]]
    for number, dz in told["ran"]:
        name = graph.name(number)
        if expected[number] is None:
            raise Mismatch(f"the way back of {name} was run, but the start does not depend on it")
        if ran.count(number) > 1:
            raise Mismatch(f"the way back of {name} was run {ran.count(number)} times, expected 1")
        agree(f"the gradient that the way back of {name} was given", dz, expected[number])
    for number in range(graph.leaves, graph.start + 1):
        if expected[number] is not None and number not in ran:
            raise Mismatch(f"the way back of {graph.name(number)} was never run")
    yielded = [number for number, _, _ in told["yielded"]]
    if yielded != ran:
        came, due = (
            ", ".join("something else" if n is None else graph.name(n) for n in numbers) or "none"
            for numbers in (yielded, ran)
        )
        raise Mismatch(f"nodes were yielded in the order {came}; their ways back ran as {due}")
    for i, (number, dz, before) in enumerate(told["yielded"]):
        agree(f"the gradient yielded with {graph.name(number)}", dz, expected[number])
        if before > i:
            raise Mismatch(f"{graph.name(number)} was yielded after its way back had run")
    settled = [number for number, _, _ in told["settled"]]
    for number, _, before in told["settled"]:
        name = graph.name(number)
        if settled.count(number) > 1:
            raise Mismatch(f"settle was called {settled.count(number)} times for {name}, expected 1")
        if before < len(ran):
            raise Mismatch(f"settle was called for {name} before all ways back had run")


GRAPHS = {
    "leaves": [1, 2, 3], "steps": [1, 2, 3, 4, 5, 6], "branches": [1], "constants": [0],
    "later": [0], "ones": [0], "size": [1, 2], "fill": [COUNTING, RANDOM],
}  # fmt: skip


def walk_item(name, points, check, **ranges):
    """One item about walk_back, on graphs with these ranges."""

    def run(solution, case):
        graph = graph_of(case)
        check(graph, solution.call("walk", *graph))

    return Item(f"walk_back, {name}", points, {**GRAPHS, **ranges}, run, describe=graph_text)


def run_far(solution, case):
    """A long way, twice over each of its steps."""
    dx = solution.call("walk_far", case["steps"])
    agree("the gradient of a", dx, np.ones(1))


def far_text(case):
    """What is computed there."""
    return f"for {case['steps']:,} steps u = 0.5 * u + 0.5 * u, the first one from the leaf a"
