"""Clipping gradients by their norm and by their values."""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn.utils import clip_grad_norm_, clip_grad_value_


def with_grads(*arrays):
    params = [mg.tensor(np.zeros(np.shape(a)), requires_grad=True) for a in arrays]
    for p, a in zip(params, arrays, strict=True):
        p.grad = mg.tensor(np.array(a, float))
    return params


def test_long_gradients_are_scaled_together():
    params = with_grads([3.0, 0.0], [[4.0]])
    norm = clip_grad_norm_(params, max_norm=1.0)
    assert isinstance(norm, mg.Tensor)
    assert norm.item() == 5.0
    np.testing.assert_allclose(params[0].grad.data, [0.6, 0], rtol=1e-6)
    np.testing.assert_allclose(params[1].grad.data, [[0.8]], rtol=1e-6)


def test_short_gradients_stay():
    params = with_grads([3.0, 4.0])
    assert clip_grad_norm_(iter(params), max_norm=6.0).item() == 5.0
    assert params[0].grad.tolist() == [3.0, 4.0]


@pytest.mark.parametrize(("norm_type", "norm"), [(1, 8), (3, 92 ** (1 / 3)), (math.inf, 4)])
def test_other_norms(norm_type, norm):
    params = with_grads([3.0, -1.0], -4.0)
    assert clip_grad_norm_(params, 1e9, norm_type).item() == pytest.approx(norm)


def test_one_tensor_and_no_gradients():
    (p,) = with_grads([[3.0], [4.0]])
    assert clip_grad_norm_(p, 1.0).item() == 5
    p.grad = None
    assert clip_grad_norm_([p], 1.0).item() == 0
    p.grad = mg.zeros(2, 1)
    assert clip_grad_norm_([p], 0.0).item() == 0


def test_a_gradient_array_held_elsewhere_is_not_written_to():
    held = np.array([3.0, 4.0])
    (p,) = with_grads([0.0, 0.0])
    p.grad = mg.Tensor(held)
    clip_grad_norm_([p], 1.0)
    clip_grad_value_([p], 0.1)
    assert held.tolist() == [3.0, 4.0]


def test_nan_and_inf():
    params = with_grads([1.0, math.inf], [1.0])
    with pytest.raises(RuntimeError, match="norm of the gradients is inf, so they cannot be scale"):
        clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert params[1].grad.item() == 1.0
    assert clip_grad_norm_(params, 1.0).item() == math.inf
    assert params[1].grad.item() == 0.0


def test_values():
    params = with_grads([-3.0, 0.5, 3.0], [1.0])
    params[1].grad = None
    clip_grad_value_(params, 1.0)
    assert params[0].grad.tolist() == [-1.0, 0.5, 1.0]


def test_wrong_arguments():
    params = with_grads([1.0])
    with pytest.raises(ValueError, match="clip_grad_norm_: max_norm must be >= 0, got -1"):
        clip_grad_norm_(params, -1)
    with pytest.raises(ValueError, match="clip_grad_value_: clip_value must be >= 0, got nan"):
        clip_grad_value_(params, math.nan)
    with pytest.raises(ValueError, match=r"norm_type must be > 0 or math\.inf, got 0"):
        clip_grad_norm_(params, 1.0, norm_type=0)
    with pytest.raises(TypeError, match=r"is a Linear; write clip_grad_norm_\(net.parameters\(\)"):
        clip_grad_norm_(nn.Linear(1, 1), 1.0)
    with pytest.raises(TypeError, match=r"expected Tensors, got tuple; write .*net.parameters\(\)"):
        clip_grad_value_(nn.Linear(1, 1).named_parameters(), 1.0)


def test_a_used_up_generator_is_noticed():
    used = iter(with_grads([1.0]))
    list(used)
    with pytest.warns(UserWarning, match="parameters is empty, so nothing is clipped") as record:
        clip_grad_norm_(used, 1.0)
    assert record[0].filename == __file__
