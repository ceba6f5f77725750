"""Mistakes planted in minigrad's own ways back, one each, and the cause that should be named.

A mutant is the source of a module of ops with one text replaced; ops take plain arrays.
"""

from typing import Any, NamedTuple

import numpy as np

from minigrad.course import mutants


class Mutant(NamedTuple):
    """`old` is replaced by `new` in minigrad/ops/`module`.py, the `nth` time it stands there."""

    module: str
    op: str
    old: str
    new: str
    cause: str | None
    inputs: tuple
    options: dict = {}  # noqa: RUF012  it is never written to
    nth: int = 0

    def function(self) -> Any:
        """The op with the mistake, as a function of its inputs."""
        path = f"ops.{self.module}.{self.op}"
        op = mutants.Mutant(path, self.old, self.new, str(self.cause), self.nth).plant()
        return lambda *arrays: op(*arrays, **self.options)

    def __str__(self) -> str:
        return f"{self.op}: {self.new}"


def normal(*shape):
    return np.random.default_rng([7, *shape]).standard_normal(shape)


def positive(*shape):
    return np.abs(normal(*shape)) + 0.5


PAIR = normal(3, 4), normal(4)
POSITIVE_PAIR = positive(3, 4), positive(4)
SQUARE = normal(3, 3), normal(3, 3) + 1
LINEAR = normal(4, 3), normal(4, 3), normal(4)  # 4 examples, 3 -> 4 features
SQUARE_LINEAR = normal(4, 3), normal(3, 3), normal(3)
CONV = normal(3, 2, 5, 5), normal(4, 2, 3, 3), normal(4)
GEOMETRY = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
UP = {**GEOMETRY, "stride": (2, 2), "output_padding": (1, 1)}
POOL = {"kernel_size": (2, 2), "stride": (2, 2), "padding": (0, 0)}
IMAGES = normal(2, 3, 4, 4)
LOSS = normal(4, 5), positive(4, 5)
LABELS = np.array([0, 2, 1, 4])

ADD, SUB = "unbroadcast(dz, x_shape), unbroadcast(dz, y_shape)", "unbroadcast(-dz, y_shape)"
MUL_X, MUL_Y = "unbroadcast(multiply(dz, y), x_shape)", "unbroadcast(multiply(dz, x), y_shape)"
DIV_Y = "unbroadcast(-dx_full * kept, y_shape)"
MATMUL_X = "matrix_product(dz, np.swapaxes(columns, -1, -2))"
MATMUL_Y = "matrix_product(np.swapaxes(rows, -1, -2), dz)"
DB, DW = "np.sum(dy, axis=0)", "matrix_product(dy.T, saved_x)"
SPREAD = "(_spread(dy, shape, dims, keepdim),)"
CONV_DB, CONV_DW, CONV_DX = (
    "total(dy_rows, (0, 1, 3, 4))", "dw.reshape(w_shape)", "dx = from_rows(dx, spatial)",
)  # fmt: skip
TANH = "dy * (1 - y * y)"
REST = "dy - np.exp(y) * np.sum(dy, axis=axis, keepdims=True)"

