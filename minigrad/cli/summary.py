"""minigrad summary: what is a model made of?"""

from __future__ import annotations

import argparse

from ..models import MODELS, build
from ..summary import summary
from .data import SOURCES

HELP = "show a model's layers, shapes, parameters, work and receptive field"
DESCRIPTION = """\
Show a model layer by layer, sized for the images of a data set: the shape of what comes out (for
one image), parameters, multiply-adds (those of convolutions and linear layers), and receptive
field (how many pixels of the image one pixel of the layer's output depends on).
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `minigrad summary`."""
    parser.add_argument("--model", choices=MODELS, default="lenet5", help="default: %(default)s")
    parser.add_argument("--data", choices=SOURCES, default="digits", help="default: %(default)s")


def run(args: argparse.Namespace) -> None:
    """Print the table."""
    source = SOURCES[args.data]
    size = source.size
    model = build(args.model, source.channels, len(source.classes), size)
    print(f"{args.model} for {args.data}: {source.channels} x {size} x {size}")
    print(summary(model, (1, source.channels, size, size)))
