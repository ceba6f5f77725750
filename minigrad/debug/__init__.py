"""Tools that show what backpropagation does, and say where it goes wrong."""

from .finite import NotFiniteError, detect_nan
from .stepping import Breakpoint, Received, Step, break_on, steps

__all__ = ["Breakpoint", "NotFiniteError", "Received", "Step", "break_on", "detect_nan", "steps"]
