"""What a training step keeps between forward and backward, op by op: `kept.py lenet5`.

An array that several ops keep is counted where it was kept first.
"""

import argparse
import sys
from pathlib import Path

from nets import NETS
from tasks import images

import minigrad as mg
from minigrad.graph import Node

sys.path.append(str(Path(__file__).parent.parent))  # the tests look at the same arrays
from numerical import kept_arrays


def kept(loss):
    """(op, shape of its result, MiB it keeps) for each recorded op, in order."""
    nodes, todo = {}, [loss.grad_fn]
    while todo:
        node = todo.pop()
        if isinstance(node, Node) and node.order not in nodes:
            nodes[node.order] = node
            todo.extend(node.inputs)
    seen, rows = set(), []
    for _, node in sorted(nodes.items()):
        memory = {id(a): a for a in kept_arrays(node.backward) if id(a) not in seen}
        seen.update(memory)
        rows.append((node.name, node.shape, sum(a.nbytes for a in memory.values()) / 2**20))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("net", choices=NETS)
    parser.add_argument("--batch", type=int, default=64)
    options = parser.parse_args()
    build, shape = NETS[options.net]
    y = build(mg.nn)(images(mg, options.batch, shape))
    rows = kept(y.sum())
    for op, size, mib in rows:
        print(f"{op:20}{size!s:24}{mib:10.3f} MiB")
    print(f"{'together':44}{sum(mib for *_, mib in rows):10.3f} MiB")


if __name__ == "__main__":
    main()
