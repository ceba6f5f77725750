"""Print what the doctor says to scripts that train well, and to mistakes planted in them.

python tests/doctor            the whole table
python tests/doctor softmax    the reports in full of those whose text has this word
"""

import sys
from time import perf_counter

from mistakes import MISTAKES, NAMES, examine

ROW = "{:10}{:72}{:20}{:26}{}"


def main() -> int:
    """Print the table, or the reports that are asked for; 1 if the table is not as it should be."""
    word = " ".join(sys.argv[1:])
    if not word:
        return table()
    for mistake in MISTAKES:
        if word in str(mistake):
            print(f"{mistake}\n\n{mistake.examine()}\n")
    return 0


def table() -> int:
    """A line for each mistake."""
    start, alarms = perf_counter(), 0
    for name in NAMES:
        report = examine(name)
        alarms += bool(report)
        for finding in report:
            print(f"FALSE ALARM in {name}: {finding}")
    print(f"{len(NAMES)} scripts that train well, {alarms} with a finding\n")
    print(ROW.format("", "mistake", "found by", "line", "number"))
    found = beside = 0
    for mistake in MISTAKES:
        report = mistake.examine()
        finding = mistake.finding(report)
        cells = ("",) * 3 if finding is None else (finding.check, finding.line, finding.evidence)
        print(ROW.format("NOT FOUND" if finding is None else "", str(mistake)[:70], *cells))
        found += finding is not None
        beside += len(report) - (finding is not None)
    share, seconds = found / len(MISTAKES), perf_counter() - start
    print(f"\n{found} of {len(MISTAKES)} mistakes found ({share:.0%}), {beside} other findings "
          f"beside them, in {seconds:.0f} s")  # fmt: skip
    return bool(alarms) or share < 0.9


if __name__ == "__main__":
    sys.exit(main())
