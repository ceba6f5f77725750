"""The benchmark's tables and pictures."""

import math
import statistics
import time

import numpy as np
from kinds import KINDS
from layers import LAYERS
from matplotlib.figure import Figure

import minigrad as mg


def write(section, rows, folder):
    """The text of a section; its picture goes to the folder."""
    figure = growth_picture(rows) if section == "growth" else ratio_picture(section, rows)
    figure.savefig(folder / f"{section}.png", dpi=120)
    text = [f"== {section}", table(rows)]
    if section == "layers":
        text += [floor_table(rows), per_multiply_add(rows)]
    return "\n".join(text) + "\n"


def table(rows):
    """A line for each row, and the geometric mean of the ratios to torch for each kind of run."""
    rivals = list(dict.fromkeys(rival for row in rows for rival in row["ratio"]))
    head = f"{'':18}{'batch':>6}{'threads':>8}{'minigrad ms':>13}{'MiB more':>10}"
    lines = [head + "".join(f" | {r + ' ms':>22}{'MiB more':>10}{'ratio':>7}" for r in rivals)]
    for row in rows:
        ours = row["minigrad"]
        line = f"{row['name']:18}{row['batch']:6}{row['threads']:8}{ours['ms']:13.3f}{_more(ours)}"
        for rival in rivals:
            if rival in row["ratio"]:
                ms, more = f"{row[rival]['ms']:.3f}", _more(row[rival])
                line += f" | {ms:>22}{more}{row['ratio'][rival]:7.2f}"
            else:
                line += " | " + " " * 39
        lines.append(line)
    for rival in (r for r in rivals if r.startswith("torch")):
        for key in sorted({(row["threads"], row["batch"]) for row in rows}):
            some = [
                row["ratio"][rival]
                for row in rows
                if (row["threads"], row["batch"]) == key and rival in row["ratio"]
            ]
            if len(some) > 1 and rows[0]["task"] != "growth":
                mean = math.exp(statistics.fmean(map(math.log, some)))
                lines.append(
                    f"geometric mean, largest of the ratios to {rival}, threads {key[0]}, "
                    f"batch {key[1]}: {mean:.2f}, {max(some):.2f}"
                )
    return "\n".join(lines)


def _more(run):
    """The memory that a process took beyond what it held before, in MiB."""
    return f"{run['peak'] - run['before']:10.0f}"


def ratio_picture(section, rows):
    """Bars of the ratio to the first rival; 1 is level."""
    labels = [f"{row['name']}, batch {row['batch']}" for row in rows]
    names, threads = list(dict.fromkeys(labels)), sorted({row["threads"] for row in rows})
    figure = Figure(figsize=(9, 1 + 0.35 * len(names) * len(threads)), layout="constrained")
    axes = figure.subplots()
    for i, n in enumerate(threads):
        found = {
            label: next(iter(row["ratio"].values()))
            for label, row in zip(labels, rows, strict=True)
            if row["threads"] == n
        }
        places = [
            k + 0.8 * (i + 0.5) / len(threads) - 0.4 for k, m in enumerate(names) if m in found
        ]
        axes.barh(places, list(found.values()), 0.8 / len(threads), label=f"threads: {n}")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xlabel("time of minigrad / time beside it")
    axes.set_title(section)
    axes.legend()
    return figure


def growth_picture(rows):
    """Time against each size, log-log: straight lines, no cliffs."""
    names = list(dict.fromkeys(row["name"].split("=")[0] for row in rows))
    figure = Figure(figsize=(1 + 5 * len(names), 5), layout="constrained")
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for axes, axis in zip(panels, names, strict=True):
        for n in sorted({row["threads"] for row in rows}):
            some = [r for r in rows if r["name"].startswith(axis + "=") and r["threads"] == n]
            sizes = [int(row["name"].split("=")[1]) for row in some]
            for who, style in (("minigrad", "o-"), ("torch", "s:")):
                times = [row[who]["ms"] for row in some]
                axes.loglog(sizes, times, style, label=f"{who}, threads {n}")
        axes.set_xlabel(axis)
        axes.set_ylabel("ms a step")
        axes.legend()
    return figure


def floor_table(rows):
    """How far a layer is from its floor: its products at the rate of sgemm, and its passes.

    Products: forward and two gradients. Passes over memory: x and y, then dy, x and dx.
    """
    rate, bandwidth = sgemm_rate(), copy_bandwidth()
    head = f"the floor at {rate / 1e9:.0f} GFLOP/s and {bandwidth / 1e9:.1f} GB/s a thread:"
    lines = [
        head,
        f"{'':18}{'threads':>8}{'products ms':>13}{'passes ms':>11}{'times the floor':>17}",
    ]
    for row in rows:
        if row["task"] != "layer":
            continue
        build, shape = (KINDS | LAYERS)[row["name"]][:2]
        model = build(mg.nn)
        y = model(mg.ones(row["batch"], *shape))
        work = mg.summary(model, (row["batch"], *shape)).multiply_adds
        numbers = 3 * row["batch"] * math.prod(shape) + 2 * y.data.size
        products = 1e3 * 6 * work / rate / row["threads"]
        passes = 1e3 * 4 * numbers / bandwidth / row["threads"]
        times = row["minigrad"]["ms"] / (products + passes)
        lines.append(
            f"{row['name']:18}{row['threads']:8}{products:13.2f}{passes:11.2f}{times:17.1f}"
        )
    return "\n".join(lines)


def per_multiply_add(rows):
    """Step time per multiply-add beside the plain convolution's."""
    names = ("deformable", "SK", "non-local", "augmented", "dynamic")
    cost = {}
    for row in (row for row in rows if row["name"] in ("plain 3x3", *names)):
        build, shape = KINDS[row["name"]][:2]
        work = mg.summary(build(mg.nn), (row["batch"], *shape)).multiply_adds
        cost[row["name"], row["threads"]] = row["minigrad"]["ms"] / work
    lines = ["time per multiply-add beside the plain 3x3's:"]
    for name, n in cost:
        if name in names and ("plain 3x3", n) in cost:
            lines.append(f"{name:18}{n:8}{cost[name, n] / cost['plain 3x3', n]:10.2f}")
    return "\n".join(lines)


def sgemm_rate():
    """Floating point operations a second of a large float32 product on one thread."""
    x = np.ones((1024, 1024), np.float32)
    mg.set_num_threads(1)
    x = mg.from_numpy(x)
    return 2 * 1024**3 / _fastest(lambda: x @ x)


def copy_bandwidth():
    """Bytes read or written a second by copying 4 MiB."""
    x = np.ones(1 << 20, np.float32)
    y = np.empty_like(x)
    return 2 * x.nbytes / _fastest(lambda: np.copyto(y, x))


def _fastest(function):
    times = []
    for _ in range(20):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)
