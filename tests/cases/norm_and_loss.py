"""Normalisation and losses."""

# ruff: noqa: E501 (a row of a table is a line)

import loops
import numpy as np

from minigrad import Tensor
from minigrad.nn import functional as F

from .activation import sigmoid, softmax
from .table import case, distinct, normal, positive, whole

MEAN, VAR = normal(3), positive(3)


def batch_norm(x, w=None, b=None, **options):
    return F.batch_norm(x, None, None, w, b, training=True, **options)


def batch_norm_eval(x, w=None, b=None, **options):
    return F.batch_norm(
        x, Tensor(MEAN.astype(x.dtype)), Tensor(VAR.astype(x.dtype)), w, b, **options
    )


def instance_norm(x, w=None, b=None, **options):
    return F.instance_norm(x, None, None, w, b, **options)


def layer_norm(x, w=None, b=None, *, shape, **options):
    return F.layer_norm(x, shape, w, b, **options)


def group_norm(x, w=None, b=None, *, groups, **options):
    return F.group_norm(x, groups, w, b, **options)


NORMS = [
    case("F.batch_norm", batch_norm, loops.batch_norm, normal(4, 3), normal(3), normal(3), batch=()),
    case("F.batch_norm", batch_norm, loops.batch_norm, normal(2, 3, 2, 3), normal(3), normal(3), empty=False),
    case("F.batch_norm", batch_norm, loops.batch_norm, normal(2, 3, 4), empty=False, eps=0.1),
    case("F.batch_norm", batch_norm, loops.batch_norm, normal(1, 3, 2, 2, 2), normal(3), empty=False),
    case("F.batch_norm", batch_norm_eval,
         lambda x, w, b: loops.batch_norm_eval(x, MEAN, VAR, w, b),
         normal(2, 3, 2, 2), normal(3), normal(3)),
    case("F.batch_norm", batch_norm_eval,
         lambda x, eps: loops.batch_norm_eval(x, MEAN, VAR, eps=eps), normal(4, 3), eps=0.01),
    case("F.instance_norm", instance_norm, loops.instance_norm, normal(2, 3, 4, 2), normal(3), normal(3)),
    case("F.instance_norm", instance_norm, loops.instance_norm, normal(2, 3, 5)),
    case("F.layer_norm", layer_norm, lambda x, w, b, shape: loops.layer_norm(x, shape, w, b),
         normal(3, 4), normal(4), normal(4), shape=(4,)),
    case("F.layer_norm", layer_norm, lambda x, w, b, shape: loops.layer_norm(x, shape, w, b),
         normal(2, 2, 3, 2), normal(3, 2), normal(3, 2), shape=(3, 2)),
    case("F.layer_norm", layer_norm, lambda x, shape, eps: loops.layer_norm(x, shape, eps=eps),
         normal(2, 3), shape=(3,), eps=0.1),
    case("F.group_norm", group_norm, lambda x, w, b, groups: loops.group_norm(x, groups, w, b),
         normal(2, 4, 2, 3), normal(4), normal(4), groups=2),
    case("F.group_norm", group_norm, lambda x, groups: loops.group_norm(x, groups), normal(2, 6, 3),
         groups=3),
    case("F.group_norm", group_norm, lambda x, w, groups: loops.group_norm(x, groups, w),
         normal(2, 4), normal(4), groups=1),
]  # fmt: skip


def reduced(values, reduction="mean", count=None):
    if reduction == "none":
        return values
    return values.sum() / (1 if reduction == "sum" else values.size if count is None else count)


def elementwise_loss(formula):
    def loss(x, t, reduction="mean", **options):
        return reduced(formula(x, t, **options), reduction)

    return loss


def huber(x, t, delta=1.0):
    e = np.abs(x - t)
    return np.where(e < delta, e * e / 2, delta * (e - delta / 2))


def smooth_l1(x, t, beta=1.0):
    return np.abs(x - t) if beta == 0 else huber(x, t, beta) / beta


def kl_div(x, t, reduction="mean", log_target=False):
    t = np.exp(t) if log_target else t
    values = t * (np.log(t) - x)
    return values.sum() / len(x) if reduction == "batchmean" else reduced(values, reduction)


def bce(x, t, weight=1.0):
    return -weight * (t * np.log(x) + (1 - t) * np.log(1 - x))


def bce_logits(x, t, weight=1.0, pos_weight=1.0):
    p = sigmoid(x)
    return -weight * (pos_weight * t * np.log(p) + (1 - t) * np.log(1 - p))


