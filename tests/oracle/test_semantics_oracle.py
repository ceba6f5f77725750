"""PyTorch's rules beside PyTorch itself: dtypes, indexing, reductions, ties, the ends of the range."""

# ruff: noqa: E501 (a row of a table is a line)

import itertools
import math

import numpy as np
import pytest
import torch
from beside import assert_same, run_both

import minigrad as mg

DTYPES = ["bool", "uint8", "int32", "int64", "float32", "float64"]
OPERATIONS = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "**": lambda x, y: x**y,
    "//": lambda x, y: x // y,
    "%": lambda x, y: x % y,
    "==": lambda x, y: x == y,
    "<": lambda x, y: x < y,
    "&": lambda x, y: x & y,
    "|": lambda x, y: x | y,
    "^": lambda x, y: x ^ y,
}


def outcome(f):
    try:
        y = f()
    except Exception as error:
        return type(error).__name__
    return y


def compare(a, b, what):
    """Both results equal, in dtype and shape too; or both an exception."""
    assert isinstance(a, str) == isinstance(b, str), f"{what}: {a} here, {b} in torch"
    if not isinstance(a, str):
        assert str(a.dtype) == str(b.dtype).removeprefix("torch."), (
            f"{what}: {a.dtype}, torch {b.dtype}"
        )
        assert a.shape == tuple(b.shape), what
        np.testing.assert_allclose(
            a.data.astype(float), b.double().numpy(), rtol=1e-2, err_msg=what
        )


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_dtype_of_two_tensors(name):
    f = OPERATIONS[name]
    for dx, dy in itertools.product(DTYPES, DTYPES):
        if name in ("**", "//", "%", "-") and "bool" in (dx, dy):
            continue  # torch has no such operations on booleans
        for sx, sy in itertools.product([(2,), ()], [(2,), ()]):

            def run(m, _, dx=dx, dy=dy, sx=sx, sy=sy):
                x = m.ones(sx).to(getattr(m, dx)) * m.tensor(1, dtype=getattr(m, dx))
                return outcome(lambda: f(x, m.ones(sy).to(getattr(m, dy))))

            compare(*run_both(run), f"{dx}{sx} {name} {dy}{sy}")


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_dtype_of_a_tensor_and_a_number(name):
    f = OPERATIONS[name]
    for dtype, number in itertools.product(DTYPES, [2, 2.0, True]):
        if name in ("**", "//", "%", "-") and (dtype == "bool" or number is True):
            continue
        for shape in [(2,), ()]:
            for reflected in (False, True):

                def run(m, _, dtype=dtype, number=number, shape=shape, reflected=reflected):
                    x = m.ones(shape).to(getattr(m, dtype))
                    return outcome(lambda: f(number, x) if reflected else f(x, number))

                compare(*run_both(run), f"{dtype}{shape} {name} {number}, reflected {reflected}")


REDUCTIONS = {
    "sum": lambda x, **o: x.sum(**o),
    "prod": lambda x, **o: x.prod(**o),
    "cumsum": lambda x, dim=0: x.cumsum(dim),
    "amax": lambda x, **o: x.amax(**o),
    "any": lambda x, **o: x.any(**o),
    "all": lambda x, **o: x.all(**o),
    "argmax": lambda x, **o: x.argmax(**o),
    "max": lambda x, **o: x.max(**o),
    "max values": lambda x: x.max(0).values,
    "max indices": lambda x: x.max(0).indices,
    "sort": lambda x: x.sort(0, descending=True).values,
    "sort indices": lambda x: x.sort(0).indices,
    "topk": lambda x: x.topk(1, 0).values,
}


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32", "float64"])
def test_the_dtype_of_a_reduction(name, dtype):
    if dtype == "uint8" and name in ("any", "all"):
        pytest.skip("torch's oldest boolean type was uint8, and these two keep it")
    values = np.array([[3, 1], [0, 2], [1, 5]])
    compare(*run_both(lambda m, _: REDUCTIONS[name](m.tensor(values).to(getattr(m, dtype)))), name)


