"""course.remote: values, functions and errors cross between the grader and a student's file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from students import student

from minigrad.course.remote import Died, Limits, Raised, Remote

FILE = """
    import math
    import numpy as np
    from math import *

    rate = 0.1
    _hidden = 1

    def relu(x):
        positive = x > 0

        def relu_backward(dy):
            return dy * positive

        return np.where(positive, x, 0), relu_backward

    def echo(*args, **kwargs):
        return args, kwargs

    def strides(x):
        return x.strides, x.flags.writeable, x.flags.aligned

    def spoil(x, y, *, z):
        y[0] = z[0, 0] = 7
        return x

    def empty(parts):
        parts[0][...] = 1
        parts.clear()

    def greet(name):
        print("hello", name)

    def matmul(x, w):
        return np.matmul(
            x,
            w,
        )

    def outer(x):
        return matmul(x, x)

    def call(f, x):
        return 2 * f(x)

    def give(what):
        return {"set": {1}, "complex": 1j, "objects": np.array([None]), "keys": {1: 2},
                "long": "x" * 9_000_000, "numbers": np.float32(2.5), "big": 10**30,
                "surrogate": "\\ud800", "nan": math.nan, "view": np.arange(6).reshape(2, 3).T,
                "class": Given, "method": Given().method}[what]

    class Given:
        def method(self):
            return "from a method"

    def unprintable():
        class Odd(Exception):
            def __str__(self):
                raise ValueError
        raise Odd
