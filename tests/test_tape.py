"""The record of a step: every contribution is there, and adds up to what backward gave."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from cases import CASES
from numerical import as_tensors, outputs

import minigrad as mg
from minigrad import debug, nn, optim
from minigrad.debug.events import Backward, Forward, add_up


def backwards(tape):
    return [event for event in tape.events if isinstance(event, Backward)]


def random_graph(seed):
    """A loss of random operations on leaves of various shapes, with reuse, and the leaves."""
    rng = np.random.default_rng(seed)
    dtype = rng.choice([np.float32, np.float64])
    shapes = [(), (3,), (1, 3), (4, 1), (4, 3), (2, 4, 3)]
    leaves = [
        mg.tensor(
            rng.standard_normal(shapes[i]).astype(dtype), requires_grad=bool(rng.random() < 0.9)
        )
        for i in rng.integers(len(shapes), size=rng.integers(2, 5))
    ]
    leaves[0].requires_grad = True
    made = list(leaves)
    pick = lambda: made[rng.integers(len(made))]  # noqa: E731
    for _ in range(rng.integers(2, 20)):
        x, y = pick(), pick()
        kind = rng.integers(10)
        if kind < 5:
            z = [x + y, x * y, x - y, mg.maximum(x, y), x / (y * y + 1)][kind]
        elif kind < 8:
            z = [x.tanh, x.relu, (x * x).mean][kind - 5]()
        else:
            z = x.sum(-1, keepdim=True) if x.dim() else x.reshape(1)
        if z.dim() <= 3 and z.numel() <= 200:
            made.append(z)
    loss = sum((z.mean() for z in made[-3:]), leaves[0].sum())
    return loss, leaves


@pytest.mark.parametrize("seed", range(200))
def test_the_contributions_add_up_to_every_gradient_bit_for_bit(seed):
    with debug.record() as tape:
        loss, leaves = random_graph(seed)
        loss.backward()
    replayed = tape.replay()
    for leaf in leaves:
        if leaf.grad is None:
            assert leaf not in replayed
        else:
            assert replayed[leaf].dtype == leaf.grad.dtype
            assert replayed[leaf].tobytes() == leaf.grad.data.tobytes()
    for event in backwards(tape):
        if event.received:
            assert add_up(event.received).tobytes() == event.gradient.tobytes()


def test_a_record_changes_nothing():
    def gradients(record):
        mg.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Dropout(0.5), nn.Flatten())
        x = mg.rand(4, 1, 5, 5)
        if record:
            with debug.record() as tape:
                (net(x) ** 2).sum().backward()
            tape.to_html()
        else:
            (net(x) ** 2).sum().backward()
        rest = [mg.rand(3), *net.state_dict().values()]
        return [p.grad.data.tobytes() for p in net.parameters()] + [x.data.tobytes() for x in rest]

    assert gradients(record=True) == gradients(record=False)


def test_who_sent_what_to_whom():
    a = mg.tensor([2.0, 3.0], requires_grad=True)
    with debug.record() as tape:
        b = a * a
        c = b + a
        loss = c.sum()
        loss.backward()
    names = [event.entry.op_name for event in tape.events]
    assert names == ["mul", "add", "sum", "sum", "add", "mul"]
    assert all(isinstance(event, Forward) for event in tape.events[:3])
    received = tape.leaves[0][a]
    told = [(sent.sender.op_name, sent.input, sent.gradient.tolist()) for sent in received]
    assert told == [("add", 1, [1, 1]), ("mul", 0, [2, 3]), ("mul", 1, [2, 3])]
    entry = tape.events[1].entry
    assert [x.name for x in entry.inputs] == ["b", "a"]
    assert repr(entry) == "<c (2,)>"
    assert entry.value.tolist() == [6, 12]


def test_names_are_those_of_the_model_and_of_the_program():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    with debug.record() as tape:
        picture = mg.ones(1, 2)
        net(picture).sum().backward()
    linear = tape.events[0].entry
    assert [x.name for x in linear.inputs] == ["picture", "0.weight", "0.bias"]
    assert not linear.inputs[0].needs_gradient
    assert linear.inputs[1].needs_gradient


def test_values_are_those_of_the_time_they_were_used():
    """Two training steps on one tape: the optimizer moves the weight between them."""
    w = nn.Parameter(mg.tensor([1.0, 2.0]))
    optimizer = optim.SGD([w], lr=1.0)
    with debug.record() as tape:
        for _ in range(2):
            optimizer.zero_grad()
            (w * w).sum().backward()
            optimizer.step()
    first, second = (
        e.entry.inputs[0]
        for e in tape.events
        if isinstance(e, Forward) and e.entry.op_name == "mul"
    )
    assert first.value.tolist() == [1, 2]
    assert second.value.tolist() == [-1, -2]
    assert len(tape.leaves) == 2
    assert add_up(tape.leaves[1][w]).tolist() == [-2, -4]


def test_values_written_before_the_first_backward():
    w, memory = mg.ones(2, requires_grad=True), mg.zeros(3, 2)
    with debug.record() as tape:
        w * 2
        with mg.no_grad():
            w.fill_(5)
        w * 3
        memory[1] = w.detach()
        memory[1] * w
    made = [event.entry for event in tape.events]
    assert [entry.op_name for entry in made] == ["mul", "mul", "getitem", "mul"]  # writes are none
    assert [entry.inputs[0].value.tolist() for entry in made[:2]] == [[1, 1], [5, 5]]
    assert made[2].inputs[0].value.tolist() == [[0, 0], [5, 5], [0, 0]]


def test_plain_arrays_are_those_of_the_time_they_were_used():
    w, a, i = mg.ones(2, requires_grad=True), np.ones(2, np.float32), np.array([0, 1])
    with debug.record() as tape:
        w * a
        w[i]
    a[0] = i[0] = 7
    mul, getitem = (event.entry for event in tape.events)
    assert mul.inputs[1].tolist() == [1, 1]
    assert getitem.options["index"][0].tolist() == [0, 1]


def test_two_passes_over_one_graph_are_told_apart():
    w = mg.ones(2, requires_grad=True)
    with debug.record() as tape:
        loss = (w * 3).sum()
        loss.backward(retain_graph=True)
        loss.backward()
    assert [add_up(leaves[w]).tolist() for leaves in tape.leaves] == [[3, 3], [3, 3]]
    assert tape.replay()[w].tolist() == w.grad.tolist() == [6, 6]


def test_a_hook_that_changes_a_gradient_is_seen():
    w = mg.ones(2, requires_grad=True)
    with debug.record() as tape:
        y = w * 3
        y.register_hook(lambda g: g * 10)
        y.sum().backward()
    event = backwards(tape)[-1]
    assert add_up(event.received).tolist() == [1, 1]
    assert event.gradient.tolist() == [10, 10]
    assert tape.replay()[w].tolist() == [30, 30]


def test_what_runs_without_gradients_is_recorded_too():
    with debug.record() as tape, mg.no_grad():
        mg.ones(2) * 2
    assert [event.entry.op_name for event in tape.events] == ["mul"]
    assert tape.replay() == {}


def test_steps_can_be_recorded():
    w = mg.ones(2, requires_grad=True)
    with debug.record() as tape:
        for _ in debug.steps((w * 2).sum()):
            pass
    assert tape.replay()[w].tolist() == [2, 2]


def test_other_threads_are_not_recorded():
    with debug.record() as tape, ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: mg.ones(2) * 2).result()
        mg.ones(2) + 1
    assert [event.entry.op_name for event in tape.events] == ["add"]


def test_recording_ends_with_the_block():
    w = mg.ones(2, requires_grad=True)
    with debug.record() as tape:
        (w * 2).sum().backward()
    (w * 2).sum().backward()
    assert len(tape.events) == 4


# What goes wrong.


def test_a_forward_that_was_not_recorded():
    w = mg.ones(2, requires_grad=True)
    loss = (w * 2).sum()
    with (
        debug.record(),
        pytest.raises(
            RuntimeError,
            match=r"record: <sum at test_tape.py:\d+> was computed before the recording; move the "
            r"forward into the block, `with debug.record\(\) as tape:`",
        ),
    ):
        loss.backward()
    y = w * 2
    with debug.record(), pytest.raises(RuntimeError, match=r"record: <mul at .* computed before"):
        y.sum().backward()


def test_a_graph_that_was_freed_and_stepping_twice():
    w = mg.ones(2, requires_grad=True)
    with debug.record():
        loss = (w * 2).sum()
        loss.backward()
        with pytest.raises(RuntimeError, match=r"backward a second time .* freed by the first"):
            loss.backward()
    loss = (w * 2).sum()
    for _ in debug.steps(loss):
        pass
    with pytest.raises(RuntimeError, match=r"backward a second time .* freed by the first"):
        list(debug.steps(loss))


def recorded(case):
    with debug.record() as tape:
        ys = outputs(case.run(*as_tensors(case.inputs)))
        sum((y * y * 0.5).sum() + y.sum() for y in ys if y.requires_grad).backward()
    return tape


SOME = {
    str(case): case
    for case in CASES
    if all(not isinstance(x, np.ndarray) or x.size < 400 for x in case.inputs)
}


@pytest.mark.parametrize("case", SOME.values(), ids=str)
def test_every_op_is_replayed(case):
    tape = recorded(case)
    for leaf, gradient in tape.replay().items():
        assert gradient.tobytes() == np.ascontiguousarray(leaf.grad.data).tobytes()
