"""Threads change the time that an operation takes, and nothing else."""

import os
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.kernels import threads


@pytest.fixture(autouse=True)
def threads_as_before():
    before = mg.get_num_threads()
    yield
    mg.set_num_threads(before)


def gradients(count):
    """The input's and the parameters' gradients of a net large enough for threads."""
    mg.set_num_threads(count)
    mg.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.MaxPool2d(2))
    x = mg.randn(32, 8, 32, 32, requires_grad=True)
    model(x).square().mean().backward()
    return [x.grad.data, *(p.grad.data for p in model.parameters())]


def test_the_result_does_not_depend_on_the_number_of_threads():
    for one, three in zip(gradients(1), gradients(3), strict=True):
        np.testing.assert_allclose(one, three, rtol=1e-3, atol=1e-6 * abs(one).max())


def test_the_same_number_of_threads_gives_the_same_bits():
    for first, second in zip(gradients(2), gradients(2), strict=True):
        np.testing.assert_array_equal(first, second)


def names_of_threads(pieces):
    return set(threads.run(lambda piece: threading.current_thread().name, range(pieces)))


def test_pieces_run_side_by_side():
    mg.set_num_threads(2)
    meet = threading.Barrier(2, timeout=30)  # no thread passes alone
    assert len(set(threads.run(lambda _: meet.wait(), range(2)))) == 2


def test_a_waiting_thread_keeps_no_arrays():
    mg.set_num_threads(2)
    meet, x = threading.Barrier(2, timeout=30), np.ones(1000)
    alive = weakref.ref(x)

    def work(_, held=x):
        meet.wait()

    threads.run(work, range(2))
    del x, work
    until = time.monotonic() + 10
    while alive() is not None and time.monotonic() < until:
        time.sleep(0.001)  # the other thread is about to let go
    assert alive() is None


def test_a_run_within_a_run_comes_to_its_end():
    mg.set_num_threads(2)
    table = threads.run(lambda i: threads.run(lambda j: i * j, range(3)), range(4))
    assert table == [[i * j for j in range(3)] for i in range(4)]


@pytest.mark.parametrize(("count", "pieces"), [(1, 4), (2, 1)])
def test_nothing_to_share_runs_on_the_calling_thread(count, pieces):
    mg.set_num_threads(count)
    assert names_of_threads(pieces) == {threading.current_thread().name}


def test_under_a_debugger_everything_runs_on_the_calling_thread():
    mg.set_num_threads(2)
    sys.settrace(lambda *_: None)
    try:
        names = names_of_threads(4)
    finally:
        sys.settrace(None)
    assert names == {threading.current_thread().name}


def test_results_come_in_the_order_of_the_pieces():
    mg.set_num_threads(2)
    assert threads.run(lambda piece: piece * piece, range(50)) == [i * i for i in range(50)]


def test_an_error_in_a_piece_reaches_the_caller_and_blas_is_set_back():
    mg.set_num_threads(2)
    before = [library.num_threads for library in threads._blas_libraries()]
    with pytest.raises(ZeroDivisionError):
        threads.run(lambda piece: 1 / piece, [1, 0])
    assert [library.num_threads for library in threads._blas_libraries()] == before


def test_within_an_operation_blas_has_one_thread_and_the_process_keeps_its_own():
    before = [library.num_threads for library in threads._blas_libraries()]
    within = threads.run(lambda _: [b.num_threads for b in threads._blas_libraries()], [0])
    assert within == [[1] * len(before)]
    mg.set_num_threads(3)
    assert [library.num_threads for library in threads._blas_libraries()] == before


@pytest.mark.parametrize("shapes", [((64, 2000), (2000, 300)), ((900, 300), (300, 200))])
def test_a_large_product_is_the_same_on_any_number_of_threads(shapes):
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal(shape) for shape in shapes)
    for count in (1, 2, 3):
        mg.set_num_threads(count)
        np.testing.assert_allclose((mg.Tensor(x) @ mg.Tensor(y)).data, x @ y, rtol=1e-10)


@pytest.mark.parametrize("count", [0, -1, 1.5, True, None])
def test_a_senseless_number_is_refused(count):
    with pytest.raises(ValueError, match="at least 1, got"):
        mg.set_num_threads(count)


@pytest.mark.parametrize(("value", "count"), [("1", 1), ("", None), ("many", None)])
def test_the_default_is_what_the_process_may_use(value, count):
    code = "import minigrad; print(minigrad.get_num_threads())"
    environment = {**os.environ, "OMP_NUM_THREADS": value}
    printed = subprocess.check_output([sys.executable, "-c", code], env=environment)
    assert int(printed) == (count or threads.available_cores.__wrapped__())


LARGE_PRODUCTS = """
import atexit, os
import minigrad as mg
mg.set_num_threads(2)
x = mg.ones(700, 700)
x @ x
if hasattr(os, "fork"):
    child = os.fork()
    if child == 0:
        os._exit((x @ x)[0, 0].item() != 700)
    assert os.waitpid(child, 0)[1] == 0
atexit.register(lambda: print("at the end", (x @ x)[0, 0].item()))
"""


def test_a_forked_process_and_the_end_of_the_program_can_still_compute():
    command = [sys.executable, "-W", "ignore", "-c", LARGE_PRODUCTS]  # Python warns about forks
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.stderr == ""
    assert run.stdout == "at the end 700.0\n"
