"""Assignment 3: mistakes that students make lose points, and what they read helps."""

import re

import numpy as np
import pytest
from attempts import ASSIGNMENTS, edited, tried, what_is_said

from minigrad.course.check import LIMITS
from minigrad.course.item import Mismatch, agree
from minigrad.course.own_tests import kills_of

ASSIGNMENT = ASSIGNMENTS["3"]
L, V = "loops", "vectorised"
BN_DX = "dx_hat = dx_hat - mean_slope - x_hat * std_slope"
MISTAKES = {
    "zeros around the maximum": (
        V, ("padding, -np.inf", "padding, 0"), "max_pool: y, with padding", "expected"),
    "a row too few": (
        V, ("::sh, ::sw]", ":-1:sh, ::sw]"), "max_pool: y", "y has shape .*, expected"),
    "= for +=": (
        L, ("dx[place] += dy[at]", "dx[place] = dy[at]"), "max_pool: dx, windows overlap",
        "write \\+= in place of ="),
    "all equal values get all": (
        V, ("largest / largest.sum((4, 5), keepdims=True)", "largest"),
        "max_pool: dx, equal values", "added up over each window"),
    "an array in place of a tuple": (
        L, ("return [dx]", "return dx"), "max_pool: dx, windows apart",
        "max_pool_backward returned ndarray, expected a tuple with the gradients of x"),
    "the mean of real pixels": (
        L, ("for place in inside) / size", "for place in inside) / len(inside)"),
        "avg_pool: y, with padding", "padding=\\((0, 1|1, 0)\\)"),
    "gradients not shared out": (
        L, ("+= dy[at] / size", "+= dy[at]"), "avg_pool: dx", "a factor \\d"),
    "eps beside the root": (
        V, ("np.sqrt(var + eps)", "(np.sqrt(var) + eps)"), "batch_norm: y, training",
        "eps stands beside the root"),
    "the unbiased variance": (
        V, ("x.var(axes)", "x.var(axes, ddof=1)"), "batch_norm: y, training",
        "divided by M - 1"),
    "evaluation as training": (
        V, ("training = mean is None", "training = True"), "batch_norm: y, evaluation", "mean="),
    "report forgotten": (
        V, ("report(mean=mean, var=var)", "pass"), "batch_norm: report",
        "called report 0 times in training, expected once"),
    "statistics with four axes": (
        V, ("report(mean=mean", "report(mean=mean.reshape(channel)"), "batch_norm: report",
        r"the mean that report is told has shape \(1, 1, 1, 1\), expected \(1,\)"),
    "statistics as constants": (
        V, (BN_DX, "pass"), "batch_norm: dx, training",
        "mean and variance are taken for constants, but x moves both"),
    "no way through the variance": (
        V, (BN_DX, "dx_hat = dx_hat - mean_slope"), "batch_norm: dx, training",
        "through the variance is missing"),
    "no way through the mean": (
        V, (BN_DX, "dx_hat = dx_hat - x_hat * std_slope"), "batch_norm: dx, training",
        "through the mean is missing"),
    "w forgotten": (
        V, ("dx_hat = dy * w.reshape(channel)", "dx_hat = 1 * dy"), "batch_norm: dx, evaluation",
        "the result for other inputs: w is 1 everywhere"),
    "dw summed over the wrong axes": (
        V, ("(dy * x_hat).sum(axes)", "(dy * x_hat).sum((0, 1, 2))"), "batch_norm: dw",
        r"dw has shape \(\d,\), expected \(1,\)"),
    "a gradient too few": (
        V, ("return dx_hat / std, dw, db", "return dx_hat / std, dw"), "batch_norm: db",
        "batch_norm_backward returned tuple of 2, expected a tuple with the gradients of x, w, b"),
    "a mean for each reduction": (
        V, ("getattr(np, reduction)", "np.mean"), "cross_entropy: y, sum and none", "sum"),
    "softmax overflows": (
        V, ("x - x.max(1, keepdims=True)", "1 * x"), "cross_entropy: y, large scores", "nan"),
    "a small number in the logarithm": (
        V, ("losses = -(log_p * one_hot).sum(1)", "losses = -np.log((np.exp(log_p) * one_hot)"
            ".sum(1) + 1e-12)"), "cross_entropy: y, large scores", "27.6"),
    "not divided by N": (
        V, ('dx / len(x) if reduction == "mean" else dx', "dx"), "cross_entropy: dx, mean",
        "a factor 3: 3 is the size of axis 0"),
    "no -1 at the label": (
        V, ("(np.exp(log_p) - one_hot)", "np.exp(log_p)"), "cross_entropy: dx, mean",
        "exactly one element along axis 1 is wrong in each row: that of a label"),
    "dy forgotten": (
        V, ("np.broadcast_to(dy, losses.shape)[:, None]", "1"), "cross_entropy: dx, mean",
        "it is the slope alone, not multiplied by the gradient of the result"),
    "softmax over the samples": (
        V, ("np.exp(shifted).sum(1, k", "np.exp(shifted).sum(0, k"), "cross_entropy: y, mean",
        "y is wrong"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_where_it_is_made(mistake):
    name, edit, item, match = MISTAKES[mistake]
    failed, said = what_is_said(ASSIGNMENT, item.partition(":")[0], edited(ASSIGNMENT, name, edit))
    assert failed == item
    assert re.search(match, said)


@pytest.mark.parametrize(
    ("edit", "item", "summary"),
    [
        (("", ""), "batch_norm: report", ""),
        (("report(mean=mean, var=var)", "pass"), "batch_norm: report",
         "batch_norm called report 0 times in training, expected once"),
        (("log_p = shifted", "x -= 1; log_p = shifted"), "cross_entropy: y, mean",
         "cross_entropy writes into its input; let it work on a copy"),
    ],
)  # fmt: skip
def test_in_the_students_process(edit, item, summary, tmp_path):
    text = edited(ASSIGNMENT, "vectorised", edit)
    assert tried(ASSIGNMENT, tmp_path, text, item).summary == summary


def test_the_visible_checks_notice_most_of_the_planted_mistakes():
    kills = kills_of(ASSIGNMENT, ASSIGNMENT.folder / "test_visible.py", LIMITS)
    assert kills.survivors == ("db is divided by the batch", "dx is not multiplied by dy")
    assert kills.refused == ()


def test_rounding_is_measured_by_the_numbers_that_have_cancelled_out():
    agree("dw", np.array([3e-6]), np.array([1e-6]))
    with pytest.raises(Mismatch, match="dw is wrong at 1 of 1 elements"):
        agree("dw", np.array([3e-4]), np.array([1e-6]))
