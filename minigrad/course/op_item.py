"""Items about an op: a function of arrays that returns its result and its way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, combinations
from typing import Any

import numpy as np

from ..debug import GradientError, gradcheck
from ..debug.causes import Wrong, likely_causes
from .item import (
    COUNTING,
    RANDOM,
    SETTINGS,
    Case,
    Item,
    Mismatch,
    Solution,
    agree,
    array_of,
    written,
)

OF_RESULTS = ("sign", "factor", "transposed", "flipped", "shifted")  # causes that fit results too
Make = Callable[[Case], tuple[dict[str, Any], dict[str, Any]]]


def op_item(
    name: str, points: int, op: Callable, make: Make, part: str,
    ranges: dict[str, Sequence[int]], possible: Callable[[Case], bool] = lambda case: True,
    right: Callable[[Case, Any, Any], None] | None = None, result: str = "y",
) -> Item:  # fmt: skip
    """The item that asks for `part` of an op: "y", its result, or a gradient such as "dx".

    `op` is minigrad's own; the student's has its name. `make(case)` returns the inputs by name, in
    the order of the op's arguments, and the options; `result` is the name of what the op computes.
    Where another answer than minigrad's is right too, `right(case, got, expected)` raises Mismatch
    for those that are not.
    """
    function, cotangent = op.__name__, f"d{result}"

    def call(solution: Solution, inputs: dict[str, Any], options: dict[str, Any]) -> Any:
        """The student's result, and the way back from it to the gradient that is asked for."""
        pair = solution.call(function, *inputs.values(), **options)
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not callable(pair[1]):
            raise Mismatch(
                f"{function} returned {_kind(pair)}, expected the pair "
                f"({result}, {function}_backward)"
            )
        if solution.changed:
            raise Mismatch(f"{function} writes into its input; let it work on a copy")
        y, backward = pair
        i = list(inputs).index(part.removeprefix("d")) if part != result else 0

        def gradient(dy: np.ndarray) -> Any:
            gradients = backward(dy)
            if solution.changed:
                raise Mismatch(
                    f"{function}_backward writes into {cotangent}; let it work on a copy"
                )
            if not isinstance(gradients, (tuple, list)) or len(gradients) <= i:
                raise Mismatch(
                    f"{function}_backward returned {_kind(gradients)}, expected a tuple with the "
                    f"gradients of {', '.join(inputs)}"
                )
            return gradients[i]

        return y, gradient

    def answers(solution: Solution, case: Case) -> tuple[Any, Any]:
        """What the solution makes of the case, and what minigrad does."""
        inputs, options = make(case)
        expected, expected_backward = op(*inputs.values(), **options)
        y, gradient = call(solution, inputs, options)
        if part == result:
            return y, expected
        dy = array_of(case, cotangent, expected.shape)
        # Another call before the way back: what is kept for it must be the first call's own.
        solution.call(function, *make({**case, "fill": RANDOM})[0].values(), **options)
        return gradient(dy), expected_backward(dy)[list(inputs).index(part.removeprefix("d"))]

    def run(solution: Solution, case: Case) -> None:
        got, expected = answers(solution, case)
        expected = None if expected is None else np.asarray(expected)
        if right is None:
            agree(part, got, expected)
        else:
            right(case, got, expected)

    def describe(case: Case) -> str:
        inputs, options = make(case)
        if part == result:
            return call_text(function, inputs, options)
        dy = array_of(case, cotangent, op(*inputs.values(), **options)[0].shape)
        return call_text(function, inputs, options, {cotangent: dy})

    def explain(solution: Solution, case: Case) -> str:
        inputs, options = make({**case, "fill": RANDOM})  # 1, 2, 3 ... fits too many causes
        expected, expected_backward = op(*inputs.values(), **options)
        y, backward = call(solution, inputs, options)
        try:
            agree(result, y, expected)
        except Mismatch:
            if part != result:
                return f"{function} itself is wrong here: mend its result before its gradients."
            return _other_input(
                inputs, y, lambda changed: op(*changed.values(), **options)[0]
            ) or _cause(y, expected)
        argument = part.removeprefix("d")
        at, dy = list(inputs).index(argument), array_of(case, cotangent, expected.shape)
        dz, expected = backward(dy), expected_backward(dy)[at]
        if _agrees(dz, expected):
            solution.call(function, *make({**case, "fill": COUNTING})[0].values(), **options)
            return "" if _agrees(backward(dy), expected) else (
                f"It is right if {function}_backward is called at once, but not after another call "
                f"of {function}: keep what it needs in {function}'s own names, not in global ones."
            )  # fmt: skip

        def of_one(x: np.ndarray) -> tuple[Any, Callable]:
            y, gradient = call(solution, {**inputs, argument: x}, options)
            return y, lambda dy: (gradient(dy),)

        try:
            gradcheck(of_one, inputs[argument])
        except GradientError as error:
            told = str(error).replace("input 0", argument)
            other = "" if "Likely causes" in told else _other_input(
                inputs, dz, lambda changed: op(*changed.values(), **options)[1](dy)[at]
            )  # fmt: skip
            return f"{told}\n{other}".rstrip()
        return ""

    every = {**ranges, **SETTINGS}
    return Item(name, points, every, run, possible, describe, explain)