@pytest.mark.parametrize("dim", [None, 0, -1, (0, 2), (1,)])
@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize(
    "name", ["sum", "mean", "var", "std", "amax", "amin", "logsumexp", "norm", "prod"]
)
def test_the_shape_of_a_reduction(name, dim, keepdim):
    x = np.random.default_rng(0).standard_normal((2, 3, 4))

    def run(x):
        if name == "norm":
            return x.norm(2, dim, keepdim)
        options = {} if dim is None else {"dim": dim, "keepdim": keepdim}
        if name == "logsumexp" and dim is None:
            options = {"dim": (0, 1, 2)}
        if name == "prod" and isinstance(dim, tuple):
            return x.sum()
        return getattr(x, name)(**options)

    assert_same(run, run, x)


INDICES = [
    "1", "-1", "1:", "::2", "..., 0", "None", "0, None, 1:", "[1, 0, 1]", "[True, False]",
    "i([0, 1])", "i([[0, 1], [1, 0]])", "i([0, 1]), i([2, 0])", "i([0, 1]), :, i([2, 0])", ":, i([0, 0])",
    "i([[0], [1]]), i([0, 2])", "x > 0", ":, b([True, False, True])", "b([True, False]), 1", "i(1)", "..., i([1])",
    "0, i([1, 2]), ::2", "i([0, 1]), None, 1", "True", "False", "i([0]), ..., i([1])", "[]", "0:0", "5:9",
]  # fmt: skip


@pytest.mark.parametrize("index", INDICES)
def test_indexing(index):
    x = np.random.default_rng(0).standard_normal((2, 3, 4))

    def read(m):
        code = compile(f"x[{index}]", "<index>", "eval")
        return lambda x: eval(code, {"x": x, "i": m.tensor, "b": m.tensor})

    def write(m, _):
        y = m.tensor(x)
        exec(f"y[{index}] = 9.5", {"x": m.tensor(x), "y": y, "i": m.tensor, "b": m.tensor})
        return y

    assert_same(read(mg), read(torch), x)
    compare(*run_both(write), index)


@pytest.mark.parametrize("f", [
    lambda x: x.max(), lambda x: x.min(), lambda x: x.amax(1), lambda x: x.amin((0, 1)), lambda x: x.max(1).values,
    lambda x: x.min(0).values, lambda x: x.sort(1).values, lambda x: x.norm(math.inf),
    lambda x: abs(x), lambda x: x.clip(0, 1), lambda x: x.prod(), lambda x: x.prod(1), lambda x: x.norm(),
    lambda x: (x - x).norm(), lambda x: (x * 0).std(), lambda x: x.maximum(x.flip((0,))),
    lambda x: x.minimum(x * 0 + 1), lambda x: x.relu(), lambda x: x.sign(), lambda x: x.round(),
])  # fmt: skip
def test_ties_and_kinks(f):
    x = np.array([[0.0, 1.0, 1.0, -2.0], [2.0, 2.0, -2.0, 0.0]])
    assert_same(f, f, x)


SPECIAL = np.array(
    [-np.inf, -1e30, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0, 25.0, 1e30, np.inf, np.nan]
)
FUNCTIONS = [
    "relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "softplus", "mish", "hardsigmoid",
    "hardswish", "hardtanh", "sigmoid", "tanh",
]  # fmt: skip
METHODS = [
    "exp", "log", "log1p", "sqrt", "rsqrt", "square", "reciprocal", "abs", "sin", "cos", "erf",
    "sign", "floor", "ceil", "round",
]  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations_at_the_ends_of_the_range(name):
    rtol = 1e-6 if name == "hardsigmoid" else 1e-9  # torch rounds 1/6 to float32
    ours, theirs = getattr(mg.nn.functional, name), getattr(torch.nn.functional, name)
    assert_same(ours, theirs, SPECIAL[:-1], rtol=rtol)
    assert_same(lambda x: ours(x).detach(), lambda x: theirs(x).detach(), SPECIAL)  # nan stays nan


@pytest.mark.parametrize("name", METHODS)
def test_functions_at_the_ends_of_the_range(name):
    values = SPECIAL[:-1] if name in ("sign", "abs") else SPECIAL  # torch takes sign(nan) as 0
    assert_same(lambda x: getattr(x, name)(), lambda x: getattr(x, name)(), values)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, 0.5, -0.5, 2.5])
