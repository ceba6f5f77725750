"""Students' files, written by the tests as text."""

import textwrap
from pathlib import Path

from minigrad.course.remote import Limits, Remote

HOSTILE = Path(__file__).with_name("hostile.py")

# Numbers on x86_64, and arguments that work without the walls.
SYSTEM_CALLS = {
    "process_vm_readv": (310, "parent", 0, 0, 0, 0, 0),
    "ptrace": (101, 0x4206, "parent", 0, 0),
    "prlimit64": (302, "parent", 0, 0, 0),
    "kill": (62, "parent", 0),
    "tgkill": (234, "parent", "parent", 0),
    "pidfd_open": (434, "parent", 0),
    "setpriority": (141, 0, "parent", 0),
    "socketpair": (53, 1, 1, 0, "memory"),
    "chmod": (90, "secret", 0o777),
    "truncate": (76, "secret", 0),
    "memory that others see": (29, 0, 1, 0o1777),
    "the second table of x86_64": (0x40000000 + 39,),
}


def student(folder, text, *, seconds=10, megabytes=512, **options):
    """A Remote of a file with this text."""
    path = folder / "solution.py"
    path.write_text(textwrap.dedent(text))
    return Remote(path, limits=Limits(seconds, megabytes), **options)
