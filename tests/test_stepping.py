"""debug.steps and debug.break_on; what a debugger sees of a backward is in test_debugger.py."""

import sys

import numpy as np
import pytest

import minigrad as mg
from minigrad import debug, nn


def net():
    mg.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))


def loss_of(model):
    x = mg.from_numpy(np.random.default_rng(0).standard_normal((2, 1, 4, 4), np.float32))
    return nn.functional.cross_entropy(model(x), mg.tensor([0, 2]))


def test_steps_do_what_backward_does():
    model = net()
    loss_of(model).backward()
    expected = [p.grad.numpy() for p in model.parameters()]
    model.zero_grad()
    for _ in debug.steps(loss_of(model)):
        assert all(p.grad is None for p in model.parameters())
    for p, grad in zip(model.parameters(), expected, strict=True):
        np.testing.assert_array_equal(p.grad.numpy(), grad)


def test_a_step_says_which_op_and_layer_it_is():
    model = net()
    steps = list(debug.steps(loss_of(model)))
    assert [s.op for s in steps] == ["cross_entropy", "linear", "reshape", "relu", "conv2d"]
    assert [s.layer_path for s in steps] == ["", "3", "2", "1", "0"]
    assert steps[-1].layer is model[0]
    assert steps[0].layer is None
    assert all(s.line.startswith("test_stepping.py:") for s in steps)


def test_a_step_has_the_complete_gradient_and_then_what_each_input_receives():
    x = mg.tensor([2.0, 3.0], requires_grad=True)
    h = x * x
    walk = debug.steps((h * x).sum())
    assert next(walk).op == "sum"
    product = next(walk)
    assert product.op == "mul"
    assert product.gradient.tolist() == [1, 1]
    assert product.received is None
    to_h, to_x = product.run()
    assert to_h.target is h.grad_fn
    assert to_h.gradient.tolist() == [2, 3]
    assert to_x.target is x
    assert to_x.gradient.tolist() == [4, 9]
    square = next(walk)
    assert square.gradient.tolist() == [2, 3]
    first, second = square.run()
    assert first.gradient.tolist() == second.gradient.tolist() == [4, 9]
    assert (first.total.tolist(), second.total.tolist()) == ([8, 18], [12, 27])
    assert list(walk) == []
    assert x.grad.tolist() == [12, 27]


def test_a_step_that_is_run_twice_runs_once():
    x = mg.tensor([2.0], requires_grad=True)
    (step,) = walk = list(debug.steps(x * 3))
    assert step.run() is step.run()
    assert len(walk) == 1
    assert x.grad.tolist() == [3]


def test_what_a_step_prints():
    x = mg.tensor([2.0, 4.0], requires_grad=True)
    walk = debug.steps((x * x).sum())
    next(walk)
    step = next(walk)
    assert repr(step).startswith("mul at test_stepping.py:")
    assert repr(step).endswith(": gradient (2,) [1. 1.]")
    assert "receives" not in repr(step)
    step.run()
    first, second = repr(step).splitlines()[1:]
    assert first == "  -> x receives (2,) [2. 4.]"
    assert second.endswith("receives (2,) [2. 4.]; with what it had, (2,) [4. 8.]")


def test_a_parameter_is_printed_by_its_name():
    model = net()
    *_, conv = debug.steps(loss_of(model))
    conv.run()
    assert "-> 0.weight receives (2, 1, 3, 3)" in repr(conv)
    assert repr(conv).startswith("conv2d at test_stepping.py:")
    assert ", in 0 (Conv2d): gradient (2, 2, 2, 2)" in repr(conv)


def test_a_loop_that_is_left_early_fills_no_gradient():
    x = mg.tensor([2.0], requires_grad=True)
    loss = (x * 3).sum()
    for _ in debug.steps(loss):
        break
    assert x.grad is None


def test_stepping_twice_through_a_graph_is_refused():
    x = mg.tensor([2.0], requires_grad=True)
    loss = (x * 3).sum()
    list(debug.steps(loss))
    with pytest.raises(RuntimeError, match=r"backward a second time .*retain_graph=True"):
        debug.steps(loss)
    loss = (x * 3).sum()
    list(debug.steps(loss, retain_graph=True))
    list(debug.steps(loss))
    assert x.grad.tolist() == [9]


