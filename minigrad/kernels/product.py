"""Matrix products, on minigrad's own threads."""

import math

import numpy as np

from . import threads


def matmul(x, y):
    """x @ y. Of two matrices, a large product is cut along its longer side, a part a thread."""
    work = math.prod(x.shape) * (y.shape[-1] if y.ndim > 1 else 1)
    alone = threads.get_num_threads() == 1 or work < threads.WORTH_WAKING
    if alone or x.ndim != 2 or y.ndim != 2:
        with threads.one_blas_thread():
            return np.matmul(x, y)
    z = np.empty((x.shape[0], y.shape[1]), np.result_type(x, y))
    if x.shape[0] > y.shape[1]:
        threads.run(lambda part: np.matmul(x[part], y, out=z[part]), threads.shares(len(z)))
    else:
        columns = threads.shares(z.shape[1])
        threads.run(lambda part: np.matmul(x, y[:, part], out=z[:, part]), columns)
    return z
