"""torch.amp: mixed precision, as PyTorch does it where there is no GPU, which is not at all."""

from __future__ import annotations

import warnings
from contextlib import ContextDecorator
from typing import Any

from .names import tell_missing as _tell_missing

ALL_FLOAT32 = "minigrad computes in the dtype of its tensors: nothing is cast to half precision"


class autocast(ContextDecorator):
    """A block in which nothing changes, and a warning that says so unless `enabled=False`."""

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: Any = None
    ) -> None:
        if enabled:
            warnings.warn(f"autocast: {ALL_FLOAT32}", stacklevel=2)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass


class GradScaler:
    """A scale of 1: `step(optimizer)` is `optimizer.step()`, and the rest does nothing."""

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if enabled:
            warnings.warn(f"GradScaler: {ALL_FLOAT32}, and no loss scaled", stacklevel=2)

    def scale(self, outputs: Any) -> Any:
        """The loss, or the list of them, as it is."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing: the gradients were not scaled."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """Do `optimizer.step(...)`."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Nothing: the scale stays 1."""

    def get_scale(self) -> float:
        """Always 1."""
        return 1.0

    def is_enabled(self) -> bool:
        """False: nothing is scaled."""
        return False

    def state_dict(self) -> dict[str, Any]:
        """An empty dict: there is no state."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing: there is no state."""


_tell_missing(__name__)
