"""debug.gradcheck on wrong gradients: each is found, and the mistake is named."""

from functools import cache

import numpy as np
import pytest
from zoo import ZOO

import minigrad as mg
from minigrad import debug
from minigrad.debug import GradientError


def normal(*shape):
    return mg.from_numpy(np.random.default_rng(1).standard_normal(shape))


# Planted mistakes: ops on plain arrays whose way back has one mistake each.


def linear(mistake):
    """x (4, 3), w (4, 3), b (4,): x @ w.T + b, with one gradient replaced."""

    def op(x, w, b):
        def backward(dy):
            right = {"x": dy @ w, "w": dy.T @ x, "b": dy.sum(0)}
            right.update(mistake(dy, x, w, b))
            return right["x"], right["w"], right["b"]

        return x @ w.T + b, backward

    return op, (normal(4, 3), normal(4, 3), normal(4))


def correlate(mistake, k=3, size=7):
    """A correlation of one dimension; `mistake(dx, dw, x, w, dy)` replaces gradients."""

    def op(x, w):
        n = size - k + 1
        y = sum(w[t] * x[t : t + n] for t in range(k))

        def backward(dy):
            dx, dw = np.zeros(size), np.zeros(k)
            for t in range(k):
                dx[t : t + n] += w[t] * dy
                dw[t] = dy @ x[t : t + n]
            return mistake(dx, dw, x, w, dy)

        return y, backward

    return op, (normal(size), normal(k))


def elementwise(forward, slope):
    def op(x):
        return forward(x), lambda dy: (slope(x, dy),)

    return op, (normal(4, 5),)


def last_window_only(dx, dw, x, w, dy):
    dx = np.zeros_like(dx)
    for t in range(len(w)):
        dx[t : t + len(dy)] = w[t] * dy
    return dx, dw


def softmax(backward):
    def op(x):
        e = np.exp(x - x.max(1, keepdims=True))
        y = e / e.sum(1, keepdims=True)
        return y, lambda dy: (backward(y, dy),)

    return op, (normal(4, 5),)