def test_steps_takes_a_tensor_with_a_graph():
    with pytest.raises(TypeError, match=r"steps: expected a Tensor, got float"):
        debug.steps(1.5)
    with pytest.raises(RuntimeError, match="does not require grad"):
        debug.steps(mg.ones(1))
    x = mg.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="a gradient is implied only for one element"):
        debug.steps(x * 2)
    list(debug.steps(x * 2, gradient=[1.0, 2.0]))
    assert x.grad.tolist() == [2, 4]


def test_hooks_run_in_a_stepped_backward():
    x = mg.tensor([2.0], requires_grad=True)
    h = x * 3
    h.register_hook(lambda g: g * 10)
    assert [s.gradient.item() for s in debug.steps(h * 1)] == [1, 10]
    assert x.grad.item() == 30


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, r'name what to stop at, such as break_on\(op="conv2d"\)'),
        ({"op": 3}, 'op must be a string such as "conv2d", got int'),
        ({"layer": nn.ReLU()}, 'layer must be a string such as "features.0", got ReLU'),
        ({"line": "net.py"}, r'line must be such as 12 or "net.py:12", got .net.py.'),
        ({"line": 3.5}, "line must be such as 12"),
        ({"when": 3}, "when must be a function of the gradient, got int"),
    ],
)
def test_break_on_says_what_it_takes(wrong, message):
    with pytest.raises((ValueError, TypeError), match=message):
        debug.break_on(**wrong)


CONDITIONS = [
    ({"op": "relu"}, 1),
    ({"op": "tanh"}, 0),
    ({"layer": "0"}, 1),
    ({"layer": "Conv2d"}, 1),
    ({"layer": "Conv2d", "op": "relu"}, 0),
    ({"when": lambda g: abs(g).max() > 100}, 0),
    ({"when": lambda g: g.ndim == 4}, 2),
]


@pytest.mark.parametrize(("conditions", "hits"), CONDITIONS)
def test_break_on_stops_where_all_conditions_hold(conditions, hits, monkeypatch, capsys):
    stops = []
    monkeypatch.setattr("sys.breakpointhook", lambda: stops.append(1))
    model = net()
    with debug.break_on(**conditions) as breakpoint:
        loss_of(model).backward()
    assert len(stops) == breakpoint.hits == hits
    assert capsys.readouterr().out.count(": gradient") == hits
    loss_of(model).backward()
    assert len(stops) == hits


def test_break_on_tells_what_came_by_if_its_name_never_did(capsys):
    model = net()
    with debug.break_on(op="conv"):
        loss_of(model).backward()
    out = capsys.readouterr().out
    assert out.startswith("break_on: no op 'conv' came by; those that did: ")
    assert "conv2d" in out
    with debug.break_on(layer="features.0"):
        loss_of(model).backward()
    out = capsys.readouterr().out
    assert out.startswith("break_on: no layer 'features.0' came by; those that did: ")
    assert "0, Conv2d" in out
    with debug.break_on(op="conv2d", when=lambda g: False):
        loss_of(model).backward()
    assert not capsys.readouterr().out


def test_break_on_a_line(monkeypatch):
    monkeypatch.setattr("sys.breakpointhook", lambda: None)
    x = mg.tensor([2.0], requires_grad=True)
    h = x * 3
    number = int(h.grad_fn.line.split(":")[1])
    for line in number, f"test_stepping.py:{number}", f"{__file__}:{number}":
        stop = debug.break_on(line=line)
        (h * 1).backward(retain_graph=True)
        stop.remove()
        stop.remove()
        assert stop.hits == 1


def test_under_a_debugger_an_op_prints_arrays_as_the_user_wishes():
    printed = []

    def third(x):
        printed.append(str(x / 3))
        return x / 3, None

    with np.printoptions(precision=2):
        before = sys.gettrace()
        sys.settrace(lambda *_: None)
        try:
            mg.apply(third, mg.ones(1))
        finally:
            sys.settrace(before)
    assert printed == ["[0.33]"]
