"""torch.backends.mps: Apple's GPUs are not used."""


def is_available() -> bool:
    """Always False."""
    return False


def is_built() -> bool:
    """Always False."""
    return False
