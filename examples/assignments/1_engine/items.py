"""Assignment 1: what is marked. The arrays of the ops are x and y, z is their result."""

from dataclasses import replace

import numpy as np

from minigrad.course.item import SETTINGS, Item, Mismatch, agree, array_of, written
from minigrad.course.mutants import Mutant
from minigrad.course.op_item import op_item
from minigrad.course.walk_item import (
    check_leaves,
    check_memory,
    check_visits,
    check_yields,
    walk_item,
)
from minigrad.ops.arithmetic import add, mul
from minigrad.ops.broadcast import unbroadcast
from minigrad.ops.linalg import matmul

TITLE = "The engine"
SOLUTION = [
    "ops.broadcast.unbroadcast", "ops.arithmetic.add", "ops.arithmetic.mul", "ops.linalg.matmul",
    "backprop.walk_back",
]  # fmt: skip
OTHERS = ["ops.linalg.einsum", "ops.linalg.linear", "tensor.apply"]  # what else has gradients
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
    item = op_item(name, points, op, operands, part, PAIR, one_is_full, result="z")
    return replace(item, hollow=SOLUTION + OTHERS)


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
    item = op_item(name, points, matmul, matrices, part, ranges, possible, result="z")
    return replace(item, hollow=SOLUTION + OTHERS)


FAR = 20_000


def run_far(solution, case):
    """A long way, with two paths at each of its steps."""
    agree("the gradient of a", solution.call("walk_far", case["steps"]), np.ones(1))


def describe_far(case):
    """What is computed there."""
    return f"for {case['steps']:,} steps u = 0.5 * u + 0.5 * u, the first of them from the leaf a"


ITEMS = [
    unbroadcast_item("unbroadcast, axes in front", 1, CUT, [0], has_cut),
    unbroadcast_item("unbroadcast, axes of size 1", 1, CUT, ONES, has_ones),
    binary_item(add, "z"),
    binary_item(add, "dx"),
    binary_item(add, "dy"),
    binary_item(mul, "z"),
    binary_item(mul, "dx"),
    binary_item(mul, "dy"),
    matmul_item("z", 1),
    matmul_item("dx", 1),
    matmul_item("dy", 1),
    matmul_item("dx", 1, {**MATRICES, **STACKS}, is_stack),
    matmul_item("dy", 1, {**MATRICES, **STACKS}, is_stack),
    walk_item("a chain", 2, check_leaves, leaves=[1], branches=[0]),
    walk_item("branches that meet", 3, check_leaves),
    walk_item("a leaf as the start, constants", 1, check_leaves, steps=[0, 1, 2, 3], constants=[1]),
    walk_item("ways back that return one array twice", 2, check_leaves, ones=[1]),
    walk_item("each leaf an array of its own", 1, check_memory, ones=[1], leaves=[2, 3],
              steps=[1, 2, 3]),
    walk_item("each node once, when its gradient is complete", 2, check_visits, later=[0, 1, 2]),
    walk_item("yields before, settles at the end", 1, check_yields, later=[0, 1, 2]),
    Item(f"walk_back, {FAR:,} steps", 2, {"steps": [FAR]}, run_far, describe=describe_far,
         at_most=1),
]  # fmt: skip

UNBROADCAST, ADD, MUL, MATMUL, WALK = SOLUTION
MUTANTS = [
    Mutant(UNBROADCAST, "total(dz, (*range(extra), *repeated), keepdims=True)",
           "np.mean(dz, (*range(extra), *repeated), keepdims=True)",
           "the mean over the repeated axes is taken, not the sum"),
    Mutant(UNBROADCAST, "summed.reshape(shape)", "np.squeeze(summed)", "axes of size 1 are lost"),
    Mutant(ADD, "dx, dy = unbroadcast(dz, x_shape), unbroadcast(dz, y_shape)", "dx, dy = dz, dz",
           "the gradients of add have the shape of its result"),
    Mutant(ADD, "unbroadcast(dz, y_shape)", "-unbroadcast(dz, y_shape)",
           "dy of add has the wrong sign"),
    Mutant(MUL, "multiply(dz, y), x_shape", "multiply(dz, x), x_shape",
           "dx of mul is multiplied by x in place of y"),
    Mutant(MUL, "multiply(dz, x), y_shape", "dz + 0 * x, y_shape",
           "dy of mul is not multiplied by x"),
    Mutant(MATMUL, "matrix_product(np.swapaxes(rows, -1, -2), dz)",
           "matrix_product(np.swapaxes(dz, -1, -2), rows)", "dy of matmul is dzᵀ @ x"),
    Mutant(MATMUL, "matrix_product(dz, np.swapaxes(columns, -1, -2))",
           "matrix_product(dz, np.swapaxes(columns, -1, -2)) / dz.shape[-2]",
           "dx of matmul is divided by the number of rows"),
    Mutant(WALK, "grads[target] = calculate(np.add, grads[target], dx)", "grads[target] = dx",
           "the last gradient that arrives takes the place of the others"),
    Mutant(WALK, "grads[target] = calculate(np.add, grads[target], dx)", "grads[target] += dx",
           "gradients are added up in place, in an array that others hold too"),
    Mutant(WALK, "grads[target] = _own(dx, dy, gradients[:i])", "grads[target] = dx",
           "two leaves may be given the same array"),
    Mutant(WALK, "heapq.heappush(todo, (-target.order, target))",
           "heapq.heappush(todo, (target.order, target))",
           "of the nodes that wait, the oldest is taken first"),
    Mutant(WALK, "dx = gradients[i]", "dx = gradients[0]",
           "every input receives the gradient of the first"),
    Mutant(WALK, "yield node, dy\n", "yield node, seed\n", "the seed is yielded with each node"),
]  # fmt: skip