"""


@pytest.fixture(scope="module")
def solution(tmp_path_factory):
    folder = tmp_path_factory.mktemp("student")
    with student(folder, FILE) as solution:
        yield solution


def test_a_function_and_its_way_back(solution):
    x = np.array([[-1.0, 0, 2]])
    y, backward = solution.call("relu", x)
    np.testing.assert_array_equal(y, [[0, 0, 2]])
    assert repr(backward) == "<function relu_backward of solution.py>"
    np.testing.assert_array_equal(backward(np.full((1, 3), 5.0)), [[0, 0, 5]])
    assert backward.__name__ == "relu_backward"


def test_what_the_file_defines(solution):
    assert solution.names == [
        "rate", "relu", "echo", "strides", "spoil", "empty", "greet", "matmul", "outer", "call",
        "give", "Given", "unprintable",
    ]  # fmt: skip


PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
ARRAYS = hnp.arrays(
    st.one_of(
        hnp.floating_dtypes(endianness="="), hnp.integer_dtypes(endianness="="),
        hnp.unsigned_integer_dtypes(endianness="="), hnp.boolean_dtypes(),
    ),
    hnp.array_shapes(min_dims=0, min_side=0, max_dims=4, max_side=4),
)  # fmt: skip
VALUES = st.recursive(
    PLAIN | ARRAYS,
    lambda v: st.lists(v, max_size=3) | st.lists(v, max_size=3).map(tuple)
    | st.dictionaries(st.text(), v, max_size=3),
    max_leaves=6,
)  # fmt: skip


def same(a, b):
    if isinstance(a, (np.ndarray, np.generic)):
        return a.dtype == b.dtype and type(a) is type(b) and a.tobytes() == b.tobytes() and (
            a.shape == b.shape
        )  # fmt: skip
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b


@given(VALUES, VALUES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_values_come_back_as_they_were(solution, a, b):
    assert same(solution.call("echo", a, key=b), ((a,), {"key": b}))
    assert solution.changed == []


@pytest.mark.parametrize(
    "x",
    [
        np.ones((4, 6), np.float32).T,
        np.arange(24.0).reshape(4, 6)[::2, ::-3],
        np.broadcast_to(np.float64(3), (2, 5)),
        np.arange(12)[::-1],
        np.asfortranarray(np.ones((2, 3, 4))),
    ],
)
def test_the_file_sees_the_layout_of_an_array_and_whether_it_may_write(solution, x):
    (received,), _ = solution.call("echo", x)
    np.testing.assert_array_equal(received, x)
    assert solution.call("strides", x) == (x.strides, x.flags.writeable, True)


def test_a_number_of_numpy_and_a_view_come_back(solution):
    number = solution.call("give", "numbers")
    assert (type(number), number) == (np.float32, 2.5)
    assert np.isnan(solution.call("give", "nan"))
    assert solution.call("give", "big") == 10**30
    view = solution.call("give", "view")
    np.testing.assert_array_equal(view, np.arange(6).reshape(2, 3).T)
    view[0, 0] = 3


def test_arrays_of_the_caller_stay_as_they_are(solution):
    x, y, z = np.zeros(2), np.zeros(2), np.zeros((2, 2))
    solution.call("spoil", x, y, z=z)
    assert solution.changed == [1, "z"]
    assert not y.any()
    assert not z.any()
    solution.call("relu", x)
    assert solution.changed == []
    solution.call("empty", [np.zeros(2), np.zeros(2)])
    assert solution.changed == [0]


def test_what_a_file_returned_can_be_given_back(solution):
    _, backward = solution.call("relu", np.ones(2))
    np.testing.assert_array_equal(solution.call("call", backward, np.ones(2)), [2, 2])
    assert solution.call("give", "method")() == "from a method"


def test_what_is_printed(solution):
    solution.printed = ""
    solution.call("greet", "world \x1b[31m")
    assert solution.printed == "hello world �[31m\n"


def test_the_scratch_folder_is_gone_and_the_students_holds_nothing_new(tmp_path):
    with student(
        tmp_path, "import os\ndef f():\n    open('made', 'w').close()\n    return os.getcwd()"
    ) as s:
        folder = s.call("f")
    assert not Path(folder).exists()
    assert [path.name for path in tmp_path.iterdir()] == ["solution.py"]


# Errors of the student's file


def test_an_exception_has_the_students_lines(solution):
    with pytest.raises(Raised, match=r"ValueError: matmul: .* mismatch(.|\n)*in outer") as info:
        solution.call("outer", np.ones((2, 3)))
    error = info.value
    assert (error.type, error.line) == ("ValueError", 35)
    assert error.trace == (
        "line 41, in outer: return matmul(x, x)",
        "line 35, in matmul: return np.matmul(",
    )


def test_an_exception_without_a_text(solution):
    with pytest.raises(Raised, match=r"Odd: \(its text cannot be printed\)"):
        solution.call("unprintable")


def test_a_function_that_is_missing(solution):
    with pytest.raises(Raised, match=r"solution\.py defines no relo; did you mean relu") as info:
        solution.call("relo", 1)
    assert info.value.type == "NameError"
    with pytest.raises(Raised, match=r"defines no conv2d; it defines rate, relu, echo"):
        solution.call("conv2d", 1)


def test_a_name_that_is_no_function(solution):
    with pytest.raises(Raised, match="rate is a float, not a function"):
        solution.call("rate", 1)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("set", "give returned a set"),
        ("complex", "give returned a complex"),
        ("objects", "give returned an array of dtype object"),
        ("keys", "give returned a dict"),
        ("long", "give returned more than 8 MB of text; send an array, not a list"),
    ],
)
def test_a_result_that_cannot_be_sent(solution, what, message):
    with pytest.raises(Raised, match=message):
        solution.call("give", what)


def test_a_syntax_error(tmp_path):
    with pytest.raises(Raised) as info, student(tmp_path, "def f(x):\n    return x +* 2\n"):
        pass
    error = info.value
    assert (error.type, error.line) == ("SyntaxError", 2)
    assert error.trace == ("    return x +* 2", "              ^")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import numpy\nx = 1 / 0", r"ZeroDivisionError: .*\(line 2\)"),
        ("def f():\n\treturn 1\n        return 2", "TabError|IndentationError"),
        ("x = '\0'", "null bytes"),
        ("import nmpy", r"ImportError: imports nmpy, which is not allowed.*\(line 1\)"),
    ],
)
def test_a_file_that_cannot_be_loaded(tmp_path, text, message):
    with pytest.raises(Raised, match=message), student(tmp_path, text):
        pass


# Errors of the grader's


def test_an_argument_that_cannot_be_sent(solution):
    with pytest.raises(TypeError, match="Remote: an argument is, or has in it, a set; what can be"):
        solution.call("echo", [{1}])
    with pytest.raises(TypeError, match="a function; only those that the student's file returned"):
        solution.call("echo", print)
    with pytest.raises(TypeError, match="an array of dtype complex128"):
        solution.call("echo", np.ones(2) * 1j)


def test_a_remote_that_is_not_running(tmp_path):
    remote = student(tmp_path, "def f(): return 1")
    with pytest.raises(RuntimeError, match=r"write `with Remote\('solution.py'\) as solution:`"):
        remote.call("f")
    with remote:
        assert remote.call("f") == 1
    with pytest.raises(Died, match="has ended; call it within the `with` block"):
        remote.call("f")


def test_wrong_arguments_of_remote(tmp_path):
    with pytest.raises(ValueError, match=r"Remote: there is no file '.*none\.py'"):
        Remote(tmp_path / "none.py")
    with pytest.raises(ValueError, match="allowed: there is no package 'nmpy'; install it"):
        student(tmp_path, "", allowed=["nmpy"])
    with pytest.raises(ValueError, match=r"minigrad has no 'nn.SEBlok'; write for example"):
        student(tmp_path, "", allowed=["minigrad"], hollow=["nn.SEBlok"])
    with pytest.raises(ValueError, match="seconds must be above 0 and finite, got 0"):
        Limits(seconds=0)
    with pytest.raises(TypeError, match="megabytes must be a number, such as 10, got str"):
        Limits(megabytes="1 GB")
    with pytest.raises(ValueError, match="threads must be 1 or more, got 0"):
        student(tmp_path, "", threads=0)
