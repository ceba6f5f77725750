"""A student's file that tries what it must not: each function one trick. No test imports it."""

import importlib
import importlib.machinery
import importlib.util
import os
import pkgutil
import runpy
import sys

import numpy as np


def statement():
    import minigrad

    return minigrad.__name__


def dunder(name):
    return __import__(name).__name__


def by_importlib(name):
    return importlib.import_module(name).__name__


def by_exec(name):
    exec(f"import {name}")
    return name


def by_pkgutil(name):
    return pkgutil.resolve_name(name).__name__


def without_finders(name):
    kept = list(sys.meta_path)
    sys.meta_path[:] = kept[-1:]
    try:
        return __import__(name).__name__
    finally:
        sys.meta_path[:] = kept


def by_path(name, folder):
    sys.path.insert(0, folder)
    sys.path_importer_cache.clear()
    try:
        return __import__(name).__name__
    finally:
        sys.path.remove(folder)


def by_spec(path):
    spec = importlib.util.spec_from_file_location("other", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return "run"


def by_loader(path):
    return importlib.machinery.SourceFileLoader("other", path).load_module().__name__


def by_runpy(path):
    return sorted(runpy.run_path(path))


def loaded():
    return [name for name in sys.modules if name.split(".")[0] in ("minigrad", "worker", "ctypes")]


def read(path):
    with open(path) as file:
        return file.read(100)


def os_read(path):
    return os.read(os.open(path, os.O_RDONLY), 100).decode()


def np_load(path):
    return len(np.load(path))


def np_fromfile(path):
    return len(np.fromfile(path, np.uint8))


def np_memmap(path):
    return len(np.memmap(path, np.uint8, "r"))


def through_link(path):
    os.symlink(path, "link")
    try:
        return read("link")
    finally:
        os.unlink("link")


def through_folder(path):
    os.chdir(os.path.dirname(path))
    try:
        return read(os.path.basename(path))
    finally:
        os.chdir(os.environ["HOME"])


def names_in(path):
    return os.listdir(path)


def write(path):
    with open(path, "w") as file:
        return file.write("here")


def append(path):
    os.write(os.open(path, os.O_WRONLY | os.O_APPEND), b"here")


def np_save(path):
    np.save(path, np.ones(3))


def make_folder(path):
    os.mkdir(path)


def remove(path):
    os.unlink(path)


def move_out(path):
    write("mine")
    os.rename("mine", path)


def link_out(path):
    write("mine")
    os.link("mine", path)


def link_in(path):
    os.link(path, "stolen")
    return read("stolen")


def truncate(path):
    os.truncate(path, 0)


def change_mode(path):
    os.chmod(path, 0o777)


def change_time(path):
    os.utime(path, (0, 0))


def run_shell(command):
    return os.system(command)


def spawn(path):
    return os.posix_spawn(path, [path], {})


def execute(path):
    os.execv(path, [path])


def bomb():
    children = 0
    for _ in range(20):  # bounded, for the case that it works
        try:
            if os.fork() == 0:
                os._exit(0)
            children += 1
        except OSError:
            pass
    return children


def leave_a_child():
    pid = os.fork()
    while pid == 0:
        pass
    return pid


def large_file():
    with open("large", "wb") as file:
        for _ in range(100):
            file.write(bytes(2**20))


def many_files():
    return len([open(os.devnull) for _ in range(2000)])


def stop(pid):
    os.kill(pid, 9)


def system_call(number, *args):
    """The number of the error; needs ctypes, so it shows what is left to somebody who has it."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    args = [ctypes.c_long(a) if isinstance(a, int) else a.encode() for a in args]
    return ctypes.get_errno() if libc.syscall(number, *args) < 0 else 0


def connect(port):
    import _socket

    _socket.socket().connect(("127.0.0.1", port))