def call_text(
    function: str,
    inputs: dict[str, Any],
    options: dict[str, Any],
    back: dict[str, Any] | None = None,
) -> str:
    """The call of a case, its arrays written out; `back`: what its way back gets."""
    given = ", ".join([*inputs, *(f"{name}={value!r}" for name, value in options.items())])
    way_back = "".join(f"[1]({name})" for name in back or ())
    lines = [f"for {function}({given}){way_back} with"]
    for name, x in {**inputs, **(back or {})}.items():
        lines.append(f"{name} =\n{written(x)}" if isinstance(x, np.ndarray) else f"{name} = {x!r}")
    return "\n".join(lines)


def _cause(y: Any, expected: np.ndarray) -> str:
    """What may be wrong with a result of the right shape."""
    if np.shape(y) != expected.shape:
        return ""
    causes = likely_causes(Wrong(np.asarray(y, np.float64), expected, []))
    text = next((cause.explanation for cause in causes if cause.name in OF_RESULTS), "")
    return f"It may be: {text}".replace("true gradient", "right result") if text else ""


def _agrees(got: Any, expected: np.ndarray) -> bool:
    try:
        agree("it", got, expected)
    except Mismatch:
        return False
    return True


def _other_input(
    inputs: dict[str, Any], got: Any, right: Callable[[dict[str, Any]], np.ndarray]
) -> str:
    """The change of one input, if there is one, for which `got` would be right."""
    for name, x in inputs.items():
        if not isinstance(x, np.ndarray):
            continue
        axes = [axis for axis in range(x.ndim) if x.shape[axis] > 1]
        changes = [
            (f"{name} is left out", np.zeros_like(x)),
            (f"{name} is 1 everywhere", np.ones_like(x)),
        ]
        for some in chain(combinations(axes, 1), combinations(axes, 2)):
            changes.append((f"{name} is flipped along axis {_and(some)}", np.flip(x, some)))
        for i, j in combinations(axes, 2):
            if x.shape[i] == x.shape[j]:
                changes.append((f"axes {i} and {j} of {name} are exchanged", x.swapaxes(i, j)))
        for what, changed in changes:
            if _agrees(got, right({**inputs, name: changed})):
                return f"It is the result for other inputs: {what}."
    return ""


def _and(numbers: Sequence[int]) -> str:
    return " and ".join(map(str, numbers))


def _kind(x: Any) -> str:
    return f"{type(x).__name__} of {len(x)}" if isinstance(x, (tuple, list)) else type(x).__name__
