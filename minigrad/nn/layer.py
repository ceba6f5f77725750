"""Layer: what a model and each of its parts can do with the parameters they hold."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, ParamSpec, Protocol, TypeVar

import numpy as np

from ..graph import running
from ..tensor import RemovableHandle, Tensor
from .errors import locate, refuse_no_tensor
from .parameter import Parameter
from .state import explain
from .tree import Tree

P = ParamSpec("P")
R = TypeVar("R", covariant=True)
Self = TypeVar("Self", bound="Layer")


class HasForward(Protocol[P, R]):
    """Lets a type checker see through `layer(...)` to `layer.forward(...)`."""

    def forward(self, *inputs: P.args, **options: P.kwargs) -> R:
        """Stand for the forward of any layer."""


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` left alone: names of the model, and names of the state_dict."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Layer(Tree):
    """Base class of all layers and models; PyTorch's name for it, `Module`, is the same object.

    A subclass calls `super().__init__()` first, assigns its Parameters and Layers to attributes,
    and defines `forward`; `layer(x)` runs it. Layers and Parameters in plain lists, tuples and
    dicts are found too (PyTorch needs a ModuleList there), under keys such as `blocks.0.weight`.

    >>> class Net(nn.Layer):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.conv = nn.Conv2d(1, 8, 3)
    ...         self.fc = nn.Linear(8 * 6 * 6, 10)
    ...     def forward(self, x):
    ...         return self.fc(self.conv(x).relu().flatten(1))
    >>> Net()(mg.zeros(2, 1, 8, 8)).shape
    (2, 10)
    """

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Compute the layer's output; each subclass defines its own."""
        near = difflib.get_close_matches("forward", vars(type(self)), 1)
        edit = f"rename {near[0]} to forward" if near else "define forward(self, x)"
        raise NotImplementedError(f"{type(self).__name__} has no forward method; {edit}")

    if TYPE_CHECKING:

        def __call__(self: HasForward[P, R], *inputs: P.args, **options: P.kwargs) -> R:
            """Run `forward`."""
            return self.forward(*inputs, **options)

    else:

        def __call__(self, *inputs, **options):
            """Run `forward`, the hooks around it, and name this layer in an error."""
            before, running.layers = running.layers, (self, running.layers)
            if before is None:
                running.ran = []
            try:
                if self._forward_hooks or self._forward_pre_hooks:
                    output = self._forward_with_hooks(inputs, options)
                else:
                    output = self.forward(*inputs, **options)
                running.ran.append((self, getattr(output, "shape", None)))
                return output
            except AttributeError as error:
                refuse_no_tensor(error, self, inputs)
                raise
            except Exception as error:
                locate(error, self, inputs)
                raise
            finally:
                running.layers = before
                if before is None:
                    running.ran = ()

    def _forward_with_hooks(self, inputs: tuple, options: dict[str, Any]) -> Any:
        for hook in list(self._forward_pre_hooks):
            changed = hook(self, inputs)
            if changed is not None:
                inputs = changed if isinstance(changed, tuple) else (changed,)
        output = self.forward(*inputs, **options)
        for hook in list(self._forward_hooks):
            changed = hook(self, inputs, output)
            if changed is not None:
                output = changed
        return output

    def register_forward_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(layer, inputs)` before each forward; `.remove()` on the result ends that.

        `inputs` is a tuple. What the hook returns, if not None, takes its place.
        """
        return RemovableHandle(self._forward_pre_hooks, hook)

    def register_forward_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(layer, inputs, output)` after each forward; `.remove()` ends that.

        What the hook returns, if not None, takes the output's place.

        >>> layer = nn.Linear(2, 3)
        >>> handle = layer.register_forward_hook(lambda layer, inputs, y: print(y.shape))
        >>> _ = layer(mg.zeros(5, 2))
        (5, 3)
        >>> handle.remove()
        """
        return RemovableHandle(self._forward_hooks, hook)

    def _hint(self, x: Tensor) -> str:
        """What an error about the input `x` should add: the edit that makes the layer fit it."""
        return ""

    _sees_all: ClassVar[bool] = False  # does each output pixel depend on the whole map?

    def _multiply_adds(self, x: Any, output: Any) -> int:
        """Those that this layer does itself for this input; the layers in it count their own."""
        return 0

    def apply(self: Self, fn: Callable[[Layer], Any]) -> Self:
        """Call `fn` on every layer, the innermost first and this one last: for initialisation."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self: Self, mode: bool = True) -> Self:
        """Switch this layer and those below it to training: dropout drops, batch norm measures."""
        if not isinstance(mode, bool):
            raise ValueError(f"{type(self).__name__}.train: mode must be a bool, got {mode!r}")
        for layer in self.modules():
            layer.training = mode
        return self

    def eval(self: Self) -> Self:
        """Switch this layer and those below it to evaluation; the same as `train(False)`."""
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Take the gradients away from all parameters, or fill them with zeros."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad = Tensor(np.zeros_like(parameter.grad.data))

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Let all parameters ask for gradients, or freeze them with `requires_grad_(False)`."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Convert floating parameters and buffers in place; takes what `Tensor.to` takes.

        A floating dtype, the device "cpu" (there is no other), or both.
        """
        tensors = [t for t in [*self.parameters(), *self.buffers()] if t.data.dtype.kind == "f"]
        arrays = [tensor.detach().to(*args, **kwargs).data for tensor in tensors]
        for tensor, array in zip(tensors, arrays, strict=True):
            if array.dtype.kind != "f":
                raise TypeError(
                    f"{type(self).__name__}.to: parameters need a floating dtype, got {array.dtype}"
                )
            tensor.data = array
            if tensor.grad is not None:
                tensor.grad = tensor.grad.to(array.dtype)
        return self

    def float(self: Self) -> Self:
        """Convert floating parameters and buffers to float32."""
        return self.to(np.float32)

    def double(self: Self) -> Self:
        """Convert floating parameters and buffers to float64."""
        return self.to(np.float64)

    def cpu(self: Self) -> Self:
        """Return the layer as it is: minigrad computes on the CPU only."""
        return self

    def _state(self, prefix: str = "") -> dict[str, Tensor]:
        """All parameters and persistent buffers by path; a shared one under each of its paths."""
        state = {prefix + name: parameter for name, parameter in self._held(Parameter)}
        for name, buffer in self.named_buffers(recurse=False):
            if self._buffers[name]:
                state[prefix + name] = buffer
        for name, layer in self._held(Layer):
            state.update(layer._state(f"{prefix}{name}."))
        return state

    def state_dict(self, *, prefix: str = "") -> dict[str, Tensor]:
        """All parameters and persistent buffers by path, in PyTorch's names and layouts.

        The tensors share the model's memory: `copy.deepcopy` the dict to keep this moment.

        >>> list(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).state_dict())
        ['0.weight', '0.bias', '2.weight', '2.bias']
        """
        return {key: tensor.detach() for key, tensor in self._state(prefix).items()}

    def load_state_dict(
        self, state_dict: Mapping[str, Tensor | np.ndarray], strict: bool = True
    ) -> IncompatibleKeys:
        """Copy the values of `state_dict` into the parameters and buffers of the same names.

        A shape that differs is an error, and so is, unless `strict=False`, a name that only one
        side has. The error lists all of them, with the renames that would help, and nothing is
        loaded. Returns the names that were skipped.
        """
        own = self._state()
        given = _arrays(type(self).__name__, state_dict)
        shapes = {key: tensor.shape for key, tensor in own.items()}
        problem = explain(
            type(self).__name__, shapes, {key: a.shape for key, a in given.items()}, strict
        )
        if problem:
            raise RuntimeError(problem)
        for key in own.keys() & given.keys():
            own[key].data[...] = given[key]
            own[key].written("load_state_dict")
        return IncompatibleKeys(
            [key for key in own if key not in given], [key for key in given if key not in own]
        )


Module = Layer


def _arrays(owner: str, state_dict: Mapping[str, Tensor | np.ndarray]) -> dict[str, np.ndarray]:
    where = f"{owner}.load_state_dict"
    if not isinstance(state_dict, Mapping):
        raise TypeError(
            f"{where}: expected a dict of tensors, got {type(state_dict).__name__}; "
            "from a file, write load_state_dict(minigrad.load(path))"
        )
    arrays = {}
    for key, value in state_dict.items():
        if isinstance(value, Mapping):
            raise TypeError(
                f"{where}: {key!r} holds another dict, so this is a whole checkpoint; "
                f"write load_state_dict(checkpoint[{key!r}])"
            )
        if not isinstance(value, (Tensor, np.ndarray)):
            kind, edit = type(value).__name__, ""
            if hasattr(value, "numpy"):  # a tensor of another library
                kind = f"{type(value).__module__}.{kind}"
                edit = "; write load_state_dict({k: v.numpy() for k, v in state.items()})"
            raise TypeError(f"{where}: {key!r} must be a Tensor, got {kind}{edit}")
        arrays[key] = value.data if isinstance(value, Tensor) else value
    return arrays
