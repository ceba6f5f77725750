"""Run every lesson, each in a process of its own, and write their results into README.md.

python examples            all lessons, three seeds each
python examples --only 05 07
python examples --quick    does each run? The table in README.md stays as it is
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from lesson import RUNS, table
from tqdm import tqdm

HERE = Path(__file__).parent
START, END = "<!-- results -->", "<!-- end of results -->"
HEAD = """\
| lesson | data | variant | result | parameters | seconds |
|---|---|---|---|--:|--:|
"""


def main() -> int:
    """Run the lessons; 1 if one has failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed, a moment of training")
    parser.add_argument("--only", nargs="+", metavar="NUMBER", help="such as: --only 05 07")
    options = parser.parse_args()
    lessons = sorted(HERE.glob("[0-9]*.py"))
    if options.only:
        unknown = [n for n in options.only if not any(p.name.startswith(n) for p in lessons)]
        if unknown:
            parser.error(f"no lesson {', '.join(unknown)}; there are {', '.join(names(lessons))}")
        lessons = [path for path in lessons if path.name.startswith(tuple(options.only))]
    failed = []
    bar = tqdm(lessons, unit="lesson", dynamic_ncols=True)
    for path in bar:
        bar.set_description(path.stem)
        command = [sys.executable, str(path), *(["--quick"] if options.quick else [])]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            failed.append(path)
            bar.write(f"{path.stem} failed:\n{run.stderr}")
        else:
            bar.write(f"{path.stem}: {metric_line(run.stdout)}")
    if not options.quick:
        done = [path for path in lessons if path not in failed]
        write_results(HERE / "README.md", list(map(read_record, done)))
    if failed:
        print(f"{len(failed)} of {len(lessons)} lessons failed: {', '.join(names(failed))}")
    return bool(failed)


def names(lessons: list[Path]) -> list[str]:
    return [path.stem for path in lessons]


def metric_line(output: str) -> str:
    return next(line for line in output.splitlines() if line.startswith("metric: "))


def read_record(lesson: Path) -> dict:
    """What the lesson has noted."""
    return json.loads((RUNS / f"{lesson.stem}.json").read_text())


def write_results(readme: Path, records: list[dict]) -> None:
    """Put the rows of these lessons between the marks; those of the others stay."""
    before, rest = readme.read_text().split(START)
    old, after = rest.split(END)
    new = [line for record in records for line in lines(record)]
    fresh = {line.split("|")[1] for line in new}
    kept = [row for row in old.splitlines() if "](" in row and row.split("|")[1] not in fresh]
    rows = sorted([*kept, *new], key=lambda row: row.split("|")[1])  # a stable sort
    readme.write_text(f"{before}{START}\n{HEAD}" + "\n".join(rows) + f"\n{END}{after}")


def lines(record: dict) -> list[str]:
    """The lesson's rows in Markdown; the arrow says which way is better."""
    link, data = f"[{record['lesson']}]({record['lesson']}.py)", record["data"]
    metric = f"{record['metric']} {'↓' if record['better'] == 'lower' else '↑'}"
    return [
        f"| {link} | {data} | {variant} | {metric} {value} | {parameters} | {seconds} |"
        for variant, value, parameters, seconds in table(record)
    ]


if __name__ == "__main__":
    sys.exit(main())
