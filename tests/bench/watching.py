"""What it costs to be watched: a training step of a net under each tool of `minigrad.debug`.

The ways are taken in turn, one step each; a ratio is the median over all rounds, to the plain step.
"""

import argparse
import contextlib
import statistics
import time

import tasks
from nets import NETS

import minigrad as mg
from minigrad import debug, graph


@contextlib.contextmanager
def without_lines():
    """Nodes do not look for the user's line."""
    before, graph.user_line = graph.user_line, lambda line=(None, 0): line
    try:
        yield
    finally:
        graph.user_line = before


WAYS = {
    "plain": contextlib.nullcontext,
    "plain, again": contextlib.nullcontext,  # how much the clock of this machine moves
    "without the user's lines": without_lines,
    "debug.record": debug.record,
    "debug.detect_nan": debug.detect_nan,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("net", nargs="?", choices=NETS, default="lenet5")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    mg.set_num_threads(options.threads)
    step = tasks.step(mg, options.net, options.batch)
    ratios = {way: [] for way in WAYS}
    for i in range(options.rounds + 3):
        times = {}
        for way, context in WAYS.items():
            start = time.perf_counter()
            with context():
                step()
            times[way] = time.perf_counter() - start
        if i >= 3:  # warm
            for way, seconds in times.items():
                ratios[way].append(seconds / times["plain"])
    print(f"a step of {options.net}, batch {options.batch}, threads {options.threads}")
    for way, found in ratios.items():
        print(f"{way:26}{statistics.median(found):6.3f}")


if __name__ == "__main__":
    main()
