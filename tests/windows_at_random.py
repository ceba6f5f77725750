"""Random convolutions and poolings of every kind, with options and inputs that fit each other."""

from collections import Counter

import numpy as np

import minigrad as mg
from minigrad import nn

MODES = ("zeros", "reflect", "replicate", "circular")


class Draw:
    """Random options, and a count of those in the layers that were taken."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.came, self.latest, self.tries = Counter(), [], 0

    def of(self, name, *choices):
        value = choices[self.rng.integers(len(choices))]
        self.latest.append((name, value))
        return value

    def each(self, name, n, *choices):
        """A number for each axis."""
        return tuple(self.of(name, *choices) for _ in range(n))

    def array(self, *shape, ties=False):
        x = self.rng.standard_normal(shape)
        return np.round(x) if ties else x


def conv(draw, kind, n):
    groups = draw.of("groups", 1, 2, 3)
    inputs = groups * draw.of("in per group", 1, 2)
    outputs = groups * draw.of("out per group", 1, 2)
    padding = draw.of("padding", "same", "valid", "numbers")
    options = {
        "kernel_size": draw.each("kernel", n, 1, 2, 3),
        "stride": draw.each("stride", n, 1, 2, 3),
        "padding": draw.each("pad", n, 0, 1, 2) if padding == "numbers" else padding,
        "dilation": draw.each("dilation", n, 1, 2),
        "groups": groups,
        "bias": draw.of("bias", True, False),
    }
    if kind == "ConvTranspose":
        if padding == "same":
            options["output_padding"] = tuple(draw.of("added", 0, 1 - s) for s in options["stride"])
        else:
            options["output_padding"] = draw.each("added", n, 0, 1, 2)
    elif kind == "Conv":
        options["padding_mode"] = draw.of("mode", *MODES)
    elif kind == "CausalConv":
        del options["stride"], options["padding"]
        options |= {name: options[name][0] for name in ("kernel_size", "dilation")}
    elif kind in ("DeformConv", "Deformable"):
        options["padding"] = draw.each("pad", n, 0, 1, 2)
    if kind == "DeformConv":
        options["offset_groups"] = inputs if draw.of("offset groups", True, False) else 1
        options["modulated"] = draw.of("modulated", True, False)
    layer = {
        "DilatedConv": nn.DilatedConv, "DeformConv": nn.DeformConv, "Deformable": nn.DeformConv2d,
    }.get(kind) or getattr(nn, f"{kind}{n}d")  # fmt: skip
    return layer(inputs, outputs, **options)


def pool(draw, kind, n):
    if kind.startswith("Global"):
        return getattr(nn, f"{kind}{n}d")()
    if kind.startswith("Adaptive"):
        return getattr(nn, f"{kind}{n}d")(draw.each("output size", n, 1, 2, 3, None))
    options = {
        "kernel_size": draw.each("window", n, 1, 2, 3),
        "stride": draw.each("step", n, 1, 2, 3) if draw.of("own step", True, False) else None,
        "padding": draw.each("pool pad", n, 0, 1),
        "ceil_mode": draw.of("ceil", True, False),
    }
    if kind == "MaxPool":
        options["dilation"] = draw.each("pool dilation", n, 1, 2)
    else:
        options["count_include_pad"] = draw.of("rim counts", True, False)
    return getattr(nn, f"{kind}{n}d")(**options)


CONVS = [("Conv", 1), ("Conv", 2), ("Conv", 3), ("CausalConv", 1), ("DilatedConv", 2),
         ("ConvTranspose", 1), ("ConvTranspose", 2), ("ConvTranspose", 3),
         ("DeformConv", 2), ("Deformable", 2)]  # fmt: skip
POOLS = [
    (how + kind + "Pool", n)
    for how in ("", "Adaptive", "Global") for kind in ("Max", "Avg") for n in (1, 2, 3)
]  # fmt: skip


OPTIONS = 73  # values of options that all draws together must have taken


def configuration(draw, kind, n):
    """A layer in float64 and its inputs; drawn anew until they fit each other."""
    while True:
        draw.latest, draw.tries = [], draw.tries + 1
        try:
            layer = (conv if (kind, n) in CONVS else pool)(draw, kind, n).double()
            channels = getattr(layer, "in_channels", 2)
            lead = () if kind != "DeformConv" and draw.of("batch", 0, 1) == 0 else (2,)
            lead = (1,) if kind == "Deformable" else lead
            size = [draw.of("size", *range(1, {1: 12, 2: 8, 3: 5}[n])) for _ in range(n)]
            x = mg.tensor(draw.array(*lead, channels, *size, ties=draw.of("ties", True, False)))
            for p in layer.parameters():
                p.data[...] = draw.array(*p.shape)
            inputs = [x]
            if kind == "Deformable":
                out = mg.output_size(layer, tuple(size))
                taps = np.prod(layer.kernel_size)
                inputs.append(mg.tensor(2 * draw.array(*lead, 2 * taps, *out)))
                if draw.of("mask", True, False):
                    inputs.append(mg.tensor(draw.array(*lead, taps, *out)))
            layer(*inputs)
        except ValueError:
            continue
        draw.came.update(set(draw.latest))
        return layer, inputs
