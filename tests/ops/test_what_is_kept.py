"""What an op keeps from forward to backward: how many bytes, and that no one else writes there."""

import re
import sys
from itertools import product

import numpy as np
import pytest
from cases import CASES
from numerical import (
    as_tensors,
    backward_gradients,
    cotangents,
    is_float,
    kept_arrays,
    outputs,
)

import minigrad as mg
from minigrad import Tensor

every_case = pytest.mark.parametrize("case", CASES, ids=str)


def floats(x):
    return 8 * x.size


def mask(x):
    return x.size


NOTHING = [
    "add", "sub", "neg", "sum", "mean", "cumsum", "reshape", "permute", "expand", "flip",
    "roll", "stack", "astype", "floor", "ceil", "round", "sign", "global_avg_pool",
    "adaptive_avg_pool", "unfold", "fold",
]  # fmt: skip

# (name, the most bytes it may keep, as a function of its arrays x, w, ... and its result y)
MOST = {
    **{name: lambda *_: 0 for name in NOTHING},
    "concatenate": lambda *x: 8 * len(x),  # where one ends and the next begins
    "mul": lambda x, y, out: floats(x) + floats(y),
    "div": lambda x, y, out: floats(y) + floats(out),
    "pow": lambda x, y, out: floats(x) + floats(y) + floats(out),
    "maximum": lambda x, y, out: floats(out),
    "minimum": lambda x, y, out: floats(out),
    "where": lambda c, x, y, out: mask(out),
    "exp": lambda x, y: floats(y),
    "log": lambda x, y: floats(x),
    "log1p": lambda x, y: floats(x),
    "sqrt": lambda x, y: floats(y),
    "abs": lambda x, y: floats(x),
    "sin": lambda x, y: floats(x),
    "cos": lambda x, y: floats(x),
    "erf": lambda x, y: floats(x),
    "clip": lambda x, y: mask(x),
    "prod": lambda x, y: floats(x),
    "var": lambda x, y: floats(x) + 8,
    "std": lambda x, y: floats(x) + floats(y) + 8,
    "amax": lambda x, y: mask(x),
    "amin": lambda x, y: mask(x),
    "logsumexp": lambda x, y: floats(x) + floats(y),
    "norm": lambda x, y: 2 * floats(x) + floats(y),
    "matmul": lambda x, y, out: floats(x) + floats(y),
    "linear": lambda x, w, b, out: floats(x) + floats(w),
    "einsum": lambda *x: sum(map(floats, x[:-1])),
    "pad": lambda x, y: 8 * sum(y.shape),  # at most an index for each row and column
    "relu": lambda x, y: mask(x),
    "hardsigmoid": lambda x, y: mask(x),
    "hardtanh": lambda x, y: mask(x),
    "leaky_relu": lambda x, y: floats(x),
    "prelu": lambda x, w, y: floats(x) + floats(w) + mask(x),
    "sigmoid": lambda x, y: floats(y),
    "tanh": lambda x, y: floats(y),
    "softmax": lambda x, y: floats(y),
    "log_softmax": lambda x, y: floats(y),
    "hardswish": lambda x, y: floats(x),
    "elu": lambda x, y: 2 * floats(x),
    "gelu": lambda x, y: 2 * floats(x),
    "gelu_tanh": lambda x, y: 2 * floats(x),
    "silu": lambda x, y: 2 * floats(x),
    "mish": lambda x, y: 2 * floats(x),
    "softplus": lambda x, y: floats(x) + mask(x),
    "dropout": lambda x, y: mask(x),
    "conv": lambda x, w, b, y: floats(x) + floats(w),
    "conv_transpose": lambda x, w, b, y: floats(x) + floats(w),
    "deform_conv2d": lambda x, o, w, b, m, y: floats(x) + floats(o) + floats(w) + floats(m),
    "max_pool": lambda x, y: (
        2 * mask(x) + 8 * sum(x.shape)
    ),  # one byte where each window's winner is
    "avg_pool": lambda x, y: floats(y) + 8 * sum(x.shape),
    "adaptive_max_pool": lambda x, y: 4 * floats(x),
    "interpolate": lambda x, y: 32 * sum(y.shape),
    "batch_norm": lambda x, w, b, y: floats(x) + 8 * 8 * x.shape[1],
    "layer_norm": lambda x, w, b, y: floats(x) + floats(w) + 8 * x.shape[0] * x.shape[1],
    "group_norm": lambda x, w, b, y: floats(x) + 8 * (x.shape[0] + 4) * x.shape[1],
    "mse_loss": lambda x, t, y: floats(x),
    "l1_loss": lambda x, t, y: floats(x),
    "huber_loss": lambda x, t, y: floats(x),
    "smooth_l1_loss": lambda x, t, y: floats(x),
    "kl_div": lambda x, t, y: 3 * floats(x),
    "binary_cross_entropy": lambda x, t, w, y: 5 * floats(x),
    "binary_cross_entropy_with_logits": lambda x, t, w, p, y: 6 * floats(x),
    "cross_entropy": lambda x, t, w, y: 4 * floats(x) + 64,
    "nll_loss": lambda x, t, w, y: floats(x),
    "getitem": lambda x, y: 0,  # beside the index, which is the user's
    "gather": lambda x, y: 8 * sum(y.shape),
    "scatter_add": lambda x, s, y: 8 * sum(s.shape),
    "embedding": lambda w, y: 0,
}


