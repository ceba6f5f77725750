"""torch.cuda: there is no such device, and what only prepares one does nothing."""

from ..names import tell_missing as _tell_missing
from . import amp as amp


def is_available() -> bool:
    """False: minigrad computes on the CPU."""
    return False


def device_count() -> int:
    """Always 0."""
    return 0


def is_bf16_supported() -> bool:
    """Always False."""
    return False


def manual_seed(seed: int) -> None:
    """Nothing, as in PyTorch without a GPU: `minigrad.manual_seed` seeds what there is."""


def manual_seed_all(seed: int) -> None:
    """Nothing, as in PyTorch without a GPU."""


def empty_cache() -> None:
    """Nothing: there is no GPU memory."""


_tell_missing(__name__)
