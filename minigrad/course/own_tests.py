"""Score a student's own tests by the mistakes that they catch, planted in minigrad's ways back."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .assignment import Assignment
from .mutants import Mutant
from .remote import Died, Limits, Raised, Remote

OWN_TESTS = "test_mine.py"


class Kills(NamedTuple):
    """What a student's tests are worth.

    `caught` of `planted` mistakes; `survivors` are the others, in words. `refused` are the tests
    that fail for a right solution, and why: they do not count. `problem`: why no test ran.
    """

    caught: int
    planted: int
    survivors: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    problem: str = ""

    def __str__(self) -> str:
        if self.problem:
            return f"none ran: {self.problem}"
        said = [f"{self.caught} of {self.planted} planted mistakes caught"]
        said += [f"not caught: {', '.join(self.survivors)}"] if self.survivors else []
        said += [f"fails for a right solution: {test}" for test in self.refused]
        return "; ".join(said)


def kills_of(assignment: Assignment, path: Path, limits: Limits) -> Kills:
    """Run the tests of a file on the right functions, then on each mutant."""
    planted = len(assignment.mutants)
    sound, refused = [], []
    try:
        with _opened(assignment, path, limits) as tests:
            for name in [name for name in tests.names if name.startswith("test_")]:
                failure = tests.call("run_test", name, None)
                if failure is None:
                    sound.append(name)
                else:
                    refused.append(f"{name} ({failure})")
    except (Died, Raised, OSError) as error:
        return Kills(0, planted, problem=str(error))
    if not sound:
        why = "" if refused else "the file has no function test_..."
        return Kills(0, planted, tuple(m.what for m in assignment.mutants), tuple(refused), why)
    survivors = _survivors(assignment, path, limits, sound)
    caught = planted - len(survivors)
    return Kills(caught, planted, tuple(m.what for m in survivors), tuple(refused))


def _survivors(
    assignment: Assignment, path: Path, limits: Limits, sound: list[str]
) -> list[Mutant]:
    """The mutants that no test notices. One whose process dies is noticed, and a new one begun."""
    left, survivors = list(range(len(assignment.mutants))), []
    while left:
        with suppress(Died), _opened(assignment, path, limits) as tests:
            while left:
                i = left.pop(0)
                if not any(_notices(tests, name, i) for name in sound):
                    survivors.append(assignment.mutants[i])
    return survivors


def _notices(tests: Remote, name: str, mutant: int) -> bool:
    """Whether a test fails for a mutant, and not for the right functions right after it."""
    failed = tests.call("run_test", name, mutant) is not None
    return failed and tests.call("run_test", name, None) is None


def _opened(assignment: Assignment, path: Path, limits: Limits) -> Remote:
    """The tests in a process of their own, where the module `solution` is minigrad's functions."""
    return Remote(
        path,
        limits=limits,
        allowed=assignment.allowed,
        adapter=Path(__file__).with_name("tests_inside.py"),
        prepare={
            "solution": list(assignment.solution),
            "mutants": [mutant._asdict() for mutant in assignment.mutants],
        },
    )
