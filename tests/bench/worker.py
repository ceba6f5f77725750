"""One process of the benchmark: time one step of a net, or of a kind of convolution.

Prints the milliseconds of a step, the median over STEPS, as a JSON number. A net's step is forward,
backward and SGD; a kind's is forward and the gradients of its input and its parameters.
Usage: worker.py FRAMEWORK NAME THREADS, where FRAMEWORK is "minigrad" or "torch".
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
    if framework == "torch":
        import torch as module
    else:
        import minigrad as module
    module.set_num_threads(threads)
    module.manual_seed(0)
    step = prepare(module, name)
    for _ in range(WARM_UP):
        step()
    times = []
    for _ in range(STEPS):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    print(json.dumps(1e3 * statistics.median(times)))


def prepare(module, name):
    """The step as a function without arguments."""
    import numpy as np
    from kinds import KINDS
    from nets import NETS

    nn = module.nn
    build, shape = NETS[name] if name in NETS else KINDS[name][:2]
    rng = np.random.default_rng(0)
    model = build(nn)
    x = module.from_numpy(rng.standard_normal((BATCH, *shape), np.float32))
    if name in NETS:
        target, criterion = x, nn.functional.mse_loss  # an image is to come out as it went in
        if name != "autoencoder":
            target = module.from_numpy(rng.integers(0, 10, BATCH))
            criterion = nn.functional.cross_entropy
        optimizer = module.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

        def step() -> None:
            optimizer.zero_grad()
            criterion(model(x), target).backward()
            optimizer.step()

        return step

    x.requires_grad = True
    dy = module.from_numpy(rng.standard_normal(tuple(model(x).shape), np.float32))

    def step_of_a_kind() -> None:
        x.grad = None
        model.zero_grad()
        model(x).backward(dy)

    return step_of_a_kind


if __name__ == "__main__":
    main()
