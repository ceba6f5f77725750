"""One process of the benchmark: runs one task of one framework and prints what it took, as JSON.

Usage: worker.py FRAMEWORK TASK NAME THREADS BATCH, where FRAMEWORK is "minigrad" or "torch" and
TASK one of tasks.py. Printed are the milliseconds of one run ("ms", the median over a second), and
in MiB the memory of the process before it ("before") and at its peak ("peak").
"""

import importlib
import json
import os
import resource
import statistics
import sys
import time

WARM_UP, FEWEST, SECONDS = 3, 9, 1.5


def main() -> None:
    framework, task, name, threads, batch = sys.argv[1:]
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = threads
    from tasks import TASKS

    module = importlib.import_module(framework)
    module.set_num_threads(int(threads))
    module.manual_seed(0)
    run = TASKS[task](module, name, int(batch))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    times = timed(run)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ms": 1e3 * statistics.median(times), "before": before, "peak": peak}))


def timed(run) -> list[float]:
    """Seconds of each run, after some to warm up; of the only one, if it takes that long."""
    start = time.perf_counter()
    run()
    first = time.perf_counter() - start
    if first > 2 * SECONDS:
        return [first]
    for _ in range(WARM_UP - 1):
        run()
    times = []
    while len(times) < FEWEST or sum(times) < SECONDS:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return times


if __name__ == "__main__":
    main()
