"""The command line: one file for each subcommand, with its options and what it does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from . import course, evaluate, predict, summary, train

EXAMPLES = """\
examples:
  minigrad train                                    LeNet-5 on the built-in 8x8 digits
  minigrad train --model mnist_cnn --data mnist --epochs 1 --download
  minigrad train --resume                           go on with the newest run
  minigrad evaluate                                 test the newest run
  minigrad predict seven.png --run runs/lenet5-mnist --invert
  minigrad summary --model resnet20 --data cifar10
  minigrad course new 2 --to convolution            an assignment, with a stub to fill in

`minigrad COMMAND --help` tells all options of a command.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code.

    0: done. 1: something failed on the way. 2: wrong arguments or input. 130: Ctrl-C.
    """
    args = _parser().parse_args(arguments)
    try:
        args.run(args)
        return 0
    except KeyboardInterrupt as interrupt:
        print(f"\nminigrad: interrupted{interrupt}", file=sys.stderr)
        return 130
    except (ValueError, TypeError, RuntimeError, OSError, MemoryError) as error:
        if args.traceback:
            raise
        print(f"minigrad: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, (ValueError, TypeError)) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="minigrad",
        description="Train small neural networks on images, test them, and look inside.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (train, evaluate, predict, summary, course):
        command = commands.add_parser(
            module.__name__.rpartition(".")[2],
            help=module.HELP,
            description=module.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_options(command)
        command.add_argument(
            "--traceback", action="store_true", help="show where in the code an error comes from"
        )
        command.set_defaults(run=module.run)
    return parser
