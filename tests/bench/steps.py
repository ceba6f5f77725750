"""Training steps of small nets, minigrad beside torch: `make bench`.

Each time is taken in a process of its own, the two frameworks in turn, so that a machine that
slows down slows both. The table shows the median of the ratios of neighbouring runs.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from pathlib import Path

from nets import NETS
from tqdm import tqdm

HERE = Path(__file__).parent


def milliseconds(framework: str, net: str, threads: int) -> float:
    """The time of one training step, measured in a new process."""
    command = [sys.executable, str(HERE / "worker.py"), framework, net, str(threads)]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(json.loads(done.stdout))


def measure(net: str, threads: int, rounds: int, bar: tqdm) -> tuple[float, float, float]:
    """Median milliseconds of minigrad and torch, and the median ratio of the rounds."""
    pairs = []
    for _ in range(rounds):
        bar.set_description(f"{net}, {threads} threads")
        pairs.append((milliseconds("minigrad", net, threads), milliseconds("torch", net, threads)))
        bar.update()
    ours, theirs = zip(*pairs, strict=True)
    ratios = [a / b for a, b in pairs]
    return statistics.median(ours), statistics.median(theirs), statistics.median(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nets", nargs="+", default=list(NETS), choices=list(NETS))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the numbers to this file too")
    options = parser.parse_args()

    rows = []
    with tqdm(total=len(options.nets) * len(options.threads) * options.rounds) as bar:
        for threads in options.threads:
            for net in options.nets:
                rows.append((net, threads, *measure(net, threads, options.rounds, bar)))
    print(f"{'net':16}{'threads':>8}{'minigrad ms':>14}{'torch ms':>11}{'ratio':>8}")
    for net, threads, ours, theirs, ratio in rows:
        print(f"{net:16}{threads:8}{ours:14.1f}{theirs:11.1f}{ratio:8.2f}")
    for threads in options.threads:
        logs = [math.log(row[4]) for row in rows if row[1] == threads]
        mean = math.exp(statistics.fmean(logs))
        print(f"geometric mean, threads {threads}: {mean:.2f}")
    if options.json:
        keys = ("net", "threads", "minigrad_ms", "torch_ms", "ratio")
        options.json.write_text(json.dumps([dict(zip(keys, row, strict=True)) for row in rows]))


if __name__ == "__main__":
    main()
