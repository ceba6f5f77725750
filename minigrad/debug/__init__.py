"""Tools that show what backpropagation does, and say where it goes wrong."""

from .causes import Cause
from .finite import NotFiniteError, detect_nan
from .gradcheck import GradientError, gradcheck
from .stepping import Breakpoint, Received, Step, break_on, steps

__all__ = [
    "Breakpoint",
    "Cause",
    "GradientError",
    "NotFiniteError",
    "Received",
    "Step",
    "break_on",
    "detect_nan",
    "gradcheck",
    "steps",
]
