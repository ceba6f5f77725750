"""Hooks on tensors, and retain_grad."""

import pytest

import minigrad as mg


def leaf(*values):
    return mg.tensor(values if len(values) > 1 else values[0], requires_grad=True)


def test_a_hook_sees_the_complete_gradient_once():
    seen = []
    x = leaf(2.0)
    h = x * 1
    h.register_hook(lambda g: seen.append(g.item()))
    x.register_hook(lambda g: seen.append(g.item()))
    (h * h + h * 3).backward()
    assert seen == [7, 7]


def test_hooks_run_in_the_order_in_which_they_were_registered():
    seen = []
    x = leaf(2.0)
    for name in "abc":
        x.register_hook(lambda g, name=name: seen.append(name))
    (x * 2).backward()
    assert seen == ["a", "b", "c"]


def test_what_a_hook_returns_takes_the_gradients_place():
    x = leaf(2.0)
    h = x * 3
    h.register_hook(lambda g: g * 10)
    h.register_hook(lambda g: g + 1)
    h.backward()
    assert x.grad.item() == 33
    y = leaf(1.0)
    y.register_hook(lambda g: -g)
    (y * 5).backward()
    assert y.grad.item() == -5


def test_a_leafs_hook_runs_for_each_backward_on_what_that_one_adds():
    x = leaf(2.0)
    x.register_hook(lambda g: g.clip(max=1.0))
    for _ in range(2):
        (x * 5).backward()
    assert x.grad.item() == 2


def test_a_removed_hook_runs_no_more():
    x = leaf(2.0)
    handle = x.register_hook(lambda g: g * 100)
    handle.remove()
    handle.remove()
    (x * 5).backward()
    assert x.grad.item() == 5


def test_a_function_registered_twice_is_removed_one_at_a_time():
    def double(g):
        return g * 2

    x = leaf(2.0)
    first, _ = x.register_hook(double), x.register_hook(double)
    first.remove()
    first.remove()
    (x * 5).backward()
    assert x.grad.item() == 10


def test_a_hook_that_removes_itself():
    x = leaf(1.0)

    def once(g):
        handle.remove()
        return g * 10

    handle = x.register_hook(once)
    (x * 1).backward()
    (x * 1).backward()
    assert x.grad.item() == 11


def test_retain_grad_keeps_the_gradient_of_a_result():
    x = leaf(2.0)
    h = x * 3
    h.retain_grad()
    (h * h).backward()
    assert h.grad.item() == 12
    assert x.grad.item() == 36


def test_without_retain_grad_results_have_none():
    x = leaf(2.0)
    h = x * 3
    (h * h).backward()
    assert h.grad is None


def test_retain_grad_on_a_leaf_changes_nothing():
    x = leaf(2.0)
    x.retain_grad()
    (x * 3).backward()
    assert x.grad.item() == 3


def test_a_retained_gradient_is_a_copy():
    x = leaf(2.0, 3.0)
    h = x + 0
    h.retain_grad()
    h.sum().backward()
    h.grad.data += 5
    assert x.grad.tolist() == [1, 1]


@pytest.mark.parametrize("returned", [3.0, mg.ones(2, 2)])
def test_a_hook_must_return_a_gradient_of_the_same_shape(returned):
    x = leaf(1.0, 2.0)
    x.register_hook(lambda g: returned)
    with pytest.raises(
        RuntimeError, match=r"a hook must return None or a Tensor of .* shape \(2,\)"
    ):
        (x * 2).sum().backward()


def test_hooks_and_retain_grad_need_a_tensor_that_gets_a_gradient():
    with pytest.raises(RuntimeError, match="register_hook: this tensor does not require grad"):
        mg.ones(2).register_hook(print)
    with pytest.raises(RuntimeError, match="retain_grad: this tensor does not require grad"):
        mg.ones(2).retain_grad()
