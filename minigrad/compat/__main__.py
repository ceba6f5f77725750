"""python -m minigrad.compat script.py: run a PyTorch script, untouched, on minigrad."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import ModuleType

from ..nn.errors import array_method
from . import install


def main() -> None:
    """Run the script as `python script.py` would, with its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m minigrad.compat",
        description="Run a script that imports torch and torchvision; minigrad stands for both.",
        epilog="example: python -m minigrad.compat mnist.py --epochs 1 --dry-run",
    )
    parser.add_argument("script", help="the script, as it is")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="its own arguments")
    given = parser.parse_args()
    path = Path(given.script).absolute()
    if not path.is_file():
        parser.error(f"there is no file {given.script}; give the path of a Python script")
    install()
    sys.argv = [given.script, *given.args]
    sys.path[0] = str(path.parent)
    try:
        _run(path)
    except (Exception, KeyboardInterrupt) as error:
        trace = error.__traceback__
        hint = array_method(error) if isinstance(error, AttributeError) else ""
        if hint:
            error.add_note(hint)
        for _ in (main, _run):  # their frames are no news to the user
            trace = trace and trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)


def _run(path: Path) -> None:
    module = ModuleType("__main__")
    module.__file__ = str(path)
    sys.modules["__main__"] = module
    exec(compile(path.read_bytes(), path, "exec"), vars(module))


if __name__ == "__main__":
    main()
