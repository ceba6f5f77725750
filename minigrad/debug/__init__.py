"""Tools that show what backpropagation does, and say where it goes wrong."""

from .capture import Activation, capture
from .causes import Cause
from .checkup.doctor import doctor
from .checkup.report import Finding, Report
from .drawing import Drawing, graph
from .finite import NotFiniteError, detect_nan
from .gradcheck import GradientError, gradcheck
from .stepping import Breakpoint, Received, Step, break_on, steps

__all__ = [
    "Activation",
    "Breakpoint",
    "Cause",
    "Drawing",
    "Finding",
    "GradientError",
    "NotFiniteError",
    "Received",
    "Report",
    "Step",
    "break_on",
    "capture",
    "detect_nan",
    "doctor",
    "gradcheck",
    "graph",
    "steps",
]
