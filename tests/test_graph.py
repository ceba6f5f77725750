"""The graph of a computation: what it looks like, how far it reaches, and when it is gone."""

import gc
import sys
import weakref

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn


def leaf(*values):
    return mg.tensor(values if len(values) > 1 else values[0], requires_grad=True)


def line_before():
    return sys._getframe(1).f_lineno - 1


def test_a_result_knows_its_op_and_the_line_that_made_it():
    x = leaf(1.0, 2.0)
    y = x * 3
    line = line_before()
    assert y.grad_fn.name == "mul"
    assert y.grad_fn.line == f"test_graph.py:{line}"
    assert repr(y.grad_fn) == f"<mul at test_graph.py:{line}>"
    assert x.grad_fn is None


def test_the_line_is_the_users_also_through_layers_and_functions():
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    y = model(mg.ones(1, 3))
    line = line_before()
    assert y.grad_fn.line == f"test_graph.py:{line}"
    z = nn.functional.mse_loss(y, mg.zeros(1, 2))
    line = line_before()
    assert z.grad_fn.line == f"test_graph.py:{line}"
    assert repr(y.grad_fn).startswith("<relu at test_graph.py")


def test_code_without_a_file_has_a_line_too():
    names = {"x": leaf(1.0)}
    exec(compile("y = x + 1", "<lesson>", "exec"), names)
    assert names["y"].grad_fn.line == "<lesson>:1"


def test_next_functions_lead_from_the_loss_to_the_leaves():
    x, w = leaf(1.0), leaf(2.0)
    y = (x * w).exp()
    ((product, _),) = y.grad_fn.next_functions
    assert product.name == "mul"
    assert [target for target, _ in product.next_functions] == [x, w]


def test_inputs_that_need_no_gradient_are_no_part_of_the_graph():
    x, constant = leaf(1.0), mg.tensor(2.0)
    y = x * constant
    assert [target for target, _ in y.grad_fn.next_functions] == [x, None]
    assert (constant * 2).grad_fn is None
    assert not (constant * 2).requires_grad


def test_leaves_are_what_no_recorded_op_made():
    x = leaf(1.0)
    assert x.is_leaf
    assert not (x + 1).is_leaf
    assert (x + 1).detach().is_leaf
    assert mg.tensor(1.0).is_leaf


def test_a_chain_of_100_000_ops_goes_back_and_away_at_the_default_recursion_limit():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 0.5
    y.backward()
    assert x.grad.item() == 1


def test_a_chain_of_100_000_ops_can_be_dropped_without_backward():
    y = leaf(1.0)
    for _ in range(100_000):
        y = y + 0.5
    del y


def garbage_free(make):
    """Whether everything that `make` returned goes away by reference counting alone."""
    gc.collect()
    gc.disable()
    try:
        watched = [weakref.ref(thing) for thing in make()]
        return all(w() is None for w in watched)
    finally:
        gc.enable()


def test_the_graph_is_freed_by_reference_counting_alone():
    def after_backward():
        x = leaf(1.0, 2.0)
        h = (x * 2).exp()
        nodes = [h.grad_fn, h.grad_fn.next_functions[0][0]]
        h.sum().backward()
        return [x, h, h.data, *nodes]

    def without_backward():
        x = leaf(1.0, 2.0)
        h = (x * 2).exp()
        return [x, h, h.data, h.grad_fn]

    def with_hooks():
        x = leaf(1.0, 2.0)
        h = x * 2
        h.retain_grad()
        h.register_hook(lambda g: None)
        h.sum().backward()
        return [x, h, h.grad]

    assert garbage_free(after_backward)
    assert garbage_free(without_backward)
    assert garbage_free(with_hooks)


def test_backward_frees_what_the_graph_kept_while_the_loss_is_still_held():
    x = leaf(1.0, 2.0)
    big = x.exp()
    kept = weakref.ref(big.data)
    loss = big.sum()
    del big
    assert kept() is not None  # exp keeps its result for the way back
    loss.backward()
    assert kept() is None


def test_the_same_graph_gives_the_same_bits_every_time():
    def gradient():
        rng = np.random.default_rng(0)
        x = Tensor(rng.standard_normal(1000).astype(np.float32), requires_grad=True)
        total = sum((x * float(k)).sin() for k in range(20))  # twenty contributions to x.grad
        total.sum().backward()
        return x.grad.data.tobytes()

    assert len({gradient() for _ in range(5)}) == 1


def test_contributions_are_added_newest_first():
    order = []
    x = leaf(1.0)
    parts = [x * k for k in (1.0, 2.0, 3.0)]
    for k, part in enumerate(parts):
        part.register_hook(lambda g, k=k: order.append(k))
    sum(parts).backward()
    assert order == [2, 1, 0]


def test_a_deep_copy_of_a_leaf_is_on_its_own():
    import copy

    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    other = copy.deepcopy(x)
    other.data += 1
    assert x.tolist() == [1, 2]
    assert other.grad.tolist() == [2, 4]
    assert other.requires_grad


@pytest.mark.parametrize("kind", [bool, np.int32, np.int64, np.uint8])
def test_integers_and_booleans_are_never_part_of_a_graph(kind):
    x = leaf(1.5, 2.5)
    y = x.to(kind)
    assert not y.requires_grad
    assert y.grad_fn is None
    assert not (x > 0).requires_grad
    assert not x.argmax().requires_grad
