"""course.remote: single layers of the walls, and that without any the tricks work."""

import errno
import os
import socket
import sys
import time
from pathlib import Path

import pytest
from students import HOSTILE, SYSTEM_CALLS

import minigrad
from minigrad.course import remote
from minigrad.course.remote import Raised, Remote

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are those of Linux")

MINIGRAD = Path(minigrad.__file__)


def test_a_child_that_is_left_is_ended_with_its_parent(monkeypatch):
    monkeypatch.setattr(remote, "LAYERS", ["landlock"])  # with them all there is no child
    with Remote(HOSTILE) as hostile:
        child = hostile.call("leave_a_child")
        assert Path(f"/proc/{child}").exists()
    state = Path(f"/proc/{child}/stat")
    for _ in range(100):
        if not state.exists() or state.read_text().rsplit(") ")[1][0] in "XZ":  # dead, or reaped
            return
        time.sleep(0.05)
    pytest.fail("the child lives on")


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="other numbers")
def test_landlock_alone_keeps_the_graders_memory(monkeypatch):
    monkeypatch.setattr(remote, "LAYERS", ["landlock"])
    with Remote(HOSTILE) as hostile:
        call = [os.getpid() if a == "parent" else a for a in SYSTEM_CALLS["ptrace"]]
        assert hostile.call("system_call", *call) == errno.EPERM
        with pytest.raises(Raised, match="PermissionError"):
            hostile.call("read", f"/proc/{os.getpid()}/maps")


def test_without_any_layer_all_that_works(monkeypatch, tmp_path):
    """Or the tests above would show nothing."""
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden")
    monkeypatch.setattr(remote, "LAYERS", [])
    monkeypatch.setattr(remote.kernel, "hide_memory", lambda: None)
    with Remote(HOSTILE) as hostile, socket.create_server(("127.0.0.1", 0)) as server:
        assert hostile.protection == []
        assert hostile.call("by_path", "minigrad", str(MINIGRAD.parent.parent)) == "minigrad"
        assert hostile.call("read", str(secret)) == "hidden"
        assert "/" in hostile.call("read", f"/proc/{os.getpid()}/maps")
        assert hostile.call("write", str(secret)) == 4
        assert hostile.call("change_mode", str(secret)) is None
        assert hostile.call("bomb") == 20
        assert hostile.call("spawn", "/bin/true") > 0
        assert hostile.call("connect", server.getsockname()[1]) is None
        known = {"parent": os.getpid(), "secret": str(secret), "memory": "x" * 8}
        for name, call in SYSTEM_CALLS.items():
            if name != "the second table of x86_64":  # not every kernel has it
                assert hostile.call("system_call", *(known.get(a, a) for a in call)) == 0, name
