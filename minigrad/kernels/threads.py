"""Threads: how many, and a pool for the pieces of a large operation.

NumPy lets go of Python's lock while it computes, so pieces of one operation run side by side.
While they do, the BLAS library is held at one thread of its own.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np  # noqa: F401  (its BLAS must be loaded before it can be limited)

_threads = None
_pool = None


def available_cores():
    """The processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def get_num_threads():
    """How many threads an operation may use."""
    return available_cores() if _threads is None else _threads


def set_num_threads(n):
    """Use up to n threads for an operation; the default is the cores this process may use."""
    global _threads, _pool
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"set_num_threads: expected a whole number of at least 1, got {n!r}")
    _threads = n
    _limit_blas(n)
    if _pool is not None:
        _pool.shutdown()
        _pool = None


@cache
def _blas():
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas").lib_controllers


def _limit_blas(n):
    for library in _blas():
        library.set_num_threads(n)


def run(task, pieces):
    """[task(piece) for piece in pieces], on several threads if there is a choice.

    The results come in the order of the pieces, whoever finishes first. Under a debugger or
    another tracer everything runs on the calling thread, where it can be stepped through.
    """
    global _pool
    n = get_num_threads()
    if n == 1 or len(pieces) < 2 or sys.gettrace() is not None:
        return [task(piece) for piece in pieces]
    if _pool is None:
        _pool = ThreadPoolExecutor(n, thread_name_prefix="minigrad")
    _limit_blas(1)
    try:
        return list(_pool.map(task, pieces))
    finally:
        _limit_blas(n)
