"""A student's file, run in a process of its own: the grader calls its functions from outside.

All checking is done in the grader's process, on values that came back; a file that forges answers
has to know them. What it cannot do, by layers, each of them a part of `Remote.protection` if this
machine has it:

- Limits of memory (Linux only), processor time and sizes of files, and the clock, by which the
  whole group of processes is killed. Many small files in its scratch folder are not counted.
- A user of its own, where the grader is root and Python is open to other users; else root's powers
  are dropped. Not on a grader who is no root: what follows has to do without.
- Landlock (Linux 5.13, for the network 6.7, for signals 6.12): the kernel opens no file outside of
  the scratch folder, Python and NumPy, and lets it look into no process outside. What a file's name
  is worth, stat, is not covered: a file can learn that another exists.
- seccomp (Linux on x86_64 and aarch64): the kernel starts no process, sends no signal, opens no
  socket, and changes no owners, modes or times of files.
- Audited imports and files, everywhere: what is forbidden raises, with a remark that names the
  student's line. This alone, on macOS and Windows, stops mistakes and simple tricks, not somebody
  who knows how Python works inside; there also memory is not limited, and a process that got out
  may outlive the call.

Where Landlock is missing, on Linux the grader's memory is closed to processes without powers.
"""

from __future__ import annotations

import difflib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .mutants import original
from .process import START, Died, Limits, Process
from .worker import kernel
from .worker.serve import MOST_PRINTED
from .worker.wire import pack

__all__ = ["Died", "Limits", "Raised", "Remote", "RemoteFunction"]

MOST_REMARKS = 50
LAYERS = ["limits", "user", "landlock", "seccomp", "gate"]


class Raised(RuntimeError):
    """An exception in a student's file: its `type`, `message`, `line` of the file, and `trace`.

    `line` is None where no line of the file is to blame. `trace` has the file's own lines, the
    innermost last; of a SyntaxError the line and a caret below it.
    """

    def __init__(self, type: str, message: str, line: int | None, trace: Sequence[str]) -> None:
        where = "" if line is None else f" (line {line})"
        super().__init__("\n".join([f"{type}: {message}{where}", *trace]))
        self.type, self.message, self.line, self.trace = type, message, line, tuple(trace)


