"""Assignment 3: what is marked. N images, C channels or classes, H x W pixels, windows kh x kw."""

from dataclasses import replace

import numpy as np

from minigrad.course.item import COUNTING, SETTINGS, Item, Mismatch, agree, array_of
from minigrad.course.mutants import Mutant
from minigrad.course.op_item import call_text, op_item
from minigrad.ops.classification import cross_entropy
from minigrad.ops.norm import batch_norm
from minigrad.ops.pool import avg_pool, max_pool

TITLE = "Pooling, batch norm and softmax cross-entropy, forward and backward"
SOLUTION = [
    "ops.pool.max_pool", "ops.pool.avg_pool", "ops.norm.batch_norm",
    "ops.classification.cross_entropy",
]  # fmt: skip

# Pooling

WINDOWS = {
    "N": [1, 2, 3], "C": [1, 2, 3], "H": [1, 2, 3, 4, 5, 6], "W": [1, 2, 3, 4, 5, 6],
    "kh": [1, 2, 3], "kw": [1, 2, 3], "sh": [1, 2, 3], "sw": [1, 2, 3],
}  # fmt: skip
PLAIN = {**WINDOWS, "ph": [0], "pw": [0]}
PADDED = {**WINDOWS, "ph": [0, 1], "pw": [0, 1]}
# Of three in a row, with a window of two, one alone shows an = in place of +=.
OVERLAPPING = {**PADDED, "W": [3, 1, 2, 4, 5, 6], "kw": [2, 1, 3]}


def make_avg(case):
    """x (N, C, H, W), and the options."""
    x = array_of(case, "x", tuple(case[name] for name in ("N", "C", "H", "W")))
    options = {
        "kernel_size": (case["kh"], case["kw"]),
        "stride": (case["sh"], case["sw"]),
        "padding": (case["ph"], case["pw"]),
    }
    return {"x": x}, options


def make_max(case):
    """As `make_avg`. All elements of x differ, so that each window has one largest."""
    inputs, options = make_avg(case)
    return inputs, {**options, "dilation": (1, 1)}


def along_axes(case):
    """(size, window, stride, padding) of the rows, and of the columns."""
    names = ("H", "kh", "sh", "ph"), ("W", "kw", "sw", "pw")
    return [[case[name] for name in axis] for axis in names]


def fits(case):
    """The window fits into the padded image, and is never more than half in the padding."""
    return all(size + 2 * p >= k and 2 * p <= k for size, k, _, p in along_axes(case))


def has_padding(case):
    """Some padding."""
    return fits(case) and case["ph"] + case["pw"] > 0


def apart(case):
    """No pixel is in two windows."""
    return fits(case) and all(s >= k for _, k, s, _ in along_axes(case))


def overlapping(case):
    """Some pixel is in two windows."""
    return fits(case) and any(s < k <= size + 2 * p - s for size, k, s, p in along_axes(case))


EQUAL = {**WINDOWS, "H": [1, 2, 3], "W": [1, 2, 3], "sh": [1], "sw": [1]}


def make_equal(case):
    """x of zeros and ones, many of them equal: H x W windows that tile it."""
    shape = case["N"], case["C"], case["H"] * case["kh"], case["W"] * case["kw"]
    x = np.random.default_rng(case["seed"]).integers(0, 2, shape).astype(float)
    window = case["kh"], case["kw"]
    return {"x": x}, {
        "kernel_size": window, "stride": window, "padding": (0, 0), "dilation": (1, 1)
    }  # fmt: skip


def is_shared_out(case, dx, expected):
    """Equal values may share the gradient of their window in any way, as long as it adds up."""
    if np.shape(dx) != expected.shape:
        agree("dx", dx, expected)
    N, C, H, W, kh, kw = (case[name] for name in ("N", "C", "H", "W", "kh", "kw"))
    x, dx, expected = (
        np.asarray(array, float).reshape(N, C, H, kh, W, kw)
        for array in (make_equal(case)[0]["x"], dx, expected)
    )
    agree("dx, added up over each window,", dx.sum((3, 5)), expected.sum((3, 5)))
    to_others = np.where(x < x.max((3, 5), keepdims=True), dx, 0)
    to_others = to_others.reshape(N, C, H * kh, W * kw)
    agree("dx, where x is not the largest,", to_others, np.zeros(to_others.shape))


# Batch norm

IMAGES = {
    "N": [1, 2, 3], "C": [1, 2, 3], "H": [1, 2, 3, 4], "W": [1, 2, 3, 4], "large_eps": [0, 1]
}  # fmt: skip
TRAINING = {**IMAGES, "evaluation": [0]}
EVALUATION = {**IMAGES, "evaluation": [1]}


