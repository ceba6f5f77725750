"""Memory that a graph keeps is written to before backward: noticed, and both lines named."""

import gc
import inspect
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_in_place import METHODS

import minigrad as mg
from minigrad import nn, optim, writes

HERE = "test_stale.py"


def line(back=0):
    return f"{HERE}:{inspect.currentframe().f_back.f_lineno - back}"


@pytest.mark.parametrize("method", [m for m, _ in METHODS.values()], ids=METHODS)
def test_a_method_that_wrote_is_named_with_its_line(method):
    w = mg.tensor([1.0, 4.0], requires_grad=True)
    loss = (w * w).sum()
    with mg.no_grad():
        method(w)
    with pytest.raises(
        RuntimeError,
        match=rf"mul at {HERE}:\d+ keeps an array of shape \(2,\) for its gradient, and "
        r".* at test_in_place.py:\d+ has written into it since; call backward\(\) before that",
    ):
        loss.backward()
    assert w.grad is None


def test_both_lines_are_those_of_the_program():
    w, x = mg.ones(2, requires_grad=True), mg.ones(2)
    loss = (w * x).sum()
    made = line(1)
    x.add_(1)
    wrote = line(1)
    with pytest.raises(RuntimeError, match=rf"mul at {made} keeps .* add_ at {wrote} has written"):
        loss.backward()


WAYS = {
    "x.data[...] = ...": lambda x: x.data.__setitem__(0, 9),
    "x.data += ...": lambda x: x.data.__iadd__(1),
    "np.add(..., out=x.data)": lambda x: np.add(x.data, 1, out=x.data),
    "x.numpy()": lambda x: x.numpy().__setitem__(0, 9),
    "np.asarray(x)": lambda x: np.asarray(x).__setitem__(0, 9),
    "x.detach()": lambda x: x.detach().add_(1),
    "a view": lambda x: x[:1].mul_(5),
    "a reshaped view": lambda x: x.reshape(1, 2).data.__setitem__((0, 0), 5),
    "a transposed view": lambda x: x.reshape(1, 2).T.numpy().__setitem__((0, 0), 5),
    "to nan": lambda x: x.data.__setitem__(0, np.nan),
}


