"""The page of a tape: formulas for every op, numbers that add up, its size. See also browser/."""

import base64
import inspect
import json
import re

import numpy as np
import pytest
from cases import CASES
from test_tape import SOME, backwards, recorded

import minigrad as mg
from minigrad import debug, models, nn
from minigrad.debug.events import Forward
from minigrad.debug.formulas import FORMULAS, formulas
from minigrad.debug.slopes import take_apart
from minigrad.graph import Node


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page.html, re.DOTALL)[1])


def values(array):
    """The numbers of an array of the page."""
    kind, shape = array["shown"]["kind"], array["shown"]["shape"]
    return np.frombuffer(base64.b64decode(array["shown"]["base64"]), kind).reshape(shape)


def lenet_step():
    mg.manual_seed(0)
    net, images, labels = models.lenet5(1, 10, 28), mg.rand(64, 1, 28, 28), mg.arange(64) % 10
    with debug.record() as tape:
        loss = nn.functional.cross_entropy(net(images), labels)
        loss.backward()
    return tape, net


def test_the_page_of_a_lenet_step_stays_below_3_megabytes():
    tape, net = lenet_step()
    page = tape.to_html()
    assert len(page.html.encode()) < 3e6
    data = data_of(page)
    assert data["cut"]
    kinds = [event["kind"] for event in data["events"]]
    assert kinds == ["forward"] * 13 + ["backward"] * 13 + ["end"]
    weight = next(i for i, entry in enumerate(data["entries"]) if entry["name"] == "0.weight")
    end = next(leaf for leaf in data["events"][-1]["leaves"] if leaf["entry"] == weight)
    shown = values(data["arrays"][end["gradient"]])
    np.testing.assert_array_equal(shown, dict(net.named_parameters())["0.weight"].grad.data)


def test_a_smaller_limit_shows_less_and_says_what():
    tape, _ = lenet_step()
    pages = [data_of(tape.to_html(limit=limit)) for limit in (2, 1, 0.2)]
    sizes = [sum(values(array).size for array in data["arrays"]) for data in pages]
    assert sizes[0] > sizes[1] > sizes[2]
    image = tape.events[0].entry.inputs[0].value
    for data in pages:
        array = next(a for a in data["arrays"] if a["shape"] == [64, 1, 28, 28])
        rows = image[tuple(slice(None, None, step) for step in array["steps"])]
        part = values(array)
        np.testing.assert_array_equal(part, rows[tuple(map(slice, part.shape))])
        assert eval(f"image{array['part']}").shape == part.shape
    with pytest.raises(ValueError, match=r"26 steps need a page of 0.\d MB, the limit is 0.01 MB"):
        tape.to_html(limit=0.01)


def test_an_empty_record_has_no_page():
    with debug.record() as tape:
        pass
    with pytest.raises(
        ValueError, match=r"to_html: nothing was recorded; compute inside the block"
    ):
        tape.to_html()


def test_the_page_is_written(tmp_path):
    w = mg.ones(2, requires_grad=True)
    with debug.record() as tape:
        (w * 2).sum().backward()
    page = tape.to_html(tmp_path / "step.html")
    assert (tmp_path / "step.html").read_text("utf-8") == page.html
    assert tape._repr_html_() == page._repr_html_()
    with pytest.raises(ValueError, match=r"must end in .html"):
        tape.to_html(tmp_path / "step.pdf")


def test_lines_and_layers():
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 2)), nn.ReLU())
    with debug.record() as tape:
        y = net(mg.ones(1, 2))
        net(y).sum().backward()
    entries = [entry for entry in data_of(tape.to_html())["entries"] if entry["op"]]
    assert [[layer["path"] for layer in entry["layers"]] for entry in entries] == [
        ["", "0", "0.0"], ["", "1"], ["", "0", "0.0"], ["", "1"], [],
    ]  # fmt: skip
    keys = [entry["layers"][0]["key"] for entry in entries[:4]]
    assert keys[0] == keys[1] != keys[2] == keys[3]
    assert entries[0]["layers"][2]["kind"] == "Linear(in_features=2, out_features=2, bias=True)"
    assert entries[0]["source"] == "y = net(mg.ones(1, 2))"
    assert re.fullmatch(r"test_tape_page.py:\d+", entries[0]["line"])


def test_each_training_step_ends_with_its_leaves():
    w = mg.ones(2, requires_grad=True)
    with debug.record() as tape:
        for _ in range(2):
            y = w * 2
            y.register_hook(lambda g: g + 1)  # an op on the way back
            y.sum().backward()
    kinds = [event["kind"] for event in data_of(tape.to_html())["events"]]
    step = ["forward", "forward", "backward", "forward", "backward", "end"]
    assert kinds == step * 2


def test_operands_and_options_are_told():
    w = mg.ones(1, 1, 3, 3, requires_grad=True)
    a = np.arange(9, dtype=np.float32).reshape(3, 3)
    with debug.record() as tape:
        y = nn.functional.conv2d(w * 2 * a, w[:, :, :1, :1], padding=1)
        y[0].sum().backward()
    told = {}
    data = data_of(tape.to_html())
    for entry in data["entries"]:
        for given in entry.get("plain", []):
            told[entry["op"], given["name"]] = given
    assert told["mul", "y"]["name"] == "y"
    assert "array" in told["mul", "y"]  # the last one
    assert values(data["arrays"][told["mul", "y"]["array"]]).tolist() == a.tolist()
    assert told["conv2d", "padding"]["text"] == "((1, 1), (1, 1))"
    assert told["getitem", "index"]["text"] == "(0, Ellipsis)"


