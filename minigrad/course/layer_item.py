"""Items about a Layer, which an adapter runs by `run_layer` in the student's process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..nn import Layer
from .item import RANDOM, SETTINGS, Case, Item, Mismatch, Solution, agree, array_of, written
from .layer_run import CLASS, build, run_layer

Make = Callable[[Case], tuple[dict[str, Any], tuple[int, ...]]]
RANGES = {"training": (0, 1), "fill": (RANDOM,), "layout": SETTINGS["layout"]}
AT_MOST = 12  # cases: layers take long to make, and put together wrongly few come out right
HINTS = {
    "y": "",
    "gradients": "y is right, so a Tensor was left on the way: .data, .detach() and np. functions "
    "pass no gradient on. Write forward with layers and with the methods of Tensors.",
    "buffers": "y is right: is a layer called twice in forward? Call it once and keep its result.",
}


def layer_item(
    name: str, points: int, layer: type[Layer], make: Make, part: str,
    ranges: dict[str, Sequence[int]], possible: Callable[[Case], bool] = lambda case: True,
) -> Item:  # fmt: skip
    """The item that asks for `part` of a layer: "y", "gradients" or "buffers" of `run_layer`.

    `layer` is minigrad's own; the student's has its name. `make(case)` returns the options of its
    constructor (see `build`) and the shape of x. The adapter has `run(solution, name, *facts)`,
    which returns `run_layer(getattr(solution, name), *facts)`.
    """
    kind = layer.__name__

    def facts_of(case: Case) -> tuple:
        """The options, parameters and buffers, mode, x, and for gradients dy."""
        options, shape = make(case)
        training, x = bool(case["training"]), array_of(case, "x", shape)
        facts = options, state_of(layer, options, case), training, x
        if part != "gradients":
            return facts
        return *facts, array_of(case, "dy", run_layer(layer, "y", *facts)["y"].shape)

    def compare(solution: Solution, case: Case, part: str) -> None:
        facts = facts_of(case)
        got = solution.call("run", kind, part, *facts)
        if solution.changed:
            raise Mismatch(f"{kind} writes into its input x; let it make a new Tensor")
        for name, expected in run_layer(layer, part, *facts).items():
            agree(name, got.get(name) if isinstance(got, dict) else None, expected)

    def describe(case: Case) -> str:
        options, state, training, *arrays = facts_of(case)
        given = ", ".join(f"{name}={_text(value)}" for name, value in options.items())
        lines = [f"for {kind}({given}), in {'training' if training else 'evaluation'} mode, with"]
        for name, x in {**dict(zip(("x", "dy"), arrays, strict=False)), **state}.items():
            if x.dtype.kind == "f":
                lines.append(f"{name} =\n{written(x)}")
        return "\n".join(lines)

    def explain(solution: Solution, case: Case) -> str:
        try:
            compare(solution, case, "y")
        except Mismatch:
            return "" if part == "y" else f"{kind} itself is wrong here: mend y first."
        return HINTS[part]

    def run(solution: Solution, case: Case) -> None:
        compare(solution, case, part)

    every = {**ranges, **RANGES}
    return Item(name, points, every, run, possible, describe, explain, at_most=AT_MOST)


def state_of(layer: type[Layer], options: dict[str, Any], case: Case) -> dict[str, np.ndarray]:
    """Random parameters and buffers for the layer with these options."""
    state = {}
    for name, tensor in build(layer, options).state_dict().items():
        values = array_of(case, name, tensor.shape)
        if name.endswith("running_var"):
            values = np.exp(values)
        state[name] = values if tensor.data.dtype.kind == "f" else tensor.numpy()
    return state


def _text(option: Any) -> str:
    return option if isinstance(option, str) and option.startswith(CLASS) else repr(option)
