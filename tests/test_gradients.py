"""What backward() leaves at the leaves."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor


def leaf(*values):
    return mg.tensor(values if len(values) > 1 else values[0], requires_grad=True)


def test_the_chain_rule_by_hand():
    x = leaf(2.0)
    y = x * x + 3 * x
    y.backward()
    assert x.grad.item() == 2 * 2 + 3


def test_a_diamond_adds_up_both_ways():
    u, v, w = leaf(2.0), leaf(3.0), leaf(5.0)
    (u * v + u * w).backward()
    assert [t.grad.item() for t in (u, v, w)] == [8, 2, 2]


def test_a_diamond_in_the_middle_goes_back_once():
    calls = []
    x = leaf(3.0)
    h = x * 2
    h.register_hook(lambda g: calls.append(g.item()))
    (h * h + h).backward()
    assert calls == [2 * 6 + 1]
    assert x.grad.item() == 26


def test_many_diamonds_in_a_row_take_no_longer_than_their_number():
    x = leaf(1.0)
    y = x
    for _ in range(200):  # 2^200 paths
        y = (y + y) * 0.5
    y.backward()
    assert x.grad.item() == 1


def test_an_input_used_twice_by_one_op():
    x = leaf(3.0)
    (x * x).backward()
    assert x.grad.item() == 6
    y = leaf(1.0, 2.0)
    mg.cat([y, y]).sum().backward()
    assert y.grad.tolist() == [2, 2]


def test_branches_that_do_not_lead_to_the_result_get_nothing():
    x, unused = leaf(1.0), leaf(1.0)
    _ = unused * x
    (x * 2).backward()
    assert x.grad.item() == 2
    assert unused.grad is None


def test_gradients_accumulate_until_they_are_cleared():
    x = leaf(2.0)
    for _ in range(3):
        (x * x).backward()
    assert x.grad.item() == 12
    x.grad = None
    (x * x).backward()
    assert x.grad.item() == 4


def test_a_gradient_is_a_tensor_of_the_leafs_shape_and_dtype():
    x = mg.ones(2, 3, requires_grad=True)
    (x * 2).sum().backward()
    assert isinstance(x.grad, Tensor)
    assert x.grad.shape == (2, 3)
    assert x.grad.dtype == np.float32
    assert not x.grad.requires_grad


def test_two_leaves_that_got_one_gradient_array_can_be_changed_apart():
    u, v = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (u + v).sum().backward()
    u.grad.data *= 0
    assert v.grad.tolist() == [1, 1]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.reshape(4).reshape(2, 2),
        lambda x: x.T,
        lambda x: x.clone(),
        lambda x: x + 0,
        lambda x: x.expand(2, 2),
        lambda x: x[:],
        lambda x: x.unsqueeze(0).squeeze(0),
    ],
)
def test_a_gradient_can_be_written_to_without_touching_the_one_that_came_in(f):
    x = mg.ones(2, 2, requires_grad=True)
    given = mg.ones(2, 2)
    f(x).backward(given)
    x.grad.data += 5
    assert given.tolist() == [[1, 1], [1, 1]]
    assert x.data.tolist() == [[1, 1], [1, 1]]


def test_writing_into_the_gradient_that_was_passed_does_not_change_the_leaf():
    x = leaf(1.0, 2.0)
    given = np.ones(2, np.float32)
    x.backward(given)
    given *= 7
    assert x.grad.tolist() == [1, 1]


def test_backward_from_a_leaf_itself():
    x = leaf(2.0)
    x.backward()
    x.backward()
    assert x.grad.item() == 2


def test_backward_takes_the_gradient_of_what_comes_after():
    x = leaf(1.0, 2.0)
    y = x * x
    y.backward(mg.tensor([1.0, 10.0]))
    assert x.grad.tolist() == [2, 40]
    x.grad = None
    (x * x).backward([1.0, 10.0])
    assert x.grad.tolist() == [2, 40]


def test_a_single_element_of_any_shape_needs_no_gradient():
    x = mg.ones(1, 1, requires_grad=True)
    (x * 3).backward()
    assert x.grad.tolist() == [[3]]


def test_retain_graph_lets_backward_run_again():
    x = leaf(3.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 12


def test_two_losses_on_one_shared_part():
    x = leaf(3.0)
    h = x * x
    (h * 2).backward(retain_graph=True)
    (h * 3).backward()
    assert x.grad.item() == 6 * 2 + 6 * 3


def test_a_gradient_passes_through_casts_in_the_dtype_of_each_side():
    x = leaf(1.0, 2.0)
    y = x.double() * np.array([3.0, 4.0])
    assert y.dtype == np.float64
    y.sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [3, 4]


def test_detach_stops_the_gradient():
    x = leaf(2.0)
    (x * x.detach()).backward()
    assert x.grad.item() == 2


def test_an_empty_slice_at_p_equal_to_zero_is_what_python_says():
    p = 0
    x = leaf(1.0, 2.0, 3.0)
    y = x[p:-p]
    assert y.shape == (0,)
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 0]


def test_padding_by_zero_keeps_everything():
    x = mg.ones(1, 1, 3, 3, requires_grad=True)
    F = mg.nn.functional
    F.pad(x, (0, 0, 0, 0)).sum().backward()
    F.conv2d(x, mg.ones(1, 1, 1, 1), padding=0).sum().backward()
    F.max_pool2d(x, 1, padding=0).sum().backward()
    assert (x.grad == 3).all()


def test_a_custom_op_is_a_function_that_returns_its_way_back():
    def double(x):
        def double_backward(dy):
            return (2 * dy,)

        return 2 * x, double_backward

    x = leaf(1.0, 2.0)
    y = mg.apply(double, x)
    y.sum().backward()
    assert x.grad.tolist() == [2, 2]
    assert "double at test_gradients.py" in repr(y)
