"""What an optimizer refuses, and what it says then."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim


def parameter(shape=(2, 3)):
    return mg.tensor(np.ones(shape), requires_grad=True)


def loop_over(items):
    yield from items


def test_empty_parameter_list():
    with pytest.raises(ValueError, match=r"SGD: got an empty parameter list.*params was a list"):
        optim.SGD([], lr=0.1)
    used = loop_over([parameter()])
    list(used)
    with pytest.raises(ValueError, match=r"generator, loop_over, without items(.|\n)*used once"):
        optim.SGD(used, lr=0.1)
    with pytest.raises(ValueError, match="empty parameter list: the 2 groups hold no tensors"):
        optim.SGD([{"params": []}, {"params": []}])


def test_all_frozen_names_what_was_skipped():
    frozen = [mg.tensor(np.ones((4, 5))), mg.tensor(np.ones(4))]
    with pytest.raises(ValueError, match=r"skipped.*params\[0\] \(4, 5\), params\[1\] \(4,\)"):
        optim.Adam(frozen)
    with pytest.raises(ValueError, match=r"skipped.*fc\.weight \(4, 5\), fc\.bias \(4,\)"):
        optim.Adam(zip(["fc.weight", "fc.bias"], frozen, strict=True))
    with pytest.raises(ValueError, match=r"params\[7\] \(1,\), \.\.\. \(12 more\)\. Write p\.req"):
        optim.Adam([mg.tensor([0.0]) for _ in range(20)])
    optim.Adam([*frozen, parameter()])  # some may be frozen


WRONG_PARAMS = [
    (lambda: parameter(), r"one Tensor of shape \(2, 3\); put it in a list: SGD\(\[w\]"),
    (lambda: nn.Linear(2, 3), r"params is a Linear; pass its parameters: SGD\(net.parameters"),
    (lambda: [nn.Linear(2, 3)], r"params\[0\] must be a Tensor, got Linear; pass its \.param"),
    (lambda: 0.1, "params must be an iterable of Tensors or of group dicts, got float"),
    (lambda: [parameter(), 3], r"params\[1\] must be a Tensor, got int"),
    (lambda: {parameter()}, "params is a set, which has no fixed order"),
    (lambda: {"a": parameter()}, r"one dict with keys a; pass the tensors: list\(d.values\(\)\)"),
    (lambda: {"params": [parameter()]}, r"one dict with keys params; pass SGD\(\[group\]"),
    (lambda: [{"lr": 0.1}], 'a group must be a dict with the key "params"'),
    (lambda: [{"params": [parameter()]}, parameter()], 'a group must be a dict with the key "par'),
]


@pytest.mark.parametrize(("make", "message"), WRONG_PARAMS)
def test_wrong_params(make, message):
    with pytest.raises(TypeError, match=message):
        optim.SGD(make())


def test_a_parameter_twice():
    w = parameter()
    with pytest.raises(ValueError, match=r"groups\[0\], params\[2\] of shape \(2, 3\) is the same"):
        optim.SGD([w, parameter(), w])
    opt = optim.SGD([w])
    with pytest.raises(
        ValueError, match=r"groups\[1\], params\[0\].*same tensor as param_groups\[0"
    ):
        opt.add_param_group({"params": [w]})
    assert len(opt.param_groups) == 1


def test_a_result_is_no_parameter():
    with pytest.raises(
        ValueError, match=r"of shape \(2, 3\) was computed by <mul at .*only leaves"
    ):
        optim.SGD([parameter() * 2])


def test_names_for_some_groups_only():
    opt = optim.SGD([("w", parameter())])
    with pytest.raises(ValueError, match="some groups have names and some have none"):
        opt.add_param_group({"params": [parameter()]})


WRONG_NUMBERS = [
    (optim.SGD, {"lr": -0.1}, r"SGD: lr must be a finite number >= 0, got -0.1; for example lr="),
    (optim.SGD, {"lr": float("nan")}, "SGD: lr must be a finite number >= 0, got nan"),
    (optim.SGD, {"momentum": -1}, "SGD: momentum must be .* >= 0, got -1"),
    (optim.SGD, {"weight_decay": -1}, "SGD: weight_decay must be .* >= 0, got -1"),
    (optim.SGD, {"dampening": float("inf")}, "SGD: dampening must be a finite number, got inf"),
    (optim.Adam, {"betas": (1.0, 0.9)}, r"Adam: betas\[0\] must be a number in \[0, 1\), got 1.0"),
    (optim.AdamW, {"betas": (0.9, -1)}, r"AdamW: betas\[1\] must be a number in \[0, 1\), got -1"),
    (optim.Adam, {"eps": -1}, "Adam: eps must be .* >= 0, got -1"),
    (optim.RMSprop, {"alpha": 1.5}, r"RMSprop: alpha must be a number in \[0, 1\], got 1.5"),
    (optim.Adadelta, {"rho": 2}, r"Adadelta: rho must be a number in \[0, 1\], got 2"),
    (optim.Adagrad, {"lr_decay": -1}, "Adagrad: lr_decay must be .* >= 0, got -1"),
    (optim.Adagrad, {"initial_accumulator_value": -1}, "initial_accumulator_value must be .* -1"),
    (optim.SGD, {"nesterov": True}, "nesterov=True needs momentum > 0 .*got momentum=0"),
    (optim.SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "got .*dampening=0.1"),
]


@pytest.mark.parametrize(("optimizer", "options", "message"), WRONG_NUMBERS)
def test_numbers_out_of_range(optimizer, options, message):
    with pytest.raises(ValueError, match=message):
        optimizer([parameter()], **options)
    with pytest.raises(ValueError, match=message):
        optimizer([{"params": [parameter()], **options}])


def test_numbers_of_the_wrong_type():
    with pytest.raises(TypeError, match=r"lr must be .*got Tensor; write lr=lr\.item\(\)"):
        optim.SGD([parameter()], lr=mg.tensor(0.1))
    with pytest.raises(TypeError, match=r"SGD: lr must be .*got str; write lr=0\.001"):
        optim.SGD([parameter()], lr="0.1")
    with pytest.raises(TypeError, match=r"betas must be a pair of numbers, got 0\.9; write betas="):
        optim.Adam([parameter()], betas=0.9)


def test_gradient_of_another_shape():
    w = parameter()
    opt = optim.SGD([w])
    w.grad = mg.tensor(np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"shape \(2, 3\) has a \.grad of shape \(3, 2\)"):
        opt.step()


def test_an_optimizer_without_a_rule():
    w = parameter()
    w.grad = mg.tensor(np.ones((2, 3)))
    with pytest.raises(RuntimeError, match=r"has no rule: write `def update\(self, p, group\)`"):
        optim.Optimizer([w], {"lr": 0.1}).step()


def stepped(optimizer, shapes, **options):
    params = [parameter(shape) for shape in shapes]
    for p in params:
        p.grad = mg.tensor(np.ones(p.shape))
    opt = optimizer(params, **options)
    opt.step()
    return opt


MISFITS = [
    (lambda: {"fc.weight": 1}, r'keys "state" and "param_groups", got \[.fc\.weight.\]'),
    (lambda: stepped(optim.Adam, [(2, 3)]).state_dict(), "group 0: 1 parameters saved, 2 here"),
    (
        lambda: stepped(optim.Adam, [(2, 3), (5,)]).state_dict(),
        r"group 0, parameter 1: exp_avg has shape \(5,\), the parameter has \(4,\)",
    ),
    (
        lambda: stepped(optim.SGD, [(2, 3), (4,)], momentum=0.9).state_dict(),
        "group 0 lacks amsgrad, betas, eps; it has dampening, .*saved by another optimizer",
    ),
    (
        lambda: {"state": {}, "param_groups": []},
        "0 parameter groups saved, 1 here",
    ),
    (
        lambda: {**stepped(optim.Adam, [(2, 3), (4,)]).state_dict(), "state": {"0": {}}},
        "state of '0', in no group",
    ),
]


@pytest.mark.parametrize(("make", "message"), MISFITS)
def test_a_state_dict_that_does_not_fit(make, message):
    opt = stepped(optim.Adam, [(2, 3), (4,)])
    before = [x.data.copy() for state in opt.state.values() for x in state.values()]
    with pytest.raises(ValueError, match=message):
        opt.load_state_dict(make())
    after = [x.data for state in opt.state.values() for x in state.values()]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
