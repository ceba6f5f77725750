"""Learning-rate schedules, against closed formulas and numbers worked out by hand."""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import optim
from minigrad.optim import lr_scheduler as sched


def make_optimizer(lr=1.0, optimizer=optim.SGD, groups=1, **options):
    params = [
        {"params": [mg.tensor([1.0], requires_grad=True)], "lr": lr / 10**i} for i in range(groups)
    ]
    return optimizer(params, **options)


def rates(optimizer, scheduler, steps, group=0):
    """The learning rates that `steps` calls of optimizer.step() would use."""
    values = []
    for _ in range(steps):
        values.append(optimizer.param_groups[group]["lr"])
        optimizer.step()
        scheduler.step()
    return values


def wave(epoch, length):
    return (1 + math.cos(math.pi * epoch / length)) / 2


CLOSED = [
    (sched.StepLR, {"step_size": 3}, lambda t: 0.1 ** (t // 3)),
    (sched.StepLR, {"step_size": 2, "gamma": 0.5}, lambda t: 0.5 ** (t // 2)),
    (sched.MultiStepLR, {"milestones": [2, 5]}, lambda t: 0.1 ** ((t >= 2) + (t >= 5))),
    (sched.MultiStepLR, {"milestones": [4, 4], "gamma": 0.5}, lambda t: 0.25 if t >= 4 else 1),
    (sched.ExponentialLR, {"gamma": 0.9}, lambda t: 0.9**t),
    (sched.LambdaLR, {"lr_lambda": lambda t: 1 / (1 + t)}, lambda t: 1 / (1 + t)),
    (sched.ConstantLR, {"factor": 0.25, "total_iters": 4}, lambda t: 0.25 if t < 4 else 1),
    (sched.LinearLR, {"total_iters": 4}, lambda t: 1 / 3 + 2 / 3 * min(t, 4) / 4),
    (
        sched.LinearLR,
        {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 5},
        lambda t: max(0, 1 - t / 5),
    ),
    (sched.CosineAnnealingLR, {"T_max": 5}, lambda t: wave(t, 5)),
    (sched.CosineAnnealingLR, {"T_max": 1}, lambda t: wave(t, 1)),
    (sched.CosineAnnealingLR, {"T_max": 6, "eta_min": 0.1}, lambda t: 0.1 + 0.9 * wave(t, 6)),
    (sched.CosineAnnealingWarmRestarts, {"T_0": 3}, lambda t: wave(t % 3, 3)),
    (
        sched.CosineAnnealingWarmRestarts,
        {"T_0": 2, "T_mult": 2},
        lambda t: (
            wave(t, 2)
            if t < 2
            else wave(t - 2, 4)
            if t < 6
            else wave(t - 6, 8)
            if t < 14
            else wave(t - 14, 16)
        ),
    ),
]


@pytest.mark.parametrize(("scheduler", "options", "share"), CLOSED)
def test_the_closed_formula(scheduler, options, share):
    opt = make_optimizer(1.0)
    values = rates(opt, scheduler(opt, **options), 20)
    np.testing.assert_allclose(values, [share(t) for t in range(20)], rtol=1e-9, atol=1e-15)


def test_each_group_from_its_own_rate():
    opt = make_optimizer(0.5, groups=2)
    schedulers = [sched.StepLR(opt, 2), sched.CosineAnnealingLR(opt, 4)]
    scheduler = sched.SequentialLR(opt, schedulers, [4])
    wanted = [0.05, 0.05, 0.005, 0.005, *(0.05 * wave(t, 4) for t in range(4))]
    np.testing.assert_allclose(rates(opt, scheduler, 8, group=1), wanted)


def test_one_cycle_by_hand():
    """10 steps, peak after 3: up over steps 0, 1, 2 and down over the other 7."""
    opt = make_optimizer(momentum=0.5)
    scheduler = sched.OneCycleLR(
        opt,
        max_lr=1.0,
        total_steps=10,
        anneal_strategy="linear",
        div_factor=10,
        final_div_factor=10,
    )
    group = opt.param_groups[0]
    momenta = []
    values = []
    for _ in range(9):
        values.append(group["lr"])
        momenta.append(group["momentum"])
        opt.step()
        scheduler.step()
    up, down = [0.1, 0.55, 1.0], [1 - 0.99 * i / 7 for i in range(1, 7)]
    np.testing.assert_allclose(values, up + down)
    np.testing.assert_allclose(momenta[:3], [0.95, 0.9, 0.85])
    assert group["lr"] == pytest.approx(0.01)
    assert group["momentum"] == pytest.approx(0.95)


def test_one_cycle_moves_adams_first_beta():
    opt = make_optimizer(optimizer=optim.Adam)
    sched.OneCycleLR(opt, max_lr=[1.0], epochs=2, steps_per_epoch=5)
    assert opt.param_groups[0]["betas"] == (0.95, 0.999)
    opt = make_optimizer(optimizer=optim.Adagrad)
    with pytest.raises(ValueError, match="Adagrad has no momentum to cycle; write cycle_momentum="):
        sched.OneCycleLR(opt, max_lr=1.0, total_steps=10)
    sched.OneCycleLR(opt, max_lr=1.0, total_steps=10, cycle_momentum=False)


def test_one_cycle_that_begins_at_its_peak():
    opt = make_optimizer(momentum=0.9)
    sched.OneCycleLR(opt, max_lr=1.0, total_steps=10, pct_start=0.1)
    assert opt.param_groups[0]["lr"] == 1.0


def test_one_cycle_ends():
    opt = make_optimizer(momentum=0.9)
    scheduler = sched.OneCycleLR(opt, max_lr=1.0, total_steps=3)
    with pytest.raises(ValueError, match="step 4 of a cycle of 3; raise total_steps, or call"):
        rates(opt, scheduler, 4)


def plateau_rates(metrics, **options):
    opt = make_optimizer(1.0)
    scheduler = sched.ReduceLROnPlateau(opt, factor=0.5, **options)
    values = []
    for metric in metrics:
        scheduler.step(metric)
        values.append(opt.param_groups[0]["lr"])
    assert scheduler.get_last_lr() == [values[-1]]
    return values


def test_plateau():
    assert plateau_rates([1, 0.9, 0.9, 0.9, 0.9], patience=1) == [1, 1, 1, 0.5, 0.5]
    assert plateau_rates([1, 2, 2, 2, 2], mode="max", patience=0) == [1, 1, 0.5, 0.25, 0.125]
    assert plateau_rates([1, 1, 1, 1, 1], patience=0, cooldown=1) == [1, 0.5, 0.5, 0.25, 0.25]
    assert plateau_rates([1, 1, 1, 1], patience=0, min_lr=0.4) == [1, 0.5, 0.4, 0.4]
    assert plateau_rates([1, 1, 1, 1], patience=0, min_lr=[0.4]) == [1, 0.5, 0.4, 0.4]
    assert plateau_rates([1, 1, 1], patience=0, eps=0.3) == [1, 0.5, 0.5]
    assert plateau_rates([10, 9.5, 8], patience=0, threshold=0.1) == [1, 0.5, 0.5]
    assert plateau_rates([10, 9.5, 8], patience=0, threshold=1, threshold_mode="abs") == [
        1,
        0.5,
        0.5,
    ]
    assert plateau_rates([math.nan, math.nan], patience=0) == [0.5, 0.25]


def test_plateau_takes_a_tensor():
    assert plateau_rates([mg.tensor(1.0), mg.tensor(2.0)], patience=0) == [1, 0.5]


def test_warm_up_then_cosine():
    opt = make_optimizer(1.0)
    parts = [sched.LinearLR(opt, 0.25, total_iters=3), sched.CosineAnnealingLR(opt, 4)]
    scheduler = sched.SequentialLR(opt, parts, milestones=[3])
    wanted = [0.25, 0.5, 0.75, *(wave(t, 4) for t in range(5))]
    np.testing.assert_allclose(rates(opt, scheduler, 8), wanted, atol=1e-15)


def test_two_schedules_multiply_and_a_change_by_hand_is_taken_up():
    opt = make_optimizer(1.0)
    first, second = sched.ExponentialLR(opt, 0.5), sched.StepLR(opt, 1, gamma=0.1)
    opt.step()
    first.step()
    second.step()
    assert opt.param_groups[0]["lr"] == pytest.approx(0.05)
    opt.param_groups[0]["lr"] = 8.0
    first.step()
    assert first.get_last_lr() == [4.0]


def test_fractions_of_an_epoch():
    opt = make_optimizer(1.0)
    scheduler = sched.CosineAnnealingWarmRestarts(opt, T_0=2)
    opt.step()
    scheduler.step(2.5)
    assert scheduler.get_last_lr() == [pytest.approx(wave(0.5, 2))]
    assert scheduler.last_epoch == 2


RESUMED = [
    (lambda opt: sched.StepLR(opt, 3)),
    (lambda opt: sched.MultiStepLR(opt, [2, 6])),
    (lambda opt: sched.LambdaLR(opt, lambda t: 0.9**t)),
    (lambda opt: sched.CosineAnnealingLR(opt, 5)),
    (lambda opt: sched.CosineAnnealingWarmRestarts(opt, 3, 2)),
    (lambda opt: sched.OneCycleLR(opt, 1.0, 12)),
    (
        lambda opt: sched.SequentialLR(
            opt, [sched.LinearLR(opt), sched.ExponentialLR(opt, 0.5)], [5]
        )
    ),
]


@pytest.mark.parametrize("build", RESUMED)
def test_resume(build, tmp_path):
    opt = make_optimizer(0.5, momentum=0.9)
    straight = rates(opt, build(opt), 10)
    opt = make_optimizer(0.5, momentum=0.9)
    scheduler = build(opt)
    rates(opt, scheduler, 4)
    state = {"optimizer": opt.state_dict(), "scheduler": scheduler.state_dict()}
    mg.save(state, tmp_path / "checkpoint.pt")
    opt = make_optimizer(0.5, momentum=0.9)
    scheduler = build(opt)
    checkpoint = mg.load(tmp_path / "checkpoint.pt")
    opt.load_state_dict(checkpoint["optimizer"])
    scheduler.load_state_dict(checkpoint["scheduler"])
    assert rates(opt, scheduler, 6) == straight[4:]


def test_the_wrong_order_is_noticed_once():
    opt = make_optimizer()
    scheduler = sched.StepLR(opt, 3)
    with pytest.warns(UserWarning, match=r"optimizer\.step\(\)\n +scheduler\.step\(\)") as record:
        scheduler.step()
    assert record[0].filename == __file__
    scheduler.step()  # warnings are errors here


def test_an_optimizer_with_a_step_of_its_own_is_not_suspected():
    class Own(optim.SGD):
        def step(self, closure=None):
            return None

    opt = make_optimizer(optimizer=Own)
    sched.StepLR(opt, 3).step()


def test_a_scheduler_of_ones_own():
    class Halves(sched.LRScheduler):
        def get_lr(self):
            return [lr / 2**self.last_epoch for lr in self.base_lrs]

    opt = make_optimizer()
    assert rates(opt, Halves(opt), 3) == [1.0, 0.5, 0.25]