def test_powers_at_the_ends_of_the_range(exponent):
    values = (
        SPECIAL if exponent == int(exponent) else SPECIAL[2:]
    )  # the root of -inf is nan in torch
    assert_same(lambda x: x**exponent, lambda x: x**exponent, values)


@pytest.mark.parametrize(
    "expression", ["x ** y", "x / y", "x * y", "x - y", "x.maximum(y)", "x.minimum(y)"]
)
def test_two_operands_at_the_ends_of_the_range(expression):
    numbers = np.array([-np.inf, -2.0, 0.0, 1.0, 2.0, np.inf])
    x, y = map(np.ravel, np.meshgrid(numbers, numbers))
    f = eval(f"lambda x, y: {expression}")
    assert_same(f, f, x, y)


@pytest.mark.parametrize(
    "values", [[np.inf, 1.0], [-np.inf, -np.inf], [np.nan, 1.0], [1e30, -1e30], [-np.inf, 0.0]]
)
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_softmax_at_the_ends_of_the_range(name, values):
    f = lambda x: getattr(x, name)(0)  # noqa: E731
    assert_same(f, f, np.array(values))


@pytest.mark.parametrize("code", [
    "x.reshape(-1, 2)", "x.view(2, -1, 2)", "x.flatten(1)", "x.flatten(0, 1)", "x.unflatten(2, (2, -1))",
    "x.permute(2, 0, 1)", "x.transpose(0, -1)", "x.mT", "x.squeeze()", "x[:, :1].squeeze(1)", "x.squeeze(0)",
    "x.unsqueeze(-1)", "x[:1].expand(5, -1, 4)", "x.repeat(2, 1, 3)", "x.repeat(2, 1, 1, 1)", "x.flip((0, 2))",
    "x.roll(2, 1)", "x.roll((1, -1), (0, 2))", "x.roll(3)", "x.narrow(1, 1, 2)", "x.split(2, 1)", "x.split([1, 2], 1)",
    "x.chunk(2, 2)", "x.chunk(3, 2)", "x.chunk(5, 1)", "x.unbind(1)", "x.cumsum(-1)", "x.index_select(1, m.tensor([2, 0]))",
    "x.masked_fill(x > 0, 2.0)", "x.where(x > 0, x * 2)", "m.cat([x, x * 2], -1)", "m.stack([x, x * 2], 1)",
    "m.where(x > 0, x, 0.0)", "x.gather(2, m.tensor([[[0, 3]], [[1, 1]]]))", "x.topk(2).values", "x.sort(1)[0]",
    "m.einsum('ijk->kj', x)", "m.einsum('ijk,ljk->il', x, x)", "m.einsum('ijk', x)", "x.var(2, unbiased=False)",
    "x.std((0, 1), correction=0, keepdim=True)", "x.view_as(x.flatten())", "x.expand_as(x)", "x.mean((0, 1))",
    "x.clamp(min=-0.5, max=0.5)", "x.add(x, alpha=2)", "x.sub(1, alpha=2)", "m.nn.functional.normalize(x, dim=1)",
    "m.nn.functional.pixel_shuffle(x.reshape(4, 3, 2), 2)", "m.nn.functional.pixel_unshuffle(x, 1)",
    "m.zeros_like(x) + x", "x.norm(dim=1)", "x.norm(1)", "x.norm(3, -1)", "x.logsumexp((0, 1))", "x.T if x.ndim == 2 else x",
    "sum(x.unbind())", "x.double() + x.long()", "x.type(m.float64)", "x.to(m.float32)", "x.clone()", "x.size(1) * x",
    "x.numel() * x", "x.dim() * x", "x.pow(2).mean().sqrt()", "x[..., 0] @ x[..., 0].T", "x.bmm(x.mT)", "x[0].mm(x[0].T)",
])  # fmt: skip
def test_code_reads_the_same(code):
    x = np.random.default_rng(0).standard_normal((2, 3, 4))

    def run(m):
        return lambda x: eval(code, {"x": x, "m": m})

    assert_same(run(mg), run(torch), x)
