"""Steps of small nets and of each kind of convolution, minigrad beside torch: `make bench`.

Each time is taken in a process of its own, the two frameworks in turn, so that a machine that
slows down slows both. The table shows the median of the ratios of neighbouring runs. A kind that
torch lacks stands beside another kind in minigrad.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from pathlib import Path

from kinds import KINDS
from nets import NETS
from tqdm import tqdm

HERE = Path(__file__).parent


def milliseconds(framework: str, name: str, threads: int) -> float:
    """The time of one step, measured in a new process."""
    command = [sys.executable, str(HERE / "worker.py"), framework, name, str(threads)]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(json.loads(done.stdout))


def measure(name: str, threads: int, rounds: int, bar: tqdm) -> dict:
    """Median milliseconds of minigrad and of what it stands beside, and the median ratio."""
    beside = KINDS[name][2] if name in KINDS else "torch"
    partner = ("torch", name) if beside == "torch" else ("minigrad", beside)
    pairs = []
    for _ in range(rounds):
        bar.set_description(f"{name}, {threads} threads")
        pairs.append((milliseconds("minigrad", name, threads), milliseconds(*partner, threads)))
        bar.update()
    ours, theirs = map(statistics.median, zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    return {
        "name": name, "threads": threads, "beside": beside,
        "minigrad_ms": ours, "beside_ms": theirs, "ratio": ratio,
    }  # fmt: skip


def table(rows: list[dict]) -> str:
    """The rows, and the geometric mean of the ratios to torch for each number of threads."""
    lines = [f"{'':16}{'threads':>8}{'minigrad ms':>14}{'beside':>12}{'ms':>9}{'ratio':>8}"]
    for row in rows:
        lines.append(
            f"{row['name']:16}{row['threads']:8}{row['minigrad_ms']:14.2f}{row['beside']:>12}"
            f"{row['beside_ms']:9.2f}{row['ratio']:8.2f}"
        )
    for threads in sorted({row["threads"] for row in rows}):
        logs = [
            math.log(row["ratio"])
            for row in rows
            if row["threads"] == threads and row["beside"] == "torch"
        ]
        if logs:
            mean = math.exp(statistics.fmean(logs))
            lines.append(f"geometric mean of the ratios to torch, threads {threads}: {mean:.2f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nets", nargs="*", default=list(NETS), choices=list(NETS))
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the numbers to this file too")
    options = parser.parse_args()

    names = options.nets + options.kinds
    with tqdm(total=len(names) * len(options.threads) * options.rounds) as bar:
        rows = [
            measure(name, threads, options.rounds, bar)
            for threads in options.threads
            for name in names
        ]
    for group in (NETS, KINDS):
        chosen = [row for row in rows if row["name"] in group]
        if chosen:
            print(table(chosen), end="\n\n")
    if options.json:
        options.json.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
