"""Checks that move the parameters: the size of the updates, and one batch learned by heart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import numpy as np

from ...grad_mode import no_grad
from ...nn.dropout import DropoutNd
from ...optim import Adam, Optimizer
from ...tensor import Tensor
from .report import Finding, NotChecked
from .training import Training, output_array

EXAMPLES = 32  # learned by heart
STEPS, MORE_STEPS, SECONDS = 60, 300, 1.2  # of the user's optimizer, of Adam; and of time
ENOUGH = 20  # steps without which a failure says nothing
LEARNED, ENOUGH_LEARNED = 0.95, 0.5  # the last loss relative to the first; the second is enough
EQUAL = 1e-6  # relative difference of outputs that are taken as equal
PASSES = 5  # after the first, in which chance may leave a layer out
RATE = 3e-3  # of an Adam of our own
HUGE, USUAL, TINY = 0.5, 3e-3, 2e-6  # an update relative to the weight
TINY_RATE = 1e-4  # above it, a small update is due to small gradients
MOST_TIMES = 1000.0  # that a proposed learning rate is larger or smaller
TRIED, FEW, FALLEN = 40, 10, 0.1  # steps with a rate, losses at their end, and how far they fall
TRYING = 2.4  # seconds after which no further rate is tried
GROWN = 2.0  # the last loss relative to the first, where the learning rate is too high


def update_size(training: Training) -> Finding | str:
    """Steps of the real optimizer change the weights by about a thousandth of their size."""
    before = {name: p.data.copy() for name, p in _weights(training)}
    size = {name: max(float(np.linalg.norm(w)), _usual(w)) for name, w in before.items()}
    if not before:
        raise NotChecked("the optimizer holds no weights of the model")
    with at_full_rate(training):
        losses = _train(training, training.optimizer, steps=3)
        done = max(1, len(losses) - 1)
        ratios = sorted(
            float(np.linalg.norm(p.data - before[name]) / done / size[name])
            for name, p in _weights(training)
            if before[name].any()
        )
    if not ratios:
        raise NotChecked("all weights begin as zeros")
    middle, rate = ratios[len(ratios) // 2], highest_rate(training.optimizer)
    facts = f"{middle:.1e} of a weight a step, lr={rate:g}"
    if not np.isfinite(middle) or middle > HUGE or not np.isfinite(losses[-1]):
        text = "the steps are so large that they wipe out the weights"
        return Finding(text, facts, training.line, f"lr={_rate_that_trains(training):g}")
    if middle < TINY and rate <= TINY_RATE:  # a net that has learned moves little, too
        times = min(MOST_TIMES, USUAL / middle) if middle else MOST_TIMES
        text = "the steps are so small that nothing will be learned"
        edit = f"lr={_rounded(rate * times):g}" if rate else "an lr above 0"
        return Finding(text, facts, training.line, edit)
    return facts


def _usual(w: np.ndarray) -> float:
    """The size of a weight as layers draw it, uniform within 1 / sqrt(fan-in) of 0."""
    return float(np.sqrt(w.size / (3 * w[0].size)))


def _rounded(rate: float) -> float:
    """The largest of ..., 0.1, 0.3, 1, 3, ... that is not larger; rounding is forgiven."""
    power = 10.0 ** np.floor(np.log10(rate * 1.001))
    return float(f"{3 * power if rate * 1.001 >= 3 * power else power:.0e}")


def _rate_that_trains(training: Training) -> float:
    """The smaller learning rate with which the loss falls most, in a few steps on each batch."""
    highest = highest_rate(training.optimizer)
    rate, best, least = _rounded(highest / 2), 0.0, np.inf
    start = perf_counter()
    while rate >= highest / MOST_TIMES and perf_counter() - start < TRYING:
        with at_full_rate(training):
            for group in training.optimizer.param_groups:
                group["lr"] *= rate / highest
            losses = _train(training, training.optimizer, TRIED, len(training.batches))
        last = float(np.mean(losses[-FEW:]))
        if last >= least:
            break
        if losses[0] - last > FALLEN * abs(losses[0]):  # nan is not
            best, least = rate, last
        rate = _rounded(rate / 2)
    return best or rate


def one_batch(training: Training) -> Finding | str:
    """One batch can be learned by heart, in a few tens of steps, dropout left out."""
    name = type(training.optimizer).__name__
    trained = [p for p in training.parameters.values() if id(p) in training.optimized]
    if not trained or not training.first.loss.requires_grad:
        raise NotChecked("the optimizer moves nothing that the loss hangs on")
    with at_full_rate(training):
        _train(training, training.optimizer, steps=0)
        same = _all_equal(training)
        own = _train(training, training.optimizer)
        equal = _all_equal(training)
    facts = f"loss {own[0]:.4g} -> {own[-1]:.4g} in {len(own) - 1} steps of {name}"
    if own[0] <= 0:
        raise NotChecked(f"for losses above 0; {facts}")
    if equal and same and np.isfinite(own[-1]):
        return Finding(
            "whatever comes in, the outputs are the same: forward does not use its input",
            facts,
            training.line,
            "look with debug.capture(model) which layer's outputs are equal for all examples",
        )
    if own[-1] <= LEARNED * own[0]:
        return facts
    with training.starting_values():
        other = _train(training, Adam(trained, lr=RATE), MORE_STEPS)
    facts += f"; {other[0]:.4g} -> {other[-1]:.4g} in {len(other) - 1} of Adam(lr={RATE})"
    if (equal or not own[-1] <= GROWN * own[0]) and other[-1] < other[0]:  # nan, too
        climbs = any(group.get("maximize") for group in training.optimizer.param_groups)
        return Finding(
            f"{name} goes so far that the outputs are the same for all inputs"
            if equal
            else f"on one batch the loss grows: {name} goes uphill, or too far",
            facts,
            training.line,
            "leave out maximize=True" if climbs else f"lr={_rate_that_trains(training):g}",
        )
    if other[-1] <= LEARNED * other[0]:
        return facts
    if len(other) - 1 < ENOUGH:
        raise NotChecked(f"too slow for {ENOUGH} steps in {SECONDS} s; {facts}")
    return Finding(
        f"the net cannot even learn {len(training.few(EXAMPLES)[0])} examples by heart",
        facts,
        training.line,
        "look with debug.capture(model) where values or gradients are 0",
    )


def _train(
    training: Training, optimizer: Optimizer, steps: int = STEPS, batches: int = 1
) -> list[float]:
    """Losses step by step. Batch norm is in training mode, dropout is not.

    Of one batch, until it is learned; or of some in turn. The last one is nan where the loss
    refuses what the model has come to.
    """
    training.model.train()
    for layer in training.model.modules():
        if isinstance(layer, DropoutNd):
            layer.eval()
    losses: list[float] = []
    start = perf_counter()
    while True:
        x, y = training.few(EXAMPLES, len(losses) % batches)
        training.clear()
        try:
            loss = training.loss(training.model(x), y)
        except ValueError:
            if not losses:
                raise
            losses.append(np.nan)
            break
        losses.append(loss.item())
        over = len(losses) > steps or perf_counter() - start > SECONDS
        learned = batches == 1 and losses[-1] <= ENOUGH_LEARNED * losses[0]
        if over or learned or not np.isfinite(losses[-1]):
            break
        loss.backward()
        optimizer.step()
    training.clear()
    return losses


def _all_equal(training: Training) -> bool:
    """Whether the outputs are the same for all examples of the batch."""
    x, _ = training.few(EXAMPLES)
    with no_grad():
        y = output_array(training.model(x))
    return len(y) > 1 and float(np.abs(y - y[:1]).max()) <= EQUAL * float(np.abs(y).max())


def _weights(training: Training) -> Iterator[tuple[str, Tensor]]:
    """The weights that the optimizer moves, without biases and scales."""
    for name, p in training.parameters.items():
        reached = training.first.gradients[name] is not None
        if p.ndim > 1 and reached and id(p) in training.optimized:
            yield name, p


@contextmanager
def at_full_rate(training: Training) -> Iterator[None]:
    """Within the block, the learning rate that a scheduler warms up to; then all is as before."""
    with training.starting_values():
        for group in training.optimizer.param_groups:
            if "lr" in group:
                group["lr"] = _full(group)
        yield


def highest_rate(optimizer: Optimizer) -> float:
    """The largest of the groups' learning rates."""
    return max(map(_full, optimizer.param_groups))


def _full(group: dict[str, Any]) -> float:
    return max(group.get("lr", 0.0), group.get("initial_lr", 0.0), group.get("max_lr", 0.0))


def later_gradients(training: Training) -> list[dict[str, np.ndarray]]:
    """The gradients on a few batches, between steps of Adam."""
    found = []
    with training.starting_values():
        optimizer = Adam(training.parameters.values(), lr=RATE)
        training.model.train()
        for i in range(PASSES):
            x, y = training.few(EXAMPLES, i % len(training.batches))
            training.clear()
            training.loss(training.model(x), y).backward()
            gradients = {name: p.grad for name, p in training.parameters.items()}
            found.append({name: g.data for name, g in gradients.items() if g is not None})
            optimizer.step()
        training.clear()
    return found
