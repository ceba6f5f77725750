"""The loop of the student's process: load the file, then answer one call after the other."""

from __future__ import annotations

import io
import itertools
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from .limits import limit_cpu, limit_memory
from .report import bound_names, described
from .wire import Packed, Stream, arrays_in, pack

MOST_PRINTED = 1 << 16  # characters that are sent on
LOST = 81  # exit code of a process that cannot reach the grader any more


def main() -> None:
    """Serve the grader at the other end of the standard input and output."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    for descriptor in range(3):
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    worker = Worker(incoming, outgoing)
    try:
        while True:
            worker.answer()
    except (OSError, EOFError, ValueError):
        os._exit(LOST)


class Worker:
    """The student's module, and the functions of it that the grader has a handle of."""

    def __init__(self, incoming: Any, outgoing: Any) -> None:
        self.functions: dict[int, Callable] = {}
        self.numbers = itertools.count()
        self.stream = Stream(incoming, outgoing, sys.maxsize, self.functions.get, layouts=True)
        sys.stdout = sys.stderr = Printed(self).text

    def answer(self) -> None:
        """Receive a request and send the answer."""
        request = self.stream.receive()
        for number in request.pop("free", ()):
            self.functions.pop(number, None)
        limit_cpu(request["cpu"])
        try:
            value = self.load(**request["load"]) if "load" in request else self.call(**request)
            answer = pack(value, self._number)
        except MemoryError:
            answer = self._plain(memory=True)
        except SystemExit as stop:
            answer = self._plain(exit=repr(stop.code)[:100])
        except BaseException as error:
            answer = self._plain(raised=described(error, self.path))
        sys.stdout.flush()
        self.stream.send(answer)

    def load(
        self, path: str, given: str, megabytes: int, adapter: str, prepare: dict[str, Any]
    ) -> dict[str, Any]:
        """Run the adapter, which may prepare what the file finds, and the file."""
        sys.path.insert(0, given)
        self.adapter = run_path(adapter) if adapter else {}
        if prepare:
            self.adapter["prepare"](**prepare)
        sys.dont_write_bytecode = True
        limit_memory(megabytes)
        self.path = path
        self.module = type(sys)("submission")
        self.module.__file__ = path
        sys.modules["submission"] = self.module
        with open(path, "rb") as file:
            source = file.read()
        code = compile(source, path, "exec", dont_inherit=True)
        exec(code, vars(self.module))
        return {"names": bound_names(source, self.module)}

    def call(self, function: Any, args: tuple, kwargs: dict, **_: Any) -> dict[str, Any]:
        """Call a function of the file, or one that was returned before."""
        if function in self.adapter:
            function = partial(self.adapter[function], self.module)
        elif isinstance(function, str):
            if not hasattr(self.module, function):
                return {"missing": function}
            function = getattr(self.module, function)
        given = {**dict(enumerate(args)), **kwargs}
        before = [(key, a, a.tobytes()) for key, v in given.items() for a in arrays_in(v)]
        value = function(*args, **kwargs)
        changed = list(dict.fromkeys(key for key, a, old in before if a.tobytes() != old))
        return {"value": value, "changed": changed}

    def tell(self, **message: str) -> None:
        """Send something that is no answer."""
        self.stream.send(self._plain(**message))

    def _plain(self, **message: Any) -> Packed:
        return pack(message, self._number)

    def _number(self, function: Callable) -> list:
        number = next(self.numbers)
        self.functions[number] = function
        return [number, str(getattr(function, "__name__", type(function).__name__))]


def run_path(path: str) -> dict[str, Any]:
    """What a file defines, that the grader wrote."""
    names: dict[str, Any] = {"__name__": "adapter", "__file__": path}
    with open(path, "rb") as file:
        exec(compile(file.read(), path, "exec", dont_inherit=True), names)
    return names


class Printed(io.RawIOBase):
    """What the student prints, sent on as far as anyone wants to read it."""

    def __init__(self, worker: Worker) -> None:
        self.worker, self.left = worker, MOST_PRINTED
        self.text = io.TextIOWrapper(
            io.BufferedWriter(self), "utf-8", errors="backslashreplace", line_buffering=True
        )

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, content: Any) -> int:
        """Send some bytes of text."""
        text = bytes(content).decode(errors="replace")
        if self.left > 0:
            self.worker.tell(printed=text[: self.left])
        elif self.left == 0:
            self.worker.tell(printed="")
        self.left -= len(text)
        return len(content)
