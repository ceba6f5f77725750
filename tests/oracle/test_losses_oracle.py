"""Losses beside torch, with random shapes and options in float64."""

import numpy as np
import pytest
import torch
import torch.nn.functional as TF
from beside import Draw, assert_same, both, examples

from minigrad import Tensor
from minigrad.nn import functional as F

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # torch's own


def with_tensors(f, tensor, **arrays):
    """f with the arrays among its options as tensors without gradient."""
    given = {k: tensor(v) if isinstance(v, np.ndarray) else v for k, v in arrays.items()}
    return lambda *t: f(*t, **given)


@examples(120)
def test_losses_over_classes(seed):
    d = Draw(seed)
    c = d.int(1, 6)
    shape = (d.int(1, 5), c, *d.ints(d.int(0, 2), 1, 4))
    x = d.array(*shape) * d.pick.choice([1, 30])
    options = {"reduction": d.pick.choice(["mean", "sum", "none"])}
    if d.coin():
        options["weight"] = d.rng.random(c) + 0.1
    name = d.pick.choice(["cross_entropy", "cross_entropy", "nll_loss"])
    if name == "cross_entropy":
        options["label_smoothing"] = d.pick.choice([0.0, 0.1, 1.0])
    if name == "cross_entropy" and d.coin():
        target = d.rng.random(shape)  # probabilities, which have a gradient too
    else:
        target = d.rng.integers(0, c, (shape[0], *shape[2:]))
        ignored = d.pick.choice([-100, 0, -1])
        options["ignore_index"] = ignored
        if ignored < 0 and d.coin():
            target[d.rng.random(target.shape) < 0.3] = ignored
    run = [with_tensors(getattr(F, name), Tensor, **options),
           with_tensors(getattr(TF, name), torch.from_numpy, **options)]  # fmt: skip
    assert_same(*run, x, target)


@examples(80)
def test_losses_over_numbers(seed):
    d = Draw(seed)
    shape = d.ints(d.int(0, 3), 1, 5)
    x, t = d.array(*shape), d.array(*shape)
    reduction = d.pick.choice(["mean", "sum", "none"])
    both("mse_loss", x, t, reduction=reduction)
    both("l1_loss", x, t, reduction=reduction)
    both("smooth_l1_loss", x, t, reduction=reduction, beta=d.pick.choice([0.0, 0.5, 1.0]))
    both("huber_loss", x, t, reduction=reduction, delta=d.pick.choice([0.5, 1.0, 2.0]))
    p, q = np.asarray(1 / (1 + np.exp(-x))), np.asarray(d.rng.random(shape))
    both("binary_cross_entropy", p, q, reduction=reduction)
    options = {"reduction": reduction}
    if shape and d.coin():
        options["weight"] = d.rng.random(shape[-1])
    if shape and d.coin():
        options["pos_weight"] = d.rng.random(shape[-1]) + 0.5
    name = "binary_cross_entropy_with_logits"
    run = [with_tensors(getattr(F, name), Tensor, **options),
           with_tensors(getattr(TF, name), torch.from_numpy, **options)]  # fmt: skip
    assert_same(*run, x, q)
    if shape:
        log_target = d.coin()
        target = np.log(p) if log_target else p
        reduction = d.pick.choice([reduction, "batchmean"])
        both("kl_div", t, target, reduction=reduction, log_target=log_target)
