"""Items about an op: a function of arrays that returns its result and its way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..debug import GradientError, gradcheck
from ..debug.causes import Wrong, likely_causes
from .item import SETTINGS, Case, Item, Mismatch, Solution, agree, array_of, written

OF_RESULTS = ("sign", "factor", "transposed", "flipped", "shifted")  # causes that fit results too
Make = Callable[[Case], tuple[dict[str, Any], dict[str, Any]]]


def op_item(
    name: str, points: int, op: Callable, make: Make, part: str,
    ranges: dict[str, Sequence[int]], possible: Callable[[Case], bool] = lambda case: True,
) -> Item:  # fmt: skip
    """The item that asks for `part` of an op: "y", its result, or a gradient such as "dx".

    `op` is minigrad's own; the student's has its name. `make(case)` returns the inputs by name, in
    the order of the op's arguments, and the options.
    """
    function = op.__name__

    def answers(solution: Solution, case: Case) -> tuple[Any, Any]:
        """What the solution makes of the case, and what minigrad does."""
        inputs, options = make(case)
        expected, expected_backward = op(*inputs.values(), **options)
        y, backward = _pair(function, solution.call(function, *inputs.values(), **options))
        _refuse_changes(function, solution, list(inputs))
        if part == "y":
            return y, expected
        dy = array_of(case, "dy", expected.shape)
        i = [f"d{argument}" for argument in inputs].index(part)
        gradients = backward(dy)
        if solution.changed:
            raise Mismatch(f"{function}_backward writes into dy; let it work on a copy")
        if not isinstance(gradients, (tuple, list)) or len(gradients) <= i:
            raise Mismatch(
                f"{function}_backward returned {_kind(gradients)}, expected a tuple with the "
                f"gradients of {', '.join(inputs)}"
            )
        return gradients[i], expected_backward(dy)[i]

    def run(solution: Solution, case: Case) -> None:
        got, expected = answers(solution, case)
        agree(part, got, None if expected is None else np.asarray(expected))

    def describe(case: Case) -> str:
        inputs, options = make(case)
        if part != "y":
            inputs["dy"] = array_of(case, "dy", op(*inputs.values(), **options)[0].shape)
        return call_text(function, inputs, options)

    def explain(solution: Solution, case: Case) -> str:
        inputs, options = make(case)
        y, _ = _pair(function, solution.call(function, *inputs.values(), **options))
        expected, _ = op(*inputs.values(), **options)
        try:
            agree("y", y, expected)
        except Mismatch:
            if part != "y":
                return f"{function} itself is wrong here: mend its result before its gradients."
            if np.shape(y) != expected.shape:
                return ""
            causes = likely_causes(Wrong(np.asarray(y, np.float64), expected, []))
            cause = next((c.explanation for c in causes if c.name in OF_RESULTS), "")
            return f"It may be: {cause}".replace("true gradient", "result") if cause else ""
        argument = part.removeprefix("d")
        i = list(inputs).index(argument)

        def of_one(x: np.ndarray) -> tuple[Any, Callable]:
            given = {**inputs, argument: x}
            y, backward = solution.call(function, *given.values(), **options)
            return y, lambda dy: (backward(dy)[i],)

        try:
            gradcheck(of_one, inputs[argument])
        except GradientError as error:
            return str(error).replace("input 0", argument)
        return ""

    every = {**ranges, **SETTINGS}
    return Item(name, points, every, run, possible, describe, explain)


def call_text(function: str, arrays: dict[str, Any], options: dict[str, Any]) -> str:
    """The call of a case, and its arrays written out; dy, if there, is what the way back gets."""
    inputs = [name for name in arrays if name != "dy"]
    given = ", ".join([*inputs, *(f"{name}={value!r}" for name, value in options.items())])
    call = f"{function}({given})" if "dy" not in arrays else f"{function}({given})[1](dy)"
    lines = [f"for {call} with"]
    for name, x in arrays.items():
        lines.append(f"{name} =\n{written(x)}" if isinstance(x, np.ndarray) else f"{name} = {x!r}")
    return "\n".join(lines)


def _pair(function: str, result: Any) -> Any:
    if not isinstance(result, (tuple, list)) or len(result) != 2 or not callable(result[1]):
        raise Mismatch(
            f"{function} returned {_kind(result)}, expected the pair (result, {function}_backward)"
        )
    return result


def _kind(x: Any) -> str:
    return f"{type(x).__name__} of {len(x)}" if isinstance(x, (tuple, list)) else type(x).__name__


def _refuse_changes(function: str, solution: Solution, inputs: list[str]) -> None:
    if solution.changed:
        named = " and ".join(inputs[i] if isinstance(i, int) else i for i in solution.changed)
        raise Mismatch(f"{function} writes into its input {named}; let it work on a copy")
