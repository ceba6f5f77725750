"""Saving and resuming an optimizer, its printed form, and rules of the user's own."""

import copy

import numpy as np
import pytest

import minigrad as mg
from minigrad import optim


def parameter(array):
    return mg.tensor(np.asarray(array), requires_grad=True)


def set_grad(p, array):
    p.grad = mg.tensor(np.asarray(array, p.dtype))


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (optim.SGD, {"momentum": 0.9}),
        (optim.Adam, {"amsgrad": True}),
        (optim.AdamW, {}),
        (optim.RMSprop, {"momentum": 0.9, "centered": True}),
        (optim.Adagrad, {}),
        (optim.Adadelta, {}),
    ],
)
def test_resumed_training_gives_the_same_bits(optimizer, options, tmp_path):
    def train(values, state, gradients):
        params = [mg.tensor(v, requires_grad=True) for v in values]
        opt = optimizer([{"params": params[:1], "lr": 0.3}, {"params": params[1:]}], **options)
        if state is not None:
            opt.load_state_dict(state)
        for first, second in gradients:
            set_grad(params[0], first)
            set_grad(params[1], second)
            opt.step()
        return [p.data for p in params], opt.state_dict()

    rng = np.random.default_rng(3)
    start = [rng.standard_normal(5).astype(np.float32), rng.standard_normal((2, 3))]
    gradients = [(rng.standard_normal(5), rng.standard_normal((2, 3))) for _ in range(8)]
    straight, _ = train(start, None, gradients)
    halfway, state = train(start, None, gradients[:4])
    saved = copy.deepcopy(state)
    resumed, _ = train(halfway, state, gradients[4:])
    mg.save(saved, tmp_path / "optimizer.pt")
    from_file, _ = train(halfway, mg.load(tmp_path / "optimizer.pt"), gradients[4:])
    for a, b, c in zip(straight, resumed, from_file, strict=True):
        assert np.array_equal(a, b)
        assert np.array_equal(a, c)
    for key, value in saved["state"][0].items():
        assert np.array_equal(value.data, state["state"][0][key].data), "loading must copy"


def test_state_dict_as_pytorch_writes_it():
    w, b = parameter([[1.0]]), parameter([1.0])
    opt = optim.Adam([{"params": [w]}, {"params": [b], "lr": 0.1}])
    assert opt.state_dict()["state"] == {}
    set_grad(b, [1.0])
    opt.step()
    state = opt.state_dict()
    assert [group["params"] for group in state["param_groups"]] == [[0], [1]]
    assert [group["lr"] for group in state["param_groups"]] == [0.001, 0.1]
    assert list(state["state"]) == [1]
    assert set(state["state"][1]) == {"step", "exp_avg", "exp_avg_sq"}
    assert all(isinstance(value, mg.Tensor) for value in state["state"][1].values())
    assert state["state"][1]["step"].dtype == np.float32
    opt.load_state_dict(state)
    assert opt.state[b]["step"].dtype == np.float32
    assert opt.state[b]["exp_avg"].dtype == np.float64


def test_named_parameters():
    opt = optim.SGD([("layer.weight", parameter([1.0])), ("layer.bias", parameter([2.0]))])
    assert opt.state_dict()["param_groups"][0]["param_names"] == ["layer.weight", "layer.bias"]


def test_repr_as_pytorch_prints_it():
    lines = repr(optim.Adadelta([parameter([1.0])])).splitlines()
    assert lines[:2] == ["Adadelta (", "Parameter Group 0"]
    assert "    rho: 0.9" in lines
    assert lines[-1] == ")"


def test_an_optimizer_of_ones_own():
    class SignSGD(optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def update(self, p, group):
            p.data -= group["lr"] * np.sign(p.grad.data)

    w = parameter([1.0, 1.0])
    set_grad(w, [5.0, -5.0])
    SignSGD([w], lr=0.5).step()
    assert w.tolist() == [0.5, 1.5]
