"""What older and more careful PyTorch scripts write: old names, .data, switches, out=."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim


def test_an_array_is_filled_as_its_tensor_is():
    first, second = nn.Conv2d(2, 3, 3), nn.Conv2d(2, 3, 3)
    for layer, weight in ((first, first.weight), (second, second.weight.data)):
        mg.manual_seed(0)
        nn.init.normal_(weight, 0.0, 0.02)
        nn.init.constant_(layer.bias.data, 1)
    assert first.weight.tolist() == second.weight.tolist()
    assert second.bias.tolist() == [1, 1, 1]


def test_a_gradient_does_not_survive_what_was_filled():
    for given in (lambda w: w, lambda w: w.data):
        w = nn.Parameter(mg.ones(2))
        loss = (w * w).sum()
        nn.init.zeros_(given(w))
        with pytest.raises(RuntimeError, match="keeps an array"):
            loss.backward()


def test_what_is_no_tensor_cannot_be_filled():
    with pytest.raises(
        TypeError, match=r"got NoneType; with bias=False .* `if m.bias is not None`"
    ):
        nn.init.zeros_(nn.Linear(2, 3, bias=False).bias)
    with pytest.raises(TypeError, match=r"nn.init: expected a Tensor, got list$"):
        nn.init.ones_([1.0])


def test_a_tensor_of_a_list_is_float32_and_of_an_array_as_it_is():
    assert mg.Tensor([1, 2]).dtype == mg.Tensor([[0.5], [1.5]]).dtype == np.float32
    assert mg.Tensor(np.array([1, 2])).dtype == np.int64
    with pytest.raises(
        TypeError, match=r"got 3; for a tensor of a shape write minigrad.empty\(2, 3"
    ):
        mg.Tensor(2, 3)


def test_type_knows_the_old_names():
    x = mg.ones(2)
    assert x.type() == "torch.FloatTensor"
    assert x.long().type() == "torch.LongTensor"
    assert x.type(mg.LongTensor).dtype == x.type("torch.LongTensor").dtype == np.int64
    assert x.type(mg.float64).dtype == np.float64
    with pytest.raises(ValueError, match=r"CPU only.*got 'torch.cuda.FloatTensor'"):
        x.type("torch.cuda.FloatTensor")


def test_one_hot_by_the_keyword_value():
    one_hot = mg.zeros(4).scatter_(0, mg.tensor(2), value=1)
    assert one_hot.tolist() == mg.zeros(4).scatter_(0, mg.tensor(2), 1).tolist() == [0, 0, 1, 0]
    for both in ({}, {"src": 1, "value": 1}):
        with pytest.raises(TypeError, match="give either src, a tensor, or value, a number"):
            mg.zeros(4).scatter_(0, mg.tensor(2), **both)


def test_functions_have_no_out():
    with pytest.raises(TypeError, match=r"add: there is no out=; write result = add\(...\), a new"):
        mg.add(mg.ones(2), mg.ones(2), out=mg.empty(2))


@pytest.mark.parametrize(
    "name",
    ["SGD", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "Adagrad", "Adadelta", "RMSprop"],
)
def test_pytorchs_switches_between_its_implementations_are_kept_without_effect(name):
    switches = {"foreach": True}
    if name in ("SGD", "Adam", "AdamW", "Adagrad"):
        switches["fused"] = False
    stepped = []
    for options in ({}, switches):
        p = nn.Parameter(mg.ones(2))
        optimizer = getattr(optim, name)([p], lr=0.1, **options)
        (p * p).sum().backward()
        optimizer.step()
        stepped.append(p.tolist())
        assert all(optimizer.param_groups[0][key] == options[key] for key in options)
    assert stepped[0] == stepped[1] != [1, 1]


def test_a_scheduler_of_ones_own_inherits_from_the_old_name():
    class Polynomial(optim.lr_scheduler._LRScheduler):
        def __init__(self, optimizer, steps):
            self.steps = steps
            super().__init__(optimizer)

        def get_lr(self):
            return [base * (1 - self.last_epoch / self.steps) for base in self.base_lrs]

    optimizer = optim.SGD([nn.Parameter(mg.ones(1))], lr=0.5)
    scheduler = Polynomial(optimizer, 4)
    for lr in (0.375, 0.25):
        optimizer.step()
        scheduler.step()
        assert scheduler.get_last_lr() == [lr] == [optimizer.param_groups[0]["lr"]]
