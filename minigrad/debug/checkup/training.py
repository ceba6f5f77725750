"""What a doctor examines: a model in training, some of its batches, and what a first pass shows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...grad_mode import no_grad
from ...graph import Node, Watcher, watching
from ...nn import Layer
from ...optim import Optimizer
from ...origin import HERE, line_text, user_line
from ...tensor import Tensor
from ..naming import Place
from .report import NotChecked
from .snapshot import unchanged

if TYPE_CHECKING:
    from .watch import Watched

NUMPY = os.path.dirname(np.__file__)
EXAMPLES = 256  # of the first batch that a pass takes

# The ops of the losses that are known.
LOSSES = (
    "cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss",
)  # fmt: skip


class Call(NamedTuple):
    """An op that ran: where, on what (its options too), and what it made."""

    place: Place
    inputs: tuple
    result: Tensor


class Record(Watcher):
    """All calls of ops, in order."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def computed(self, op: Callable, inputs: tuple, options: dict, result: Tensor) -> None:
        """Note a call."""
        name = op.__name__ if result.grad_fn is None else result.grad_fn.name
        self.calls.append(Call(Place.now(name), (*inputs, *options.values()), result))


class Forward(NamedTuple):
    """The model's output for a batch, and the calls on the way."""

    x: Tensor
    y: Any
    output: Any
    calls: list[Call]


class Pass(NamedTuple):
    """The loss of a forward, the calls that computed it, and the gradient of each parameter."""

    loss: Tensor
    calls: list[Call]
    nodes: list[Node]  # of the whole graph, the newest first
    gradients: dict[str, np.ndarray | None]

    @property
    def value(self) -> float:
        """The loss as a number."""
        return self.loss.item()


class once:
    """What functools.cached_property is, in a file of minigrad: no line of it is the user's."""

    def __init__(self, compute: Callable) -> None:
        self.compute = compute

    def __get__(self, thing: Any, owner: type) -> Any:
        value = vars(thing)[self.compute.__name__] = self.compute(thing)
        return value


