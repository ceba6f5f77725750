"""What Python itself refuses the student's file, and reports with the line: imports and files.

Code that knows the interpreter well gets around this; the kernel's part, in kernel.py, is the wall.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

SOLUTION = "minigrad"
RISKY = {
    "asyncio", "ctypes", "ftplib", "http", "multiprocessing", "pty", "resource", "smtplib",
    "socket", "socketserver", "ssl", "subprocess", "webbrowser", "xmlrpc",
}  # fmt: skip
RISKY |= {f"_{name}" for name in RISKY} | {"_posixsubprocess"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
DEVICES = [os.devnull, "/dev/urandom"]
LIBRARY = re.compile(r"-linux-|\.so")
LIBRARIES = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"]
PROCESSES = [
    "os.exec", "os.fork", "os.forkpty", "os.kill", "os.killpg", "os.posix_spawn", "os.spawn",
    "os.startfile", "os.system", "pty.spawn", "subprocess.Popen",
]  # fmt: skip
# Events, and how many of their arguments are paths: of what is changed, after all links, and of
# entries in folders.
CHANGES = {
    "os.chmod": 1, "os.chown": 1, "os.link": 2, "os.removexattr": 1, "os.setxattr": 1,
    "os.truncate": 1, "os.utime": 1,
}  # fmt: skip
ENTRIES = {"os.mkdir": 1, "os.remove": 1, "os.rename": 2, "os.rmdir": 1}


class Files(NamedTuple):
    """What may be read, files and whole folders, and folders of which the names may be read.

    `needed`: those without which Python and the packages do not run.
    """

    readable: set[str]
    listable: set[str]
    needed: list[str]


def files_of_python(packages: Iterable[str]) -> Files:
    """The standard library and the shared libraries, and of what is installed these folders only.

    A folder such as site-packages also holds what is not for the student.
    """
    own = [path for path in sys.path if os.path.isdir(path) and path not in sys.argv]
    listable = {os.path.realpath(path) for path in own}
    base = [os.path.join(sys.base_prefix, name) for name in ("lib", "lib64")]
    libraries = {os.path.realpath(path) for path in [*LIBRARIES, *base]}
    readable = {path for folder in listable for path in _entries(folder)}
    for folder in libraries:  # which also hold other things: /usr/lib/x86_64-linux-gnu, libz.so.1
        kept = [path for path in _entries(folder) if LIBRARY.search(os.path.basename(path))]
        readable.update(kept)
    packages = [os.path.realpath(package) for package in packages]
    for package in packages:
        readable |= {package, f"{package}.libs"}  # the latter is where wheels keep C libraries
    return Files(readable, listable, [*listable, *packages])


def _entries(folder: str) -> list[str]:
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return [os.path.join(folder, n) for n in names if n not in ("site-packages", "dist-packages")]


class Gate:
    """Judges every import and what Python's audit events tell, and sends remarks on."""

    def __init__(
        self, path: str, scratch: str, files: Files, importable: Sequence[str],
        tell: Callable[..., None],
    ) -> None:  # fmt: skip
        self.path, self.scratch, self.files = path, os.path.realpath(scratch), files
        self.importable, self.tell = importable, tell
        self.readable = {self.scratch, *files.readable, *DEVICES}
        self.checks: dict[str, Callable] = {
            "import": lambda name, *_: self.find_spec(name),
            "open": self._open,
            "os.listdir": self._list,
            "os.scandir": self._list,
            "os.symlink": lambda target, path, *_: self._enter(path),
        }
        for event in PROCESSES:
            self.checks[event] = self._refuser("to start a process or to stop one")
        for event, paths in CHANGES.items():
            self.checks[event] = lambda *args, paths=paths: self._write(*args[:paths])
        for event, paths in ENTRIES.items():
            self.checks[event] = lambda *args, paths=paths: self._enter(*args[:paths])
        self.families = {
            "socket": self._refuser("to reach the network"),
            "ctypes": self._refuser("to call C functions"),
        }

    def close(self) -> None:
        """Begin to refuse: from here on the code is the student's."""
        for name in [name for name in sys.modules if name.split(".")[0] in {*RISKY, "worker"}]:
            del sys.modules[name]
        sys.meta_path.insert(0, self)
        sys.addaudithook(self.hear)

    def hear(self, event: str, args: tuple) -> None:
        """An audit event; an exception refuses what it is about."""
        check = self.checks.get(event) or self.families.get(event.partition(".")[0])
        if check:
            check(*args)

    def find_spec(self, name: str, *_: Any) -> None:
        """ImportError for what must not be imported; None, for Python to look for it, otherwise."""
        top = name.partition(".")[0]
        if top in self.importable or (top in sys.stdlib_module_names and top not in RISKY):
            return
        if top == SOLUTION:
            why = f"imports {name}, which is the solution itself"
        elif self._by_student():
            others = ", ".join(self.importable)
            why = (
                f"imports {name}, which is not allowed: only {others} and harmless parts of Python"
            )
        else:
            return
        raise ImportError(self.remark(why), name=name)

    def _by_student(self) -> bool:
        """Whether the code that imports is not a file of Python's or of a package."""
        frame = sys._getframe()
        while frame := frame.f_back:  # type: ignore[assignment]
            file = frame.f_code.co_filename
            if not file.startswith("<frozen") and "importlib" not in file and file != __file__:
                return not self._within(os.path.realpath(file), self.files.readable)
        return False

    def _open(self, path: Any, mode: Any, flags: int) -> None:
        (self._write if flags & WRITES else self._read)(path)

    def _read(self, path: Any) -> None:
        full = self._full(path)
        if full and not self._within(full, self.readable):
            raise PermissionError(self.remark(f"tried to read {full}"))

    def _list(self, path: Any = ".") -> None:
        if self._full(path) not in self.files.listable:
            self._read(path)

    def _write(self, *paths: Any) -> None:
        for full in filter(None, map(self._full, paths)):
            if full != os.devnull:
                self._refuse_outside(full)

    def _enter(self, *paths: Any) -> None:
        for folder, name in map(os.path.split, map(os.fsdecode, paths)):
            self._refuse_outside(os.path.join(os.path.realpath(folder), name))

    def _refuse_outside(self, full: str) -> None:
        if not self._within(full, {self.scratch}):
            raise PermissionError(self.remark(f"tried to write {full}, outside of its folder"))

    def _full(self, path: Any) -> str | None:
        """A path with its links resolved; None for a file that is open already."""
        return None if isinstance(path, int) else os.path.realpath(os.fsdecode(path or "."))

    def _within(self, path: str, folders: set[str]) -> bool:
        while path not in folders:
            above = os.path.dirname(path)
            if above == path:
                return False
            path = above
        return True

    def _refuser(self, what: str) -> Callable:
        def refuse(*_: Any) -> None:
            raise PermissionError(self.remark(f"tried {what}"))

        return refuse

    def remark(self, text: str) -> str:
        """Send a remark with the student's line, and return it without."""
        frame = sys._getframe()
        while frame and frame.f_code.co_filename != self.path:
            frame = frame.f_back  # type: ignore[assignment]
        self.tell(remark=text + (f" (line {frame.f_lineno})" if frame else ""))
        return text
