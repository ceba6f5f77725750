"""course.remote: what a student's file finds in its process, and what it replaces there."""

from pathlib import Path

import numpy as np
import pytest
from students import student

from minigrad.course.remote import Raised

REPLACED = {
    "numpy.allclose": "np.allclose = lambda *args, **kwargs: True",
    "numpy.array_equal": "setattr(np, 'array_equal', lambda a, b: True)",
    "numpy.linalg.norm": "np.linalg.norm = lambda *args: 0.0",
    "numpy.testing.assert_allclose": "np.testing.assert_allclose = lambda *args: None",
    "builtins.abs": "import builtins\nbuiltins.abs = lambda x: 0",
    "builtins.len": "import builtins\nbuiltins.len = lambda x: 0",
    "builtins.isinstance": "import builtins\nbuiltins.isinstance = lambda *args: True",
    "builtins.print": "del __builtins__['print']",
}


@pytest.mark.parametrize(("name", "text"), REPLACED.items(), ids=REPLACED)
def test_what_is_replaced_is_named(tmp_path, name, text):
    text = f"import numpy as np\n{text}\ndef f(x):\n    return x + 1"
    with student(tmp_path, text) as s:
        assert s.remarks == [f"replaces {name}: the grader does not compare in your process"]
        np.testing.assert_array_equal(s.call("f", np.zeros(2)), [1, 1])
        assert len(s.remarks) == 1


def test_what_is_replaced_in_a_call_is_named_too(tmp_path):
    text = """
        import numpy as np
        def f():
            np.allclose = None
        def g():
            return np.allclose(1, 1)
    """
    with student(tmp_path, text) as s:
        assert s.remarks == []
        s.call("f")
        assert s.remarks == ["replaces numpy.allclose: the grader does not compare in your process"]
        assert s.call("g") is True  # it was put back


def test_output_that_is_replaced(tmp_path):
    text = "import sys\nsys.stdout = sys.stdin = None\ndef f():\n    print(1)\n    return 2"
    with student(tmp_path, text) as s:
        assert s.call("f") == 2


def test_what_is_written_to_the_files_of_the_standard_output_goes_nowhere(tmp_path):
    text = (
        "import os\ndef f():\n    return os.write(1, b'x'), os.write(2, b'x'), os.read(0, 9) == b''"
    )
    with student(tmp_path, text) as s:
        assert s.call("f") == (1, 1, True)
        assert s.printed == ""


def test_nothing_of_the_graders_surroundings(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "hidden")
    text = """
        import os, sys
        def f():
            return dict(os.environ), os.getcwd(), sys.argv, sys.path
    """
    with student(tmp_path, text, threads=2) as s:
        environ, folder, argv, path = s.call("f")
        assert "SECRET" not in environ
        assert environ["HOME"] == environ["TMPDIR"] == folder
        assert environ["OPENBLAS_NUM_THREADS"] == "2"
        assert argv == [f"{folder}/solution.py"]
        assert str(tmp_path) not in path
        assert not any("site-packages" in p for p in path)


def test_another_file_is_not_imported(tmp_path):
    (tmp_path / "other.py").write_text("rate = 4\n")
    with (
        pytest.raises(Raised, match="imports other, which is not allowed: only numpy and harmless"),
        student(tmp_path, "import other"),
    ):
        pass


# Assignments that build on minigrad

SE = "nn.channel_attention.SEBlock"
LAYERS = """
    import minigrad as mg
    import numpy as np
    from minigrad import nn

    def linear(x):
        return nn.Linear(3, 2)(mg.tensor(x)).shape

    x = mg.ones(1, 4, 2, 2)

    def cheat():
        return nn.SEBlock(4, 2)(x)

    def inherit():
        class Mine(nn.SEBlock):
            pass
        return Mine(4, 2)(x)

    def dig():
        kinds = [nn.Layer]
        while kinds:
            kind = kinds.pop()
            kinds += kind.__subclasses__()
            if kind.__name__ == "SEBlock":
                return kind(4, 2)(x)

    def elsewhere():
        from minigrad.nn.channel_attention import SEBlock
        return SEBlock(4, 2)(x)

    def source():
        import inspect
        return inspect.getsource(nn.Linear)

    def remembered():
        import linecache
        return [path for path in linecache.cache if "minigrad/" in path]

    def plant():
        from minigrad.course.mutants import Mutant
        return Mutant("nn.channel_attention.SEBlock", "self", "self", "").plant()(4, 2)(x)

    def sk():
        return type(nn.SKBlock(32)).__name__
"""


def test_minigrad_where_it_is_allowed_without_the_solution(tmp_path):
    with student(tmp_path, LAYERS, allowed=["numpy", "minigrad"], hollow=[SE]) as s:
        assert s.call("linear", np.ones((4, 3), np.float32)) == (4, 2)
        assert s.call("sk") == "SKBlock"
        assert s.remarks == []
        for way in ["cheat", "inherit", "dig", "elsewhere"]:
            with pytest.raises(Raised, match=r"nn\.channel_attention\.SEBlock is the solution its"):
                s.call(way)
        for way in ["source", "plant"]:
            with pytest.raises(Raised, match=r"OSError|PermissionError"):
                s.call(way)
        assert s.call("remembered") == []


def test_two_processes_are_of_two_worlds(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    text = "import os\nkept = []\ndef f(x):\n    kept.append(x)\n    return len(kept), os.getcwd()"
    with student(tmp_path / "a", text) as a, student(tmp_path / "b", text) as b:
        count, folder = a.call("f", 1)
        assert count == 1
        assert b.call("f", 1)[0] == 1
        assert b.call("f", 1)[1] != folder
        assert a.call("f", 1)[0] == 2


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux only")
def test_the_protection_is_told_and_is_there(tmp_path):
    with student(tmp_path, "def f(): return 1") as s:
        status = Path(f"/proc/{s._process.popen.pid}/status").read_text()
        assert s.protection[0] == "limits of memory, processor time and files"
        assert s.protection[-1] == "audited imports and files"
        assert "NoNewPrivs:\t1" in status
        assert ("seccomp" in s.protection) == ("Seccomp:\t2" in status)
        assert "CapEff:\t0000000000000000" in status
