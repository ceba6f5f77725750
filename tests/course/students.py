"""Students' files, written by the tests as text."""

import textwrap

from minigrad.course.remote import Limits, Remote


def student(folder, text, *, seconds=10, megabytes=512, **options):
    """A Remote of a file with this text."""
    path = folder / "solution.py"
    path.write_text(textwrap.dedent(text))
    return Remote(path, limits=Limits(seconds, megabytes), **options)
