"""LBFGS beside PyTorch's, evaluation by evaluation."""

import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad import optim


def rosenbrock(x):
    return ((1 - x[:-1]) ** 2).sum() + 100 * ((x[1:] - x[:-1] ** 2) ** 2).sum()


def waves(x):
    return ((x * x).sum() + 1).log() + (3 * x).sin().sum() * 0.3


OPTIONS = [
    {"lr": 0.01},
    {"lr": 0.1, "max_iter": 4, "history_size": 3},
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "max_iter": 5, "max_eval": 9, "history_size": 2},
    {"line_search_fn": "strong_wolfe", "lr": 0.01, "tolerance_change": 1e-3},
    {"line_search_fn": "strong_wolfe", "lr": 40.0},
    {"tolerance_grad": 1.0, "lr": 0.05},
]


def follow(library, optimizer, start, function, options, calls):
    """The loss at each evaluation, and the parameters at the end."""
    halves = [library.tensor(part, requires_grad=True) for part in np.split(start, 2)]
    losses, descent = [], optimizer(halves, **options)

    def closure():
        descent.zero_grad()
        loss = function(library.cat(halves))
        loss.backward()
        losses.append(loss.item())
        return loss

    for _ in range(calls):
        descent.step(closure)
    return losses, np.concatenate([half.detach().numpy() for half in halves]), descent


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("function", [rosenbrock, waves])
def test_the_same_evaluations(function, options):
    for seed in range(4):
        start = np.random.default_rng(seed).standard_normal(6)
        mine, x, a = follow(mg, optim.LBFGS, start, function, options, 4)
        theirs, y, b = follow(torch, torch.optim.LBFGS, start, function, options, 4)
        assert len(mine) == len(theirs)
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-10)
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-7)
        ours, other = a.state_dict()["state"][0], b.state_dict()["state"][0]
        assert ours["func_evals"] == other["func_evals"] == len(mine)
        assert ours["n_iter"] == other["n_iter"]
        assert len(ours["old_dirs"]) == len(other.get("old_dirs", ()))


@pytest.mark.parametrize("options", OPTIONS[:4], ids=str)
def test_goes_on_from_a_pytorch_state_dict(options):
    start = np.random.default_rng(0).standard_normal(6)
    _, y, theirs = follow(torch, torch.optim.LBFGS, start, rosenbrock, options, 2)
    halves = [mg.tensor(part, requires_grad=True) for part in np.split(y, 2)]
    mine = optim.LBFGS(halves, **options)
    mine.load_state_dict(theirs.state_dict())

    def step(library, optimizer):
        def closure():
            optimizer.zero_grad()
            loss = rosenbrock(library.cat(optimizer.param_groups[0]["params"]))
            loss.backward()
            return loss

        optimizer.step(closure)
        return [p.detach().numpy() for p in optimizer.param_groups[0]["params"]]

    for a, b in zip(step(mg, mine), step(torch, theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_the_settings_are_named_alike():
    a, b = optim.LBFGS([mg.ones(2, requires_grad=True)]), torch.optim.LBFGS([torch.ones(2)])
    assert a.state_dict()["param_groups"] == b.state_dict()["param_groups"]
