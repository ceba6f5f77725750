"""course.remote: however a student's file ends its process or misuses it, the grader goes on."""

import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from students import student

from minigrad.course.remote import Died, Raised

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")


def died(folder, body, match, **options):
    """The Remote of a file whose f() with this body ends the process."""
    body = "\n".join(f"    {line}" for line in body.splitlines())
    start = time.monotonic()
    with student(
        folder, f"import os, sys\nimport numpy as np\n\ndef f(*args):\n{body}\n", **options
    ) as s:
        with pytest.raises(Died, match=match):
            s.call("f")
        with pytest.raises(Died, match=match):
            s.call("f")
    assert time.monotonic() - start < 30
    return s


LOOPS = {
    "plain": "while True: pass",
    "swallows all": "while True:\n    try: sys.exit()\n    except BaseException: pass",
    "in C": "np.linalg.svd(np.ones((3000, 3000)))",
    "in a regular expression": "import re\nre.match('(a+)+b', 'a' * 60)",
    "asleep": "import time\ntime.sleep(100)",
    "deaf to signals": """import signal
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
while True: pass""",
    "reads the input": "sys.stdin = open(0)\nwhile True: sys.stdin.read()",
}


@pytest.mark.parametrize("body", LOOPS.values(), ids=LOOPS)
def test_an_endless_loop(tmp_path, body):
    died(tmp_path, body, r"ran longer than 0\.3 s: an endless loop\?", seconds=0.3, megabytes=1024)


def test_an_endless_loop_as_the_file_is_loaded(tmp_path):
    with (
        pytest.raises(Died, match=r"ran longer than 0\.5 s"),
        student(tmp_path, "while True: pass", seconds=0.5),
    ):
        pass


def test_time_of_the_processor_counts_in_each_call(tmp_path):
    with student(
        tmp_path, "def f():\n    for _ in range(4 * 10**6): pass", seconds=7, threads=2
    ) as s:
        for _ in range(3):
            s.call("f")
        limits = Path(f"/proc/{s._process.popen.pid}/limits").read_text()
        stat = Path(f"/proc/{s._process.popen.pid}/stat").read_text().rsplit(")")[1].split()
    limit = int(re.search(r"Max cpu time +(\d+)", limits)[1])
    used = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    assert 14 <= limit <= used + 15
    assert used > 0.2  # so that a limit that does not move is noticed


MEMORY = {
    "a list": "x = []\nwhile True: x.append('x' * 10**6)",
    "an array": "np.zeros((10**5, 10**5))",
    "arrays": "x = []\nwhile True: x.append(np.ones(10**6))",
    "bytes": "bytearray(10**10)",
}


@pytest.mark.parametrize("body", MEMORY.values(), ids=MEMORY)
def test_a_memory_bomb(tmp_path, body):
    died(tmp_path, body, "needed more than 200 MB", seconds=20, megabytes=200)


def test_as_much_memory_as_is_allowed_can_be_used(tmp_path):
    text = "import numpy as np\ndef f(n):\n    return float(np.ones(n * 2**17).sum())"
    with student(tmp_path, text, megabytes=200) as s:
        assert s.call("f", 150) == 150 * 2**17
        with pytest.raises(Died, match="needed more than 200 MB"):
            s.call("f", 250)


ENDS = {
    "sys.exit(0)": r"called sys\.exit\(0\)",
    "raise SystemExit('bye')": r"called sys\.exit\('bye'\)",
    "os._exit(0)": r"ended its process with exit code 0: os\._exit\?",
    "import signal; signal.raise_signal(signal.SIGXCPU)": "computed for more than 10 s: an endless",
    "os.abort()": r"crashed \(SIGABRT\)",
    "import faulthandler\nfaulthandler._sigsegv()": r"crashed \(SIGSEGV\)",
    "os.closerange(0, 100)": "closed its connection to the grader",
    "os.closerange(0, 100)\nwhile True: pass": "closed its connection|ran longer",
}


@pytest.mark.parametrize(("body", "match"), ENDS.items(), ids=ENDS)
def test_an_end(tmp_path, body, match):
    died(tmp_path, body, match)


def test_an_interrupt_is_an_exception_like_others(tmp_path):
    text = "def f(stop):\n    if stop:\n        raise KeyboardInterrupt\n    return 1"
    with student(tmp_path, text) as s:
        with pytest.raises(Raised, match=r"KeyboardInterrupt:  \(line 3\)"):
            s.call("f", True)
        assert s.call("f", False) == 1


