"""Run the same thing in minigrad and in torch and compare values and every gradient."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as TF

import minigrad as mg
from minigrad import Tensor
from minigrad.nn import functional as F

torch.set_num_threads(1)


def ours(arrays):
    return [
        Tensor(x, requires_grad=x.dtype.kind == "f") if isinstance(x, np.ndarray) else x
        for x in arrays
    ]


def theirs(arrays):
    return [
        torch.tensor(x.copy(), requires_grad=x.dtype.kind == "f")
        if isinstance(x, np.ndarray)
        else x
        for x in arrays
    ]


def as_list(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]


def assert_same(ours_f, theirs_f, *arrays, rtol=1e-9, atol=1e-10):
    """`ours_f` on Tensors and `theirs_f` on torch's tensors: values, shapes, dtypes, gradients."""
    a, b = ours(arrays), theirs(arrays)
    ya, yb = as_list(ours_f(*a)), as_list(theirs_f(*b))
    assert len(ya) == len(yb)
    for p, q in zip(ya, yb, strict=True):
        assert p.shape == tuple(q.shape)
        assert str(p.dtype) == str(q.dtype).removeprefix("torch.")
        np.testing.assert_allclose(p.data, q.detach().numpy(), rtol, atol)
    rng = np.random.default_rng(1)
    cots = [np.asarray(rng.standard_normal(p.shape)).astype(p.dtype) for p in ya]
    pairs = [(p, q, c) for p, q, c in zip(ya, yb, cots, strict=True) if q.requires_grad]
    if not pairs:
        return
    assert all(p.requires_grad for p, _, _ in pairs)
    for i, (p, q, c) in enumerate(pairs):
        again = i < len(pairs) - 1
        p.backward(c, retain_graph=again)
        q.backward(torch.tensor(c), retain_graph=again)
    for i, (p, q) in enumerate(zip(a, b, strict=True)):
        if isinstance(q, torch.Tensor) and q.grad is not None:
            assert p.grad is not None, f"input {i} got no gradient"
            np.testing.assert_allclose(
                p.grad.data, q.grad.numpy(), rtol, atol, err_msg=f"input {i}"
            )
        elif isinstance(p, Tensor) and p.grad is not None:
            assert not p.grad.data.any(), f"input {i} has a gradient here, none in torch"


def rearranged(x, rng):
    """The same array, lying in memory in a random order, with gaps, or backwards."""
    order = rng.permutation(x.ndim)
    y = x.transpose(order).copy().transpose(np.argsort(order))
    if x.ndim and rng.random() < 0.3:
        y = np.repeat(y, 2, axis=-1)[..., ::2]
    if x.ndim and rng.random() < 0.3:
        y = np.ascontiguousarray(y[::-1])[::-1]
    return y


def run_both(f):
    """f(module, functional) for minigrad and for torch: (result or exception type) of each."""
    results = []
    for module in (mg, torch):
        functional = mg.nn.functional if module is mg else torch.nn.functional
        results.append(f(module, functional))
    return results


def examples(count):
    return pytest.mark.parametrize("seed", range(count))


class Draw:
    """Random options and inputs from one seed."""

    def __init__(self, seed):
        self.pick = random.Random(seed)
        self.rng = np.random.default_rng(seed)

    def int(self, low, high):
        return self.pick.randint(low, high)

    def ints(self, n, low, high):
        return tuple(self.pick.randint(low, high) for _ in range(n))

    def coin(self):
        return self.pick.random() < 0.5

    def array(self, *shape):
        """Normal numbers that lie in memory in any way."""
        return rearranged(np.asarray(self.rng.standard_normal(shape)), self.rng)


def both(name, *arrays, **options):
    assert_same(
        lambda *t: getattr(F, name)(*t, **options),
        lambda *t: getattr(TF, name)(*t, **options),
        *arrays,
    )
