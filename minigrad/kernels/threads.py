"""Threads: how many, and a pool for the pieces of a large operation.

NumPy lets go of Python's lock while it computes, so pieces of one operation run side by side.
The BLAS library is held at one thread of its own meanwhile, and set back afterwards.
"""

import os
import sys
from collections import deque
from contextlib import suppress
from functools import cache
from queue import SimpleQueue
from threading import Thread

import numpy as np

WORTH_WAKING = 30_000_000  # multiply-adds from which on threads gain more than waking them costs
MONITORING = getattr(sys, "monitoring", None)  # Python 3.12 and newer

_threads = None
_jobs = None  # the queue that the pool's threads wait at


def _forget_jobs():
    global _jobs
    _jobs = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_jobs)  # a forked process has none of the threads


@cache
def available_cores():
    """The processor cores that this process may use; OMP_NUM_THREADS, if set, says fewer."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(asked)) if asked.isdigit() and int(asked) else cores


def get_num_threads():
    """How many threads an operation may use."""
    return available_cores() if _threads is None else _threads


def set_num_threads(n):
    """Use up to n threads for an operation; the default is the cores this process may use."""
    global _threads
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"set_num_threads: expected a whole number of at least 1, got {n!r}")
    _dismiss()
    _threads = n


@cache
def _blas_libraries():
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas").lib_controllers


def traced():
    """Whether a debugger or another tracer follows this thread."""
    if sys.gettrace() is not None:
        return True
    return MONITORING is not None and MONITORING.get_tool(MONITORING.DEBUGGER_ID) is not None


def shares(count):
    """`count` items as slices, an equal part for each thread."""
    n = get_num_threads()
    return [slice(count * i // n, count * (i + 1) // n) for i in range(n)]


class one_blas_thread:
    """Within the block, BLAS uses one thread.

    The threads of OpenBLAS wait by spinning: on a machine that does something else too, they made
    small products 200 times slower (measured), and alone they gain less than pieces on our own.
    """

    def __enter__(self):
        found = [(library, library.num_threads) for library in _blas_libraries()]
        self.changed = [(library, count) for library, count in found if count != 1]
        for library, _ in self.changed:
            library.set_num_threads(1)

    def __exit__(self, *error):
        for library, count in self.changed:
            library.set_num_threads(count)


def run(task, pieces, together=True):
    """[task(piece) for piece in pieces], on several threads if there is a choice.

    The calling thread works too, and whoever is free takes the next piece. The results come in the
    order of the pieces. Under a debugger, or with together=False, everything runs on the calling
    thread.
    """
    n = min(get_num_threads(), len(pieces))
    with one_blas_thread():
        if n < 2 or not together or traced():
            return [task(piece) for piece in pieces]
        return _Team(task, pieces).work_with(n - 1)


class _Team:
    """Threads that share some pieces of work."""

    def __init__(self, task, pieces):
        self.task = task
        self.waiting = deque(enumerate(pieces))  # to take the next one is atomic
        self.results = [None] * len(pieces)
        self.places = deque()  # one for each helper that has not come yet
        self.done = SimpleQueue()

    def work_with(self, helpers):
        """Do everything, and return the results."""
        self.places.extend(range(helpers))
        came = _call(self.help, helpers)
        try:
            self.work()
        finally:
            self.waiting.clear()
            while self.places:  # a helper that is not awake yet is not waited for
                with suppress(IndexError):
                    self.places.pop()
                    came -= 1
            errors = [self.done.get() for _ in range(came)]
        for error in filter(None, errors):
            raise error
        return self.results

    def work(self):
        """Take piece after piece until none is left."""
        with np.errstate(all="ignore"):  # that of the calling thread does not reach others
            while self.waiting:
                with suppress(IndexError):  # another thread was faster
                    number, piece = self.waiting.popleft()
                    self.results[number] = self.task(piece)

    def help(self):
        """The part of another thread; it tells when it is done, and of its error."""
        error = None
        try:
            self.places.pop()
        except IndexError:  # too late
            return
        try:
            self.work()
        except BaseException as e:
            error = e
        self.done.put(error)


def _call(job, count):
    """Have `job()` done by so many threads of the pool, made when they are first needed.

    A queue wakes a thread in 20 us, concurrent.futures takes 60 (measured).
    """
    global _jobs
    if _jobs is None:
        _jobs = SimpleQueue()
        try:
            for i in range(get_num_threads() - 1):
                name = f"minigrad_{i}"
                Thread(target=_serve, args=(_jobs,), name=name, daemon=True).start()
        except RuntimeError:  # the program is about to end, and Python starts no more threads
            _jobs = None
            return 0
    for _ in range(count):
        _jobs.put(job)
    return count


def _serve(jobs):
    while (job := jobs.get()) is not None:
        job()
        del job  # and the arrays that it holds, while this thread waits for the next


def _dismiss():
    """Send the pool's threads home."""
    global _jobs
    if _jobs is not None:
        for _ in range(get_num_threads()):
            _jobs.put(None)
        _jobs = None
