"""Functions that make tensors, and the function forms of the methods."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor

MAKERS = {
    "zeros sizes": (lambda: mg.zeros(2, 3), np.zeros((2, 3))),
    "zeros tuple": (lambda: mg.zeros((2, 3)), np.zeros((2, 3))),
    "zeros list": (lambda: mg.zeros([2]), np.zeros(2)),
    "zeros scalar": (lambda: mg.zeros(()), np.zeros(())),
    "ones": (lambda: mg.ones(2), np.ones(2)),
    "full": (lambda: mg.full((2, 1), 1.5), np.full((2, 1), 1.5)),
    "eye": (lambda: mg.eye(2), np.eye(2)),
    "eye n m": (lambda: mg.eye(2, 3), np.eye(2, 3)),
    "arange": (lambda: mg.arange(3), np.arange(3)),
    "arange from": (lambda: mg.arange(1, 4), np.arange(1, 4)),
    "arange step": (lambda: mg.arange(0, 1, 0.25), np.arange(0, 1, 0.25)),
    "linspace": (lambda: mg.linspace(0, 1, 5), np.linspace(0, 1, 5)),
    "zeros_like": (lambda: mg.zeros_like(mg.ones(2, 1)), np.zeros((2, 1))),
    "ones_like": (lambda: mg.ones_like(mg.zeros(2)), np.ones(2)),
    "full_like": (lambda: mg.full_like(mg.zeros(2), 7), np.full(2, 7)),
}


@pytest.mark.parametrize(("make", "expected"), MAKERS.values(), ids=MAKERS)
def test_values(make, expected):
    x = make()
    assert isinstance(x, Tensor)
    assert x.shape == expected.shape
    np.testing.assert_allclose(x.data, expected)


def test_empty_has_a_shape():
    assert mg.empty(2, 3).shape == (2, 3)


def test_dtype_and_requires_grad_can_be_asked_for():
    for make in (mg.zeros, mg.ones, mg.empty, mg.randn, mg.rand):
        x = make(2, dtype=mg.float64, requires_grad=True)
        assert x.dtype == np.float64
        assert x.requires_grad
    assert mg.arange(3.0, requires_grad=True).requires_grad
    assert mg.full((2,), 1.0, requires_grad=True).requires_grad
    assert mg.zeros_like(mg.ones(2).double()).dtype == np.float64
    assert (
        mg.randn_like(mg.ones(3).double()).dtype
        == mg.rand_like(mg.ones(3).double()).dtype
        == np.float64
    )


def test_tensor_copies_and_as_tensor_reads_anything():
    array = np.ones(2)
    x = mg.tensor(array)
    x.data[0] = 5
    assert array[0] == 1
    assert mg.as_tensor([1, 2]).tolist() == [1, 2]
    assert mg.is_tensor(x)
    assert not mg.is_tensor(array)


def test_random_numbers_come_from_their_distributions():
    mg.manual_seed(0)
    normal, uniform = mg.randn(20_000), mg.rand(20_000)
    assert abs(normal.mean().item()) < 0.03
    assert abs(normal.std().item() - 1) < 0.03
    assert 0 <= uniform.min().item() < 0.01
    assert 0.99 < uniform.max().item() < 1
    whole = mg.randint(2, 5, (1000,))
    assert whole.dtype == np.int64
    assert set(whole.tolist()) == {2, 3, 4}
    assert set(mg.randint(3, (1000,)).tolist()) == {0, 1, 2}
    assert mg.randint(3, size=(2, 2)).shape == (2, 2)
    assert sorted(mg.randperm(10).tolist()) == list(range(10))


def test_one_seed_fixes_all_streams():
    def draw():
        mg.manual_seed(7)
        drop = mg.nn.functional.dropout(mg.ones(50), 0.5)
        layer = mg.nn.Linear(3, 3)
        return [mg.randn(3), mg.rand(3), mg.randint(9, (5,)), mg.randperm(9), drop, layer.weight]

    first, second = draw(), draw()
    assert all((a.data == b.data).all() for a, b in zip(first, second, strict=True))
    mg.manual_seed(8)
    assert (mg.randn(3).data != first[0].data).all()


def test_streams_do_not_disturb_each_other():
    mg.manual_seed(1)
    expected = mg.randn(3)
    mg.manual_seed(1)
    mg.nn.Linear(5, 5)  # draws from "init"
    assert (mg.randn(3).data == expected.data).all()


def test_the_state_of_chance_can_be_kept_and_goes_through_json():
    import json

    mg.manual_seed(3)
    mg.randn(5)
    state = json.loads(json.dumps(mg.get_rng_state()))
    expected = mg.randn(4)
    mg.set_rng_state(state)
    assert (mg.randn(4).data == expected.data).all()


def test_a_generator_of_ones_own():
    g = mg.Generator().manual_seed(5)
    mg.manual_seed(0)
    a = mg.randn(3, generator=g)
    b = mg.rand(3, generator=mg.Generator().manual_seed(5))
    mg.manual_seed(1)
    assert (mg.randn(3, generator=mg.Generator().manual_seed(5)).data == a.data).all()
    assert (a.data != b.data).any()


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda: mg.manual_seed(1.5), TypeError, "manual_seed: seed must be an int, got 1.5"),
        (lambda: mg.manual_seed(True), TypeError, "manual_seed: seed must be an int, got True"),
        (lambda: mg.set_rng_state({}), ValueError, r"set_rng_state: expected the streams .*init"),
        (lambda: __import__("minigrad.random", fromlist=["x"]).generator("x"), ValueError,
         "generator: no stream 'x'; choose from .*init"),
    ],
)  # fmt: skip
def test_chance_refuses(f, error, message):
    with pytest.raises(error, match=message):
        f()


X = mg.tensor([[1.0, -2.0], [3.0, 0.5]])
SAME_AS_METHOD = [
    "neg", "abs", "sign", "exp", "square", "sin", "cos", "erf", "floor", "ceil", "round",
    "relu", "sigmoid", "tanh", "isnan", "isinf", "isfinite", "sum", "mean", "prod", "var",
    "std", "norm", "logsumexp", "amax", "amin", "max", "min", "argmax", "argmin", "argsort",
    "any", "all", "flatten", "squeeze",
]  # fmt: skip


@pytest.mark.parametrize("name", SAME_AS_METHOD)
def test_function_and_method_are_the_same(name):
    function, method = getattr(mg, name), getattr(X, name)
    np.testing.assert_array_equal(function(X).data, method().data)
    np.testing.assert_array_equal(function(X.data).data, method().data)  # an array will do


def test_functions_of_more_arguments():
    y = X + 10
    assert (mg.add(X, y) == X + y).all()
    assert (mg.sub(X, 1) == X - 1).all()
    assert (mg.mul(X, y) == X * y).all()
    assert (mg.div(X, 2) == X / 2).all()
    assert (mg.pow(X, 2) == X**2).all()
    assert (mg.maximum(X, y * 0) == X.maximum(y * 0)).all()
    assert (mg.minimum(X, y * 0) == X.minimum(y * 0)).all()
    assert (mg.matmul(X, y) == X @ y).all()
    assert (mg.mm(X, y) == mg.matmul(X, y)).all()
    assert (mg.clip(X, 0, 1) == mg.clamp(X, 0, 1)).all()
    assert (mg.softmax(X, 1) == X.softmax(1)).all()
    assert (mg.log_softmax(X, dim=1) == X.log_softmax(1)).all()
    assert (mg.cumsum(X, 0) == X.cumsum(0)).all()
    assert mg.sort(X, dim=0).indices.tolist() == X.sort(0).indices.tolist()
    assert mg.topk(X, 1).values.tolist() == [[1], [3]]
    assert mg.gather(X, 1, mg.tensor([[0], [1]])).tolist() == [[1], [0.5]]
    assert mg.reshape(X, (4,)).shape == mg.flatten(X).shape == (4,)
    assert mg.permute(X, (1, 0)).tolist() == mg.transpose(X, 0, 1).tolist() == X.T.tolist()
    assert mg.unsqueeze(X, 0).shape == (1, 2, 2)
    assert [p.shape for p in mg.split(X, 1)] == [p.shape for p in mg.chunk(X, 2)] == [(1, 2)] * 2
    assert len(mg.unbind(X)) == 2
    assert mg.flip(X, (0,)).tolist() == X.tolist()[::-1]
    assert mg.roll(X, 1, 0).tolist() == X.tolist()[::-1]
    assert mg.index_select(X, 0, mg.tensor([1])).tolist() == [X.tolist()[1]]
    assert mg.eq(X, X).all()
    assert (mg.concat([X, X]) == mg.cat([X, X])).all()
    assert mg.log(mg.ones(1)).item() == mg.log1p(mg.zeros(1)).item() == 0
    assert mg.sqrt(mg.tensor(4.0)).item() == 1 / mg.rsqrt(mg.tensor(4.0)).item() == 2


def test_allclose():
    assert mg.allclose(X, X + 1e-9)
    assert not mg.allclose(X, X + 1e-3)
    assert mg.allclose(X, X + 1e-3, atol=1e-2)


def test_variance_takes_pytorchs_older_argument():
    x = mg.tensor([[1.0, 2.0, 4.0]])
    assert x.var(1, False).item() == pytest.approx(np.var([1, 2, 4]))
    assert x.var(unbiased=False).item() == pytest.approx(np.var([1, 2, 4]))
    assert x.std(1, True, True).tolist() == [[pytest.approx(np.std([1, 2, 4], ddof=1))]]
    assert x.var(1, correction=0, keepdim=True).shape == (1, 1)
