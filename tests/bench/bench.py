"""minigrad beside torch: `make bench`. Prints tables; numbers (JSON) and pictures go to a folder.

Each time is taken in a process of its own, the frameworks in turn, so that a machine that slows
down slows all of them. Ratios are medians of the ratios of neighbouring runs.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import report
from kinds import KINDS
from layers import LAYERS
from nets import NETS
from tasks import GROWTH
from tqdm import tqdm

HERE = Path(__file__).parent
KEEP_FREED_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": "33554432"}
RIVALS = {  # what minigrad is timed beside: (framework, what it needs in the environment)
    "torch": ("torch", {}),
    "torch, tuned malloc": ("torch", KEEP_FREED_MEMORY),
}
SECTIONS = ("nets", "inference", "layers", "chain", "epoch", "growth")


def run(framework, task, name, threads, batch, environment):
    """What one process of worker.py prints."""
    command = [sys.executable, str(HERE / "worker.py"), framework, task, name]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent.parent), **environment}
    done = subprocess.run(
        [*command, str(threads), str(batch)], stdout=subprocess.PIPE, check=True, env=environment
    )
    return json.loads(done.stdout)


def jobs(section, names, threads):
    """What a section times: (task, name, threads, batch, rivals)."""
    for n in threads:
        if section == "nets":
            yield from (("step", name, n, 64, list(RIVALS)) for name in names or NETS)
        if section == "inference":
            for name in names or NETS:
                yield from (("inference", name, n, batch, ["torch"]) for batch in (64, 1))
        if section == "layers":
            for name in names or (KINDS | LAYERS):
                beside = KINDS[name][2] if name in KINDS else "torch"
                yield "layer", name, n, 64, [beside]
            if not names:
                yield from (("optimizer", name, n, 20, ["torch"]) for name in ("SGD", "Adam"))
        if section == "chain":
            yield "chain", "scalar", n, 1000, ["torch"]
        if section == "epoch":
            yield "epoch", "lenet5", n, 64, ["torch"]
        if section == "growth":
            for axis in names or GROWTH:
                for size in GROWTH[axis]:
                    yield "growth", f"{axis}={size}", n, 1, ["torch"]


def measure(job, rounds, bar):
    """The medians of some rounds: times, ratios and memory."""
    task, name, threads, batch, rivals = job
    runs = []
    for _ in range(rounds):
        bar.set_postfix_str(f"{task} {name}, batch {batch}, threads {threads}")
        one = {"minigrad": run("minigrad", task, name, threads, batch, {})}
        for rival in rivals:
            framework, environment = RIVALS.get(rival, ("minigrad", {}))
            other = name if rival in RIVALS else rival
            one[rival] = run(framework, task, other, threads, batch, environment)
        runs.append(one)
        bar.update()
    middle = {
        who: {what: statistics.median(one[who][what] for one in runs) for what in runs[0][who]}
        for who in runs[0]
    }
    ratios = {
        rival: statistics.median(one["minigrad"]["ms"] / one[rival]["ms"] for one in runs)
        for rival in rivals
    }
    return {"task": task, "name": name, "threads": threads, "batch": batch, **middle,
            "ratio": ratios}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", default=["nets"], choices=[*SECTIONS, "all"],
                        help="what to time (default: nets)")  # fmt: skip
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME",
                        help="nets, layers or axes of growth (default: all)")  # fmt: skip
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/bench"), help="folder to write to")
    options = parser.parse_args()

    sections = SECTIONS if "all" in options.sections else options.sections
    planned = {s: list(jobs(s, options.only, options.threads)) for s in sections}
    options.out.mkdir(parents=True, exist_ok=True)
    with tqdm(total=options.rounds * sum(map(len, planned.values()))) as bar:
        for section, todo in planned.items():
            rows = [measure(job, options.rounds, bar) for job in todo]
            (options.out / f"{section}.json").write_text(json.dumps(rows, indent=1))
            bar.write(report.write(section, rows, options.out), file=sys.stdout)


if __name__ == "__main__":
    main()
