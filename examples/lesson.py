"""What the lessons share: which seeds to run, a progress bar, and the table at the end.

    lesson = Lesson("05_separable", data="digits", metric="test accuracy", percent=True)
    for variant, seed in lesson.runs(["standard", "separable"]):
        model = ...            # build, train and test it: mg.manual_seed(seed) has been called
        lesson.add(variant, model, accuracy)
    lesson.finish(figure)

The first variant is the baseline. A lesson takes `--quick` (one seed; `lesson.quick` says to train
for a moment only) and `--seeds N` (default 3).
"""

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from tqdm import tqdm

import minigrad as mg

RUNS = Path("runs")


class Lesson:
    """One lesson's results, for each variant and seed. `data` says in a few words on what.

    `percent=True`: the metric is a share from 0 to 1, shown in percent. `better`: "higher" or
    "lower". `lesson.quick` and `lesson.seeds` are what the command line asks for.
    """

    def __init__(
        self,
        name: str,
        *,
        data: str,
        metric: str,
        percent: bool = False,
        better: str = "higher",
    ) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("--quick", action="store_true", help="one seed, a moment of training")
        parser.add_argument("--seeds", type=int, help="how many seeds to run (default: 3)")
        options, _ = parser.parse_known_args()  # a notebook has arguments of its own
        if options.seeds is not None and options.seeds < 1:
            parser.error(f"--seeds must be at least 1, got {options.seeds}")
        self.quick: bool = options.quick
        self.seeds = range(options.seeds or (1 if self.quick else 3))
        self.record: dict[str, Any] = {
            "lesson": name,
            "data": data,
            "metric": metric,
            "percent": percent,
            "better": better,
            "quick": self.quick,
            "runs": [],
        }

    def runs(self, variants: Sequence[str]) -> Iterator[tuple[str, int]]:
        """Each variant with each seed, under a progress bar. Seeds minigrad, starts the clock."""
        pairs = [(variant, seed) for seed in self.seeds for variant in variants]
        bar = tqdm(pairs, unit="run", dynamic_ncols=True)
        for variant, seed in bar:
            bar.set_description(f"{variant}, seed {seed}")
            mg.manual_seed(seed)
            self.start = perf_counter()
            yield variant, seed

    def add(
        self, variant: str, model: mg.nn.Layer | int, value: float, seconds: float | None = None
    ) -> None:
        """Note what a variant has reached. `model`: the model, or how many parameters it has.

        `seconds`: default, the time since `runs` gave this variant.
        """
        if isinstance(model, mg.nn.Layer):
            model = sum(p.numel() for p in model.parameters())
        if seconds is None:
            seconds = perf_counter() - self.start
        self.record["runs"].append(
            {"variant": variant, "parameters": model, "value": float(value), "seconds": seconds}
        )

    def finish(self, figure: Any) -> Any:
        """Print the table and the metric; save the picture and the numbers in runs/."""
        name, metric = self.record["lesson"], self.record["metric"]
        rows = table(self.record)
        print(aligned([["variant", metric, "parameters", "seconds"], *rows]))
        print(
            f"metric: {metric} " + ", ".join(f"{value} ({variant})" for variant, value, *_ in rows)
        )
        RUNS.mkdir(exist_ok=True)
        figure.savefig(RUNS / f"{name}.png", dpi=120)
        (RUNS / f"{name}.json").write_text(json.dumps(self.record, indent=1))
        print(f"saved {RUNS / name}.png")
        return figure  # a notebook shows it


def table(record: dict[str, Any]) -> list[list[str]]:
    """A row for each variant: name, mean metric ± half its range over the seeds, size, seconds."""
    rows = []
    for variant in dict.fromkeys(run["variant"] for run in record["runs"]):
        runs = [run for run in record["runs"] if run["variant"] == variant]
        values = [run["value"] * (100 if record["percent"] else 1) for run in runs]
        mean, spread = sum(values) / len(values), (max(values) - min(values)) / 2
        form, unit = (".1f", "%") if record["percent"] else (three_digits(mean), "")
        text = f"{mean:{form}}{unit}"
        if len(values) > 1:
            text += f" ± {spread:{form}}"
        seconds = sum(run["seconds"] for run in runs) / len(runs)
        rows.append([variant, text, f"{runs[0]['parameters']:,}", f"{seconds:.1f}"])
    return rows


def three_digits(value: float) -> str:
    """The format that shows three digits of a number: ".1f" for 12.3, ".4f" for 0.0123."""
    decimals = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f".{max(decimals, 0)}f" if decimals < 5 else ".2e"


def aligned(rows: list[list[str]]) -> str:
    """The rows as text, in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
