"""nn.DataParallel: names as PyTorch's, everything else as without it."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


def test_the_names_begin_with_module_and_the_values_stay():
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    wrapped = nn.DataParallel(net, device_ids=[0])
    assert list(wrapped.state_dict()) == [f"module.{name}" for name in net.state_dict()]
    assert wrapped.module is net
    assert str(wrapped).startswith("DataParallel(\n  (module): Sequential(")
    x = mg.randn(4, 3)
    expected = net.eval()(x)
    np.testing.assert_array_equal(wrapped(x).data, expected.data)
    np.testing.assert_array_equal(nn.parallel.data_parallel(net, x, range(2)).data, expected.data)


def test_the_wrapped_model_trains_and_switches():
    net = nn.Linear(3, 1)
    wrapped = nn.DataParallel(net).train()
    wrapped(mg.ones(2, 3)).sum().backward()
    assert net.weight.grad.tolist() == [[2, 2, 2]]
    assert not wrapped.eval().module.training


def test_several_inputs_and_options():
    class Add(nn.Layer):
        def forward(self, x, y, factor=1):
            return x + factor * y

    one, two = mg.tensor(1.0), mg.tensor(2.0)
    assert nn.DataParallel(Add())(one, two, factor=3).item() == 7
    given = nn.parallel.data_parallel(Add(), (one, two), module_kwargs={"factor": 2})
    assert given.item() == 5


def test_it_wraps_a_layer():
    with pytest.raises(TypeError, match="DataParallel: layer 'module' is a class; write Linear"):
        nn.DataParallel(nn.Linear)