def class_loss(
    log_p, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0
):
    """-log p[target], one sample and position at a time; smoothing gives every class a share."""
    classes = log_p.shape[1]
    weight = np.ones(classes) if weight is None else weight
    soft = target.dtype.kind == "f"
    columns = np.moveaxis(log_p, 1, -1)  # (N, *S, C)
    shares = np.moveaxis(target, 1, -1) if soft else target
    values, count = np.zeros(columns.shape[:-1]), 0.0
    for at in np.ndindex(values.shape):
        if soft:
            share, counts = shares[at], 1.0
        elif shares[at] == ignore_index:
            continue
        else:
            share, counts = np.eye(classes)[shares[at]], weight[shares[at]]
        share = (1 - label_smoothing) * share + label_smoothing / classes
        values[at] = -(weight * share * columns[at]).sum()
        count += counts
    return reduced(values, reduction, count)


def cross_entropy(x, target, **options):
    return class_loss(np.log(softmax(x, 1)), target, **options)


LABELS = np.array([[0, 2], [1, 1], [3, 0]])
PROBABILITIES = softmax(normal(3, 4), 1)
WEIGHT = positive(4)


def losses(name, formula, x, t, *more_options, batch=(0, 1)):
    """One case for each reduction, and one for each set of further options."""
    sets = [{}, {"reduction": "sum"}, {"reduction": "none"}, *more_options]
    f = getattr(F, name)
    return [case(f"F.{name}", f, formula, x, t, batch=batch, empty=bool(o), **o) for o in sets]


LOSSES = [
    *losses("mse_loss", elementwise_loss(lambda x, t: (x - t) ** 2), normal(3, 2), normal(3, 2)),
    *losses("l1_loss", elementwise_loss(lambda x, t: np.abs(x - t)), distinct(3, 2), normal(3, 2)),
    *losses("huber_loss", elementwise_loss(huber), normal(3, 4), normal(3, 4), {"delta": 0.3}),
    *losses("smooth_l1_loss", elementwise_loss(smooth_l1), normal(3, 4), normal(3, 4),
            {"beta": 0.3}, {"beta": 0}),
    *losses("kl_div", kl_div, np.log(PROBABILITIES[::-1]), PROBABILITIES, {"reduction": "batchmean"}),
    *losses("kl_div", kl_div, normal(3, 4), np.log(PROBABILITIES), {"log_target": True})[3:],
    *losses("binary_cross_entropy", elementwise_loss(bce), sigmoid(normal(3, 2)), sigmoid(normal(3, 2))),
    case("F.binary_cross_entropy",
         lambda x, t, weight: F.binary_cross_entropy(x, t, Tensor(weight.astype(x.dtype))),
         elementwise_loss(bce), sigmoid(normal(3, 2)), sigmoid(normal(3, 2)), batch=(0, 1),
         empty=False, weight=positive(2)),
    *losses("binary_cross_entropy_with_logits", elementwise_loss(bce_logits), normal(3, 2) * 3,
            sigmoid(normal(3, 2))),
    case("F.binary_cross_entropy_with_logits",
         lambda x, t, **w: F.binary_cross_entropy_with_logits(
             x, t, **{name: Tensor(value.astype(x.dtype)) for name, value in w.items()}),
         elementwise_loss(bce_logits), normal(3, 2), sigmoid(normal(3, 2)), batch=(0, 1), empty=False,
         weight=positive(3, 1)[:1], pos_weight=positive(2)),
    *losses("cross_entropy", cross_entropy, normal(3, 4), whole(4, 3), {"label_smoothing": 0.2},
            {"ignore_index": 1}),
    *losses("cross_entropy", cross_entropy, normal(3, 4, 2), LABELS, {"label_smoothing": 0.1}),
    *losses("cross_entropy", cross_entropy, normal(3, 4), PROBABILITIES, {"label_smoothing": 0.1}),
    *losses("nll_loss", class_loss, normal(3, 4), whole(4, 3), {"ignore_index": 2}),
    *losses("nll_loss", class_loss, normal(3, 4, 2), LABELS),
    *(
        case(f"F.{f.__name__}", lambda x, t, weight, f=f, **o: f(x, t, Tensor(weight.astype(x.dtype)), **o),
             formula, normal(3, 4, 2), LABELS, batch=(0, 1), empty=False, weight=WEIGHT, **options)
        for f, formula in [(F.cross_entropy, cross_entropy), (F.nll_loss, class_loss)]
        for options in ({}, {"reduction": "none"}, {"ignore_index": 0})
    ),
    case("F.cross_entropy", lambda x, t, weight, **o: F.cross_entropy(x, t, Tensor(weight.astype(x.dtype)), **o),
         cross_entropy, normal(3, 4), PROBABILITIES, batch=(0, 1), empty=False, weight=WEIGHT,
         label_smoothing=0.3),
    case("F.cross_entropy", F.cross_entropy,
         lambda x, t: cross_entropy(x[None], t[None]), normal(4), np.array(2), batch=()),
    case("F.nll_loss", F.nll_loss, lambda x, t: class_loss(x[None], t[None]), normal(4), np.array(2),
         batch=()),
]  # fmt: skip

CASES = NORMS + LOSSES
