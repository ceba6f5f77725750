"""Tools that show what backpropagation does, and say where it goes wrong."""

from .animation import animate
from .capture import Activation, capture
from .causes import Cause
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
    "GradientError",
    "NotFiniteError",
    "Page",
    "Received",
    "Step",
    "Tape",
    "Taps",
    "animate",
    "break_on",
    "capture",
    "detect_nan",
    "gradcheck",
    "graph",
    "microscope",
    "record",
    "steps",
    "taps",
]
