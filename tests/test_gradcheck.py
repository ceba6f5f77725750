"""debug.gradcheck: no false alarm on what is right, and what it takes and refuses."""

import numpy as np
import pytest
from cases import CASES
from numerical import as_tensors, is_float

import minigrad as mg
from minigrad import debug, nn
from minigrad.debug import GradientError

F = nn.functional
rng = np.random.default_rng(0)


def normal(*shape):
    return mg.from_numpy(np.random.default_rng(1).standard_normal(shape))


RIGHT = {
    "mul": (lambda x, y: x * y, normal(3, 4), normal(4)),
    "relu": (F.relu, normal(3, 4)),
    "relu at 0": (F.relu, mg.tensor([-1.0, 0.0, 2.0, 0.0])),
    "abs at 0": (mg.abs, mg.tensor([-1.0, 0.0, 2.0])),
    "relu close to 0": (F.relu, mg.tensor([1e-5, -1e-4, 3e-4, -5e-7])),
    "max pool": (lambda x: F.max_pool2d(x, 2), normal(2, 3, 4, 4)),
    "max pool with ties": (lambda x: F.max_pool2d(x, 2), mg.ones(1, 1, 4, 4)),
    "amax with ties": (lambda x: x.amax(1), mg.tensor([[1.0, 1.0, 0.0]])),
    "conv2d": (lambda x, w: F.conv2d(x, w, padding=1), normal(2, 2, 5, 5), normal(3, 2, 3, 3)),
    "several results": (lambda x: (x * 2, x.sum()), normal(3)),
    "square": (lambda x: x * x, normal(3)),
    "cross entropy": (lambda x: F.cross_entropy(x, mg.tensor([0, 2])), normal(2, 3)),
    "labels as input": (F.cross_entropy, normal(2, 3), mg.tensor([0, 2])),
    "large numbers": (lambda x: (x * 1e6).exp().log(), mg.tensor([1e-5, 3e-4])),
    "small numbers": (lambda x: (x * x).sum(), mg.tensor([1e-6, -2e-7])),
    "a number": (lambda x: x**3, mg.tensor(2.0)),
    "a constant": (lambda x: x * 0, normal(3)),
    "not contiguous": (lambda x: x * x, normal(3, 4).mT),
    "float32 input": (lambda x: x.tanh(), mg.randn(5)),
    "linear layer": (nn.Linear(4, 3), normal(2, 4)),
    "batch norm": (nn.BatchNorm2d(3), normal(4, 3, 2, 2)),
    "a small net": (
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        normal(2, 1, 6, 6),
    ),
}


@pytest.mark.parametrize(("function", "inputs"), [(f, x) for f, *x in RIGHT.values()], ids=RIGHT)
def test_right_gradients_pass(function, inputs):
    assert debug.gradcheck(function, *inputs) is True


def coarse(x):
    """Numbers rounded to halves: many are equal, and many are 0."""
    return np.round(x * 2) / 2


def other(x):
    return x * (1 + 0.3 * rng.random(x.shape))


@pytest.mark.parametrize("change", [np.array, other, coarse])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_false_alarm(case, change):
    changed = [np.asarray(change(x)) if is_float(x) else x for x in case.inputs]
    try:
        case.run(*as_tensors(changed))
    except ValueError as error:  # a probability below 0, say
        pytest.skip(str(error))
    assert debug.gradcheck(case.run, *as_tensors(changed), elements=4)


def test_inputs_may_come_as_one_tuple_as_in_pytorch():
    assert debug.gradcheck(lambda x, y: x @ y, (normal(2, 3), normal(3, 2)))


def test_inputs_and_layers_are_left_as_they_are():
    layer, x = nn.BatchNorm1d(3), mg.randn(4, 3)
    before = {name: value.numpy().copy() for name, value in layer.state_dict().items()}
    kept = x.numpy().copy()
    debug.gradcheck(layer, x)
    np.testing.assert_array_equal(x.numpy(), kept)
    assert layer.weight.dtype == np.float32
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name])


def test_a_students_forward_and_backward():
    def forward(x, w):
        return x @ w, (x, w)

    def backward(dy, cache):
        x, w = cache
        return dy @ w.T, x.T @ dy

    x, w = np.random.default_rng(0).standard_normal((2, 3, 3))
    assert debug.gradcheck(forward, x, w, backward=backward)
    with pytest.raises(GradientError, match="input 1"):
        debug.gradcheck(forward, x, w, backward=lambda dy, c: (dy @ c[1].T, dy.T @ c[0]))