# What comes over the connection. The file digs out the worker's own stream, and what it does there
# it could as well do from a C extension.
STREAM = """import gc, struct, json
stream = next(o for o in gc.get_objects() if type(o).__name__ == "Stream")
def raw(content): stream.outgoing.write(content)
def text(content): raw(struct.pack("<I", len(content)) + content)
"""
ARRAY = """text(b'{"array": {"dtype": %s, "shape": [%d]}}')"""
HALF = "raw(struct.pack('<I', 1000) + b'[')\n"
GARBAGE = {
    "no header": ("raw(b'?' * 4)\nos._exit(0)", "no answer: a text of"),
    "no JSON": ("text(b'garbage')", "no answer"),
    "no text": ("text(bytes(range(128, 256)))", "no answer"),
    "deep JSON": ("text(b'[' * 10**6)", "no answer"),
    "no dict": ("text(b'3')", "no answer: a int"),
    "no answer": ("text(b'{\"dict\": {}}')", "no answer"),
    "no kind": ("text(b'{\"code\": \"x\"}')", "no answer"),
    "no value": ("text(b'{\"dict\": {\"value\": 1}}')", "no answer"),
    "no error": ("text(b'{\"dict\": {\"raised\": 1}}')", "no answer"),
    "no function": ("text(b'{\"dict\": {\"value\": {\"function\": [{}, 1]}}}')", "no answer"),
    "a large array": (ARRAY % ('"<f8"', 10**12), "no answer: arrays of more than"),
    "a negative size": (ARRAY % ('"<f8"', -1), "no array"),
    "objects": (ARRAY % ('"|O"', 1), r"no array: '\|O'"),
    "half a message": (HALF + "while True: pass", "ran longer"),
    "half a message and an end": (HALF + "os._exit(0)", "exit code 0"),
    "a flood": ("message = json.dumps({'dict': {'printed': 'x' * 10**6}}).encode()\n"
                "while True: text(message)", "ran longer"),
    "a flood of remarks": ("n = 0\nwhile True:\n    n += 1\n    text(json.dumps({'dict': "
                           "{'remark': str(n)}}).encode())", "ran longer"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "match"), GARBAGE.values(), ids=GARBAGE)
def test_garbage_on_the_connection(tmp_path, body, match):
    s = died(tmp_path, STREAM + body, match, seconds=0.4 if match == "ran longer" else 20)
    assert len(s.printed) <= 1 << 16
    assert len(s.remarks) <= 50


def test_a_forged_answer_has_to_know_the_answer(tmp_path):
    forge = """
        import gc, os, struct, json

        def f(x):
            stream = next(o for o in gc.get_objects() if type(o).__name__ == "Stream")
            answer = json.dumps({"dict": {"value": True, "changed": [], "score": 100}}).encode()
            stream.outgoing.write(struct.pack("<I", len(answer)) + answer)
            while True: pass
    """
    with student(tmp_path, forge, seconds=1) as s:
        assert s.call("f", np.ones(3)) is True  # a value like any other, for the grader to compare


def test_a_flood_of_print(tmp_path):
    body = "for _ in range(30): print('x' * 10**7)"
    with student(tmp_path, f"def f():\n    {body}\n    return 1", seconds=60) as s:
        assert s.call("f") == 1
        assert 60_000 < len(s.printed) <= 1 << 16


def test_threads_that_are_left_running(tmp_path):
    text = """
        import threading

        def loop():
            while True: pass

        def f():
            for _ in range(3):
                threading.Thread(target=loop).start()
            return 1
    """
    with student(tmp_path, text) as s:
        assert s.call("f") == 1
        pid = s._process.popen.pid
    assert not Path(f"/proc/{pid}").exists()


def test_a_grader_that_is_killed_takes_the_students_process_along(tmp_path):
    path = tmp_path / "solution.py"
    path.write_text("def f():\n    while True: pass")
    code = f"""
import threading
from minigrad.course.remote import Remote
with Remote({str(path)!r}) as s:
    print(s._process.popen.pid, flush=True)
    s.call("f")
"""
    environ = {**os.environ, "TMPDIR": str(tmp_path)}  # for the scratch folder, which is left
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as grader:
        pid = int(grader.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        grader.kill()
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.05)
    pytest.fail("the student's process lives on")


def test_functions_that_the_grader_forgets_take_no_memory(tmp_path):
    text = """
        import numpy as np
        def f():
            cache = np.ones(2**20)
            return lambda: cache[0]
    """
    with student(tmp_path, text, megabytes=100) as s:
        for _ in range(30):
            assert s.call("f")() == 1


def test_a_package_that_cannot_be_imported_is_not_the_students_fault(tmp_path, monkeypatch):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").write_text("import nowhere")
    monkeypatch.syspath_prepend(tmp_path)
    with (
        pytest.raises(
            RuntimeError, match=r"Remote: a student's process cannot start here: .*nowhere"
        ),
        student(tmp_path, "", allowed=["broken"]),
    ):
        pass


def test_no_file_and_no_process_is_left(tmp_path):
    def files():
        return len(os.listdir("/proc/self/fd"))

    before = files()
    for body in ["return 1", "os._exit(0)", "while True: pass", "import nmpy"]:
        with student(tmp_path, f"import os\ndef f():\n    {body}", seconds=0.3) as s:
            with suppress(Died, Raised):
                s.call("f")
            pid = s._process.popen.pid
        assert not Path(f"/proc/{pid}").exists()
    assert files() == before