@pytest.mark.parametrize("write", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("known", [False, True], ids=["", "handed out before"])
def test_every_way_to_write_is_noticed(write, known):
    w, x = mg.ones(2, requires_grad=True), mg.ones(2)
    held = x.data if known else None
    loss = (w * x).sum()
    write(x)
    with pytest.raises(RuntimeError, match=rf"mul at {HERE}:\d+ keeps .* at {HERE}:\d+"):
        loss.backward()
    assert w.grad is None
    assert held is None or held is x.data


def test_an_array_that_the_user_held_before_names_where_it_came_from():
    array = np.ones(3)
    x = mg.from_numpy(array)
    from_numpy = line(1)
    w = mg.ones(3, dtype=np.float64, requires_grad=True)
    loss = (w * x).sum()
    array[1] = 7
    with pytest.raises(
        RuntimeError,
        match=rf"it was written to through the plain array from from_numpy at {from_numpy}",
    ):
        loss.backward()


def test_a_tensor_around_an_array_and_one_assigned_to_data_are_watched():
    first, second = np.ones(3), np.ones(3)
    x, y = mg.Tensor(first), mg.zeros(3)
    y.data = second
    w = mg.ones(3, dtype=np.float64, requires_grad=True)
    one, two = (w * x).sum(), (w * y).sum()
    first[0] = second[0] = 2
    with pytest.raises(RuntimeError, match=r"plain array from Tensor\(...\) at test_stale"):
        one.backward()
    with pytest.raises(RuntimeError, match=r"plain array from .data = at test_stale"):
        two.backward()


def test_a_result_that_its_own_op_keeps_is_watched():
    w = mg.ones(2, requires_grad=True)
    y = w.exp()
    y.data[0] = 3
    with pytest.raises(RuntimeError, match=rf"exp at {HERE}.* plain array from .data at {HERE}"):
        y.sum().backward()


def test_a_write_that_the_gradient_does_not_need_is_no_reason_to_complain():
    w = mg.tensor([1.0, 4.0], requires_grad=True)
    loss = (w * 3 + w).sum()
    with mg.no_grad():
        w.add_(1)
    w.data[0] = 8
    loss.backward()
    assert w.grad.tolist() == [4, 4]


def test_reading_and_writing_the_same_values_are_no_writes():
    w, x = mg.ones(2, requires_grad=True), mg.tensor([1.0, np.nan])
    loss = (w * x).sum()
    x.data[...] = x.data.copy()
    assert x.numpy()[0] == 1
    loss.backward()
    assert w.grad.tolist()[0] == 1


def test_a_write_before_the_forward_or_after_the_backward_is_allowed():
    w, x = mg.ones(2, requires_grad=True), mg.ones(2)
    held = x.data
    for value in (2, 3, 4):
        held[0] = x.data[1] = value
        loss = (w * x).sum()
        w.grad = None
        loss.backward()
        assert w.grad.tolist() == [value, value]
        x.add_(1)


def test_a_graph_that_is_kept_stays_usable_until_its_memory_is_written():
    w, x = mg.ones(2, requires_grad=True), mg.ones(2)
    loss = (w * x).sum()
    loss.backward(retain_graph=True)
    newer = (w * x).sum()
    assert x.data[0] == 1
    loss.backward(retain_graph=True)
    x.data[0] = 5
    for stale in (loss, newer):
        with pytest.raises(RuntimeError, match="keeps an array"):
            stale.backward()
    (w * x).sum().backward()
    assert w.grad.tolist() == [7, 3]


@pytest.mark.parametrize(
    "store",
    [
        lambda memory, t, y: memory.__setitem__(t, y.detach()),
        lambda memory, t, y: memory.data.__setitem__(t, y.data),
        lambda memory, t, y: memory[t].copy_(y.detach()),
        lambda memory, t, y: memory.numpy().__setitem__(t, y.tolist()),
    ],
)
@pytest.mark.parametrize("shape", [(5,), (5, 3), "columns"])
def test_other_parts_of_the_same_memory_may_be_written(store, shape):
    """A buffer that a loop fills while it uses what it has filled: no gradient is wrong."""
    memory = mg.ones(3, 5).T if shape == "columns" else mg.ones(*shape)
    w = mg.tensor(2.0, requires_grad=True)
    total = 0
    for t in range(1, 5):
        y = w * memory[t - 1]
        total = total + y.sum()
        store(memory, t, y)
    total.backward()
    assert w.grad.item() == 15 * memory[0].numel()  # 1 + 2 + 4 + 8
    total = sum((w * memory[t]).sum() for t in range(5))
    store(memory, 2, mg.zeros(memory[0].shape))
    with pytest.raises(RuntimeError, match="keeps an array"):
        total.backward()


@given(st.data())
def test_exactly_the_parts_that_overlap_are_refused(data):
    """Random views of random layouts, written by a random way."""
    size = data.draw(st.tuples(*[st.integers(1, 4)] * 3))
    order = data.draw(st.permutations(range(3)))

    def part():
        steps = st.sampled_from([1, 2, -1])
        return tuple(
            slice(*sorted(data.draw(st.tuples(*[st.integers(0, n)] * 2))))
            if data.draw(st.booleans())
            else slice(None, None, data.draw(steps))
            for n in size
        )

    memory = np.ones([size[axis] for axis in order]).transpose(np.argsort(order))
    memory = mg.Tensor(memory)
    kept, wrote = part(), part()
    w = mg.ones(memory.data[kept].shape, dtype=np.float64, requires_grad=True)
    if data.draw(st.booleans()):
        memory.data  # noqa: B018
    loss = (w * mg.Tensor(memory.data[kept])).sum()
    if data.draw(st.booleans()):
        memory.data[wrote] += 1
    else:
        memory[wrote] += 1
    if np.shares_memory(memory.data[kept], memory.data[wrote]):
        with pytest.raises(RuntimeError, match="keeps an array"):
            loss.backward()
    else:
        loss.backward()
        assert (w.grad.data == 1).all()


def test_an_optimizer_step_between_forward_and_backward_is_noticed():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    first, second = model(mg.ones(4, 2)).sum(), model(mg.ones(4, 2)).sum()
    first.backward()
    optimizer.step()
    stepped = line(1)
    with pytest.raises(
        RuntimeError, match=rf"linear at {HERE}:\d+ keeps.*SGD.step\(\) at {stepped}"
    ):
        second.backward()


def test_loading_and_initialising_are_writes_too():
    layer = nn.Linear(2, 2)
    x = mg.rand(4, 2, requires_grad=True)
    loss = layer(x).sum()
    layer.load_state_dict(nn.Linear(2, 2).state_dict())
    with pytest.raises(RuntimeError, match=rf"load_state_dict at {HERE}:\d+ has written"):
        loss.backward()
    loss = layer(x).sum()
    nn.init.ones_(layer.weight)
    with pytest.raises(RuntimeError, match=rf"nn.init at {HERE}:\d+ has written"):
        loss.backward()


def test_a_convolutions_weight_and_einsum_are_watched():
    conv, w = nn.Conv2d(1, 2, 3), mg.ones(2, 2, requires_grad=True)
    y = conv(mg.ones(1, 1, 5, 5, requires_grad=True)).sum()
    z = mg.einsum("ij,jk->ik", w, w).sum()
    with mg.no_grad():
        conv.weight.mul_(2)
        w.add_(1)
    with pytest.raises(RuntimeError, match=rf"conv2d at {HERE}:\d+ keeps"):
        y.backward()
    with pytest.raises(RuntimeError, match=rf"einsum at {HERE}:\d+ keeps"):
        z.backward()


def test_a_hook_that_writes_is_noticed():
    w, x = mg.ones(2, requires_grad=True), mg.ones(2)
    y = w * x
    z = y * 1
    z.register_hook(lambda gradient: [None, x.zero_()][0])
    with pytest.raises(RuntimeError, match=rf"mul at {HERE}:\d+ keeps .* zero_ at {HERE}"):
        z.sum().backward()


def test_nothing_is_remembered_of_memory_that_is_gone():
    gc.collect()
    before = len(writes._known), len(writes.handed_out)
    array = np.ones(5)
    gone = weakref.ref(array)
    x, w = mg.from_numpy(array), mg.ones(5, dtype=np.float64, requires_grad=True)
    loss = (w * x).sum()
    x.add_(1)
    assert len(x[1:].data) == 4
    assert len(writes._known) == before[0] + 1
    del array, x, loss, w
    gc.collect()
    assert gone() is None
    assert (len(writes._known), len(writes.handed_out)) == before


def test_an_array_that_nothing_else_holds_is_not_copied():
    x = mg.tensor(np.zeros(1000))
    assert x.mean() == 0
    assert x.data[0] == 0
    assert not writes._known[id(x.data)].copies
    view = mg.tensor(np.zeros((2, 1000))).sum(0).reshape(10, 100)
    assert view.numpy()[0, 0] == 0
    y = mg.tensor(np.ones(10))
    loss = (y * mg.ones(10, dtype=np.float64, requires_grad=True)).sum()
    assert y.data[0] == 1
    assert writes._known[id(y.data)].copies
    assert loss.item() == 10


def test_memory_that_cannot_be_written_says_why():
    x = mg.ones(3, 1).expand(3, 4)
    with pytest.raises(RuntimeError, match=r"add_: .* read-only, as after expand.*x.clone\(\)"):
        x.add_(1)
