"""Assignment 1: a graph in plain numbers becomes one of Nodes, and walk_back is run on it.

Leaves are numbered from 0, and steps go on from there. Each step adds its inputs times a factor.
"""

from itertools import combinations

import numpy as np

from minigrad import Tensor
from minigrad.graph import Node

NO_INPUT, CONSTANT = -1, -2  # in place of an input's number; a constant needs no gradient


def walk(solution, leaves, inputs, factors, start, seed):
    """What walk_back does with a graph, as a dict of lists, in the order in which it happens.

    `inputs` (steps, 2) has the numbers of each step's inputs, `factors` (steps, 2) what they are
    multiplied by; `start` is a number. Returns "ran": (step, gradient) of each way back that ran;
    "yielded": (step, gradient, how many had run); "settled": (leaf, gradient, how many had run);
    and "shared": pairs of leaves whose gradients lie in the same memory.
    """
    ran, yielded, settled, kept = [], [], [], []
    made = [Tensor(np.zeros(seed.shape), requires_grad=True) for _ in range(leaves)]

    def add_step(number, targets, slopes):
        def step_backward(dz):
            ran.append((number, np.array(dz)))
            return tuple(dz if slope == 1 else dz * slope for slope in slopes)

        made.append(Node(step_backward, targets, seed.shape))

    for numbers, slopes in zip(inputs.tolist(), factors.tolist(), strict=True):
        used = [i for i in (0, 1) if numbers[i] != NO_INPUT]
        targets = tuple(None if numbers[i] == CONSTANT else made[numbers[i]] for i in used)
        add_step(len(made), targets, [slopes[i] for i in used])
    number_of = {id(target): number for number, target in enumerate(made)}

    def settle(leaf, gradient):
        number = number_of.get(id(leaf))
        settled.append((number, np.array(gradient), len(ran)))
        kept.append((number, np.asarray(gradient)))

    for node, dz in pairs_of(solution.walk_back(made[start], seed, False, settle)):
        yielded.append((number_of.get(id(node)), np.array(dz), len(ran)))
    pairs = combinations(kept, 2)
    shared = [(a, b) for (a, x), (b, y) in pairs if a != b and np.shares_memory(x, y)]
    return {"ran": ran, "yielded": yielded, "settled": settled, "shared": shared}


def walk_far(solution, number):
    """The gradient of the leaf at the far end of many steps u = 0.5 u + 0.5 u."""

    def step_backward(dz):
        return 0.5 * dz, 0.5 * dz

    end = Tensor(np.zeros(1), requires_grad=True)
    for _ in range(number):
        end = Node(step_backward, (end, end), (1,))
    gradients = []
    for _ in pairs_of(
        solution.walk_back(end, np.ones(1), False, lambda _, dx: gradients.append(dx))
    ):
        pass
    return sum(gradients) if gradients else None


def pairs_of(walk):
    """What walk_back yields, or nothing where it yields nothing."""
    for pair in () if walk is None else walk:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"walk_back yielded {pair!r}, expected the pair (node, its gradient)")
        yield pair