WRONG = {
    "mean in dw": (linear(lambda dy, x, w, b: {"w": dy.T @ x / 4}), "input 1", "factor"),
    "sum in db": (linear(lambda dy, x, w, b: {"b": dy.mean(0)}), "input 2", "factor"),
    "twice": (linear(lambda dy, x, w, b: {"x": 2 * dy @ w}), "input 0", "factor"),
    "minus": (linear(lambda dy, x, w, b: {"x": -dy @ w}), "input 0", "sign"),
    "no dx": (linear(lambda dy, x, w, b: {"x": None}), "input 0", "detached"),
    "zero dw": (linear(lambda dy, x, w, b: {"w": 0 * w}), "input 1", "detached"),
    "db over axis 1": (linear(lambda dy, x, w, b: {"b": dy.sum(1)}), "input 2", "wrong axis"),
    "db not summed": (linear(lambda dy, x, w, b: {"b": dy}), "input 2", "not un-broadcast"),
    "first example": (
        linear(lambda dy, x, w, b: {"x": np.vstack([dy[:1] @ w, 0 * x[1:]])}),
        "input 0", "first only",
    ),
    "square, transposed": (
        (lambda x, w: (x @ w, lambda dy: (dy @ w.T, (x.T @ dy).T)), (normal(3, 3), normal(3, 3))),
        "input 1", "transposed",
    ),
    "dw flipped": (correlate(lambda dx, dw, *_: (dx, dw[::-1])), "input 1", "flipped"),
    "dx flipped": (correlate(lambda dx, dw, *_: (dx[::-1], dw)), "input 0", "flipped"),
    "dx shifted": (correlate(lambda dx, dw, *_: (np.roll(dx, 1), dw)), "input 0", "shifted"),
    "= for +=": (correlate(last_window_only), "input 0", "overwritten"),
    "index without add.at": (
        (
            lambda x: (
                x[[0, 1, 1, 2]],
                lambda dy: (np.array([dy[0], dy[2], dy[3], 0.0]),),
            ),
            (normal(4),),
        ),
        "input 0", "overwritten",
    ),
    "square without 2": (elementwise(np.square, lambda x, dy: x * dy), "input 0", "factor"),
    "mse without 1/N": (
        (lambda x: (np.mean(x * x), lambda dy: (2 * x * dy,)), (normal(4, 5),)),
        "input 0", "factor",
    ),
    "softmax without the mean": (
        softmax(lambda y, dy: y * dy), "input 0", None,
    ),
    "log softmax without the sum": (
        (
            lambda x: (
                x - np.log(np.exp(x).sum(1, keepdims=True)),
                lambda dy: (dy,),
            ),
            (normal(4, 5),),
        ),
        "input 0", None,
    ),
    "centred without the mean": (
        (lambda x: (x - x.mean(0), lambda dy: (dy,)), (normal(6, 3),)), "input 0", "missing term",
    ),
    "tanh's slope": (
        elementwise(np.tanh, lambda x, dy: dy * (1 - np.tanh(x))), "input 0", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("planted", "where", "cause"), WRONG.values(), ids=WRONG)
def test_wrong_gradients_are_found_and_named(planted, where, cause):
    op, inputs = planted
    with pytest.raises(GradientError, match=rf"gradcheck: the gradient of {where} ") as caught:
        debug.gradcheck(op, *(x.numpy() for x in inputs))
    error = caught.value
    assert error.input == where
    if cause is None:
        assert np.isfinite(error.numeric)
    else:
        assert cause in [c.name for c in error.causes[:2]]


def test_the_message():
    op, (x, w, b) = WRONG["mean in dw"][0]
    with pytest.raises(GradientError) as caught:
        debug.gradcheck(op, x.numpy(), w.numpy(), b.numpy())
    error = caught.value
    first, title, likely = str(error).splitlines()[:3]
    assert first == (
        f"gradcheck: the gradient of input 1 (4, 3) is wrong at 12 of 12 elements. The worst is "
        f"{error.index}: backward gives {error.analytic:.6g}, central differences "
        f"{error.numeric:.6g}."
    )
    assert title == "Likely causes:"
    assert likely.startswith("  1. a factor 1/4: 4 is the size of axis 0 of the input; a mean")
    assert error.numeric == pytest.approx(4 * error.analytic)


@cache
def found_causes(number):
    mutant = ZOO[number]
    with pytest.raises(GradientError) as caught:
        debug.gradcheck(mutant.function(), *mutant.inputs)
    return [cause.name for cause in caught.value.causes[:2]]


@pytest.mark.parametrize("number", range(len(ZOO)), ids=[str(mutant) for mutant in ZOO])
def test_a_mistake_in_a_way_back_is_detected(number):
    found_causes(number)


def test_the_right_cause_is_among_the_first_two_for_most_mistakes():
    assert len(ZOO) >= 60
    missed = [str(m) for i, m in enumerate(ZOO) if m.cause not in found_causes(i)]
    assert len(missed) <= 0.2 * len(ZOO), missed


def test_a_kernel_that_is_flipped_on_the_way_back_is_named():
    def correlate(x, w):
        (K, L), (H, W) = w.shape[2:], np.subtract(x.shape, w.shape[2:]) + 1
        taps = list(np.ndindex(K, L))
        y = sum(w[0, 0, i, j] * x[i : i + H, j : j + W] for i, j in taps)

        def correlate_backward(dy):
            dx, dw = np.zeros_like(x), np.zeros_like(w)
            for i, j in taps:
                dx[i : i + H, j : j + W] += w[0, 0, -1 - i, -1 - j] * dy
                dw[0, 0, i, j] = (x[i : i + H, j : j + W] * dy).sum()
            return dx, dw

        return y, correlate_backward

    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((6, 6)), rng.standard_normal((1, 1, 3, 2))
    before = w.copy()
    with pytest.raises(debug.GradientError, match=r"right for input 1 flipped") as caught:
        debug.gradcheck(correlate, x, w)
    assert caught.value.causes[0].name == "flipped"
    assert np.array_equal(w, before)


def test_a_weight_that_is_transposed_on_the_way_back_is_named():
    def linear(x, w):
        return x @ w.T, lambda dy: (dy @ w.T, dy.T @ x)

    rng = np.random.default_rng(0)
    with pytest.raises(debug.GradientError, match=r"right for input 1 transposed") as caught:
        debug.gradcheck(linear, rng.standard_normal((5, 4)), rng.standard_normal((4, 4)))
    assert caught.value.causes[0].name == "transposed"


def test_gradients_that_are_exchanged_are_named():
    def mul(x, y):
        return x * y, lambda dz: (dz * x, dz * y)

    rng = np.random.default_rng(0)
    with pytest.raises(debug.GradientError, match="gradient of input 1: are the two exchanged"):
        debug.gradcheck(mul, rng.standard_normal((5, 4)), rng.standard_normal((5, 4)))


def test_a_label_that_is_forgotten_is_named():
    labels = np.array([1, 0, 3, 2, 2])

    def cross_entropy(x):
        p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
        return -np.log(p[range(5), labels]).sum(), lambda dy: (dy * p,)

    with pytest.raises(debug.GradientError, match="axis 1 is wrong in each row") as caught:
        debug.gradcheck(cross_entropy, np.random.default_rng(0).standard_normal((5, 4)))
    assert caught.value.causes[0].name == "one in each row"


def test_a_sign_goes_before_a_gradient_that_is_passed_on():
    def sub(x, y):
        return x - y, lambda dz: (dz, dz)

    rng = np.random.default_rng(0)
    with pytest.raises(debug.GradientError, match=r"1. the sign is wrong"):
        debug.gradcheck(sub, rng.standard_normal(5), rng.standard_normal(5))


@pytest.mark.parametrize(("factor", "named"), [(2.0, True), (0.25, True), (1.57, False)])
def test_of_a_single_number_only_a_simple_factor_is_named(factor, named):
    def cube(x):
        return x**3, lambda dy: (factor * 3 * dy * x**2,)

    with pytest.raises(GradientError) as caught:
        debug.gradcheck(cube, np.array([0.7]))
    assert [cause.name for cause in caught.value.causes] == ["factor"] * named