ZOO = [
    Mutant("arithmetic", "add", ADD, "unbroadcast(dz, x_shape), dz", "not un-broadcast", PAIR),
    Mutant("arithmetic", "add", ADD, "dz, -unbroadcast(dz, y_shape)", "sign", PAIR),
    Mutant("arithmetic", "add", ADD, "dz, 0 * unbroadcast(dz, y_shape)", "detached", PAIR),
    Mutant("arithmetic", "add", ADD, "dz, np.mean(dz, 0)", "factor", PAIR),
    Mutant("arithmetic", "add", ADD, "dz, dz.sum(1)", "wrong axis", (normal(3, 3), normal(3))),
    Mutant("arithmetic", "sub", SUB, "unbroadcast(dz, y_shape)", "sign", PAIR),
    Mutant("arithmetic", "sub", SUB, "-dz", "not un-broadcast", PAIR),
    Mutant("arithmetic", "mul", MUL_X, f"2 * {MUL_X}", "factor", PAIR),
    Mutant("arithmetic", "mul", MUL_X, "dz", "passed on", PAIR),
    Mutant("arithmetic", "mul", MUL_X, f"-{MUL_X}", "sign", PAIR),
    Mutant("arithmetic", "mul", MUL_Y, "multiply(dz, x)", "not un-broadcast", PAIR),
    Mutant("arithmetic", "div", DIV_Y, "unbroadcast(dx_full * kept, y_shape)", "sign",
           POSITIVE_PAIR),
    Mutant("arithmetic", "div", DIV_Y, "-dx_full * kept", "not un-broadcast", POSITIVE_PAIR),
    Mutant("arithmetic", "div", "unbroadcast(dx_full, x_shape)", "dz", "passed on", POSITIVE_PAIR),
    Mutant("arithmetic", "pow", "unbroadcast(dz * slope,", "unbroadcast(dz * slope / 2,", "factor",
           (positive(3, 4), 2.0)),
    Mutant("arithmetic", "maximum", "unbroadcast(dz * share_x, x_shape)", "dz", "passed on",
           (normal(3, 4), normal(3, 4)[::-1].copy())),
    Mutant("elementwise", "neg", "(-dy,)", "(dy,)", "sign", (normal(3, 4),)),
    Mutant("elementwise", "exp", "(dy * y,)", "(dy,)", "passed on", (normal(3, 4),)),
    Mutant("elementwise", "exp", "(dy * y,)", "(dy * x,)", None, (normal(3, 4),)),
    Mutant("elementwise", "exp", "(dy * y,)", "(y,)", "dy forgotten", (normal(3, 4),)),
    Mutant("loss", "mse_loss", "2 * (dy * weight) * error", "2 * weight * error", "dy forgotten",
           LOSS),
    Mutant("elementwise", "log", "(dy / x,)", "(-dy / x,)", "sign", (positive(3, 4),)),
    Mutant("elementwise", "sqrt", "dy / (2 * y)", "dy / y", "factor", (positive(3, 4),)),
    Mutant("elementwise", "abs", "dy * np.sign(x)", "dy", "passed on", (normal(3, 4),)),
    Mutant("elementwise", "sin", "dy * np.cos(x)", "-dy * np.cos(x)", "sign", (normal(3, 4),)),
    Mutant("activation", "relu", "multiply(dy, positive)", "dy", "passed on", (normal(3, 4),)),
    Mutant("activation", "relu", "multiply(dy, positive)", "multiply(dy, ~positive)", None,
           (normal(3, 4),)),
    Mutant("activation", "leaky_relu", "(dy * slope,)", "(dy,)", "passed on", (normal(3, 4),)),
    Mutant("activation", "sigmoid", "dy * y * (1 - y)", "4 * dy * y * (1 - y)", "factor",
           (normal(3, 4),)),
    Mutant("activation", "sigmoid", "dy * y * (1 - y)", "dy * y * (y - 1)", "sign",
           (normal(3, 4),)),
    Mutant("activation", "tanh", TANH, "dy * (y * y - 1)", "sign", (normal(3, 4),)),
    Mutant("activation", "tanh", TANH, "dy * (1 - y)", None, (normal(3, 4),)),
    Mutant("activation", "log_softmax", REST, "dy", "passed on", (normal(3, 4),), {"dim": 1}),
    Mutant("activation", "dropout", "(multiply(mask, dy) * factor,)", "(multiply(mask, dy),)",
           "factor", (normal(3, 4),), {"mask": normal(3, 4) > 0, "p": 0.5}),
    Mutant("activation", "silu", "(1 + x * (1 - gate))", "(1 + x * (1 - gate)) / 2", "factor",
           (normal(3, 4),)),
    Mutant("linalg", "matmul", MATMUL_X, f"{MATMUL_X}.swapaxes(-1, -2)", "transposed", SQUARE),
    Mutant("linalg", "matmul", MATMUL_Y, f"{MATMUL_Y}.swapaxes(-1, -2)", "transposed", SQUARE),
    Mutant("linalg", "matmul", MATMUL_Y, f"-{MATMUL_Y}", "sign", SQUARE),
    Mutant("linalg", "linear", DB, "np.sum(dy, axis=1)", "wrong axis", LINEAR),
    Mutant("linalg", "linear", DB, "dy", "not un-broadcast", LINEAR),
    Mutant("linalg", "linear", DB, "np.mean(dy, axis=0)", "factor", LINEAR),
    Mutant("linalg", "linear", DW, f"{DW} / len(dy)", "factor", LINEAR),
    Mutant("linalg", "linear", DW, f"{DW}.T", "transposed", SQUARE_LINEAR),
    Mutant("linalg", "linear", DW, f"0 * {DW}", "detached", LINEAR),
    Mutant("reduce", "sum", SPREAD, SPREAD.replace("dy", "dy / 4"), "factor", (normal(3, 4),),
           {"dim": 1}),
    Mutant("reduce", "sum", SPREAD, SPREAD.replace("dy", "-dy"), "sign", (normal(3, 4),),
           {"dim": 1}),
    Mutant("reduce", "mean", "_spread(dy / count,", "_spread(dy,", "factor", (normal(3, 4),)),
    Mutant("reduce", "var", "2 / freedom", "1 / freedom", "factor", (normal(3, 4),), {"dim": 1}),
    Mutant("reduce", "var", "2 / freedom", "-2 / freedom", "sign", (normal(3, 4),), {"dim": 0}),
    Mutant("reduce", "cumsum", "np.flip(np.cumsum(np.flip(dy, axis), axis), axis)",
           "np.cumsum(np.flip(dy, axis), axis)", "flipped", (normal(3, 4),), {"dim": 1}),
    Mutant("reduce", "cumsum", "np.flip(np.cumsum(np.flip(dy, axis), axis), axis)", "dy",
           "passed on", (normal(3, 4),), {"dim": 1}),
    Mutant("reduce", "norm", "* slope,)", "* slope / 2,)", "factor", (normal(3, 4),)),
    Mutant("reduce", "logsumexp", "* np.exp(x - y),)", "* -np.exp(x - y),)", "sign",
           (normal(3, 4),), {"dim": 1}),
    Mutant("shape", "permute", "np.transpose(dy, np.argsort(axes))", "dy", "transposed",
           (normal(3, 3),), {"dims": (1, 0)}),
    Mutant("shape", "flip", "(np.flip(dy, axes),)", "(dy,)", "flipped", (normal(3, 4),),
           {"dims": (1,)}),
    Mutant("shape", "roll", "np.negative(shifts)", "shifts", "shifted", (normal(6),),
           {"shifts": (1,), "dims": (0,)}),
    Mutant("shape", "expand", "(np.sum(dy,", "(np.mean(dy,", "factor", (normal(1, 4),),
           {"shape": (3, 4)}),
    Mutant("shape", "pad", "dx[crop] = dy[inner]", "dx[crop] = np.roll(dy, 1, -1)[inner]",
           "shifted", (normal(3, 6),), {"padding": ((0, 0), (1, 1))}),
    Mutant("index", "getitem", "np.add.at(dx, index, dy)", "dx[index] = dy", "overwritten",
           (normal(6),), {"index": np.array([0, 1, 1, 2, 4, 4, 5])}),
    Mutant("index", "gather", "np.add.at(dx, grid, dy)", "dx[grid] = dy", "overwritten",
           (normal(3, 4),), {"index": np.array([[0, 0, 1], [2, 2, 3], [1, 0, 3]]), "dim": 1}),
    Mutant("index", "embedding", "np.add.at(dweight, index, dy)", "dweight[index] = dy",
           "overwritten", (normal(5, 3),), {"index": np.array([0, 1, 1, 4])}),
    Mutant("conv", "conv", CONV_DB, f"{CONV_DB} / dy.shape[0]", "factor", CONV, GEOMETRY),
    Mutant("conv", "conv", CONV_DB, f"-{CONV_DB}", "sign", CONV, GEOMETRY),
    Mutant("conv", "conv", CONV_DW, f"{CONV_DW}[..., ::-1, ::-1]", "flipped", CONV, GEOMETRY),
    Mutant("conv", "conv", CONV_DW, f"{CONV_DW}.swapaxes(-1, -2)", "transposed", CONV, GEOMETRY),
    Mutant("conv", "conv", CONV_DW, f"{CONV_DW} / dy.shape[0]", "factor", CONV, GEOMETRY),
    Mutant("conv", "conv", CONV_DX,
           "dx = from_rows(dx[:, :, :, [-1, *range(dx.shape[3] - 1)]], spatial)", "shifted", CONV,
           GEOMETRY),
    Mutant("conv", "conv", CONV_DX, "dx = 0 * from_rows(dx, spatial)", "detached", CONV, GEOMETRY),
    Mutant("conv", "conv", "rows, dy_rows, three(w_shape[2:], 1), *geometry,",
           "rows[:, ::-1], dy_rows[:, ::-1], three(w_shape[2:], 1), *geometry,", "flipped", CONV,
           GEOMETRY),
    Mutant("conv", "conv_transpose", CONV_DB, f"2 * {CONV_DB}", "factor",
           (normal(3, 2, 3, 3), normal(2, 4, 3, 3), normal(4)), UP, 1),
    Mutant("norm", "batch_norm", "-db / count - mean * slope", "-mean * slope", "missing term",
           (normal(5, 3, 2, 2), positive(3), normal(3)), {"eps": 1e-5}),
    Mutant("norm", "layer_norm", "dx -= mean_slope", "dx -= 0", "missing term",
           (normal(4, 6), np.ones(6), normal(6)), {"axes": 1, "eps": 1e-5}),
    Mutant("norm", "layer_norm", "np.sum(dy, axis=axes).reshape", "np.mean(dy, axis=axes).reshape",
           "factor", (normal(4, 6), positive(6), normal(6)), {"axes": 1, "eps": 1e-5}),
    Mutant("loss", "mse_loss", "2 * (dy * weight) * error", "(dy * weight) * error", "factor",
           LOSS),
    Mutant("loss", "mse_loss", "2 * (dy * weight) * error", "2 * dy * error", "factor", LOSS),
    Mutant("loss", "mse_loss", "return dx, -dx", "return dx, dx", "sign", LOSS),
    Mutant("loss", "huber_loss", "(dy * weight) * np.clip", "dy * np.clip", "factor", LOSS),
    Mutant("classification", "cross_entropy", "dx *= dy", "dx *= -dy", "sign",
           (normal(4, 5), LABELS)),
    Mutant("classification", "cross_entropy", "dx *= dy", "dx *= len(dx) * dy", "factor",
           (normal(4, 5), LABELS)),
    Mutant("classification", "cross_entropy", "dx -= share", "dx += share", None,
           (normal(4, 5), LABELS)),
    Mutant("pool", "avg_pool", "to_rows(dy) * scale", "to_rows(dy)", "factor", (IMAGES,), POOL),
    Mutant("pool", "global_avg_pool", "dy / count", "dy", "factor", (IMAGES,)),
    Mutant("pool", "adaptive_avg_pool", "[...] += _cut", "[...] = _cut", "overwritten",
           (normal(2, 2, 5),), {"output_size": (3,)}),
    Mutant("interpolate", "interpolate", "np.add.at(matrix, (picked, np.arange(len(picked))), w)",
           "matrix[picked, np.arange(len(picked))] = w", "overwritten", (normal(1, 2, 5, 5),),
           {"size": (10, 10), "mode": "linear"}),
]  # fmt: skip
