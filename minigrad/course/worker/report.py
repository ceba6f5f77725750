"""What the grader is told about the student's file: its names, and where an error comes from."""

from __future__ import annotations

import symtable
import traceback
from types import ModuleType
from typing import Any

MOST_LINES = 8  # of a traceback
MOST_TEXT = 2000  # characters of a message


def described(error: BaseException, path: str) -> dict[str, Any]:
    """An error as {type, message, line, trace}: the lines are those of the student's file."""
    kind = type(error).__name__
    if isinstance(error, SyntaxError) and error.filename == path:
        shown = (error.text or "").rstrip("\n")
        caret = " " * max((error.offset or 1) - 1, 0) + "^"
        trace = [shown, caret] if shown else []
        return {"type": kind, "message": str(error.msg), "line": error.lineno, "trace": trace}
    own = [at for at in traceback.walk_tb(error.__traceback__) if at[0].f_code.co_filename == path]
    frames = traceback.StackSummary.extract(iter(own[-MOST_LINES:]))
    trace = [f"line {f.lineno}, in {f.name}: {f.line}" for f in frames]
    try:
        message = str(error)[:MOST_TEXT]
    except Exception:
        message = "(its text cannot be printed)"
    line = frames[-1].lineno if frames else None
    return {"type": kind, "message": message, "line": line, "trace": trace}


def bound_names(source: Any, module: ModuleType) -> list[str]:
    """The public names that the file defines itself, rather than import them."""
    symbols = symtable.symtable(source, str(module.__file__), "exec").get_symbols()
    bound = {symbol.get_name() for symbol in symbols if symbol.is_assigned()}
    return [name for name in vars(module) if name in bound and not name.startswith("_")]
