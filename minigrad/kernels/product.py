"""Matrix products, on minigrad's own threads."""

import math

import numpy as np

from . import threads


def matmul(x, y):
    """x @ y. A large product is cut, a part a thread: a stack of matrices along its first axis, a
    single one along its longer side.
    """
    work = math.prod(x.shape) * (y.shape[-1] if y.ndim > 1 else 1)
    stacked = x.ndim == y.ndim > 2 and len(x) == len(y) > 1
    alone = threads.get_num_threads() == 1 or work < threads.WORTH_WAKING
    if alone or not (stacked or x.ndim == y.ndim == 2):
        with threads.one_blas_thread():
            return np.matmul(x, y)
    if stacked:
        batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        z = np.empty((*batch, x.shape[-2], y.shape[-1]), np.result_type(x, y))
        _share(len(z), lambda part: np.matmul(x[part], y[part], out=z[part]))
        return z
    z = np.empty((x.shape[0], y.shape[1]), np.result_type(x, y))
    if x.shape[0] > y.shape[1]:
        _share(len(z), lambda part: np.matmul(x[part], y, out=z[part]))
    else:
        _share(z.shape[1], lambda part: np.matmul(x, y[:, part], out=z[:, part]))
    return z


def _share(count, task):
    threads.run(task, threads.shares(count))
