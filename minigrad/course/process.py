"""The process that a student's file runs in, seen from the grader: start, ask, end."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .worker.serve import LOST
from .worker.wire import Packed, Stream

START = 60  # seconds that Python and NumPy may take to start
KEPT = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT"]  # of the environment
FOLDERS = ["HOME", "TMPDIR", "TEMP", "TMP", "USERPROFILE"]
THREADS = ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"]


@dataclass(frozen=True)
class Limits:
    """What a call may use: seconds, of the clock and of the processor, and megabytes of memory."""

    seconds: float = 10
    megabytes: float = 1024

    def __post_init__(self) -> None:
        for name in ("seconds", "megabytes"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                kind = type(value).__name__
                raise TypeError(f"Limits: {name} must be a number, such as 10, got {kind}")
            if not 0 < value < math.inf:
                raise ValueError(f"Limits: {name} must be above 0 and finite, got {value}")


class Died(RuntimeError):
    """The process of a student's file has ended, or was ended; the message says why."""


class Process:
    """Python and NumPy in a process and a group of its own, with `scratch` as its only folder."""

    def __init__(
        self, scratch: Path, limits: Limits, threads: int, resolve: Callable[[Any], Any]
    ) -> None:
        self.limits, self.end = limits, ""
        paths = [
            str(Path(__file__).parent),
            str(Path(np.__file__).parent.parent),
            str(Path(__file__).parents[2]),  # of minigrad, for what the grader does there
        ]
        code = "import sys; sys.path += sys.argv[1:]; from worker.serve import main; main()"
        self.popen = subprocess.Popen(
            [sys.executable, "-s", "-S", "-P", "-B", "-X", "utf8", "-c", code, *paths],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
            cwd=scratch, env=environment(scratch, threads), start_new_session=True,
        )  # fmt: skip
        most = int(limits.megabytes * 2**20)
        self.stream = Stream(self.popen.stdout, self.popen.stdin, most, resolve)

    def ask(self, message: Packed, seconds: float, hear: Callable[[dict], bool]) -> dict[str, Any]:
        """Send a message, and return the first of the dicts that come back that `hear` leaves.

        Died if none comes within so many seconds, or something else.
        """
        answers: list[Any] = []
        talk = threading.Thread(target=self._talk, args=(message, hear, answers), daemon=True)
        talk.start()
        talk.join(seconds)
        if talk.is_alive():
            raise self.die(f"ran longer than {seconds:g} s: an endless loop?")
        (answer,) = answers
        if isinstance(answer, (OSError, EOFError)):
            raise self.die(None)
        if isinstance(answer, ValueError):
            raise self.die(f"sent the grader something that is no answer: {answer}")
        return answer

    def _talk(self, message: Packed, hear: Callable[[dict], bool], answers: list[Any]) -> None:
        try:
            self.stream.send(message)
            while True:
                answer = self.stream.receive()
                if not isinstance(answer, dict):
                    raise ValueError(f"a {type(answer).__name__}")
                if not hear(answer):
                    answers.append(answer)
                    return
        except (OSError, EOFError, ValueError) as error:
            answers.append(error)

    def die(self, why: str | None) -> Died:
        """End the process; with no reason known, its exit code has one."""
        self.kill(why or "")
        self.end = self.end or ended(self.popen.returncode, self.limits)
        return Died(self.end)

    def kill(self, why: str) -> None:
        """End the process and all that it started; one that is ending keeps its exit code."""
        if self.popen.returncode is not None:
            return
        self.end = why
        if sys.platform == "win32":
            self.popen.kill()
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None:
                pipe.close()


def environment(scratch: Path, threads: int) -> dict[str, str]:
    """Nothing of the grader's environment but what Python needs to start."""
    return {
        **{name: os.environ[name] for name in KEPT if name in os.environ},
        **dict.fromkeys(THREADS, str(threads)),
        **dict.fromkeys(FOLDERS, str(scratch)),
        "PYTHONHASHSEED": "0",  # the same grade each time
        "PYTHONBREAKPOINT": "0",  # a breakpoint() that was left in the file does nothing
        "MALLOC_ARENA_MAX": "2",  # or each thread takes 64 MB off the limit of memory
    }


def ended(code: int, limits: Limits) -> str:
    """Why a process has ended with this exit code, in words."""
    name = signal.Signals(-code).name if code < 0 else ""
    if code == LOST or name == "SIGKILL":  # the latter is ours
        return "closed its connection to the grader"
    if name == "SIGXCPU":
        return f"computed for more than {limits.seconds:g} s: an endless loop?"
    if name:
        return f"crashed ({name})"
    return f"ended its process with exit code {code}: os._exit?"
