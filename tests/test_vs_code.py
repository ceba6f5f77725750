"""Stepping in VS Code: its debugger, debugpy, is driven by the protocol that VS Code speaks."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import minigrad
from minigrad.ops import activation

ROOT = Path(minigrad.__file__).parent.parent
SCRIPT = """
import minigrad as mg
w = mg.tensor([1.0, -2.0], requires_grad=True)
loss = (w * 3).relu().sum()
loss.backward()
print("gradient", w.grad.tolist())
"""
LAUNCH = re.search(
    r"```json\n(.*?)```",
    (ROOT / "examples/17_step_through_backprop.py").read_text("utf-8").replace("\n# ", "\n"),
    re.DOTALL,
)


class Client:
    """The side of VS Code. A message is a header with its length, then JSON."""

    def __init__(self, script):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.script = script
        frozen = "-Xfrozen_modules=off"  # else debugpy warns that it may miss breakpoints
        listen = [sys.executable, frozen, "-m", "debugpy", "--listen", str(port)]
        with script.with_suffix(".out").open("w") as out:
            self.process = subprocess.Popen(
                [*listen, "--wait-for-client", str(script)],
                stdout=out,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                start_new_session=True,  # a group of its own, to end it with all that it started
            )
        self.sent = 0
        for _ in range(200):
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        self.file = self.socket.makefile("rb")

    def send(self, command, **arguments):
        self.sent += 1
        text = {"seq": self.sent, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(text).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def wait_for(self, name):
        """The next event, or answer to a command, of this name."""
        while True:
            header = self.file.readline()
            assert header, "the debugger has gone"
            self.file.readline()  # empty
            message = json.loads(self.file.read(int(header.partition(b":")[2])))
            if name in (message.get("event"), message.get("command")):
                return message.get("body")

    def stop(self):
        """Where the program stops next: (function, file)."""
        thread = self.wait_for("stopped")["threadId"]
        self.send("stackTrace", threadId=thread, levels=1)
        (frame,) = self.wait_for("stackTrace")["stackFrames"]
        return thread, (frame["name"], Path(frame["source"]["path"]).name)


@pytest.fixture
def client(tmp_path):
    script = tmp_path / "lesson.py"
    script.write_text(SCRIPT)
    client = Client(script)
    yield client
    client.file.close()
    client.socket.close()
    os.killpg(client.process.pid, signal.SIGKILL)
    client.process.wait()


def start(client, breakpoints):
    """Attach with the settings that lesson 17 gives, and stop at the call of backward."""
    client.send("initialize", adapterID="test", pathFormat="path")
    client.send("attach", rules=json.loads(LAUNCH[1])["rules"])
    client.wait_for("initialized")
    for path, line in breakpoints:
        client.send("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": line}])
    client.send("configurationDone")
    return client.stop()


def test_step_into_goes_from_way_back_to_way_back(client):
    thread, at = start(client, [(client.script, 5)])
    assert at == ("<module>", "lesson.py")
    seen = []
    while len(seen) < 8 and ("mul_backward", "arithmetic.py") not in seen:
        client.send("stepIn", threadId=thread)
        seen.append(client.stop()[1])
    assert seen[0] == ("sum_backward", "reduce.py")
    assert ("relu_backward", "activation.py") in seen
    assert ("mul_backward", "arithmetic.py") in seen
    client.send("continue", threadId=thread)
    client.wait_for("terminated")
    assert client.script.with_suffix(".out").read_text() == "gradient [3.0, 0.0]\n"


def test_a_breakpoint_in_a_way_back_is_hit(client):
    lines = Path(activation.__file__).read_text("utf-8").splitlines()
    below = lines.index("    def relu_backward(dy):") + 2
    thread, _ = start(client, [(client.script, 5), (activation.__file__, below)])
    client.send("continue", threadId=thread)
    assert client.stop()[1] == ("relu_backward", "activation.py")