@pytest.fixture
def recorded_ops(monkeypatch):
    """Runs a function and lists what `apply` was called with: (op, arrays, options, result)."""
    original, calls = Tensor._apply, []

    def recording(op, *inputs, **options):
        result = original(op, *inputs, **options)
        arrays = [
            np.asarray(getattr(x, "data", x)) if x is not None else np.empty(0) for x in inputs
        ]
        calls.append((op, arrays, options, result))
        return result

    for name, module in list(sys.modules.items()):
        if name.startswith("minigrad.") and getattr(module, "apply", None) is original:
            monkeypatch.setattr(module, "apply", recording)
    monkeypatch.setattr(Tensor, "_apply", staticmethod(recording))

    def run(case):
        calls.clear()
        case.run(*as_tensors(case.inputs))
        return list(calls)

    return run


def test_no_op_keeps_more_bytes_than_its_gradient_needs(recorded_ops):
    too_much = {}
    for case in CASES:
        for op, arrays, options, y in recorded_ops(case):
            if y.grad_fn is None:
                continue
            allowed = MOST[op.__name__](*arrays, y.data)
            indices = [v for v in options.values() if isinstance(v, (np.ndarray, tuple))]
            given = {id(x) for x in kept_arrays(indices)}
            kept = [x for x in kept_arrays(y.grad_fn.backward) if id(x) not in given]
            found = sum(x.nbytes for x in kept)
            if found > allowed:
                too_much[f"{op.__name__} in {case}"] = f"{found} bytes, allowed {allowed}"
    assert not too_much, "\n".join(f"{where}: {text}" for where, text in too_much.items())


@pytest.mark.parametrize("f", [lambda x, w: x * w, lambda x, w: x @ w, lambda x, w: w * x])
def test_what_only_an_unwanted_gradient_needs_is_not_kept(f):
    x, w = as_tensors([np.ones((50, 50)), np.ones((50, 50))], grad_for=1)
    kept = kept_arrays(f(x, w).grad_fn.backward)
    assert sum(array.nbytes for array in kept) == x.data.nbytes
    assert not any(array is w.data for array in kept)


@every_case
def test_gradients_share_no_memory_with_what_is_kept_or_with_each_other(case):
    tensors = as_tensors(case.inputs)
    ys = [y for y in outputs(case.run(*tensors)) if y.grad_fn]
    kept = [x for y in ys for x in kept_arrays(y.grad_fn.backward)]
    for y in ys:
        y.backward(cotangents([y])[0])
    grads = [t.grad.data for t in tensors if getattr(t, "grad", None) is not None]
    others = kept + [t.data for t in tensors if hasattr(t, "requires_grad")]
    for i, g in enumerate(grads):
        assert g.flags.writeable
        assert not any(np.shares_memory(g, o) for o in others + grads[:i])


def method(tensor, array):
    with mg.no_grad():
        tensor.detach().add_(0.25)


def view(tensor, array):
    with mg.no_grad():
        tensor.detach()[...].clamp_(max=-0.25)


def data(tensor, array):
    tensor.data[...] += 0.25


def numpy(tensor, array):
    tensor.detach().numpy()[...] += 0.25


def wrapped(tensor, array):
    array[...] += 0.25


WRITES = [method, view, data, numpy, wrapped]


@every_case
def test_memory_written_before_backward_is_refused_or_makes_no_difference(case):
    expected = backward_gradients(case.run, case.inputs)
    places = [i for i, x in enumerate(case.inputs) if is_float(x)]
    for i, write in [*product(places, WRITES), *((None, write) for write in WRITES[:-1])]:
        tensors = as_tensors([np.array(x) if is_float(x) else x for x in case.inputs])
        array = None
        if write is wrapped:
            array = np.array(case.inputs[i])
            tensors[i] = mg.from_numpy(array).requires_grad_(tensors[i].requires_grad)
        ys = [y for y in outputs(case.run(*tensors)) if y.grad_fn]
        cots = cotangents(ys)
        for x in [y for y in ys if y.data.flags.writeable] if i is None else [tensors[i]]:
            write(x, array)
        try:
            for y, c in zip(ys, cots, strict=True):
                y.backward(c, retain_graph=True)
        except RuntimeError as error:
            if not re.search(r"keeps an array of shape .* at test_what_is_kept.py:\d+", str(error)):
                raise
            continue
        for t, dx in zip(tensors, expected, strict=True):
            if dx is not None and t.grad is not None:
                np.testing.assert_allclose(t.grad.data, dx, rtol=1e-12, atol=1e-12)
