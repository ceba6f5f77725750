"""PyTorch's wrapper for several GPUs. Here there is one CPU, and it only adds its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .layer import Layer


class DataParallel(Layer):
    """Run `module`, as it is. Its parameters get the names that PyTorch gives them: module.*.

    So checkpoints move both ways between scripts that wrap their model. `device_ids`,
    `output_device` and `dim` say in PyTorch how a batch is dealt out to GPUs; here they change
    nothing, for the BLAS library and minigrad's threads use all cores already.
    """

    module: Layer

    def __init__(
        self,
        module: Layer,
        device_ids: Sequence[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
    ) -> None:
        super().__init__()
        self.add_module("module", module)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What `module` makes of them."""
        return self.module(*inputs, **options)


def data_parallel(
    module: Layer,
    inputs: Any,
    device_ids: Sequence[Any] | None = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:
    """`module(inputs)`, or `module(*inputs)` for a tuple: DataParallel as a function."""
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*inputs, **module_kwargs or {})
