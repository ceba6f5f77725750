"""Memory of large arrays: kept for the next step of training instead of given back each time.

A step makes and drops the same large arrays over and over. The C library soon hands such memory
back to the operating system and asks for it anew, and the system clears every page before it is
touched again: up to a third of a step's time. With higher thresholds it stays in the process.
"""

import ctypes
import os
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # as in glibc's malloc.h
KEEP = 1 << 30  # bytes that may lie idle
LARGEST = 32 << 20  # bytes of one array; glibc allows no more


def keep_freed_memory():
    """Ask the C library for it, for this process.

    Other libraries than glibc are left alone, and so is one that the user has set up by MALLOC_
    variables of the environment.
    """
    if sys.platform != "linux" or any(name.startswith("MALLOC_") for name in os.environ):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGEST)
        mallopt(M_TRIM_THRESHOLD, KEEP)
