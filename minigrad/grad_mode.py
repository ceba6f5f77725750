"""Whether what is computed is recorded for `backward`: blocks, decorators and a switch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ContextDecorator
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable)


class Recording:
    """What `tensor.apply` asks: `recording.enabled`."""

    enabled = True


recording = Recording()


class grad_mode(ContextDecorator):
    """Within the block (or the decorated function), record for `backward` or do not."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(recording.enabled)
        recording.enabled = self.enabled

    def __exit__(self, *error: object) -> None:
        recording.enabled = self.before.pop()


def no_grad(function: Callable | None = None) -> Any:
    """`with no_grad():` records nothing: for evaluation and for changing parameters by hand.

    Also a decorator, `@no_grad()` or `@no_grad`.
    """
    return grad_mode(False) if function is None else grad_mode(False)(function)


def enable_grad(function: Callable | None = None) -> Any:
    """`with enable_grad():` records, also inside `no_grad`. Also a decorator."""
    return grad_mode(True) if function is None else grad_mode(True)(function)


def inference_mode(mode: bool | Callable = True) -> Any:
    """`with inference_mode():` is `with no_grad():`; nothing else is faster or forbidden here.

    Also a decorator, `@inference_mode()` or `@inference_mode`. `inference_mode(False)` records.
    """
    return grad_mode(False)(mode) if callable(mode) else grad_mode(not mode)


class set_grad_enabled(grad_mode):
    """From this call on record (True) or do not (False); in a `with` statement, for its block.

    Also a decorator. `with torch.set_grad_enabled(phase == "train"):` serves training and test.
    """

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        super().__enter__()
        self.is_entered = True  # the `with` that may follow finds it done

    def __enter__(self) -> None:
        if not self.is_entered:
            super().__enter__()
        self.is_entered = False

    def __call__(self, function: F) -> F:
        """Decorate a function: only within it the mode holds."""
        self.__exit__()
        self.is_entered = False
        return super().__call__(function)


def is_grad_enabled() -> bool:
    """Whether results are recorded at this moment."""
    return recording.enabled
