"""Assignment 4: results worked out by hand. Run `python test_visible.py`, or pytest."""

import math

import numpy as np
import solution

from minigrad import Tensor


def stepped(kind, gradients, **options):
    """A parameter that starts at 1, after each step."""
    p = Tensor(np.array([1.0]), requires_grad=True)
    optimizer, values = kind([p], **options), []
    for g in gradients:
        p.grad = Tensor(np.array([g]))
        optimizer.step()
        values.append(p.data.item())
    return values


def weight(*shape):
    return Tensor(np.zeros(shape, np.float32))


def test_sgd():
    assert np.allclose(stepped(solution.SGD, [1.0, 2.0], lr=0.1), [0.9, 0.7])


def test_sgd_with_momentum():
    values = stepped(solution.SGD, [1.0, 1.0], lr=0.1, momentum=0.5)
    assert np.allclose(values, [0.9, 0.75])


def test_sgd_with_nesterov():
    values = stepped(solution.SGD, [1.0, 1.0], lr=0.1, momentum=0.5, nesterov=True)
    assert np.allclose(values, [0.85, 0.675])


def test_sgd_with_weight_decay():
    assert np.allclose(stepped(solution.SGD, [1.0], lr=0.1, weight_decay=0.5), [0.85])


def test_each_parameter_has_a_state_of_its_own():
    p, q = (Tensor(np.array([1.0]), requires_grad=True) for _ in range(2))
    optimizer = solution.SGD([p, q], lr=0.1, momentum=0.5)
    p.grad = Tensor(np.array([1.0]))
    optimizer.step()  # q has no gradient yet
    q.grad = Tensor(np.array([1.0]))
    optimizer.step()
    assert np.allclose([p.data, q.data], [[0.75], [0.9]])


def test_the_first_step_of_adam_is_lr():
    for g in (4.0, 0.01, -3.0):
        assert np.allclose(stepped(solution.Adam, [g], lr=0.1), 1 - 0.1 * np.sign(g))


def test_adam_by_hand():
    # m = 2, 1 + 0 = 1, v = 8, 4;  hat: 4, 4/3 and 16, 16/3
    values = stepped(solution.Adam, [4.0, 0.0], lr=0.1, betas=(0.5, 0.5), eps=0.0)
    assert np.allclose(values, [0.9, 0.9 - 0.1 * (4 / 3) / math.sqrt(16 / 3)])


def test_decoupled_weight_decay_shrinks_the_parameter():
    options = {"lr": 0.1, "weight_decay": 0.5, "decoupled_weight_decay": True}
    assert np.allclose(stepped(solution.Adam, [4.0], **options), [1 - 0.05 - 0.1])


def test_fans():
    assert tuple(solution.fan_in_and_fan_out(weight(3, 5))) == (5, 3)
    assert tuple(solution.fan_in_and_fan_out(weight(16, 8, 3, 3))) == (72, 144)


def test_gains():
    assert math.isclose(solution.calculate_gain("relu"), math.sqrt(2))
    assert math.isclose(solution.calculate_gain("leaky_relu", 1), 1)


def test_the_size_of_weights():
    w = weight(300, 500)
    assert solution.xavier_uniform_(w) is w
    assert abs(w.data.std() - math.sqrt(2 / 800)) < 0.001
    assert 0.08 < w.data.max() <= math.sqrt(6 / 800) + 1e-6
    assert abs(solution.xavier_normal_(w).data.std() - math.sqrt(2 / 800)) < 0.001
    assert abs(solution.kaiming_normal_(w).data.std() - math.sqrt(2 / 500)) < 0.001
    kaiming = solution.kaiming_uniform_(w, mode="fan_out", nonlinearity="linear")
    assert abs(kaiming.data.std() - math.sqrt(1 / 300)) < 0.001


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("passed:", name)
