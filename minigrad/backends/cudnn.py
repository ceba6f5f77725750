"""torch.backends.cudnn: its switches can be set and do nothing."""

enabled = False
benchmark = False
deterministic = False


def is_available() -> bool:
    """Always False."""
    return False


def version() -> None:
    """None: there is no cuDNN."""