def make_norm(case):
    """x (N, C, H, W), w and b (C,), and the options; in evaluation mean and var (C,) too."""
    N, C, H, W = (case[name] for name in ("N", "C", "H", "W"))
    inputs = {
        "x": array_of(case, "x", (N, C, H, W)),
        "w": array_of(case, "w", (C,)),
        "b": array_of(case, "b", (C,)),
    }
    if case["fill"] == COUNTING:  # as dy counts too, dx would be 0: a line without its slope
        inputs["x"] = inputs["x"] ** 2
    options = {"eps": 0.1 if case["large_eps"] else 1e-5}
    if case["evaluation"]:
        options["mean"] = array_of(case, "mean", (C,))
        options["var"] = 1 + array_of(case, "var", (C,)) ** 2
    return inputs, options


def several(case):
    """Three values a channel or more: of two there is nothing left but their mean and deviation."""
    return case["N"] * case["H"] * case["W"] >= 3


def y_mistakes(case):
    """What some mistakes make of y in training."""
    (x, w, b), eps = make_norm(case)[0].values(), make_norm(case)[1]["eps"]
    w, b, centered = w[:, None, None], b[:, None, None], x - average(x)
    var = average(centered**2)
    unbiased = var * x[:, 0].size / (x[:, 0].size - 1)
    return {
        "the variance is divided by M - 1": centered / np.sqrt(unbiased + eps) * w + b,
        "eps stands beside the root": centered / (np.sqrt(var) + eps) * w + b,
        "x is divided by the variance, not by its root": centered / (var + eps) * w + b,
    }


def dx_mistakes(case):
    """What some mistakes make of dx in training."""
    (x, w, _), eps = make_norm(case)[0].values(), make_norm(case)[1]["eps"]
    inv_std = 1 / np.sqrt(x.var((0, 2, 3), keepdims=True) + eps)
    x_hat = (x - average(x)) * inv_std
    g = array_of(case, "dy", x.shape) * w[:, None, None]
    through_mean, through_var = average(g), average(g * x_hat) * x_hat
    return {
        "mean and variance are taken for constants, but x moves both": g * inv_std,
        "the part that goes through the mean is missing": (g - through_var) * inv_std,
        "the part that goes through the variance is missing": (g - through_mean) * inv_std,
    }


def average(x):
    """The mean of each channel."""
    return x.mean((0, 2, 3), keepdims=True)


def or_usual_mistake(item, part, mistakes):
    """The item, whose explanation knows these mistakes by what they give."""

    def explain(solution, case):
        inputs, options = make_norm(case)
        got, backward = solution.call("batch_norm", *inputs.values(), **options)
        if part == "dx":
            got = backward(array_of(case, "dy", inputs["x"].shape))[0]
        for text, guess in mistakes(case).items():
            if np.shape(got) == guess.shape and np.allclose(got, guess, rtol=1e-4, atol=1e-6):
                return f"It may be: {text}."
        return item.explain(solution, case)

    return replace(item, explain=explain)


def run_reported(solution, case):
    """What `report` is told in training."""
    inputs, options = make_norm(case)
    told = solution.call("statistics_reported", *inputs.values(), options["eps"])
    if len(told) != 1:
        raise Mismatch(f"batch_norm called report {len(told)} times in training, expected once")
    expected = []
    batch_norm(*inputs.values(), **options, report=lambda *pair: expected.append(pair))
    for name, got, right in zip(("mean", "var"), told[0], expected[0], strict=True):
        agree(f"the {name} that report is told", got, right)


def describe_reported(case):
    """The call of a case."""
    return call_text("batch_norm", *make_norm(case))


# Cross-entropy

# Three classes are the simplest: of two, one wrong at the label is half of all that may be wrong.
SCORES = {"N": [1, 2, 3, 4], "C": [3, 2, 4, 5], "reduction": [0], "size": [1]}
REDUCTIONS = ("mean", "sum", "none")


def make_loss(case):
    """x (N, C) and target (N,), and the options."""
    N, C = case["N"], case["C"]
    if case["fill"] == COUNTING:
        target = np.arange(N) % C
    else:
        target = np.random.default_rng(case["seed"]).integers(0, C, N)
    x = array_of(case, "x", (N, C))
    if case["size"] > 1:
        x = np.rint(case["size"] * x)  # whole numbers, which float32 holds exactly
    return {"x": x, "target": target}, {"reduction": REDUCTIONS[case["reduction"]]}


