"""torch.accelerator: there is none."""

from .names import tell_missing as _tell_missing


def is_available() -> bool:
    """False: minigrad computes on the CPU."""
    return False


def current_accelerator(check_available: bool = False) -> None:
    """None: `device = current_accelerator() if is_available() else "cpu"` gives "cpu"."""


def device_count() -> int:
    """Always 0."""
    return 0


_tell_missing(__name__)
