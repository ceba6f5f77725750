"""Parameter: a Tensor that a layer trains."""

from __future__ import annotations

import numpy as np

from ..origin import called_by_user
from ..tensor import Tensor
from ..writes import take_in


class Parameter(Tensor):
    """A Tensor that asks for gradients and that its layer lists in `parameters()`.

    `Parameter(data)` shares the memory of `data`, a Tensor or an ndarray.
    `init` says in words how `nn.init` filled it, such as "kaiming_uniform_(fan_in=144)".
    """

    __slots__ = ("init",)

    def __init__(self, data: Tensor | np.ndarray, requires_grad: bool = True) -> None:
        if not isinstance(data, (Tensor, np.ndarray)):
            raise TypeError(
                f"Parameter: expected a Tensor or an ndarray, got {type(data).__name__}; "
                "write Parameter(minigrad.tensor(...))"
            )
        if isinstance(data, np.ndarray) and called_by_user():
            take_in(data, "Parameter(...)")
        super().__init__(data.data if isinstance(data, Tensor) else data, requires_grad)
        self.init = ""

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()