class Training:
    """Model, loss and optimizer with some batches of the loader; `step` is the user's own."""

    failure: Exception  # what the model or the loss has raised

    def __init__(
        self,
        model: Layer,
        loss: Callable,
        optimizer: Optimizer,
        batches: list[tuple[Tensor, Any]],
        loader: Any,
        step: Callable | None,
    ) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.batches, self.loader, self.step = batches, loader, step
        self.given = batches  # to the step, where that normalises them and `batches` are the result
        self.line = line_text(user_line())  # where doctor was called
        self.given_modes = {layer: layer.training for layer in model.modules()}
        self.watched: Watched | None = None  # the step, once it was run

    @once
    def parameters(self) -> dict[str, Tensor]:
        """The model's parameters by name that are to be trained."""
        return {name: p for name, p in self.model.named_parameters() if p.requires_grad}

    @once
    def own(self) -> set[int]:
        """The ids of all parameters of the model, and of the loss if it has any."""
        layers = [self.model, *([self.loss] if isinstance(self.loss, Layer) else [])]
        return {id(p) for layer in layers for p in layer.parameters()}

    @once
    def optimized(self) -> dict[int, Tensor]:
        """The optimizer's tensors by id."""
        return {id(p): p for group in self.optimizer.param_groups for p in group["params"]}

    def few(self, most: int, batch: int = 0, given: bool = False) -> tuple[Tensor, Any]:
        """The first examples of a batch; all where the targets are no Tensor."""
        x, y = (self.given if given else self.batches)[batch]
        return (x[:most], y[:most]) if isinstance(y, Tensor) else (x, y)

    @once
    def forward(self) -> Forward:
        """The model on the first batch, in training mode. NotChecked if it fails."""
        x, y = self.few(EXAMPLES)
        self.model.train()
        with watching(Record()) as record:
            try:
                output = self.model(x)
            except Exception as error:
                self.failure = error
                raise NotChecked("the model fails") from error
        return Forward(x, y, output, record.calls)

    @once
    def first(self) -> Pass:
        """The loss of the first batch, and its gradients. NotChecked if it fails."""
        forward = self.forward
        with watching(Record()) as record:
            try:
                loss = self.loss(forward.output, forward.y)
            except Exception as error:
                self.failure = error
                raise NotChecked("the loss fails") from error
        check_loss(self.loss, loss)
        nodes = graph_of(loss.grad_fn)
        return Pass(loss, record.calls, nodes, self.gradients_of(loss))

    def gradients_of(self, loss: Tensor) -> dict[str, np.ndarray | None]:
        """The gradients of the parameters, which have none before and after."""
        self.model.zero_grad()
        if loss.requires_grad:
            loss.backward(retain_graph=True)
        gradients = {
            name: None if p.grad is None else p.grad.data for name, p in self.parameters.items()
        }
        self.clear()
        return gradients

    def clear(self) -> None:
        """Take all gradients away."""
        self.model.zero_grad()
        self.optimizer.zero_grad()

    @once
    def classes(self) -> int | None:
        """How many classes the outputs are scores of; None if the targets are no class numbers."""
        output, y = self.forward.output, self.batches[0][1]
        if not isinstance(output, Tensor) or not isinstance(y, Tensor):
            return None
        is_number = y.dtype.kind in "iu" and output.shape[:1] + output.shape[2:] == y.shape
        return output.shape[1] if is_number and output.ndim > 1 else None

    @once
    def loss_nodes(self) -> list[Node]:
        """The nodes of the losses that are known."""
        return [node for node in self.first.nodes if node.name in LOSSES]

    @contextmanager
    def starting_values(self) -> Iterator[None]:
        """After the block, parameters, buffers and the optimizer's state are what they were."""
        with unchanged([self.model, self.optimizer]):
            yield

    @once
    def modes_differ(self) -> bool:
        """Whether the model computes something else in eval mode, as dropout and batch norm do.

        Of a model that is frozen in part it is the layers with parameters to be trained that
        count: the others may be kept in eval mode on purpose.
        """
        x = self.forward.x[:32]
        frozen = not all(p.requires_grad for p in self.model.parameters())
        layers = [
            layer
            for layer in self.model.modules()
            if not frozen or any(p.requires_grad for p in layer.parameters())
        ]
        with self.starting_values(), no_grad():  # of chance, too
            self.model.eval()
            for layer in layers:
                layer.training = True
            trained = output_array(self.model(x))
        with self.starting_values(), no_grad():
            evaluated = output_array(self.model.eval()(x))
        return not np.array_equal(trained, evaluated, equal_nan=True)


def graph_of(end: Node | None) -> list[Node]:
    """A node and those that its result was computed by, the newest first."""
    todo, seen = [end], set()
    while todo:
        node = todo.pop()
        if isinstance(node, Node) and node not in seen:
            seen.add(node)
            todo += node.inputs
    return sorted(seen, key=lambda node: -node.order)


def output_array(output: Any) -> np.ndarray:
    """The array of a model's output, of the first where there are several."""
    while isinstance(output, (tuple, list)):
        output = output[0]
    if not isinstance(output, Tensor):
        raise NotChecked(f"the model gives no Tensor but {type(output).__name__}")
    return output.data


def check_loss(loss: Any, value: Any) -> None:
    """Refuse what is no loss to go back from."""
    name = getattr(loss, "__name__", type(loss).__name__)
    if not isinstance(value, Tensor):
        raise TypeError(
            f"doctor: loss must return a Tensor, {name} returned {type(value).__name__}; "
            "leave out .item() and .numpy() in it"
        )
    if value.numel() != 1:
        raise ValueError(
            f"doctor: loss must return one number, {name} returned shape {value.shape}; "
            'write reduction="mean", or .mean() at its end'
        )


def told(error: BaseException) -> tuple[str, str]:
    """What an error says in its first line, and the edit that it ends with."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    if "does not require grad" in line:
        return line, "leave out no_grad(), .detach() and .data between the model and backward()"
    text, _, edit = line.rpartition("; ")
    return (text, edit.removeprefix("write ")) if text else (line, "what the message says")


def raised_at(error: BaseException, default: str) -> str:
    """The user's line that an error comes from: the innermost that is not minigrad's."""
    lines = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if not code.co_filename.startswith((HERE, NUMPY)):
            lines.append(line_text((code, trace.tb_lineno)))
        trace = trace.tb_next
    return lines[-1] if lines else default
