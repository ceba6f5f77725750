"""minigrad course: hand out assignments, check them, grade them."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..course import check, new, report
from ..course.assignment import find, folders
from ..course.grade import LIMITS, grade
from ..course.remote import Limits

HELP = "hand out assignments cut from minigrad's source, check and grade them"
DESCRIPTION = """\
Assignments for a course. `new` writes the folder that a student gets, `check` tells the student
what is right so far, `grade` marks a folder of submissions, offline.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands of `minigrad course` and their options."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_new(commands.add_parser("new", help="write the folder of an assignment"))
    _add_check(commands.add_parser("check", help="what is right so far, and why not all is"))
    _add_grade(commands.add_parser("grade", help="mark a folder of submissions"))


def run(args: argparse.Namespace) -> None:
    """Run the subcommand."""
    args.do(args)


def _add_new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("assignment", help="its number, such as 2; `new list` shows them all")
    parser.add_argument("--to", type=Path, metavar="DIR", help="a new folder; default: its name")
    parser.set_defaults(do=_new)


def _new(args: argparse.Namespace) -> None:
    if args.assignment == "list":
        for number in folders():
            assignment = find(number)
            print(f"{number}  {assignment.title} ({assignment.points} points)")
        return
    to = args.to or Path(find(args.assignment).folder.name)
    folder = new.new(args.assignment, to)
    print(f"{folder}: write solution.py; README.md says what. Then: minigrad course check {folder}")


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the folder that `minigrad course new` made")
    parser.set_defaults(do=_check)


def _check(args: argparse.Namespace) -> None:
    for line in check.check(args.folder):
        print(line, flush=True)


def _add_grade(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="holds a folder or a file for each student")
    parser.add_argument("--assignment", metavar="N", help="default: what the submissions say")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the table there, too")
    parser.add_argument(
        "--gradescope",
        type=Path,
        metavar="DIR",
        help="write NAME/results.json for each submission; of one alone, results.json",
    )
    parser.add_argument("--seed", type=int, help="of the cases; default: a new one each time")
    parser.add_argument(
        "--seconds", type=float, default=LIMITS.seconds, help="for each call; default: %(default)s"
    )
    parser.add_argument(
        "--megabytes", type=int, default=LIMITS.megabytes, help="of memory; default: %(default)s"
    )
    parser.add_argument("--threads", type=int, default=1, help="of NumPy; default: %(default)s")
    parser.add_argument("--jobs", type=int, help="items side by side; default: one a core")
    parser.set_defaults(do=_grade)


def _grade(args: argparse.Namespace) -> None:
    marks = grade(
        args.folder, args.assignment, seed=args.seed, threads=args.threads, jobs=args.jobs,
        limits=Limits(args.seconds, args.megabytes),
    )  # fmt: skip
    print("\n".join(report.table(marks)))
    if args.csv is not None:
        report.write_csv(marks, args.csv)
    if args.gradescope is not None:
        report.write_gradescope(marks, args.gradescope)
