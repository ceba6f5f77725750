"""Optimizers, schedules and clipping, step by step beside PyTorch's."""

import math

import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad import nn, optim

SHAPES = [(3, 2, 3, 3), (7,), ()]

OPTIMIZERS = [
    ("SGD", {}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.0, 0.5), "amsgrad": True}),
    ("Adam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.5, "amsgrad": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.8, "eps": 1e-3, "weight_decay": 0.1, "momentum": 0.9}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.5}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "eps": 1e-3}),
    ("Adagrad", {"initial_accumulator_value": 0.5}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.1, "momentum_decay": 0.1}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    ("RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.1, "rho": 0.5, "eps": 1e-3, "weight_decay": 0.1}),
]


def twins(name, **options):
    """The same parameters under minigrad's and PyTorch's optimizer of that name."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in SHAPES]
    mine = [mg.tensor(a, requires_grad=True) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]

    def build(library, params):
        groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.05}]
        return getattr(library, name)(groups, **options)

    return build(optim, mine), build(torch.optim, theirs)


def step(mine, theirs, rng):
    """One step with the same gradients; now and then a parameter has none."""
    for group, their_group in zip(mine.param_groups, theirs.param_groups, strict=True):
        for p, q in zip(group["params"], their_group["params"], strict=True):
            g = rng.standard_normal(p.shape) * 10.0 ** rng.integers(-3, 2)
            absent = rng.random() < 0.2
            p.grad = None if absent else mg.tensor(np.asarray(g))
            q.grad = None if absent else torch.tensor(g)
    mine.step()
    theirs.step()


def compare_parameters(mine, theirs):
    for group, their_group in zip(mine.param_groups, theirs.param_groups, strict=True):
        for p, q in zip(group["params"], their_group["params"], strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-11, atol=1e-14)


def compare_state(mine, theirs):
    """Keys, nesting, dtypes, shapes and values of two state_dicts."""
    a, b = mine.state_dict(), theirs.state_dict()
    assert a["param_groups"] == b["param_groups"]
    assert set(a["state"]) == set(b["state"])
    for i, state in b["state"].items():
        assert set(a["state"][i]) == set(state)
        for key, value in state.items():
            array = a["state"][i][key].data
            assert (str(array.dtype), array.shape) == (str(value.numpy().dtype), value.shape)
            np.testing.assert_allclose(array, value.numpy(), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_many_steps(name, options, maximize):
    mine, theirs = twins(name, maximize=maximize, **options)
    compare_state(mine, theirs)
    rng = np.random.default_rng(1)
    for _ in range(100):
        step(mine, theirs, rng)
        compare_parameters(mine, theirs)
    compare_state(mine, theirs)
    assert repr(mine) == repr(theirs)


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_goes_on_from_a_pytorch_state_dict(name, options):
    mine, theirs = twins(name, **options)
    rng = np.random.default_rng(2)
    for _ in range(3):
        step(mine, theirs, rng)
    fresh, _ = twins(name, **options)
    for group, other in zip(fresh.param_groups, mine.param_groups, strict=True):
        for p, q in zip(group["params"], other["params"], strict=True):
            p.data = q.data
    fresh.load_state_dict(theirs.state_dict())
    compare_state(fresh, theirs)
    for _ in range(3):
        step(fresh, theirs, rng)
        compare_parameters(fresh, theirs)


def test_adams_state_goes_on_in_adamw():
    mine, theirs = twins("AdamW")
    mine.load_state_dict(twins("Adam")[0].state_dict())
    theirs.load_state_dict(twins("Adam")[1].state_dict())
    assert mine.state_dict()["param_groups"] == theirs.state_dict()["param_groups"]


def test_names_in_the_state_dict():
    a = optim.SGD([("w", mg.ones(2, requires_grad=True))])
    b = torch.optim.SGD([("w", torch.ones(2, requires_grad=True))])
    assert a.state_dict() == b.state_dict()


SCHEDULES = [
    ("StepLR", {"step_size": 3}),
    ("MultiStepLR", {"milestones": [2, 5, 5, 11], "gamma": 0.5}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("LambdaLR", {"lr_lambda": lambda epoch: 1 / (1 + epoch)}),
    ("LambdaLR", {"lr_lambda": [lambda epoch: 0.9**epoch, lambda epoch: 1.0]}),
    ("ConstantLR", {"factor": 0.3, "total_iters": 4}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.9, "end_factor": 0.0, "total_iters": 7}),
    ("CosineAnnealingLR", {"T_max": 6}),
    ("CosineAnnealingLR", {"T_max": 1}),
    ("CosineAnnealingLR", {"T_max": 20, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 26}),
    ("OneCycleLR", {"max_lr": [1.0, 2.0], "epochs": 5, "steps_per_epoch": 6, "pct_start": 0.5}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 26, "three_phase": True}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 26, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 26, "cycle_momentum": False}),
]


def compare_groups(mine, theirs):
    """Learning rates and everything else that schedules write into the groups."""
    for a, b in zip(mine.param_groups, theirs.param_groups, strict=True):
        assert set(a) == set(b)
        for key in set(a) & {"lr", "momentum", "betas", "initial_lr", "min_lr", "max_lr"}:
            np.testing.assert_allclose(a[key], b[key], rtol=1e-10, atol=1e-15, err_msg=key)


@pytest.mark.parametrize("optimizer", [("SGD", {"lr": 0.3, "momentum": 0.9}), ("Adam", {})])
@pytest.mark.parametrize(("name", "options"), SCHEDULES)
def test_learning_rates(name, options, optimizer):
    mine, theirs = twins(optimizer[0], **optimizer[1])
    schedule = getattr(optim.lr_scheduler, name)(mine, **options)
    their_schedule = getattr(torch.optim.lr_scheduler, name)(theirs, **options)
    for _ in range(25):
        compare_groups(mine, theirs)
        np.testing.assert_allclose(schedule.get_last_lr(), their_schedule.get_last_lr(), atol=1e-15)
        assert schedule.last_epoch == their_schedule.last_epoch
        mine.step()
        theirs.step()
        schedule.step()
        their_schedule.step()


@pytest.mark.parametrize(("name", "options"), SCHEDULES)
def test_schedules_resume(name, options):
    """From PyTorch's saved states, and by last_epoch."""
    by_epoch = name != "CosineAnnealingWarmRestarts" or "T_mult" not in options  # PyTorch loses T_i
    _, theirs = twins("SGD", lr=0.3, momentum=0.9)
    their_schedule = getattr(torch.optim.lr_scheduler, name)(theirs, **options)
    for _ in range(5):
        theirs.step()
        their_schedule.step()
    mine, _ = twins("SGD", lr=0.3, momentum=0.9)
    schedule = getattr(optim.lr_scheduler, name)(mine, **options)
    mine.load_state_dict(theirs.state_dict())
    schedule.load_state_dict(their_schedule.state_dict())
    again, their_again = twins("SGD", lr=0.3, momentum=0.9)
    again.load_state_dict(theirs.state_dict())
    their_again.load_state_dict(theirs.state_dict())
    continued = getattr(optim.lr_scheduler, name)(again, last_epoch=5, **options)
    their_continued = getattr(torch.optim.lr_scheduler, name)(their_again, last_epoch=5, **options)
    if by_epoch:
        compare_groups(again, their_again)
    for optimizer in (mine, theirs, again, their_again):
        optimizer.step()
    for _ in range(10):
        for s in (schedule, their_schedule, continued, their_continued):
            s.step()
        compare_groups(mine, theirs)
        if by_epoch:
            compare_groups(again, their_again)


def test_warm_up_then_cosine():
    def build(library, optimizer):
        warm_up = library.LinearLR(optimizer, 0.1, total_iters=4)
        cosine = library.CosineAnnealingLR(optimizer, 10)
        tail = library.ExponentialLR(optimizer, 0.5)
        return library.SequentialLR(optimizer, [warm_up, cosine, tail], milestones=[4, 14])

    mine, theirs = twins("SGD", lr=0.3)
    schedule = build(optim.lr_scheduler, mine)
    their_schedule = build(torch.optim.lr_scheduler, theirs)
    for _ in range(20):
        compare_groups(mine, theirs)
        mine.step()
        theirs.step()
        schedule.step()
        their_schedule.step()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mode": "max", "factor": 0.5, "patience": 1},
        {"patience": 0, "cooldown": 2, "min_lr": [0.01, 0.02]},
        {"patience": 1, "threshold": 0.3, "threshold_mode": "abs", "eps": 0.02, "factor": 0.5},
        {"mode": "max", "patience": 2, "threshold": 0.3, "threshold_mode": "abs"},
    ],
)
def test_reduce_on_plateau(options):
    mine, theirs = twins("SGD", lr=0.3)
    schedule = optim.lr_scheduler.ReduceLROnPlateau(mine, **options)
    their_schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
    rng = np.random.default_rng(3)
    for epoch in range(60):
        metric = float(rng.standard_normal() + epoch / 20)
        schedule.step(metric)
        their_schedule.step(metric)
        compare_groups(mine, theirs)
        assert schedule.state_dict() == their_schedule.state_dict()


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.5, math.inf])
@pytest.mark.parametrize("max_norm", [0.0, 0.7, 1e6])
def test_clipping(norm_type, max_norm):
    mine, theirs = twins("SGD")
    step(mine, theirs, np.random.default_rng(4))
    params = [p for group in mine.param_groups for p in group["params"]]
    their_params = [p for group in theirs.param_groups for p in group["params"]]
    norm = nn.utils.clip_grad_norm_(params, max_norm, norm_type)
    their_norm = torch.nn.utils.clip_grad_norm_(their_params, max_norm, norm_type)
    assert norm.shape == their_norm.shape
    assert norm.item() == pytest.approx(their_norm.item(), rel=1e-12)
    nn.utils.clip_grad_value_(params, 0.3)
    torch.nn.utils.clip_grad_value_(their_params, 0.3)
    for p, q in zip(params, their_params, strict=True):
        assert (p.grad is None) == (q.grad is None)
        if p.grad is not None:
            np.testing.assert_allclose(p.grad.data, q.grad.numpy(), rtol=1e-12)