def item(name, points, op, make, part, ranges, possible=lambda case: True, right=None):
    """One item about `part` ("y", "dx" ...) of `op`."""
    return op_item(f"{op.__name__}: {name}", points, op, make, part, ranges, possible, right)


OTHERS = {**SCORES, "reduction": [1, 2]}
LARGE = {**SCORES, "reduction": [0, 1, 2], "size": [1000]}

ITEMS = [
    item("y", 2, max_pool, make_max, "y", PLAIN, fits),
    item("y, with padding", 1, max_pool, make_max, "y", PADDED, has_padding),
    item("dx, windows apart", 1, max_pool, make_max, "dx", PLAIN, apart),
    item("dx, windows overlap", 2, max_pool, make_max, "dx", OVERLAPPING, overlapping),
    item("dx, equal values", 1, max_pool, make_equal, "dx", EQUAL, right=is_shared_out),
    item("y", 1, avg_pool, make_avg, "y", PLAIN, fits),
    item("y, with padding", 1, avg_pool, make_avg, "y", PADDED, has_padding),
    item("dx", 2, avg_pool, make_avg, "dx", PADDED, fits),
    or_usual_mistake(
        item("y, training", 2, batch_norm, make_norm, "y", TRAINING, several), "y", y_mistakes
    ),
    item("y, evaluation", 1, batch_norm, make_norm, "y", EVALUATION),
    Item(
        "batch_norm: report", 1, {**TRAINING, **SETTINGS}, run_reported, several, describe_reported
    ),
    item("db", 1, batch_norm, make_norm, "db", TRAINING, several),
    item("dw", 1, batch_norm, make_norm, "dw", TRAINING, several),
    item("dx, evaluation", 1, batch_norm, make_norm, "dx", EVALUATION),
    or_usual_mistake(
        item("dx, training", 4, batch_norm, make_norm, "dx", TRAINING, several), "dx", dx_mistakes
    ),
    item("y, mean", 2, cross_entropy, make_loss, "y", SCORES),
    item("y, sum and none", 1, cross_entropy, make_loss, "y", OTHERS),
    item("y, large scores", 1, cross_entropy, make_loss, "y", LARGE),
    item("dx, mean", 2, cross_entropy, make_loss, "dx", SCORES),
    item("dx, sum and none", 1, cross_entropy, make_loss, "dx", OTHERS),
    item("dx, large scores", 1, cross_entropy, make_loss, "dx", LARGE),
]

MAX, AVG, NORM, LOSS = SOLUTION
MUTANTS = [
    Mutant(MAX, "to_rows(dy), winners, stages)", "to_rows(dy), [0 * w for w in winners], stages)",
           "the gradient goes to the first element of each window, not to the largest"),
    Mutant(MAX, "kernel.max_pool_gradient(to_rows(dy), winners, stages)",
           "kernel.sum_pool_gradient(to_rows(dy), stages)",
           "the gradient goes to all elements of each window"),
    Mutant(MAX, "winners, stages), spatial)", "winners, stages), spatial)[..., ::-1]",
           "dx of max_pool is flipped left to right"),
    Mutant(AVG, "to_rows(dy) * scale, stages)", "to_rows(dy), stages)",
           "dx of avg_pool is not divided by the size of the window"),
    Mutant(AVG, "_count(size, window, count_include_pad)", "_count(size, window, False)",
           "the mean leaves the padding out"),
    Mutant(NORM, "-db / count - mean * slope", "-mean * slope",
           "dx lacks the part that goes through the mean"),
    Mutant(NORM, "slope = -dw / count * inv_std", "slope = 0 * dw",
           "dx lacks the part that goes through the variance"),
    Mutant(NORM, " if from_batch else np.inf", "",
           "dx in evaluation is that of training"),
    Mutant(NORM, "dw *= inv_std", "dw = dw * 1", "dw and dx take x - mean for x_hat"),
    Mutant(NORM, "db[:, 0].astype(dtype)", "db[:, 0].astype(dtype) / shape[0]",
           "db is divided by the batch"),
    Mutant(LOSS, "dx -= share", "dx -= 0", "dx lacks the -1 at the label"),
    Mutant(LOSS, "_for_each(dy, len(e)) * scale", "_for_each(dy, len(e))",
           "dx is not divided by N for the mean"),
    Mutant(LOSS, "dx *= dy\n", "dx *= scale\n", "dx is not multiplied by dy"),
    Mutant(LOSS, "columns - np.max(columns, axis=1, keepdims=True)", "columns * 1",
           "large scores overflow"),
]  # fmt: skip
