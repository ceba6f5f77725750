"""Threads: how many, and a pool for the pieces of a large operation.

NumPy lets go of Python's lock while it computes, so pieces of one operation run side by side.
The BLAS library is held at one thread of its own meanwhile, and set back afterwards.
"""

import os
import sys
from functools import cache

import numpy as np

WORTH_WAKING = 30_000_000  # multiply-adds from which on threads gain more than waking them costs

_threads = None
_pool = None


def _forget_pool():
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


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
    global _threads, _pool
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"set_num_threads: expected a whole number of at least 1, got {n!r}")
    _threads = n
    if _pool is not None:
        _pool.shutdown()
        _pool = None


@cache
def _blas_libraries():
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas").lib_controllers


def _traced():
    """Whether a debugger or another tracer follows this thread."""
    monitoring = getattr(sys, "monitoring", None)  # Python 3.12 and newer
    watched = monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None
    return watched or sys.gettrace() is not None


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
        self.before = [library.num_threads for library in _blas_libraries()]
        for library in _blas_libraries():
            library.set_num_threads(1)

    def __exit__(self, *error):
        for library, count in zip(_blas_libraries(), self.before, strict=True):
            library.set_num_threads(count)


def run(task, pieces, together=True):
    """[task(piece) for piece in pieces], on several threads if there is a choice.

    The results come in the order of the pieces, whoever finishes first. Under a debugger, or with
    together=False, everything runs on the calling thread.
    """
    n = get_num_threads()
    with one_blas_thread():
        if n == 1 or not together or len(pieces) < 2 or _traced():
            return [task(piece) for piece in pieces]
        try:
            futures = [_workers(n).submit(_quietly, task, piece) for piece in pieces]
        except RuntimeError:  # the program is about to end, and Python starts no more threads
            return [task(piece) for piece in pieces]
        return [future.result() for future in futures]


def _quietly(task, piece):
    with np.errstate(all="ignore"):  # that of the calling thread does not reach into others
        return task(piece)


def _workers(n):
    """The pool, made when it is first needed; a forked process makes its own."""
    global _pool
    if _pool is None:
        from concurrent.futures import ThreadPoolExecutor

        _pool = ThreadPoolExecutor(n, thread_name_prefix="minigrad")
    return _pool
