"""Optimizers against their papers' formulas, written out here one scalar at a time."""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import optim

EVERY = [
    optim.SGD, optim.Adam, optim.AdamW, optim.Adamax, optim.NAdam, optim.RAdam, optim.RMSprop,
    optim.Adagrad, optim.Adadelta,
]  # fmt: skip


# The rules of the papers for one number x, a generator of its values after each step.


def sgd(x, gradients, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    b = None
    for g in gradients:
        g = g + weight_decay * x
        if momentum:
            b = g if b is None else momentum * b + (1 - dampening) * g
            g = g + momentum * b if nesterov else b
        x = x - lr * g
        yield x


def adam(x, gradients, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False):
    m = v = largest = 0.0
    for t, g in enumerate(gradients, start=1):
        g = g + weight_decay * x
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        largest = max(largest, v)
        m_hat = m / (1 - betas[0] ** t)
        v_hat = (largest if amsgrad else v) / (1 - betas[1] ** t)
        x = x - lr * m_hat / (math.sqrt(v_hat) + eps)
        yield x


def adamw(x, gradients, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        m_hat, v_hat = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
        x = x - lr * m_hat / (math.sqrt(v_hat) + eps) - lr * weight_decay * x
        yield x


def rmsprop(x, gradients, lr=1e-2, alpha=0.99, eps=1e-8, momentum=0.0, centered=False):
    mean_square = mean = b = 0.0
    for g in gradients:
        mean_square = alpha * mean_square + (1 - alpha) * g**2
        mean = alpha * mean + (1 - alpha) * g
        variance = mean_square - mean**2 if centered else mean_square
        b = momentum * b + g / (math.sqrt(variance) + eps)
        x = x - lr * b
        yield x


def adagrad(x, gradients, lr=1e-2, lr_decay=0.0, initial_accumulator_value=0.0, eps=1e-10):
    total = initial_accumulator_value
    for t, g in enumerate(gradients):
        total += g**2
        x = x - lr / (1 + t * lr_decay) * g / (math.sqrt(total) + eps)
        yield x


def adadelta(x, gradients, lr=1.0, rho=0.9, eps=1e-6):
    mean_square_g = mean_square_step = 0.0
    for g in gradients:
        mean_square_g = rho * mean_square_g + (1 - rho) * g**2
        step = math.sqrt(mean_square_step + eps) / math.sqrt(mean_square_g + eps) * g
        mean_square_step = rho * mean_square_step + (1 - rho) * step**2
        x = x - lr * step
        yield x


def adamax(x, gradients, lr=2e-3, betas=(0.9, 0.999), eps=1e-8):
    m = u = 0.0
    for t, g in enumerate(gradients, start=1):
        m = betas[0] * m + (1 - betas[0]) * g
        u = max(betas[1] * u, abs(g) + eps)
        x = x - lr / (1 - betas[0] ** t) * m / u
        yield x


def nadam(x, gradients, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3):
    m = v = 0.0
    product = np.float32(1)  # of all mu so far; PyTorch keeps it in float32
    mu = [betas[0] * (1 - 0.5 * 0.96 ** (t * momentum_decay)) for t in range(1000)]
    for t, g in enumerate(gradients, start=1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        product *= np.float32(mu[t])
        ahead = mu[t + 1] * m / (1 - float(product) * mu[t + 1])
        m_hat = ahead + (1 - mu[t]) * g / (1 - float(product))
        x = x - lr * m_hat / (math.sqrt(v / (1 - betas[1] ** t)) + eps)
        yield x


def radam(x, gradients, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    m = v = 0.0
    most = 2 / (1 - betas[1]) - 1
    for t, g in enumerate(gradients, start=1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        m_hat, scale = m / (1 - betas[0] ** t), 1.0
        rho = most - 2 * t * betas[1] ** t / (1 - betas[1] ** t)
        if rho > 5:
            r = (rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)
            scale = math.sqrt(r) * math.sqrt(1 - betas[1] ** t) / (math.sqrt(v) + eps)
        x = x - lr * scale * m_hat
        yield x


RULES = [
    (optim.Adamax, adamax, {}),
    (optim.Adamax, adamax, {"lr": 0.1, "betas": (0.5, 0.9), "eps": 0.1}),
    (optim.NAdam, nadam, {}),
    (optim.NAdam, nadam, {"lr": 0.1, "betas": (0.5, 0.9), "eps": 0.1, "momentum_decay": 0.2}),
    (optim.RAdam, radam, {"betas": (0.5, 0.9)}),
    (optim.RAdam, radam, {"lr": 0.1, "betas": (0.5, 0.8), "eps": 0.1}),
    (optim.SGD, sgd, {}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    (optim.Adam, adam, {}),
    (optim.Adam, adam, {"lr": 0.1, "betas": (0.5, 0.9), "eps": 0.1, "weight_decay": 0.1}),
    (optim.Adam, adam, {"lr": 0.1, "betas": (0.0, 0.1), "amsgrad": True}),
    (optim.AdamW, adamw, {"lr": 0.1}),
    (optim.AdamW, adamw, {"lr": 0.1, "betas": (0.5, 0.9), "weight_decay": 0.5}),
    (optim.RMSprop, rmsprop, {}),
    (optim.RMSprop, rmsprop, {"lr": 0.1, "alpha": 0.5, "momentum": 0.9, "eps": 0.01}),
    (optim.RMSprop, rmsprop, {"alpha": 0.7, "centered": True, "momentum": 0.5}),
    (optim.Adagrad, adagrad, {}),
    (optim.Adagrad, adagrad, {"lr": 0.5, "lr_decay": 0.2, "initial_accumulator_value": 0.4}),
    (optim.Adadelta, adadelta, {}),
    (optim.Adadelta, adadelta, {"lr": 0.5, "rho": 0.5, "eps": 1e-3}),
]


def parameter(array):
    return mg.tensor(np.asarray(array), requires_grad=True)


def set_grad(p, array):
    p.grad = mg.tensor(np.asarray(array, p.dtype))


@pytest.mark.parametrize(("optimizer", "rule", "options"), RULES)
@pytest.mark.parametrize("maximize", [False, True])
def test_the_papers_rule(optimizer, rule, options, maximize):
    rng = np.random.default_rng(1)
    start, gradients = rng.standard_normal((3, 4)), rng.standard_normal((6, 3, 4))
    p = parameter(start)
    opt = optimizer([p], maximize=maximize, **options)
    sign = -1 if maximize else 1
    wanted = [
        list(rule(start[at], sign * gradients[(slice(None), *at)], **options))
        for at in np.ndindex(3, 4)
    ]
    for t in range(6):
        set_grad(p, gradients[t])
        opt.step()
        expected = np.reshape([values[t] for values in wanted], (3, 4))
        np.testing.assert_allclose(p.data, expected, rtol=1e-12)


def test_two_parameters_with_their_own_step_counts():
    """Adam's bias correction must not run twice as fast because there are two parameters."""
    gradients = [0.5, -1.0, 2.0, 0.1]
    often, seldom = parameter([1.0]), parameter([1.0])
    opt = optim.Adam([often, seldom], lr=0.1)
    for t, g in enumerate(gradients):
        set_grad(often, [g])
        seldom.grad = mg.tensor(np.array([g])) if t % 2 else None
        opt.step()
    assert often.item() == pytest.approx(list(adam(1.0, gradients, lr=0.1))[-1], rel=1e-6)
    assert seldom.item() == pytest.approx(list(adam(1.0, gradients[1::2], lr=0.1))[-1], rel=1e-6)
    assert [opt.state[p]["step"].item() for p in (often, seldom)] == [4, 2]


@pytest.mark.parametrize("optimizer", EVERY)
def test_finds_the_minimum_of_a_stretched_bowl(optimizer):
    target = np.array([3.0, -2.0])
    w = parameter([0.0, 0.0])
    lr = {optim.SGD: 0.05, optim.Adadelta: 10.0, optim.Adagrad: 1.0}.get(optimizer, 0.05)
    opt = optimizer([w], lr=lr, **({"weight_decay": 0} if optimizer is optim.AdamW else {}))
    for _ in range(1000):
        opt.zero_grad()
        loss = ((w - mg.tensor(target)) ** 2 * mg.tensor(np.array([1.0, 10.0]))).sum()
        loss.backward()
        opt.step()
    np.testing.assert_allclose(w.data, target, atol=0.05)


@pytest.mark.parametrize("optimizer", EVERY)
@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (70_000,), (300, 200)])
def test_every_size_and_memory_order(optimizer, shape):
    rng = np.random.default_rng(2)
    start, g = rng.standard_normal(shape), rng.standard_normal(shape)
    plain, turned = parameter(start), parameter(start)
    turned.data = np.array(start, order="F")
    opt = optimizer([plain, turned])
    for _ in range(2):
        plain.grad, turned.grad = mg.Tensor(g.copy()), mg.Tensor(np.array(g, order="F"))
        opt.step()
    assert np.array_equal(plain.data, turned.data)
    assert start.size == 0 or not np.array_equal(plain.data, start)
    assert np.array_equal(plain.grad.data, g), "a step must not write into the gradient"


def test_writes_in_place_and_keeps_float32():
    array = np.ones(3, np.float32)
    w = mg.from_numpy(array).requires_grad_()
    opt = optim.Adam([w])
    set_grad(w, [1.0, 2.0, 3.0])
    opt.step()
    assert w.data is array
    assert array[0] == pytest.approx(1 - 1e-3)
    assert {x.dtype for x in opt.state[w].values()} == {np.dtype(np.float32)}


def test_a_graph_from_before_the_step_is_stale():
    w = parameter([1.0, 2.0])
    loss = (w * w).sum()
    set_grad(w, [1.0, 1.0])
    optim.SGD([w]).step()
    with pytest.raises(RuntimeError, match=r"step\(\) at .* has written into it since"):
        loss.backward()


def test_a_parameter_without_gradient_stays():
    used, unused = parameter([1.0]), parameter([1.0])
    opt = optim.SGD([used, unused], lr=0.5, weight_decay=0.1)
    set_grad(used, [1.0])
    opt.step()
    assert (used.item(), unused.item()) == (pytest.approx(0.45), 1.0)


def test_groups_have_their_own_options():
    slow, fast, later = (parameter([1.0]) for _ in range(3))
    opt = optim.SGD([{"params": [slow], "lr": 0.1}, {"params": fast}], lr=0.5)
    opt.add_param_group({"params": [later], "lr": 0.0})
    for p in (slow, fast, later):
        set_grad(p, [1.0])
    opt.step()
    assert [p.item() for p in (slow, fast, later)] == [pytest.approx(0.9), pytest.approx(0.5), 1]
    opt.param_groups[2]["lr"] = 1.0
    opt.step()
    assert later.item() == 0


def test_zero_grad():
    w = parameter([1.0])
    opt = optim.SGD([w])
    (w * 3).backward()
    opt.zero_grad(set_to_none=False)
    assert w.grad.item() == 0
    opt.zero_grad()
    assert w.grad is None


def test_closure_computes_the_loss_with_gradients_on():
    w = parameter([2.0])
    opt = optim.SGD([w], lr=0.25)

    def closure():
        opt.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with mg.no_grad():
        loss = opt.step(closure)
    assert (loss.item(), w.item()) == (4.0, 1.0)


def test_centered_rmsprop_survives_rounding():
    """With a constant gradient the variance is 0, and rounding takes it below."""
    w = mg.tensor([1.0], requires_grad=True)
    opt = optim.RMSprop([w], centered=True, alpha=0.5, eps=1.0)
    for _ in range(200):
        set_grad(w, [0.3])
        opt.step()
    assert np.isfinite(w.item())


def test_what_overflows_becomes_inf_without_a_warning():
    w = mg.tensor([1.0], requires_grad=True)
    set_grad(w, [1e30])
    optim.SGD([w], lr=1e30).step()
    assert w.item() == -np.inf
