"""A student's file, run in a process of its own: the grader calls its functions from outside."""

from __future__ import annotations

import difflib
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .worker.serve import LOST, MOST_PRINTED
from .worker.wire import Packed, Stream, pack

START = 60  # seconds that Python and NumPy may take to start
MOST_REMARKS = 50


@dataclass(frozen=True)
class Limits:
    """What a call may use: seconds, of the clock and of the processor, and megabytes of memory."""

    seconds: float = 10
    megabytes: int = 1024

    def __post_init__(self) -> None:
        for name in ("seconds", "megabytes"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise TypeError(f"Limits: {name} must be a number, got {type(value).__name__}")
            if not 0 < value < math.inf:
                raise ValueError(f"Limits: {name} must be above 0, got {value}")


class Died(RuntimeError):
    """The process of a student's file has ended, or was ended; the message says why."""


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

        with Remote("solution.py", limits=Limits(seconds=10, megabytes=1024)) as solution:
            y, backward = solution.call("relu", x)
            dx = backward(dy)

    `given`: Python files that the student may import. `allowed`: packages that the student may
    import beside Python's own. `threads`: of matrix products.

    `adapter`: a Python file of the grader's, whose functions come before the student's of the same
    name and are given the student's module first; its `prepare(**prepare)` is run before the
    student's file is.

    `names`: what the file defines. `printed`: what it printed, its beginning. `remarks`: what it
    tried that is forbidden or odd. `changed`: the arguments, positions and names, whose arrays the
    last call has written into; the arrays of the caller are never touched.

    `with` raises what the file raises as it is loaded, as Raised, and so do the calls; Died comes
    once the process is gone, and by every call from then on.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        *,
        limits: Limits | None = None,
        given: Sequence[str | os.PathLike] = (),
        allowed: Sequence[str] = ("numpy",),
        threads: int = 1,
        adapter: str | os.PathLike | None = None,
        prepare: dict[str, Any] | None = None,
    ) -> None:
        self.adapter, self.prepare = adapter, prepare or {}
        self.path, self.given = Path(path), [Path(file) for file in given]
        for file in [self.path, *self.given]:
            if not file.is_file():
                raise ValueError(f"Remote: there is no file {str(file)!r}")
        self.limits = limits or Limits()
        self.allowed, self.threads = tuple(allowed), threads
        self.names: list[str] = []
        self.remarks: list[str] = []
        self.changed: list[int | str] = []
        self._printed = ""
        self._end = "is not running; call it within `with Remote(...) as solution:`"
        self._free: list[int] = []

    @property
    def printed(self) -> str:
        """The beginning of what the file printed."""
        return self._printed

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
            self._start(Path(self._scratch.name))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._kill("has ended")
        self._scratch.cleanup()

    def _start(self, scratch: Path) -> None:
        """Start Python, and load the file."""
        (scratch / "given").mkdir()
        for file in self.given:
            shutil.copyfile(file, scratch / "given" / file.name)
        copy = scratch / self.path.name
        shutil.copyfile(self.path, copy)
        paths = [str(Path(__file__).parent), str(Path(np.__file__).parent.parent)]
        if self.adapter is not None:
            paths.append(str(Path(__file__).parents[2]))  # of minigrad
        code = "import sys; sys.path += sys.argv[1:]; from worker.serve import main; main()"
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-S", "-P", "-B", "-X", "utf8", "-c", code, *paths],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            bufsize=0, cwd=scratch, env=self._environment(scratch), start_new_session=True,
        )  # fmt: skip
        self._stream = Stream(
            self._process.stdout, self._process.stdin, int(self.limits.megabytes * 2**20),
            self._function,
        )  # fmt: skip
        self._end = ""
        load = {"path": str(copy), "given": str(scratch / "given"),
                "megabytes": math.ceil(self.limits.megabytes),
                "adapter": str(self.adapter or ""), "prepare": self.prepare}  # fmt: skip
        answer = self._ask({"load": load})
        self.names = [str(name) for name in answer["names"]]

    def _environment(self, scratch: Path) -> dict[str, str]:
        """Nothing of the grader's environment but what Python needs to be found and to start."""
        kept = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG"]
        threads = ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS",
                   "VECLIB_MAXIMUM_THREADS"]  # fmt: skip
        folders = ["HOME", "TMPDIR", "TEMP", "TMP", "USERPROFILE"]
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            **dict.fromkeys(threads, str(self.threads)),
            **dict.fromkeys(folders, str(scratch)),
            "PYTHONHASHSEED": "0",  # the same grade each time
            "MALLOC_ARENA_MAX": "2",  # or each thread takes 64 MB off the limit of memory
        }

    def _call(self, function: str | RemoteFunction, args: tuple, kwargs: dict) -> Any:
        self.changed = []
        answer = self._ask({"function": function, "args": args, "kwargs": kwargs})
        if "missing" in answer:
            raise self._missing(str(function))
        self.changed += [key for key in answer["changed"] if isinstance(key, (int, str))]
        return answer["value"]

    def _missing(self, name: str) -> Raised:
        close = difflib.get_close_matches(name, self.names, 1)
        defined = f"it defines {', '.join(self.names) or 'nothing'}"
        hint = f"did you mean {close[0]}? Rename it to {name}" if close else defined
        return Raised("NameError", f"{self.path.name} defines no {name}; {hint}", None, ())

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its answer as long as the limits allow."""
        if self._end:
            raise Died(self._end)
        free, self._free = self._free, []
        cpu = self.limits.seconds * self.threads
        message = pack({**request, "free": free, "cpu": cpu}, self._reference)
        answers: list[Any] = []
        talk = threading.Thread(target=self._talk, args=(message, answers), daemon=True)
        talk.start()
        talk.join(self.limits.seconds)
        if talk.is_alive():
            raise self._die(f"ran longer than {self.limits.seconds:g} s: an endless loop?")
        (answer,) = answers
        if isinstance(answer, (OSError, EOFError)):
            raise self._die(None)
        if isinstance(answer, ValueError):
            raise self._die(f"sent the grader something that is no answer: {answer}")
        if "memory" in answer:
            raise self._die(f"needed more than {self.limits.megabytes:g} MB")
        if "exit" in answer:
            raise self._die(f"called sys.exit({answer['exit']})")
        if "raised" in answer:
            raise Raised(**answer["raised"])
        return answer

    def _talk(self, message: Packed, answers: list[Any]) -> None:
        """Send a message; collect what is printed and remarked until the answer comes."""
        try:
            self._stream.send(message)
            while True:
                answer = self._stream.receive()
                if "printed" in answer:
                    self._printed = (self._printed + answer["printed"])[:MOST_PRINTED]
                elif "remark" in answer:
                    self.remarks = [*self.remarks, answer["remark"]][:MOST_REMARKS]
                else:
                    answers.append(answer)
                    return
        except (OSError, EOFError, ValueError) as error:
            answers.append(error)

    def _die(self, why: str | None) -> Died:
        """End the process; with no reason known, its exit code has one."""
        self._kill(why or "has ended")
        if why is None:
            self._end = ended(self._process.returncode, self.limits)
        return Died(self._end)

    def _kill(self, why: str) -> None:
        """End the process and all that it started, and say so from now on.

        One that is ending by itself keeps its exit code.
        """
        if self._end:
            return
        self._end = why
        if sys.platform == "win32":
            self._process.kill()
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _reference(self, function: Any) -> int:
        if isinstance(function, RemoteFunction) and function.remote is self:
            return function.number
        raise TypeError("a function; only those that this file returned can be given to it")

    def _function(self, known: Any) -> RemoteFunction:
        number, name = known
        return RemoteFunction(self, int(number), str(name))


def ended(code: int, limits: Limits) -> str:
    """Why a process has ended with this exit code, in words."""
    name = signal.Signals(-code).name if code < 0 else ""
    if code == LOST or name == "SIGKILL":  # the latter is ours
        return "closed its connection to the grader"
    if name:
        if name == "SIGXCPU":
            return f"computed for more than {limits.seconds:g} s: an endless loop?"
        return f"crashed ({name})"
    return f"ended its process (exit code {code}): os._exit?"
