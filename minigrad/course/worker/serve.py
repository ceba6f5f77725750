"""The loop of the student's process: load the file, then answer one call after the other."""

from __future__ import annotations

import importlib
import io
import itertools
import linecache
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from . import kernel
from .gate import SOLUTION, Files, Gate, files_of_python
from .limits import limit_cpu, limit_memory, limit_processes
from .packages import Watch, import_all
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
        self.printed = Printed(self)
        self.output = sys.stdout = sys.stderr = self.printed.text

    def answer(self) -> None:
        """Receive a request and send the answer."""
        request = self.stream.receive()
        if "confine" in request:
            try:
                self.send(protection=self.confine(**request["confine"]))
            except Exception as error:
                self.send(raised=described(error, ""))
            return
        for number in request["free"]:
            self.functions.pop(number, None)
        self.printed.left = MOST_PRINTED
        limit_cpu(request["cpu"])
        try:
            if "load" in request:
                answer = self.load(request["load"])
            else:
                answer = self.call(**request["call"])
        except MemoryError:
            answer = self._packed(memory=True)
        except SystemExit as stop:
            answer = self._packed(exit=repr(stop.code)[:100])
        except BaseException as error:
            answer = self._packed(raised=described(error, self.path))
        self.output.flush()
        self.stream.send(answer)

    def load(self, path: str) -> Packed:
        """The answer that names what the file defines, once it has run."""
        with open(path, "rb") as file:
            source = file.read()
        code = compile(source, path, "exec", dont_inherit=True)
        self._run(exec, code, vars(self.module))
        return self._packed(names=bound_names(source, self.module))

    def call(self, function: Any, args: tuple, kwargs: dict) -> Packed:
        """The answer of a function of the file, or of one that was returned before."""
        name = function if isinstance(function, str) else name_of(function)
        if isinstance(function, str) and function in self.adapter:
            function = partial(self.adapter[function], self.module)
        elif isinstance(function, str):
            if not hasattr(self.module, function):
                return self._packed(missing=function)
            function = getattr(self.module, function)
        if not callable(function):
            raise TypeError(f"{name} is a {type(function).__name__}, not a function")
        given = {**dict(enumerate(args)), **kwargs}
        before = [(key, a, a.tobytes()) for key, v in given.items() for a in arrays_in(v)]
        value = self._run(function, *args, **kwargs)
        changed = list(dict.fromkeys(key for key, a, old in before if a.tobytes() != old))
        try:
            return self._packed(value=value, changed=changed)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name} returned {error}") from None

    def _run(self, function: Callable, *args: Any, **kwargs: Any) -> Any:
        """Run the student's code, and mend what it breaks of Python."""
        try:
            return function(*args, **kwargs)
        finally:
            for name in self.watch.put_back():
                self.send(remark=f"replaces {name}: the grader does not compare in your process")

    def send(self, **message: Any) -> None:
        """Send a message."""
        self.stream.send(self._packed(**message))

    def _packed(self, **message: Any) -> Packed:
        return pack(message, self._number)

    def _number(self, function: Callable) -> list:
        number = next(self.numbers)
        self.functions[number] = function
        return [number, name_of(function)]

    def confine(
        self, path: str, scratch: str, packages: dict[str, str], hollow: list[str],
        megabytes: float, layers: list[str], parent: int, adapter: str,
        prepare: dict[str, Any],
    ) -> list[str]:  # fmt: skip
        """Import what the file may use, and close the doors; returns what protects."""
        files = files_of_python(f for name, f in packages.items() if name != SOLUTION)
        sys.path += [os.path.dirname(folder) for folder in packages.values()]
        import_all(packages)
        self.adapter = adapted(adapter, prepare, packages) if adapter else {}
        for part in hollow:
            importlib.import_module(f"{SOLUTION}.course.inside").hollow(part)
        linecache.clearcache()  # of the source that was looked at, which is the solution
        self.watch = Watch()
        gate = Gate(path, scratch, files, list(packages), self.send)
        sys.path[:] = list(files.listable)
        sys.argv, self.path = [path], path
        self.module = sys.modules["submission"] = type(sys)("submission")
        self.module.__file__ = path

        active = limit_memory(megabytes) if "limits" in layers else []
        if sys.platform == "linux":
            active += self.confine_by_kernel(scratch, files, layers, parent)
        if "limits" in layers and "seccomp" not in active:
            limit_processes()
        if "gate" in layers:
            gate.close()
            active.append("audited imports and files")
        return active

    def confine_by_kernel(
        self, scratch: str, files: Files, layers: list[str], parent: int
    ) -> list[str]:
        """What only Linux has, and of that what this kernel has."""
        active = []
        if os.getuid() == 0 and "user" in layers:
            active.append(kernel.drop_privileges(scratch, files.needed))
        kernel.tie_to_parent(parent)
        if "landlock" in layers:
            with suppress(OSError):
                active.append(kernel.landlock(scratch, files.readable, files.listable))
        if "seccomp" in layers:
            with suppress(OSError, KeyError):
                active.append(kernel.seccomp())
        kernel.hide_memory()
        return active


def adapted(path: str, prepare: dict[str, Any], packages: Iterable[str]) -> dict[str, Any]:
    """What the grader's file defines; it may use minigrad, even where the student may not."""
    import_all([SOLUTION])
    names: dict[str, Any] = {"__name__": "adapter", "__file__": path}
    with open(path, "rb") as file:
        exec(compile(file.read(), path, "exec", dont_inherit=True), names)
    if prepare:
        names["prepare"](**prepare)
    if SOLUTION not in packages:
        for name in [name for name in sys.modules if name.split(".")[0] == SOLUTION]:
            del sys.modules[name]
    return names


def name_of(function: Any) -> str:
    """What a function is called, or else what it is."""
    return str(getattr(function, "__name__", type(function).__name__))


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
        if self.left > 0:
            text = bytes(content).decode(errors="replace")
            self.worker.send(printed=text[: self.left])
            self.left -= len(text)
        return len(content)
