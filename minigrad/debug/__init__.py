"""Tools that show what backpropagation does, and say where it goes wrong."""

from .capture import Activation, capture
from .causes import Cause
from .drawing import Drawing, graph
from .finite import NotFiniteError, detect_nan
from .gradcheck import GradientError, gradcheck
from .stepping import Breakpoint, Received, Step, break_on, steps

__all__ = [
    "Activation",
    "Breakpoint",
    "Cause",
    "Drawing",
    "GradientError",
    "NotFiniteError",
    "Received",
    "Step",
    "break_on",
    "capture",
    "detect_nan",
    "gradcheck",
    "graph",
    "steps",
]