def test_hooks_of_leaves_and_gradients_that_are_given_are_told():
    w = mg.ones(2, requires_grad=True)
    w.register_hook(lambda g: g * 100)
    with debug.record() as tape:
        (w * 2).backward(mg.tensor([1.0, 3.0]))
    events = {event["kind"]: event for event in data_of(tape.to_html())["events"]}
    assert events["backward"]["given"]
    assert events["end"]["leaves"][0]["hooked"]


def test_a_backward_that_fails_has_no_end():
    def fail(gradient):
        raise ZeroDivisionError

    w = mg.ones(2, requires_grad=True)
    with debug.record() as tape:
        y = w * 2
        y.register_hook(fail)
        with pytest.raises(ZeroDivisionError):
            y.sum().backward()
    kinds = [event["kind"] for event in data_of(tape.to_html())["events"]]
    assert kinds == ["forward", "forward", "backward"]


def test_numbers_at_the_border_of_what_an_op_takes():
    w = mg.tensor([20.0, -200.0, 0.3], requires_grad=True)
    with debug.record() as tape:
        p = w.sigmoid()
        nn.functional.binary_cross_entropy(p, mg.tensor([1.0, 0, 1])).backward()
        (w.clone() * 2).log().sum().backward()
    assert tape.to_html()
    clone = next(event for event in backwards(tape) if event.entry.op_name == "astype")
    assert take_apart(clone, clone.sent[0], (2,)).total == pytest.approx(1 / 0.3)


def test_nan_and_empty_arrays_have_a_page():
    w = mg.tensor([np.nan, np.inf, 0.0], requires_grad=True)
    with debug.record() as tape:
        (w.log() * w).sum().backward()
        w[:0].sum().backward()
    assert data_of(tape.to_html())["events"]


@pytest.mark.parametrize("case", SOME.values(), ids=str)
def test_every_op_has_its_formula_and_numbers_that_add_up(case):
    """The terms of an element, slopes measured, are those of the gradient that backward gave."""
    tape = recorded(case)
    for event in tape.events:
        entry = event.entry
        if isinstance(event, Forward) and isinstance(entry.target, Node):
            assert entry.op_name in FORMULAS
            forward, inputs = formulas(entry.op_name, entry.op, len(entry.inputs))
            assert forward
            assert len(inputs) == len(entry.inputs)
    for event in backwards(tape):
        _, inputs = formulas(event.entry.op_name, event.entry.op, len(event.entry.inputs))
        for sent in event.sent:
            assert inputs[sent.input][1], "a gradient is sent, and has no formula"
            at = np.unravel_index(np.abs(sent.gradient).argmax(), sent.gradient.shape)
            apart = take_apart(event, sent, at) if sent.gradient.size else None
            if sent.gradient.size:
                assert apart is not None, f"{event.entry.op_name}: the terms do not add up"
                assert apart.total == pytest.approx(float(sent.gradient[at]), rel=1e-4, abs=1e-9)
                assert len(apart.terms) == min(apart.number, 6)


def test_a_formula_is_there_for_every_op_and_for_no_other():
    found = {event.entry.op_name for case in SOME.values() for event in recorded(case).events}
    assert set(FORMULAS) - found == set()
    assert len(CASES) > len(SOME) > 300


def test_a_kink_is_not_taken_apart():
    x = mg.tensor([0.0, 1.0], requires_grad=True)
    with debug.record() as tape:
        x.relu().sum().backward()
    (relu,) = (event for event in backwards(tape) if event.entry.op_name == "relu")
    assert take_apart(relu, relu.sent[0], (0,)) is None
    assert take_apart(relu, relu.sent[0], (1,)).terms == [((1,), 1.0, pytest.approx(1))]


# d<output> by formula, for the ops that work element by element, evaluated as NumPy
ELEMENTWISE = {
    "−": "-", "·": "*", "√x": "np.sqrt(x)", "eˣ": "np.exp(x)", "ln x": "np.log(x)", "²": "**2",
    "sin x": "np.sin(x)", "cos x": "np.cos(x)", "2y": "2 * y",
}  # fmt: skip


@pytest.mark.parametrize(
    "name", ["neg", "exp", "log", "log1p", "sqrt", "abs", "sin", "cos", "sigmoid", "tanh"]
)
def test_formulas_of_one_number_hold(name):
    x = np.array([0.3, 0.7, 1.4])
    tensor = mg.tensor(x, requires_grad=True)
    result = getattr(tensor, name)()
    result.sum().backward()
    _, text = FORMULAS[name]
    for sign, code in ELEMENTWISE.items():
        text = text.replace(sign, code)
    text = text.replace("sign(x)", "np.sign(x)").removeprefix("dx = ").replace("y (1", "y * (1")
    found = eval(text, {"np": np, "x": x, "y": result.data, "dy": np.ones(3)})
    np.testing.assert_allclose(found, tensor.grad.data, rtol=1e-12)


def test_an_op_of_several_arrays_names_them_by_number():
    xs = [mg.ones(2, requires_grad=True) for _ in range(2)]
    with debug.record() as tape:
        mg.concatenate(xs).sum().backward()
    entry = tape.events[0].entry
    assert inspect.signature(entry.op).parameters["arrays"].kind.name == "VAR_POSITIONAL"
    assert [name for name, _ in formulas("concatenate", entry.op, 2)[1]] == [
        "arrays[0]",
        "arrays[1]",
    ]
