"""torch.accelerator: there is none."""


def is_available() -> bool:
    """False: minigrad computes on the CPU."""
    return False


def current_accelerator(check_available: bool = False) -> None:
    """None: `device = current_accelerator() if is_available() else "cpu"` gives "cpu"."""


def device_count() -> int:
    """Always 0."""
    return 0
