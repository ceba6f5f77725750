"""What a case is, and the inputs that cases are made of.

A case names a public function and gives a call, its inputs, its options, and an independent formula
for the value that takes the same inputs as arrays. tests/ops/ checks many properties of each.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

rng = np.random.default_rng(20)


@dataclass(frozen=True)
class Case:
    """`batch` numbers the inputs whose axis 0 counts samples; () where there is no such axis.

    `empty` says whether a batch of no samples has a result.
    """

    name: str
    call: Callable
    formula: Callable
    inputs: tuple
    options: dict = field(default_factory=dict)
    batch: tuple[int, ...] = (0,)
    empty: bool = True

    def run(self, *tensors: Any) -> Any:
        return self.call(*tensors, **self.options)

    def expected(self, *arrays: Any) -> list:
        """The formula's arrays, one for each result."""
        y = self.formula(*arrays, **self.options)
        return list(y) if isinstance(y, (tuple, list)) else [y]

    def __str__(self) -> str:
        shapes = [
            "x".join(map(str, x.shape)) if isinstance(x, np.ndarray) else x for x in self.inputs
        ]
        options = [f"{k}={v!r}" for k, v in self.options.items() if not isinstance(v, np.ndarray)]
        return f"{self.name}({', '.join(map(str, [*shapes, *options]))})"


def case(name, call, formula, *inputs, batch=(0,), empty=True, **options):
    return Case(name, call, formula, inputs, options, batch, empty)


def normal(*shape):
    """Random numbers of both signs."""
    return np.asarray(rng.standard_normal(shape))


def bent(*shape):
    """Random numbers of both signs that keep away from 0, where relu and abs have a kink."""
    return rng.uniform(0.2, 2.5, shape) * rng.choice([-1.0, 1.0], shape)


def positive(*shape):
    return rng.uniform(0.3, 2.0, shape)


def distinct(*shape):
    """Every element different by 0.1 at least: no ties for max, sort, median."""
    size = int(np.prod(shape))
    return (rng.permutation(size).reshape(shape) - size / 2) * 0.1 + 0.03


def whole(high, *shape):
    """Whole numbers 0 <= n < high as int64."""
    return rng.integers(0, high, shape)