class RemoteFunction:
    """A function in the student's process that its file returned."""

    def __init__(self, remote: Remote, number: int, name: str) -> None:
        self.remote, self.number, self.__name__ = remote, number, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it, as `Remote.call` does."""
        return self.remote._call(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<function {self.__name__} of {self.remote.path.name}>"

    def __del__(self) -> None:
        self.remote._free.append(self.number)


class Remote:
    """A student's file in a process of its own, within a `with` block.

    Within `with Remote("solution.py") as solution:` one writes
    `y, backward = solution.call("relu", x)` and `dx = backward(dy)`.

    `allowed`: packages that the student may import beside Python's own. `hollow`: where "minigrad"
    is allowed, what of it is the solution, such as "ops.conv.conv": it raises instead. `threads`:
    of matrix products.

    `adapter`: a Python file of the grader's, whose functions come before the student's of the same
    name and are given the student's module first; its `prepare(**prepare)` is run before the
    student's file is.

    `names`: what the file defines. `printed`: what it printed, the beginning. `remarks`: what it
    tried that is forbidden or odd. `changed`: the arguments, positions and names, whose arrays the
    last call has written into; the caller's own arrays stay as they are. `protection`: what is
    active of the layers above.

    `with` raises what the file raises as it is loaded, as Raised, and so do the calls; Died comes
    once the process is gone, and by every call from then on.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        *,
        limits: Limits | None = None,
        allowed: Sequence[str] = ("numpy",),
        hollow: Sequence[str] = (),
        threads: int = 1,
        adapter: str | os.PathLike | None = None,
        prepare: dict[str, Any] | None = None,
    ) -> None:
        self.adapter, self.prepare = adapter, prepare or {}
        self.path = Path(path)
        if not self.path.is_file():
            raise ValueError(f"Remote: there is no file {str(path)!r}")
        if threads < 1:
            raise ValueError(f"Remote: threads must be 1 or more, got {threads}")
        self.limits, self.threads = limits or Limits(), threads
        self.packages = {name: folder_of(name) for name in allowed}
        self.hollow = [path for path in hollow if original(path)]
        self.protection: list[str] = []
        self.names: list[str] = []
        self.printed = ""
        self.remarks: list[str] = []
        self.changed: list[int | str] = []
        self._process: Process | None = None
        self._free: list[int] = []

    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """The result of the function `name` of the student's file.

        TypeError for an argument that cannot be sent, Raised and Died as the class says.
        """
        return self._call(name, args, kwargs)

    def __enter__(self) -> Remote:
        self._scratch = tempfile.TemporaryDirectory(
            prefix="minigrad-course-", ignore_cleanup_errors=True
        )
        try:
            self._start(Path(self._scratch.name).resolve())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.kill("has ended; call it within the `with` block")
        self._scratch.cleanup()

    def _start(self, scratch: Path) -> None:
        """Start the process, close its doors, and load the file."""
        copy = scratch / self.path.name
        shutil.copyfile(self.path, copy)
        self._process = Process(scratch, self.limits, self.threads, self._function)
        walls = {
            "path": str(copy), "scratch": str(scratch), "packages": self.packages,
            "hollow": self.hollow, "layers": LAYERS,
            "megabytes": self.limits.megabytes, "parent": os.getpid(),
            "adapter": str(self.adapter or ""), "prepare": self.prepare,
        }  # fmt: skip
        try:
            answer = self._ask("protection", confine=walls)
        except Raised as error:
            raise RuntimeError(f"Remote: a student's process cannot start here: {error}") from None
        self.protection = [clean(layer) for layer in answer["protection"]]
        if sys.platform == "linux" and not any("Landlock" in layer for layer in self.protection):
            kernel.hide_memory()
        self.names = [clean(name) for name in self._ask("names", load=str(copy))["names"]]

    def _call(self, function: str | RemoteFunction, args: tuple, kwargs: dict) -> Any:
        self.changed = []
        call = {"function": function, "args": args, "kwargs": kwargs}
        answer = self._ask("changed", call=call)
        self.changed += [key for key in answer["changed"] if isinstance(key, (int, str))]
        return answer.get("value")

    def _ask(self, expected: str, **request: Any) -> dict[str, Any]:
        """Send a request; the answer that has a list of what is expected, or the error it tells."""
        if self._process is None:
            raise RuntimeError(f"Remote: write `with Remote({self.path.name!r}) as solution:`")
        if self._process.end:
            raise Died(self._process.end)
        free, self._free = self._free, []
        seconds = START if "confine" in request else self.limits.seconds
        request |= {"free": free, "cpu": seconds * self.threads}
        try:
            message = pack(request, self._number)
        except (TypeError, ValueError) as error:
            raise TypeError(f"Remote: an argument is, or has in it, {error}") from None
        answer = self._process.ask(message, seconds, self._hear)
        if "memory" in answer:
            raise self._process.die(f"needed more than {self.limits.megabytes:g} MB")
        if "exit" in answer:
            raise self._process.die(f"called sys.exit({clean(answer['exit'])})")
        match answer.get("raised"):
            case {"type": kind, "message": message, "line": line, "trace": [*trace]}:
                line = line if isinstance(line, int) else None
                raise Raised(clean(kind), clean(message), line, [*map(clean, trace)])
        if "missing" in answer and "call" in request:
            raise self._missing(str(request["call"]["function"]))
        if not isinstance(answer.get(expected), list):
            raise self._process.die("sent the grader something that is no answer")
        return answer

    def _hear(self, message: dict[str, Any]) -> bool:
        """Take down what is printed and remarked; False for an answer."""
        if "printed" in message:
            self.printed = (self.printed + clean(message["printed"]))[:MOST_PRINTED]
        elif "remark" in message:
            remark = clean(message["remark"])
            if remark not in self.remarks and len(self.remarks) < MOST_REMARKS:
                self.remarks.append(remark)
        else:
            return False
        return True

    def _missing(self, name: str) -> Raised:
        close = difflib.get_close_matches(name, self.names, 1)
        defined = f"it defines {', '.join(self.names) or 'nothing'}"
        hint = f"did you mean {close[0]}? Rename it to {name}" if close else defined
        return Raised("NameError", f"{self.path.name} defines no {name}; {hint}", None, ())

    def _number(self, function: Any) -> int:
        if isinstance(function, RemoteFunction) and function.remote is self:
            return function.number
        raise TypeError("a function; only those that the student's file returned can be sent")

    def _function(self, known: Any) -> RemoteFunction:
        number, name = known
        return RemoteFunction(self, int(number), clean(name))


def clean(text: Any) -> str:
    """A text of the student's process, without what could steer a terminal."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in str(text)
    )


def folder_of(package: str) -> str:
    """The folder of an installed package; ValueError where there is none."""
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"Remote: allowed: there is no package {package!r}; install it")
    return spec.submodule_search_locations[0]
