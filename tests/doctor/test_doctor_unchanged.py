"""The doctor leaves everything as it was, to the bit."""

import copy
import random
from collections import deque
from functools import partial

import numpy as np
import pytest
from mistakes import SCRIPTS

import minigrad as mg
from minigrad import debug, nn, optim
from minigrad.graph import running
from minigrad.utils.data import DataLoader, TensorDataset

F = nn.functional


def bits(thing):
    """All that a thing holds, in a form that can be compared."""
    if isinstance(thing, mg.Tensor):
        facts = (thing.requires_grad, len(thing.hooks or ()))
        return facts, bits(thing.data), bits(thing.grad)
    if isinstance(thing, np.ndarray):
        return thing.shape, thing.dtype.str, thing.tobytes()
    if isinstance(thing, (nn.Layer, optim.Optimizer, optim.lr_scheduler.LRScheduler)):
        return id(thing), bits(vars(thing))
    if isinstance(thing, dict):
        return [(id(k) if isinstance(k, mg.Tensor) else k, bits(v)) for k, v in thing.items()]
    if isinstance(thing, (list, tuple)):
        return [bits(item) for item in thing]
    if isinstance(thing, mg.Generator):
        return repr(thing.numpy.bit_generator.state)
    return repr(thing) if isinstance(thing, (int, float, str, bool, type(None))) else id(thing)


def chance():
    return repr((mg.random.get_rng_state(), np.random.get_state(), random.getstate()))


@pytest.mark.parametrize("script", ["resnet", "series", "accumulation"])
def test_a_script_goes_on_as_if_nothing_had_been(script):
    mg.manual_seed(3)
    names = {"__name__": script}
    exec(compile((SCRIPTS / f"{script}.py").read_text(), script, "exec"), names)
    model, loader, loss = names["model"], names["loader"], names["loss"]
    optimizer, step = names["optimizer"], names["step"]
    for batch, _ in zip(loader, range(3), strict=False):
        step(*batch)
    before, streams = bits(names), chance()
    debug.doctor(model, loader, loss, optimizer, step)
    assert bits(names) == before
    assert chance() == streams


