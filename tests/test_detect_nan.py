"""debug.detect_nan: the first op that makes nan or inf of finite numbers."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import debug, nn
from minigrad.debug import NotFiniteError

F = nn.functional


def leaf(*values, dtype=np.float32):
    return mg.tensor(np.array(values, dtype), requires_grad=True)


FORWARD = {
    "log of 0": (lambda: leaf(1.0, 0.0, 2.0).log(), "log", (1,), -np.inf, "log_softmax"),
    "log of -1": (lambda: leaf(1.0, 2.0, -1.0).log(), "log", (2,), np.nan, "log_softmax"),
    "x / 0": (lambda: leaf(1.0, 1.0) / leaf(0.0, 1.0), "div", (0,), np.inf, "division by 0"),
    "0 / 0": (lambda: leaf(0.0) / 0.0, "div", (0,), np.nan, "division by 0"),
    "sqrt": (lambda: leaf(4.0, -4.0).sqrt(), "sqrt", (1,), np.nan, "slope at 0"),
    "exp": (lambda: leaf(1.0, 100.0).exp(), "exp", (1,), np.inf, "overflows above 88"),
    "pow": (lambda: leaf(1.0, -8.0) ** (1 / 3), "pow", (1,), np.nan, "broken power"),
    "0 ** -1": (lambda: leaf(1.0, 0.0) ** -1, "pow", (1,), np.inf, "negative power"),
    "mul": (lambda: leaf(1.0, 1e30) * 1e30, "mul", (1,), np.inf, "learning rate"),
    "sum": (lambda: leaf(3e38, 3e38).sum(), "sum", (), np.inf, "learning rate"),
    "matmul": (lambda: leaf(1e30) @ leaf(1e30), "matmul", (), np.inf, "learning rate"),
    "softmax": (
        lambda: F.softmax(leaf(1.0, 2.0).masked_fill(mg.tensor([True, True]), -np.inf), 0),
        "softmax", (0,), np.nan, "nothing but -inf",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "op", "index", "value", "cause"), FORWARD.values(), ids=FORWARD)
def test_the_op_that_made_it_forward(make, op, index, value, cause):
    message = rf"^{op} at test_detect_nan.py:\d+ made"
    with pytest.raises(NotFiniteError, match=message) as caught, debug.detect_nan():
        make()
    error = caught.value
    assert (error.op, error.way, error.index) == (op, "forward", index)
    np.testing.assert_equal(error.value, value)
    assert cause in str(error).split("The usual cause: ")[1]


BACKWARD = {
    "sqrt at 0": (lambda: leaf(4.0, 0.0).sqrt().sum(), "sqrt", (1,), np.inf),
    "norm at 0": (lambda: (leaf(0.0, 0.0) ** 2).sum().sqrt(), "sqrt", (), np.inf),
    "where": (  # the branch that is not taken has a slope too
        lambda: mg.where(mg.tensor([False]), leaf(0.0).sqrt(), mg.ones(1)).sum(),
        "sqrt", (0,), np.nan,
    ),
    "overflow": (lambda: (leaf(1e-30) * 1e20 * 1e30).sum(), "mul", (0,), np.inf),
}  # fmt: skip


@pytest.mark.parametrize(("make", "op", "index", "value"), BACKWARD.values(), ids=BACKWARD)
def test_the_op_whose_backward_made_it(make, op, index, value):
    loss = make()
    assert np.isfinite(loss.item())
    message = rf"^the backward of {op} at test_detect_nan.py:\d+ made"
    with pytest.raises(NotFiniteError, match=message) as caught, debug.detect_nan():
        loss.backward()
    error = caught.value
    assert (error.op, error.way, error.index, error.input) == (op, "backward", index, 0)
    np.testing.assert_equal(error.value, value)


def test_the_message_names_layer_line_and_values():
    class Net(nn.Layer):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(2, 2), Log())

        def forward(self, x):
            return self.body(x)

    class Log(nn.Layer):
        def forward(self, x):
            return (x * 0).log()

    with pytest.raises(NotFiniteError) as caught, debug.detect_nan():
        Net()(mg.ones(3, 2))
    error = caught.value
    first, _, title, *latest = str(error).splitlines()
    assert error.layer_path == "body.1"
    assert error.line.startswith("test_detect_nan.py:")
    assert first == (
        f"log at {error.line}, in body.1 (Log) made -inf of finite numbers, first at index (0, 0) "
        "of its result (3, 2), from 0."
    ) or first.endswith("from -0.")
    assert error.inputs == [0]
    assert title == "The largest absolute values before it:"
    assert [line.split()[1] for line in latest] == ["linear", "mul"]
    assert [place.split()[0] for place, _ in error.latest] == ["linear", "mul"]


def test_how_it_grew():
    def grow(x):
        while True:
            x = x * x

    with pytest.raises(NotFiniteError) as caught, debug.detect_nan():
        grow(leaf(2.0))
    sizes = [size for _, size in caught.value.latest]
    assert sizes == [4, 16, 256, 65536, 2.0**32, 2.0**64]
    assert "1.84e+19  mul at test_detect_nan.py:" in str(caught.value)


def test_nan_that_came_in_with_the_data():
    x = np.ones((4, 2), np.float32)
    x[2, 1] = np.nan
    model = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(NotFiniteError, match=r"^input 0 of linear .* holds nan already, first at "
                       r"index \(2, 1\): it came from outside"), debug.detect_nan():  # fmt: skip
        model(mg.from_numpy(x))


def test_a_parameter_that_is_nan_is_named():
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].weight.data[0, 0] = np.nan
    with (
        pytest.raises(NotFiniteError, match=r"input 1 \(0\.weight\) of linear .* holds nan"),
        debug.detect_nan(),
    ):
        model(mg.ones(1, 2))


def test_a_parameter_that_is_inf_is_named_too():
    model = nn.Linear(2, 1)
    model.weight.data[0, 1] = np.inf
    with pytest.raises(NotFiniteError, match=r"\(weight\) .* holds inf already, first at index "
                       r"\(0, 1\).*optimizer.step"), debug.detect_nan():  # fmt: skip
        model(mg.ones(1, 2))


def test_nan_may_be_looked_for_and_replaced():
    x = mg.tensor([1.0, np.nan])
    with debug.detect_nan():
        assert mg.where(x.isnan(), 0.0, x).tolist() == [1, 0]
        assert (x == 1).tolist() == [True, False]


def test_masks_and_infinities_on_purpose_are_no_fault():
    x = mg.randn(2, 3, 4, requires_grad=True)
    with debug.detect_nan():
        F.scaled_dot_product_attention(x, x, x, is_causal=True).sum().backward()
        x.masked_fill(x > 0, -np.inf).amax(2)
        F.max_pool1d(x, 2, padding=1).sum().backward()
        mg.full((2,), np.inf).minimum(mg.ones(2))
    assert np.isfinite(x.grad.numpy()).all()


def test_a_training_without_faults_runs_through():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(),
                          nn.Dropout(), nn.Linear(64, 3))  # fmt: skip
    optimizer = mg.optim.Adam(model.parameters())
    with debug.detect_nan():
        for _ in range(3):
            loss = F.cross_entropy(model(mg.randn(5, 1, 6, 6)), mg.tensor([0, 1, 2, 1, 0]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def test_outside_of_the_block_nothing_is_looked_at():
    with debug.detect_nan():
        pass
    assert np.isinf(leaf(0.0).log().item())


def test_without_recording_too():
    with pytest.raises(NotFiniteError, match=r"^log at"), debug.detect_nan(), mg.no_grad():
        mg.zeros(1).log()
