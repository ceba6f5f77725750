"""Tools that show what backpropagation does, and say where it goes wrong."""

from .animation import animate
from .capture import Activation, capture
from .causes import Cause
from .checkup.doctor import doctor
from .checkup.report import Finding, Report
from .drawing import Drawing, graph
from .finite import NotFiniteError, detect_nan
from .gradcheck import GradientError, gradcheck
from .microscope import microscope
from .page import Page
from .stepping import Breakpoint, Received, Step, break_on, steps
from .tape import Tape, record
from .taps import Taps, taps

__all__ = [
    "Activation",
    "Breakpoint",
    "Cause",
    "Drawing",
    "Finding",
    "GradientError",
    "NotFiniteError",
    "Page",
    "Received",
    "Report",
    "Step",
    "Tape",
    "Taps",
    "animate",
    "break_on",
    "capture",
    "detect_nan",
    "doctor",
    "gradcheck",
    "graph",
    "microscope",
    "record",
    "steps",
    "taps",
]
