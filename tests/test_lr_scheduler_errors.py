"""What a schedule refuses, and what it says then."""

import math

import pytest

import minigrad as mg
from minigrad import optim
from minigrad.optim import lr_scheduler as sched


def make_optimizer():
    return optim.SGD([mg.tensor([1.0], requires_grad=True)], lr=1.0, momentum=0.9)


WRONG = [
    (lambda opt: sched.StepLR(0.1, 3), "StepLR: optimizer must be an Optimizer, got float"),
    (lambda opt: sched.StepLR(opt, 0), "StepLR: step_size must be at least 1, got 0"),
    (lambda opt: sched.StepLR(opt, 2.5), "StepLR: step_size must be an int, got 2.5"),
    (lambda opt: sched.StepLR(opt, 3, gamma=-1), "StepLR: gamma must be .* >= 0, got -1"),
    (lambda opt: sched.MultiStepLR(opt, 30), r"must be a list of epochs, got 30; write miles"),
    (lambda opt: sched.CosineAnnealingLR(opt, 0), "T_max must be at least 1, got 0"),
    (lambda opt: sched.CosineAnnealingLR(opt, 5, -1), "eta_min must be .* >= 0, got -1"),
    (lambda opt: sched.LinearLR(opt, 0), r"start_factor must be a number in \(0, 1\], got 0"),
    (lambda opt: sched.LinearLR(opt, 1, 2), r"end_factor must be a number in \[0, 1\], got 2"),
    (lambda opt: sched.ConstantLR(opt, 0), r"factor must be a number in \(0, 1\], got 0"),
    (lambda opt: sched.LambdaLR(opt, 0.5), "must be a function of the epoch, got 0.5"),
    (lambda opt: sched.LambdaLR(opt, [abs, abs]), "got 2 functions for 1 parameter groups"),
    (lambda opt: sched.OneCycleLR(opt, 1.0), "number of steps is missing; give total_steps="),
    (lambda opt: sched.OneCycleLR(opt, [1, 2], 9), "max_lr has 2 values for 1 parameter groups"),
    (lambda opt: sched.OneCycleLR(opt, -1, 9), "OneCycleLR: max_lr must be .* >= 0, got -1"),
    (lambda opt: sched.OneCycleLR(opt, 1, 9, pct_start=2), r"pct_start must be .*\[0, 1\], got 2"),
    (lambda opt: sched.OneCycleLR(opt, 1, 9, div_factor=0), "div_factor must be .* > 0, got 0"),
    (lambda opt: sched.OneCycleLR(opt, 1, 9, anneal_strategy="cosine"), "did you mean 'cos'"),
    (lambda opt: sched.ReduceLROnPlateau(opt, "mni"), "mode must be .*did you mean 'min'"),
    (lambda opt: sched.ReduceLROnPlateau(opt, factor=1.0), r"factor must be .*\(0, 1\), got 1.0"),
    (lambda opt: sched.ReduceLROnPlateau(opt, min_lr=[1, 2]), "min_lr has 2 values for 1 param"),
    (
        lambda opt: sched.SequentialLR(opt, [], [3]),
        r"milestones \[3\] lie between 2 schedulers, got 0",
    ),
    (
        lambda opt: sched.SequentialLR(opt, [sched.ReduceLROnPlateau(opt)], []),
        r"schedulers\[0\], ReduceLROnPlateau, must belong to the same optimizer",
    ),
    (lambda opt: sched.StepLR(opt, 3, last_epoch=5), r"param_groups\[0\] has no 'initial_lr'"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_wrong_arguments(build, message):
    with pytest.raises((ValueError, TypeError), match=message):
        build(make_optimizer())


def test_a_group_added_later():
    opt = make_optimizer()
    step, cosine = sched.StepLR(opt, 1), sched.CosineAnnealingLR(opt, 5)
    plateau = sched.ReduceLROnPlateau(opt, patience=0)
    listed = sched.ReduceLROnPlateau(opt, patience=0, min_lr=[0.0])
    opt.add_param_group({"params": [mg.tensor([1.0], requires_grad=True)], "lr": 1.0})
    opt.step()
    step.step()
    assert opt.param_groups[1]["lr"] == 0.1
    plateau.step(math.nan)
    assert opt.param_groups[1]["lr"] == pytest.approx(0.01)
    for call in (cosine.step, lambda: listed.step(math.nan)):
        with pytest.raises(
            ValueError, match="has 2 parameter groups, this scheduler was built for 1"
        ):
            call()


def test_a_state_dict_of_another_scheduler():
    opt = make_optimizer()
    exponential, step = sched.ExponentialLR(opt, 0.9), sched.StepLR(opt, 3)
    with pytest.raises(ValueError, match=r"missing \[\], unexpected \['step_size'\]; was it saved"):
        exponential.load_state_dict(step.state_dict())
    two = sched.SequentialLR(opt, [step, exponential], [3])
    one = sched.SequentialLR(opt, [step], [])
    with pytest.raises(ValueError, match="2 schedulers saved, 1 here"):
        one.load_state_dict(two.state_dict())


def test_get_lr_is_not_for_looking_up():
    opt = make_optimizer()
    with pytest.raises(
        RuntimeError, match=r"no get_lr\(\); get_last_lr\(\) tells the current rate"
    ):
        sched.ReduceLROnPlateau(opt).get_lr()