def test_a_layers_parameter_is_named():
    class Scale(nn.Layer):
        def __init__(self):
            super().__init__()
            self.factor = nn.Parameter(np.ones(3, np.float32))

        def forward(self, x):
            return x * self.factor.detach() + 0 * self.factor

    with pytest.raises(GradientError, match=r"the gradient of 0\.factor \(3,\) is wrong") as caught:
        debug.gradcheck(nn.Sequential(Scale()), normal(2, 3))
    assert caught.value.causes[0].name == "detached"


def test_one_wrong_element_in_a_large_input_is_found_among_all():
    def op(x):
        def backward(dy):
            dx = 2 * x * dy
            dx[3, 7] += 1e-3
            return (dx,)

        return x * x, backward

    with pytest.raises(GradientError, match=r"wrong at 1 of 150 elements. The worst is \(3, 7\)"):
        debug.gradcheck(op, np.random.default_rng(0).standard_normal((10, 15)))


def test_a_net_with_thousands_of_kinks_nearby():
    for seed in range(3):
        mg.manual_seed(seed)
        model = nn.Sequential(
            nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 49, 5)
        )
        assert debug.gradcheck(model, mg.randn(8, 1, 16, 16), elements=6)


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (lambda x: (x * x).sum(), np.random.default_rng(0).random((8, 200)) * 255),
        (lambda x: x.exp(), np.random.default_rng(0).standard_normal(20) * 8),
        (lambda x: (x + 1e8).sum(), np.random.default_rng(0).standard_normal((3, 4))),
        (F.relu, np.array([1e-4, 5e-5, 1e-6, 1e-7, -1e-6, 3e-4])),
    ],
)
def test_rounding_raises_no_alarm(function, x):
    assert debug.gradcheck(function, mg.tensor(x), elements=40)


def test_it_leaves_no_gradient_in_a_net_around_the_function_and_records_under_no_grad():
    net = nn.Linear(3, 2).double()
    with mg.no_grad():
        assert debug.gradcheck(lambda x: net(x).tanh(), normal(4, 3))
    assert net.weight.grad is None


def test_a_backward_that_writes_is_refused():
    def double(dy, cache):
        dy *= 2
        return dy

    with pytest.raises(RuntimeError, match="backward writes into the gradient of the result"):
        debug.gradcheck(lambda x: (2 * x, None), np.ones(3), backward=double)

    def square(dy, x):
        x *= 2
        return x * dy

    with pytest.raises(RuntimeError, match="backward writes into input 0"):
        debug.gradcheck(lambda x: (x**2, x), np.ones(3), backward=square)


def test_a_forgotten_mask_is_named_and_no_overwriting():
    def op(x):
        return np.maximum(x, 0), lambda dy: (dy,)

    with pytest.raises(GradientError) as caught:
        debug.gradcheck(op, np.random.default_rng(0).standard_normal((5, 5)))
    names = [cause.name for cause in caught.value.causes]
    assert "mask" in names
    assert "overwritten" not in names


BAD = {
    "integers": (lambda x: x * 2, (mg.tensor([1, 2]),), TypeError, r"got int64.*x\.double\(\)"),
    "nothing": (lambda: mg.ones(1), (), TypeError, "got none"),
    "random": (
        lambda x: F.dropout(x, 0.5),
        (normal(50),),
        RuntimeError,
        r"differ.*layer\.eval\(\)",
    ),
    "no float": (lambda x: x > 0, (normal(3),), TypeError, "returns no floating point numbers"),
    "too few": (
        lambda x, y, z: (x + y + z, lambda dy: (dy, dy)),
        (np.ones(2),) * 3,
        TypeError,
        "returned 2 gradients for 3 inputs",
    ),
    "nan": (lambda x: x.log(), (mg.tensor([-1.0]),), ValueError, "holds nan or inf"),
    "no way back": (
        np.tanh,
        (np.ones(2),),
        TypeError,
        r"must return \(result, way back\), .*ndarray",
    ),
    "writes": (lambda x: (x.__imul__(2), None), (np.ones(2),), RuntimeError, "writes into input 0"),
}


@pytest.mark.parametrize(("function", "inputs", "error", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_checked_is_refused(function, inputs, error, message):
    with pytest.raises(error, match=message):
        debug.gradcheck(function, *inputs)
