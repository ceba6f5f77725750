"""Items about the engine's walk back, on graphs of steps that add up multiples of their inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .item import COUNTING, RANDOM, Case, Item, Mismatch, Solution, agree, written

NO_INPUT, CONSTANT = -1, -2  # in place of an input's number; a constant needs no gradient
STRAIGHT_ON = 0.7  # how often a step goes on from the one before it
GRAPHS: dict[str, Sequence[int]] = {
    "leaves": [1, 2, 3], "steps": [1, 2, 3, 4, 5, 6], "branches": [1], "constants": [0],
    "later": [0], "ones": [0], "size": [1, 2], "fill": [COUNTING, RANDOM],
}  # fmt: skip


class Graph(NamedTuple):
    """Leaves have the numbers from 0 on, steps those after them, the oldest first.

    Each step has two inputs, `inputs` (steps, 2) are their numbers; each is multiplied by one of
    `factors` (steps, 2), and the sum is what the step makes. `start` is a number, `seed` (size,).
    """

    leaves: int
    inputs: np.ndarray
    factors: np.ndarray
    start: int
    seed: np.ndarray

    def name(self, number: int) -> str:
        """a, b and c are leaves, u1, u2 ... the steps."""
        return "abc"[number] if number < self.leaves else f"u{number - self.leaves + 1}"

    def __str__(self) -> str:
        """As a student would write it down."""
        lines = []
        for i, (numbers, factors) in enumerate(zip(self.inputs, self.factors, strict=True)):
            terms = [
                f"{factor:.4g} * {'(a constant)' if n == CONSTANT else self.name(n)}"
                for n, factor in zip(numbers, factors, strict=True)
                if n != NO_INPUT
            ]
            lines.append(f"    {self.name(self.leaves + i)} = {' + '.join(terms)}")
        steps = ["for the steps, the oldest first,", *lines] if lines else ["for no steps,"]
        leaves = " and ".join("abc"[: self.leaves])
        end = f"with the leaves {leaves}; the start is {self.name(self.start)}, seed ="
        return "\n".join([*steps, end, written(self.seed)])


class Told(NamedTuple):
    """What happened in a walk, each list in its order; `after` counts the ways back that had run.

    `ran` (step, gradient), `yielded` (step, gradient, after), `settled` (leaf, gradient, after),
    and `shared`, pairs of leaves whose gradients lie in the same memory.
    """

    ran: list[tuple[int, np.ndarray]]
    yielded: list[tuple[int | None, np.ndarray, int]]
    settled: list[tuple[int | None, np.ndarray, int]]
    shared: list[tuple[int, int]]


Check = Callable[[Graph, Told], None]


def walk_item(name: str, points: int, check: Check, **ranges: Sequence[int]) -> Item:
    """One item about walk_back. The adapter's `walk(*graph)` returns a dict with Told's lists."""

    def run(solution: Solution, case: Case) -> None:
        graph = graph_of(case)
        check(graph, Told(**solution.call("walk", *graph)))

    def describe(case: Case) -> str:
        return str(graph_of(case))

    return Item(f"walk_back, {name}", points, {**GRAPHS, **ranges}, run, describe=describe)


def graph_of(case: Case) -> Graph:
    """The graph of a case. How its steps are connected follows from the seed.

    `later` steps are newer than the start. `branches`: steps have two inputs. `constants`: some of
    them need no gradient. `ones`: all factors are 1.
    """
    rng = np.random.default_rng(case["seed"])
    leaves, steps = case["leaves"], case["steps"] + case["later"]
    inputs = []
    for known in range(leaves, leaves + steps):
        first = known - 1 if rng.random() < STRAIGHT_ON else int(rng.integers(known))
        second = int(rng.integers(known)) if case["branches"] else NO_INPUT
        if case["constants"] and rng.random() < 0.5:
            second = CONSTANT
        swapped = second != NO_INPUT and rng.random() < 0.5
        inputs.append([second, first] if swapped else [first, second])
    shape, size = (steps, 2), case["size"]
    if case["fill"] == COUNTING:
        factors, seed = rng.integers(2, 6, shape).astype(float), np.arange(1.0, size + 1)
    else:
        factors, seed = rng.normal(size=shape), rng.normal(size=size)
    if case["ones"]:
        factors = np.ones(shape)
    start = leaves + case["steps"] - 1  # without any steps that is a leaf
    return Graph(leaves, np.array(inputs, np.int64).reshape(shape), factors, start, seed)


def gradients_of(graph: Graph) -> list[np.ndarray | None]:
    """The gradient of each leaf and step by its number; None where the start does not need it."""
    gradients: list[Any] = [None] * (graph.leaves + len(graph.inputs))
    gradients[graph.start] = graph.seed
    for number in range(graph.start, graph.leaves - 1, -1):
        if gradients[number] is None:
            continue
        i = number - graph.leaves
        for target, factor in zip(graph.inputs[i], graph.factors[i], strict=True):
            if target >= 0:
                before = 0 if gradients[target] is None else gradients[target]
                gradients[target] = before + factor * gradients[number]
    return gradients


def check_leaves(graph: Graph, told: Told) -> None:
    """Each leaf receives its gradient, be it in one go or in several."""
    expected = gradients_of(graph)
    received: dict[int, Any] = {}
    for leaf, gradient, _ in told.settled:
        if leaf is None or leaf >= graph.leaves:
            raise Mismatch("settle was called with something that is no leaf")
        if np.shape(gradient) != graph.seed.shape:
            raise Mismatch(
                f"settle was called for {graph.name(leaf)} with a gradient of shape "
                f"{np.shape(gradient)}, expected {graph.seed.shape}"
            )
        received[leaf] = received.get(leaf, 0) + np.asarray(gradient)
    for leaf in range(graph.leaves):
        name, dx = graph.name(leaf), expected[leaf]
        if dx is None and leaf in received:
            raise Mismatch(f"settle was called for {name}, on which the start does not depend")
        if dx is not None and leaf not in received:
            raise Mismatch(f"settle was never called for {name}")
        agree(f"the gradient of {name}", received.get(leaf), dx)


def check_memory(graph: Graph, told: Told) -> None:
    """No two leaves share memory."""
    for one, other in told.shared:
        raise Mismatch(
            f"{graph.name(one)} and {graph.name(other)} were given the same array: who writes into "
            "one of the gradients changes the other; give each leaf a copy"
        )


def check_visits(graph: Graph, told: Told) -> None:
    """Each way back runs once, with its complete gradient, and only where the start needs it."""
    expected = gradients_of(graph)
    ran = [step for step, _ in told.ran]
    for step, dz in told.ran:
        name, complete = graph.name(step), expected[step]
        if complete is None:
            raise Mismatch(f"the way back of {name} ran, but the start does not depend on {name}")
        if ran.count(step) > 1:
            raise Mismatch(f"the way back of {name} ran {ran.count(step)} times, expected once")
        agree(f"the gradient with which the way back of {name} ran", dz, complete)
    for step in range(graph.leaves, graph.start + 1):
        if expected[step] is not None and step not in ran:
            raise Mismatch(f"the way back of {graph.name(step)} never ran")


def check_yields(graph: Graph, told: Told) -> None:
    """Each node is yielded before its way back runs, and leaves are settled at the end, once."""
    check_visits(graph, told)
    ran, yielded = [step for step, _ in told.ran], [step for step, _, _ in told.yielded]
    if yielded != ran:
        raise Mismatch(
            f"the ways back ran in the order {_names(graph, ran)}, and what was yielded is "
            f"{_names(graph, yielded)}"
        )
    for i, (step, (_, dz, after)) in enumerate(zip(ran, told.yielded, strict=True)):
        agree(f"the gradient yielded with {graph.name(step)}", dz, gradients_of(graph)[step])
        if after > i:
            raise Mismatch(f"{graph.name(step)} was yielded after its way back had run")
    settled = [leaf for leaf, _, _ in told.settled]
    for leaf, _, after in told.settled:
        name = "something else" if leaf is None else graph.name(leaf)
        if settled.count(leaf) > 1:
            raise Mismatch(f"settle was called {settled.count(leaf)} times for {name}, not once")
        if after < len(ran):
            raise Mismatch(f"settle was called for {name} before all ways back had run")


def _names(graph: Graph, numbers: Sequence[int | None]) -> str:
    names = ["something else" if n is None else graph.name(n) for n in numbers]
    return ", ".join(names) or "nothing"
