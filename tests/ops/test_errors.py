"""Bad input to ops and methods: the message names the op, what arrived and what was expected."""

# ruff: noqa: E501, SIM300 (a row of the tables is a line)

import numpy as np
import pytest

import minigrad as mg

X = mg.tensor(np.arange(6.0).reshape(2, 3))
V, S = mg.ones(3), mg.tensor(1.0)
INDEX = mg.tensor([[0, 1, 0]])

SHAPES_THAT_DO_NOT_MEET = [
    (lambda: X + mg.ones(2), r"add: the shapes x \(2, 3\) and y \(2,\) do not fit.*unsqueeze"),
    (lambda: X - mg.ones(2), r"sub: the shapes x \(2, 3\) and y \(2,\)"),
    (lambda: X * mg.ones(4, 3), r"mul: the shapes"),
    (lambda: X / mg.ones(2), r"div: the shapes"),
    (lambda: X ** mg.ones(2), r"pow: the shapes"),
    (lambda: X.maximum(mg.ones(2)), r"maximum: the shapes"),
    (lambda: X.minimum(mg.ones(2)), r"minimum: the shapes"),
    (lambda: X == mg.ones(2), r"equal: the shapes"),
    (lambda: X < mg.ones(2), r"less: the shapes"),
    (lambda: X // mg.ones(2), r"floor_divide: the shapes"),
    (lambda: X.where(X > 0, mg.ones(2)), r"where: the shapes condition \(2, 3\) and x .* y \(2,\)"),
    (lambda: mg.where(mg.tensor([True, False]), X, X), r"where: the shapes condition \(2,\)"),
    (lambda: X @ X, r"matmul: \(2, 3\) @ \(2, 3\): the last axis of the left operand \(3\)"),
    (lambda: V @ mg.ones(2), r"matmul: \(3,\) @ \(2,\)"),
    (lambda: X @ S, r"matmul: both operands need at least one axis.*write x \* y"),
    (lambda: mg.ones(2, 3, 4) @ mg.ones(5, 4, 6), r"matmul, axes before the last two: .*\(2,\) and y \(5,\)"),
    (lambda: mg.einsum("ij,kj->ik", X, mg.ones(2, 2)), "einsum: 'ij,kj->ik': 'j' is 3 in one operand and 2"),
    (lambda: mg.cat([X, V]), r"concatenate: .*tensor 0 has shape \(2, 3\), tensor 1 has shape \(3,\)"),
    (lambda: mg.cat([X, mg.ones(2, 2)]), r"concatenate: all sizes but that of axis 0 must agree"),
    (lambda: mg.stack([X, V]), r"stack: all tensors must have one shape; tensor 0 has \(2, 3\)"),
    (lambda: X.expand(3, 3), r"expand: \(2, 3\) does not expand to \(3, 3\)"),
    (lambda: X.expand(3), r"expand: \(2, 3\) does not expand to \(3,\)"),
    (lambda: X.expand(-1, 2, 3), r"expand: \(2, 3\) does not expand"),
    (lambda: X.reshape(4, 2), r"reshape: \(2, 3\) has 6 elements and does not go into \(4, 2\)"),
    (lambda: X.reshape(-1, -1), r"reshape: .*only one size can be -1"),
    (lambda: X.reshape(-1, 4), r"reshape: \(2, 3\) has 6 elements"),
    (lambda: X.reshape(-2, -3), r"reshape: \(2, 3\) has 6 elements"),
    (lambda: X.view(7), r"reshape: \(2, 3\) has 6 elements"),
    (lambda: X.unflatten(1, (2, 2)), r"unflatten: \(3,\) has 3 elements and does not go into \(2, 2\)"),
    (lambda: X.unflatten(1, (0, -1)), r"unflatten: \(3,\) has 3 elements"),
    (lambda: X.repeat(2), r"repeat: one number for each axis of \(2, 3\) is needed, got \(2,\)"),
    (lambda: X.gather(0, INDEX[0]), r"gather: index of shape \(3,\) does not fit a tensor of shape \(2, 3\)"),
    (lambda: X.gather(1, mg.zeros(5, 1).long()), r"gather: index of shape \(5, 1\) does not fit"),
    (lambda: X.scatter_add(0, INDEX[0], V), r"scatter_add: index of shape \(3,\) does not fit"),
    (lambda: X.scatter_add(0, INDEX, X[:, :2]), r"scatter_add: src of shape \(2, 2\) must be at least"),
]  # fmt: skip

ARGUMENTS = [
    (lambda: mg.cat([]), "concatenate: needs at least one tensor, got none"),
    (lambda: mg.stack([]), "stack: needs at least one tensor, got none"),
    (lambda: X.permute(0), r"permute: name all 2 axes of shape \(2, 3\), got \(0,\)"),
    (lambda: X.permute(0, 0), r"permute: dim \(0, 0\) names an axis twice"),
    (lambda: X.sum((1, -1)), r"sum: dim \(1, -1\) names an axis twice"),
    (lambda: X.flatten(1, 0), "flatten: start_dim 1 stands after end_dim 0"),
    (lambda: mg.ones(2, 2, 2).t(), r"t: is for matrices, this tensor has shape \(2, 2, 2\)"),
    (lambda: X.split(0), "split: split_size must be at least 1, got 0"),
    (lambda: X.split([1, 2]), r"split: the sizes \[1, 2\] do not add up to axis 0, which is 2"),
    (lambda: X.chunk(0), "chunk: chunks must be at least 1, got 0"),
    (lambda: X.topk(4), r"topk: k must be 0..3 for axis -1 of \(2, 3\), got 4"),
    (lambda: X.topk(-1), "topk: k must be 0..3"),
    (lambda: X.norm(p=0), "norm: p must be a positive number or inf, got 0"),
    (lambda: X.norm(p="fro"), "norm: p must be a positive number or inf, got 'fro'"),
    (lambda: mg.zeros(0, 2).amax(0), r"amax: no elements to reduce, the tensor has shape \(0, 2\)"),
    (lambda: mg.zeros(0).min(), "amin: no elements to reduce"),
    (lambda: mg.zeros(0).argmax(), "argmax: no elements to reduce"),
    (lambda: mg.zeros(0, 2).max(0), "argmax: no elements to reduce"),
    (lambda: mg.zeros(2, 0).argmin(1), "argmin: no elements to reduce"),
    (lambda: mg.zeros(0).logsumexp(), "logsumexp: no elements to reduce"),
    (lambda: mg.one_hot(mg.zeros(0).long()), "one_hot: there is no largest class in an empty tensor"),
    (lambda: mg.einsum("...i->i", X), "einsum: '...i->i': name every axis by a letter"),
    (lambda: mg.einsum("i1->i", X), "einsum: 'i1->i': name every axis by a letter"),
    (lambda: mg.einsum("ij,jk", X), "einsum: 'ij,jk' names 2 operands, got 1"),
    (lambda: mg.einsum("ii->i", X), "einsum: 'ii->i': a letter stands twice in 'ii'"),
    (lambda: mg.einsum("i->i", X), r"einsum: 'i->i': 'i' has 1 letters, the operand has shape \(2, 3\)"),
    (lambda: mg.einsum("ij->k", X), "einsum: .*each letter of the output must stand once and in an operand"),
    (lambda: mg.einsum("ij->ii", X), "einsum: .*each letter of the output"),
]  # fmt: skip

TYPES = [
    (lambda: X.sum(0.5), r"sum: dim must be a whole number or several, got 0.5"),
    (lambda: X.softmax((0, 1)), r"softmax: dim must be one whole number, got \(0, 1\)"),
    (lambda: X.gather(0, X), "gather: index must hold integers, got float64"),
    (lambda: X.scatter_add(0, X, X), "scatter_add: index must hold integers, got float64"),
    (lambda: mg.one_hot(X), r"one_hot: expected integers, got float64; write x.long\(\)"),
]  # fmt: skip

OUT_OF_RANGE = [
    (lambda: X.narrow(1, 2, 2), r"narrow: 2..4 is not within axis 1 of \(2, 3\)"),
    (lambda: X.gather(0, INDEX + 2), "gather: index 2 is out of range, it must be 0..1"),
    (lambda: X.gather(0, INDEX - 1), "gather: index -1 is out of range"),
    (lambda: mg.one_hot(INDEX, num_classes=1), "one_hot: index 1 is out of range, it must be 0..0"),
    (lambda: mg.one_hot(INDEX - 1), "one_hot: index -1 is out of range"),
]  # fmt: skip


def raises(error, rows):
    return [pytest.param(f, error, message, id=message[:40]) for f, message in rows]


@pytest.mark.parametrize(
    ("f", "error", "message"),
    raises(ValueError, SHAPES_THAT_DO_NOT_MEET + ARGUMENTS)
    + raises(TypeError, TYPES)
    + raises(IndexError, OUT_OF_RANGE),
)
def test_the_message_says_what_does_not_fit(f, error, message):
    with pytest.raises(error, match=message):
        f()


WITH_DIM = {
    "sum": lambda x, d: x.sum(d),
    "mean": lambda x, d: x.mean(d),
    "prod": lambda x, d: x.prod(d),
    "var": lambda x, d: x.var(d),
    "amax": lambda x, d: x.amax(d),
    "logsumexp": lambda x, d: x.logsumexp(d),
    "norm": lambda x, d: x.norm(2, d),
    "argmax": lambda x, d: x.max(d),
    "argmin": lambda x, d: x.argmin(d),
    "argsort": lambda x, d: x.sort(d),
    "size": lambda x, d: x.topk(1, d),
    "cumsum": lambda x, d: x.cumsum(d),
    "any": lambda x, d: x.any(d),
    "all": lambda x, d: x.all(d),
    "softmax": lambda x, d: x.softmax(d),
    "log_softmax": lambda x, d: x.log_softmax(d),
    "gather": lambda x, d: x.gather(d, INDEX),
    "scatter_add": lambda x, d: x.scatter_add(d, INDEX, X),
    "index_select": lambda x, d: x.index_select(d, [0]),
    "transpose": lambda x, d: x.transpose(0, d),
    "permute": lambda x, d: x.permute(0, d),
    "squeeze": lambda x, d: x.squeeze(d),
    "flip": lambda x, d: x.flip(d),
    "roll": lambda x, d: x.roll(1, d),
    "narrow": lambda x, d: x.narrow(d, 0, 1),
    "split": lambda x, d: x.split(1, d),
    "unbind": lambda x, d: x.unbind(d),
    "flatten": lambda x, d: x.flatten(0, d),
    "unflatten": lambda x, d: x.unflatten(d, (3, 1)),
    "concatenate": lambda x, d: mg.cat([x, x], d),
}


@pytest.mark.parametrize("dim", [2, -3, 7])
@pytest.mark.parametrize("name", WITH_DIM)
def test_an_axis_that_is_not_there_is_named(name, dim):
    with pytest.raises(
        IndexError, match=rf"{name}: dim {dim} is out of range, the tensor has 2 axes"
    ):
        WITH_DIM[name](X, dim)


@pytest.mark.parametrize(
    ("f", "name"), [(X.unsqueeze, "unsqueeze"), (lambda d: mg.stack([X], d), "stack")]
)
def test_a_new_axis_can_stand_in_one_more_place(f, name):
    assert f(2).ndim == f(-3).ndim == 3
    with pytest.raises(IndexError, match=f"{name}: dim 3 is out of range, the tensor has 3 axes"):
        f(3)


@pytest.mark.parametrize(
    "name", ["softmax", "cumsum", "split", "unbind", "gather", "argsort", "concatenate"]
)
def test_a_scalar_has_no_axes(name):
    with pytest.raises(IndexError, match=rf"{name}: dim 0 is out of range, the tensor has no axes"):
        WITH_DIM[name](S, 0)
