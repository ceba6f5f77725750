"""What a doctor says: findings, what is in order, and what could not be looked at."""

from __future__ import annotations

import textwrap
from itertools import zip_longest
from typing import NamedTuple

WIDTH = 100
NAME = 20  # columns that the name of a check takes


class Finding(NamedTuple):
    """A mistake: what is wrong, the number that shows it, the user's line, the edit that mends it.

    `check`: the name of the check that found it.
    """

    text: str
    evidence: str
    line: str
    edit: str
    check: str = ""

    def __str__(self) -> str:
        parts = [
            f"{self.check:{NAME}} {self.line}".rstrip(),
            _indented("", self.text),
            _indented("found: ", self.evidence),
            _indented("write: ", self.edit),
        ]
        return "\n".join(parts)


class NotChecked(Exception):
    """Raised by a check that does not apply, or cannot be made; the reason."""


class Report(list[Finding]):
    """The findings, the most basic first. `print(report)` shows them, and what else was looked at.

    `passed`: {check: what was measured}; `not_checked`: {check: why}; `seconds`: the time it took.
    """

    def __init__(self) -> None:
        super().__init__()
        self.passed: dict[str, str] = {}
        self.not_checked: dict[str, str] = {}
        self.seconds = 0.0

    def __repr__(self) -> str:
        count = f"{len(self)} finding{'s' * (len(self) != 1)}" if self else "no findings"
        parts = [
            f"debug.doctor: {count}, {len(self.passed)} checks passed, "
            f"{len(self.not_checked)} not made, in {self.seconds:.1f} s"
        ]
        parts += [f"\n{i:2}  {finding}" for i, finding in enumerate(self, 1)]
        for title, rows in (("passed", self.passed), ("not checked", self.not_checked)):
            if rows:
                parts.append("\n" + title)
                parts += _rows(rows)
        return "\n".join(parts)

    __str__ = __repr__


def _indented(lead: str, text: str) -> str:
    """Text below a finding's head; the lines of code in it stay as they are."""
    lines = [
        textwrap.wrap(line, WIDTH - 4 - len(lead), subsequent_indent=" " * _margin(line)) or [""]
        for line in text.splitlines()
    ]
    joined = [line for group in lines for line in group]
    return "\n".join(
        "    " + (lead if i == 0 else " " * len(lead)) + line for i, line in enumerate(joined)
    )


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip())


def _rows(named: dict[str, str]) -> list[str]:
    """A row for each check; those that say the same have one row."""
    names: dict[str, list[str]] = {}
    for name, text in named.items():
        names.setdefault(text, []).append(name)
    rows = []
    for text, group in names.items():
        whole = [name.replace(" ", "\N{NO-BREAK SPACE}") for name in group]
        left = textwrap.wrap(", ".join(whole), NAME)
        right = textwrap.wrap(text, WIDTH - NAME - 5)
        for name, line in zip_longest(left, right, fillvalue=""):
            rows.append(f"    {name:{NAME}} {line}".replace("\N{NO-BREAK SPACE}", " ").rstrip())
    return rows
