"""What the process may use: memory, processor time, sizes and numbers of files."""

from __future__ import annotations

import math
import sys

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

FILE, FILES = 64 << 20, 256  # bytes of a file that it writes, files that are open


def limit_memory(megabytes: float) -> list[str]:
    """Let the process take so much more memory than it has, and write no large files."""
    if resource is None:
        return []
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return ["limits of processor time and files"]
    with open("/proc/self/statm") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    limit = taken + int(megabytes * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return ["limits of memory, processor time and files"]


def limit_processes() -> None:
    """Let the process start no other, and on Linux no thread; root is not stopped by this."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def limit_cpu(seconds: float) -> None:
    """Let the process compute for so long from now on."""
    if resource is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = math.ceil(used.ru_utime + used.ru_stime + seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
