"""course.remote: a student's file imports, reads and writes nothing but what it is given."""

import ctypes
import errno
import os
import re
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
from students import HOSTILE, SYSTEM_CALLS, student

import minigrad
from minigrad.course import remote
from minigrad.course.remote import Raised, Remote

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are those of Linux")

MINIGRAD = Path(minigrad.__file__)


@pytest.fixture(scope="module")
def hostile():
    with Remote(HOSTILE) as hostile:
        yield hostile


@pytest.fixture(scope="module")
def kernel_alone():
    """The same file where Python refuses nothing: only Linux does."""
    if ctypes.CDLL(None).syscall(444, None, 0, 1) < 1:
        pytest.skip("this kernel has no Landlock")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote, "LAYERS", ["user", "landlock", "seccomp"])
        with Remote(HOSTILE) as hostile:
            yield hostile


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text("hidden")
    return path


def line_of(text):
    """The last line of hostile.py that has this text."""
    lines = HOSTILE.read_text().splitlines()
    return max(n for n, line in enumerate(lines, 1) if text in line)


# Imports

WAYS = ["dunder", "by_importlib", "by_exec", "by_pkgutil", "without_finders"]


def test_an_import_of_minigrad_is_named_with_its_line(hostile):
    line = line_of("import minigrad")
    with pytest.raises(Raised, match="ImportError: imports minigrad, which is the solution itself"):
        hostile.call("statement")
    assert f"imports minigrad, which is the solution itself (line {line})" in hostile.remarks


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["minigrad", "minigrad.ops.conv"])
def test_minigrad_is_not_to_be_imported(hostile, way, name):
    hostile.remarks.clear()
    with pytest.raises(Raised, match=r"ImportError: imports minigrad.*, which is the solution"):
        hostile.call(way, name)
    assert re.fullmatch(r"imports minigrad.*, which is .* \(line \d+\)", *hostile.remarks)


OTHERS = ["torch", "jax", "autograd", "scipy", "ctypes", "subprocess", "socket", "_socket"]


@pytest.mark.parametrize("name", [*OTHERS, "multiprocessing", "pytest", "_ctypes"])
def test_what_else_is_not_to_be_imported(hostile, name):
    for way in ["dunder", "by_importlib", "by_exec", "without_finders"]:
        with pytest.raises(
            Raised, match=f"ImportError: imports {name}, .* only numpy and harmless"
        ):
            hostile.call(way, name)


def test_a_path_of_ones_own_leads_nowhere(hostile):
    for folder in [MINIGRAD.parent.parent, Path(np.__file__).parent.parent]:
        with pytest.raises(Raised, match="ImportError: imports minigrad"):
            hostile.call("by_path", "minigrad", str(folder))
        with pytest.raises(Raised, match="ImportError: imports hypothesis"):
            hostile.call("by_path", "hypothesis", str(folder))


@pytest.mark.parametrize("way", ["by_spec", "by_loader", "by_runpy", "read"])
def test_the_source_of_minigrad_is_not_to_be_read(hostile, kernel_alone, way):
    path = str(MINIGRAD.parent / "kernels" / "conv.py")
    with pytest.raises(Raised, match=r"PermissionError: tried to read .*conv\.py"):
        hostile.call(way, path)
    with pytest.raises(Raised, match="PermissionError"):
        kernel_alone.call(way, path)


def test_nothing_to_be_found_among_the_modules(hostile):
    assert hostile.call("loaded") == []


HARMLESS = [
    "random", "math", "itertools", "functools", "dataclasses", "collections.abc", "typing", "abc",
    "concurrent.futures", "pickle", "copy", "json", "decimal", "bz2", "sqlite3", "hashlib", "time",
    "threading", "unittest", "timeit", "statistics", "zoneinfo", "logging", "tempfile", "inspect",
    "numpy.testing", "numpy.lib.stride_tricks", "numpy.fft", "numpy.random", "numpy.linalg",
]  # fmt: skip


def test_harmless_imports_go_through_without_a_remark(hostile):
    hostile.remarks.clear()
    for name in HARMLESS:
        assert hostile.call("by_importlib", name) == name
    assert hostile.remarks == []


# Files


READERS = [
    "read", "os_read", "np_load", "np_fromfile", "np_memmap", "through_link", "through_folder",
    "link_in",
]  # fmt: skip


@pytest.mark.parametrize("way", READERS)
def test_a_file_of_the_teacher_cannot_be_read(hostile, kernel_alone, secret, way):
    hostile.remarks.clear()
    with pytest.raises(Raised, match=r"PermissionError: tried to (read|write) "):
        hostile.call(way, str(secret))
    assert re.fullmatch(rf"tried to (read|write) {secret}.* \(line \d+\)", *hostile.remarks)
    with pytest.raises(Raised, match=r"(PermissionError|OSError): .*(Errno 13|Errno 18|denied)"):
        kernel_alone.call(way, str(secret))


