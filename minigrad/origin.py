"""The user's line: which line of the program, outside of minigrad, is running."""

from __future__ import annotations

import os
import sys
from types import CodeType, FrameType

HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
MODELS = HERE + "models.py"  # the ready-made nets count as the user's code

Line = tuple[CodeType | None, int]


def user_frame() -> FrameType | None:
    """The innermost frame that is not minigrad's own."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        if not path.startswith(HERE) or path == MODELS:
            return frame
        frame = frame.f_back
    return None


def user_line() -> Line:
    """The line that this frame is at: its code object and number."""
    frame = user_frame()
    return (None, 0) if frame is None else (frame.f_code, frame.f_lineno)


def line_text(line: Line) -> str:
    """Such as "lesson.py:12"."""
    code, number = line
    return f"{os.path.basename(code.co_filename)}:{number}" if code else "(unknown line)"


def called_by_user() -> bool:
    """Whether the function that asks was called by a frame outside of minigrad."""
    return not sys._getframe(2).f_code.co_filename.startswith(HERE)
