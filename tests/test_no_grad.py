"""no_grad, enable_grad, requires_grad, detach."""

import numpy as np
import pytest

import minigrad as mg


@pytest.fixture
def x():
    return mg.ones(2, requires_grad=True)


def test_nothing_is_recorded_within_the_block(x):
    with mg.no_grad():
        y = x * 2
    assert not y.requires_grad
    assert y.grad_fn is None
    assert (x * 2).requires_grad


def test_blocks_nest(x):
    with mg.no_grad():
        with mg.no_grad():
            pass
        assert not (x * 2).requires_grad
        with mg.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad


@pytest.mark.parametrize("decorator", [mg.no_grad, mg.no_grad()])
def test_as_a_decorator_with_and_without_brackets(x, decorator):
    @decorator
    def double(x):
        """Twice x."""
        return x * 2

    assert not double(x).requires_grad
    assert double.__name__ == "double"
    assert double.__doc__ == "Twice x."
    assert (x * 2).requires_grad


def test_a_decorated_function_may_call_itself(x):
    @mg.no_grad()
    def countdown(n):
        return countdown(n - 1) if n else (x * 2).requires_grad

    assert countdown(3) is False
    assert (x * 2).requires_grad


def test_an_exception_ends_the_block(x):
    with pytest.raises(KeyError), mg.no_grad():
        raise KeyError
    assert (x * 2).requires_grad


def test_one_object_can_be_entered_again(x):
    block = mg.no_grad()
    with block, block:
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad


def test_a_leaf_made_within_the_block_still_requires_grad():
    with mg.no_grad():
        w = mg.ones(2, requires_grad=True)
    (w * 2).sum().backward()
    assert w.grad.tolist() == [2, 2]


def test_is_grad_enabled_says_where_one_is():
    assert mg.is_grad_enabled()
    with mg.no_grad():
        assert not mg.is_grad_enabled()


def test_requires_grad_can_be_set_and_taken(x):
    x.requires_grad = False
    assert not (x * 2).requires_grad
    assert x.requires_grad_() is x
    assert (x * 2).requires_grad


def test_a_detached_tensor_shares_memory_and_forgets(x):
    d = (x * 2).detach()
    assert not d.requires_grad
    assert d.is_leaf
    alias = x.detach()
    alias.data[0] = 9
    assert x.data[0] == 9


@pytest.mark.parametrize("dtype", [np.int64, bool])
def test_only_floats_can_require_grad(dtype):
    message = f"only floating point tensors can require grad, this one is {np.dtype(dtype)}.*float"
    with pytest.raises(RuntimeError, match=message):
        mg.tensor([1, 0], dtype=dtype, requires_grad=True)
    with pytest.raises(RuntimeError, match=message):
        mg.tensor([1, 0], dtype=dtype).requires_grad_()


def test_requires_grad_cannot_be_taken_from_a_result(x):
    with pytest.raises(RuntimeError, match=r"computed by <mul at test_no_grad.py:\d+>.*detach"):
        (x * 2).requires_grad = False


@pytest.mark.parametrize("decorator", [mg.inference_mode, mg.inference_mode(), mg.enable_grad])
def test_other_modes_as_decorators(x, decorator):
    double = decorator(lambda x: x * 2)
    with mg.no_grad():
        recorded = double(x).requires_grad
    assert recorded == (decorator is mg.enable_grad)
    assert double(x).requires_grad == recorded


def test_inference_mode(x):
    with mg.inference_mode():
        assert not (x * 2).requires_grad
        with mg.inference_mode(False):
            assert (x * 2).requires_grad
    assert (x * 2).requires_grad


def test_set_grad_enabled_holds_until_the_next_or_the_end_of_its_block(x):
    mg.set_grad_enabled(False)
    assert not (x * 2).requires_grad
    mg.set_grad_enabled(True)
    assert (x * 2).requires_grad
    for train in (True, False):
        with mg.set_grad_enabled(train):
            assert (x * 2).requires_grad == train
        assert mg.is_grad_enabled()
    block = mg.set_grad_enabled(False)
    for _ in range(2):
        with block:
            assert not mg.is_grad_enabled()
        assert mg.is_grad_enabled()


def test_set_grad_enabled_as_a_decorator(x):
    @mg.set_grad_enabled(False)
    def double(x):
        return x * 2

    assert mg.is_grad_enabled()
    assert not double(x).requires_grad
    assert not double(x).requires_grad
    assert mg.is_grad_enabled()


def test_detach_makes_a_leaf_of_the_tensor_itself(x):
    y = x * 2
    assert y.detach_() is y
    assert y.is_leaf
    assert not y.requires_grad
    (y * x).sum().backward()
    assert x.grad.tolist() == [2, 2]
