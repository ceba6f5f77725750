"""Learning-rate schedules. Call `scheduler.step()` after `optimizer.step()`."""

from ...names import tell_missing as _tell_missing
from .cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from .multiplicative import ConstantLR, ExponentialLR, LambdaLR, LinearLR, MultiStepLR, StepLR
from .one_cycle import OneCycleLR
from .plateau import ReduceLROnPlateau
from .scheduler import LRScheduler
from .sequential import SequentialLR

_LRScheduler = LRScheduler  # the old name, which schedulers of one's own still inherit from

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]

_tell_missing(__name__)
