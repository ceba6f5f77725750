"""One process of the benchmark: time the training step of one net in one framework.

Prints the milliseconds of a step, the median over STEPS, as a JSON number.
Usage: worker.py FRAMEWORK NET THREADS, where FRAMEWORK is "minigrad" or "torch".
"""

import json
import os
import statistics
import sys
import time

BATCH, WARM_UP, STEPS = 64, 3, 9


def main() -> None:
    framework, name, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(threads)
    import numpy as np
    from nets import NETS

    build, shape = NETS[name]
    rng = np.random.default_rng(0)
    images = rng.standard_normal((BATCH, *shape), np.float32)
    labels = rng.integers(0, 10, BATCH)
    if framework == "torch":
        import torch as module
    else:
        import minigrad as module
    module.set_num_threads(threads)
    module.manual_seed(0)
    nn = module.nn
    model = build(nn)
    optimizer = module.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    x, y = module.from_numpy(images), module.from_numpy(labels)

    def step() -> None:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()

    for _ in range(WARM_UP):
        step()
    times = []
    for _ in range(STEPS):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    print(json.dumps(1e3 * statistics.median(times)))


if __name__ == "__main__":
    main()