class Messy(nn.Layer):
    """Changes what it can in forward, and draws from every source of chance."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(6, 3)
        self.norm = nn.BatchNorm1d(6)
        self.drop = nn.Dropout(0.3)
        self.calls = 0
        self.seen = []
        self.register_buffer("total", mg.zeros(6))

    def forward(self, x):
        self.calls += 1
        self.seen.append(x.shape)
        self.total = self.total + x.detach().sum(0)
        x = x + 0.001 * float(np.random.rand() + random.random())
        return self.last(self.drop(self.norm(x)))


@pytest.fixture
def messy():
    mg.manual_seed(0)
    model = Messy()
    x, y = mg.randn(70, 6), mg.randint(0, 3, (70,))
    shuffle = mg.Generator().manual_seed(5)
    loader = DataLoader(TensorDataset(x, y), 10, shuffle=True, generator=shuffle)
    return model, loader, optim.Adam(model.parameters(), lr=1e-3)


def test_hooks_gradients_modes_and_frozen_parameters_stay(messy):
    model, loader, optimizer = messy
    for x, y in loader:
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    heard = []
    model.last.register_forward_hook(lambda *_: heard.append(1))
    model.last.weight.register_hook(lambda g: g * 1)
    model.norm.eval()
    model.norm.requires_grad_(False)
    kept = model.last.weight.grad
    before, streams = bits([model, optimizer, loader.generator]), chance()

    def step(x, y):
        model.train().requires_grad_(True)
        model.last.weight.register_hook(lambda g: g)
        kept.data[...] = 0
        model.last.weight.data = model.last.weight.data.copy()
        model.extra = nn.Linear(2, 2)
        optimizer.add_param_group({"params": list(model.extra.parameters())})
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        optimizer.zero_grad()

    debug.doctor(model, loader, F.cross_entropy, optimizer, step)
    assert bits([model, optimizer, loader.generator]) == before
    assert chance() == streams
    assert model.last.weight.grad is kept
    assert not running.watchers
    assert "step" not in vars(optimizer)


def test_variables_around_the_step_stay(messy):
    model, loader, optimizer = messy
    count, losses, history = 0, [], {"loss": [1.0]}
    average, seen, latest = mg.zeros(6), {1}, deque([1], maxlen=2)

    def step(x, y):
        nonlocal count
        global new
        count = new = count + 1
        seen.add(count + 1)
        latest.append(count)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        history["loss"].append(loss.item())
        history["last"] = loss.item()
        average.data += x.data.mean(0)

    debug.doctor(model, loader, F.cross_entropy, optimizer, step)
    assert (count, losses, history, average.tolist()) == (0, [], {"loss": [1.0]}, [0.0] * 6)
    assert (seen, list(latest)) == ({1}, [1])
    assert "new" not in globals()


def test_the_object_that_a_step_belongs_to_stays(messy):
    model, loader, optimizer = messy
    calls = 0

    class Trainer:
        best = None

        def step(self, x, y):
            nonlocal calls
            calls += 1
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            self.best, self.last = loss.item(), loss.item()

        __call__ = step

    trainer = Trainer()
    trainer.best = 5.0
    for step in (trainer.step, trainer, partial(trainer.step)):
        assert not debug.doctor(model, loader, F.cross_entropy, optimizer, step)
        assert vars(trainer) == {"best": 5.0}
        assert calls == 0


def test_what_fails_on_the_way_changes_nothing_either(messy):
    model, loader, optimizer = messy
    before, streams = bits([model, optimizer]), chance()

    def step(x, y):
        optimizer.zero_grad()
        model.last.weight.data[...] = 7
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        debug.doctor(model, loader, F.cross_entropy, optimizer, step)
    assert bits([model, optimizer]) == before
    assert chance() == streams


def test_training_after_the_doctor_gives_the_same_bits(messy):
    def trained(ask):
        model, loader, optimizer = copy.deepcopy(start)
        mg.manual_seed(9)
        np.random.seed(0)
        random.seed(0)
        if ask:
            debug.doctor(model, loader, F.cross_entropy, optimizer)
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        return bits(model.state_dict())

    start = messy
    assert trained(ask=True) == trained(ask=False)


def test_a_graph_from_before_can_still_go_backward(messy):
    model, loader, optimizer = messy
    x, y = next(iter(loader))
    loss = F.cross_entropy(model.last(x), y)
    expected = F.cross_entropy(model.last(x), y)
    expected.backward()
    expected = model.last.weight.grad.data.copy()
    optimizer.zero_grad()
    debug.doctor(model, loader, F.cross_entropy, optimizer)
    loss.backward()
    np.testing.assert_array_equal(model.last.weight.grad.data, expected)


class Meter:
    """A user's own: numbers, arrays and a stream of chance."""

    def __init__(self):
        self.count, self.losses, self.average = 0, [1.0], np.zeros(3)
        self.chance = np.random.default_rng(0)

    def update(self, loss):
        self.count += 1
        self.losses.append(loss)
        self.average += self.chance.random(3)
        self.latest = loss


def test_objects_around_the_step_stay(messy):
    model, loader, optimizer = messy
    meter, stream = Meter(), np.random.default_rng(1)

    def step(x, y):
        optimizer.zero_grad()
        value = F.cross_entropy(model(x + stream.normal() / 100), y)
        value.backward()
        optimizer.step()
        meter.update(value.item())

    debug.doctor(model, loader, F.cross_entropy, optimizer, step)
    fresh = Meter()
    assert vars(meter).keys() == vars(fresh).keys()
    assert (meter.count, meter.losses, meter.average.any()) == (0, [1.0], False)
    assert meter.chance.random() == fresh.chance.random()
    assert stream.random() == np.random.default_rng(1).random()