def test_nor_a_folder(hostile, kernel_alone, tmp_path):
    for path in ["/", "/tmp", str(tmp_path), "/proc", str(MINIGRAD.parent)]:
        for file in hostile, kernel_alone:
            with pytest.raises(Raised, match="PermissionError"):
                file.call("names_in", path)


@pytest.mark.parametrize("name", ["mem", "environ", "cmdline", "maps", "fd/1", "task"])
def test_nor_the_graders_memory(hostile, kernel_alone, name):
    for file in hostile, kernel_alone:
        with pytest.raises(Raised, match="PermissionError"):
            file.call("read", f"/proc/{os.getpid()}/{name}")


WRITERS = ["write", "np_save", "make_folder", "move_out", "link_out"]


@pytest.mark.parametrize("way", WRITERS)
def test_nothing_is_written_outside(hostile, kernel_alone, tmp_path, way):
    hostile.remarks.clear()
    path = tmp_path / "made"
    with pytest.raises(Raised, match=r"PermissionError: tried to write .*, outside of its folder"):
        hostile.call(way, str(path))
    assert f"tried to write {path}" in hostile.remarks[0]
    with pytest.raises(Raised, match=r"PermissionError|OSError.*cross-device"):
        kernel_alone.call(way, str(path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "way", ["write", "append", "remove", "truncate", "change_mode", "change_time"]
)
def test_nothing_outside_is_changed(hostile, kernel_alone, secret, way):
    before = secret.stat()
    for file in hostile, kernel_alone:
        with pytest.raises(Raised, match="PermissionError"):
            file.call(way, str(secret))
    assert secret.read_text() == "hidden"
    assert secret.stat() == before


def test_in_its_own_folder_a_file_may_do_what_it_likes(tmp_path):
    text = """
        import os, tempfile
        import numpy as np

        def f():
            with open("notes.txt", "w") as file: file.write("x")
            os.mkdir("folder")
            os.rename("notes.txt", "folder/notes.txt")
            np.save("a.npy", np.arange(3))
            with tempfile.TemporaryFile() as file: file.write(b"x")
            open(os.devnull, "w").close()
            os.unlink(__file__)
            return os.listdir(os.path.expanduser("~/folder")), np.load("a.npy").tolist()
    """
    with student(tmp_path, text) as s:
        assert s.call("f") == (["notes.txt"], [0, 1, 2])
        assert s.remarks == []
    assert (tmp_path / "solution.py").exists()  # it was a copy


# Processes, signals, the network


@pytest.mark.parametrize(
    ("way", "argument"), [("run_shell", "touch /tmp/x"), ("spawn", "/bin/true")]
)
def test_no_process_is_started(hostile, kernel_alone, way, argument):
    with pytest.raises(Raised, match="PermissionError: tried to start a process or to stop one"):
        hostile.call(way, argument)
    if way == "spawn":
        with pytest.raises(Raised, match="PermissionError"):
            kernel_alone.call(way, argument)
    else:
        assert kernel_alone.call(way, argument) != 0


def test_nor_is_a_program_run_in_its_place(hostile, kernel_alone):
    for file in hostile, kernel_alone:
        with pytest.raises(Raised, match="PermissionError"):
            file.call("execute", "/bin/true")


def test_a_fork_bomb_has_no_children(hostile, kernel_alone):
    assert hostile.call("bomb") == 0
    assert kernel_alone.call("bomb") == 0


def test_large_files_and_many_open_ones(hostile):
    with pytest.raises(Raised, match=r"OSError: .*File too large"):
        hostile.call("large_file")
    with pytest.raises(Raised, match=r"OSError: .*Too many open files"):
        hostile.call("many_files")


def test_the_grader_is_not_to_be_stopped(hostile, kernel_alone):
    for file in hostile, kernel_alone:
        with pytest.raises(Raised, match="PermissionError"):
            file.call("stop", os.getpid())


def test_no_network(hostile, kernel_alone):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(Raised, match=r"imports _socket|tried to reach the network"):
            hostile.call("connect", port)
        with pytest.raises(Raised, match="PermissionError"):
            kernel_alone.call("connect", port)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="other numbers")
@pytest.mark.parametrize("call", SYSTEM_CALLS.values(), ids=SYSTEM_CALLS)
def test_system_calls(kernel_alone, secret, call):
    known = {"parent": os.getpid(), "secret": str(secret), "memory": "x" * 8}
    assert kernel_alone.call("system_call", *(known.get(a, a) for a in call)) == errno.EPERM
