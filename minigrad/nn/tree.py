"""Tree: the attributes of a layer, and the walks over them.

Parameters, buffers and sub-layers are ordinary attributes, to be seen as such in a debugger.
Nothing is registered: whoever asks for the parameters gets what the attributes hold at that
moment, in the order of assignment.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from ..tensor import Tensor
from .parameter import Parameter

if TYPE_CHECKING:
    from .layer import Layer

HOOKS = ("_forward_pre_hooks", "_forward_hooks")


class Tree:
    """What a layer holds: everything of `Layer` that computes nothing."""

    training: bool
    _buffers: dict[str, bool]  # name -> whether state_dict holds it
    _forward_pre_hooks: list[Callable]
    _forward_hooks: list[Callable]
    _shown: ClassVar[tuple[str, ...]] = ()  # the attributes that print(layer) shows

    def __init__(self) -> None:
        vars(self).update(training=True, _buffers={}, _forward_pre_hooks=[], _forward_hooks=[])

    def __init_subclass__(cls) -> None:
        for wrong in ("_init_", "__int__"):
            if wrong in vars(cls):
                raise TypeError(
                    f"{cls.__name__} defines {wrong}; rename it __init__, with two underscores on "
                    "each side, or Python never calls it"
                )

    def __setattr__(self, name: str, value: Any) -> None:
        own = vars(self)
        if isinstance(value, (Parameter, Tree)) and "training" not in own:
            raise RuntimeError(_init_forgotten(self))
        kind: type = Parameter if isinstance(own.get(name), Parameter) else object
        if name in own.get("_buffers", ()):
            kind = Tensor
        if not isinstance(value, (kind, type(None))):
            raise TypeError(
                f"{type(self).__name__}.{name} is a {kind.__name__} and cannot become a "
                f"{type(value).__name__}; write {name} = {kind.__name__}(...), or {name}.data[...] "
                "= values"
            )
        own[name] = value

    if not TYPE_CHECKING:  # so that a type checker still reports a misspelt attribute

        def __getattr__(self, name):
            if name in Tree.__annotations__:
                raise RuntimeError(_init_forgotten(self))
            near = difflib.get_close_matches(name, dir(self), 1)
            edit = f"; did you mean {near[0]!r}?" if near else ""
            raise AttributeError(
                f"{type(self).__name__} has no attribute {name!r}{edit}", name=name
            )

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Keep a tensor that is no parameter: `to` converts it, and state_dict holds it.

        With `persistent=False` state_dict leaves it out.
        """
        if not isinstance(tensor, (Tensor, type(None))):
            raise TypeError(
                f"{type(self).__name__}.register_buffer: {name} must be a Tensor or None, got "
                f"{type(tensor).__name__}; write minigrad.tensor(...)"
            )
        setattr(self, name, tensor)
        self._buffers[name] = persistent

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Do the same as `self.name = param`, and refuse what is no Parameter."""
        if not isinstance(param, (Parameter, type(None))):
            raise TypeError(
                f"{type(self).__name__}.register_parameter: {name} must be a Parameter or None, "
                f"got {type(param).__name__}; write Parameter(...)"
            )
        setattr(self, name, param)

    def add_module(self, name: str, module: Layer) -> None:
        """Do the same as `self.name = module`, for names made up at run time."""
        where = f"{type(self).__name__}: layer {name!r}"
        if isinstance(module, type):
            raise TypeError(f"{where} is a class; write {module.__name__}(...), with parentheses")
        if not isinstance(module, Tree):
            raise TypeError(
                f"{where} must be a Layer, got {type(module).__name__}; functions have layers too, "
                "relu is nn.ReLU()"
            )
        if not isinstance(name, str) or not name or "." in name:
            raise ValueError(f"{where}: a name must be a string, not empty and without a dot")
        taken = vars(self).get(name, getattr(type(self), name, None))
        if taken is not None and not isinstance(taken, Tree):
            raise ValueError(f"{where}: {name!r} is an attribute already; choose another name")
        setattr(self, name, module)

    def _held(self, kind: type) -> Iterator[tuple[str, Any]]:
        """(name, value) of the attributes of one kind, also inside plain lists and dicts."""
        for name, value in vars(self).items():
            if isinstance(value, kind):
                yield name, value
            elif isinstance(value, (list, tuple, dict)) and name not in HOOKS:
                yield from _inside(name, value, kind)

    def named_children(self) -> Iterator[tuple[str, Layer]]:
        """(name, layer) of the layers directly below this one, each once."""
        first_names: dict[Layer, str] = {}
        for name, layer in self._held(Tree):
            first_names.setdefault(layer, name)
        return ((name, layer) for layer, name in first_names.items())

    def children(self) -> Iterator[Layer]:
        """The layers directly below this one, each once."""
        return (layer for _, layer in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Layer]]:
        """(path, layer) of this layer and all below it, each once, from the top down."""
        seen = set()
        todo: list[tuple[str, Any]] = [(prefix, self)]
        while todo:
            path, layer = todo.pop()
            if layer not in seen:
                seen.add(layer)
                yield path, layer
                below = [(_join(path, name), child) for name, child in layer._held(Tree)]
                todo += reversed(below)

    def modules(self) -> Iterator[Layer]:
        """This layer and all below it, each once."""
        return (layer for _, layer in self.named_modules())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """(path, parameter) of this layer and those below it, each once."""
        seen = set()
        for path, layer in self.named_modules(prefix) if recurse else [(prefix, self)]:
            for name, parameter in layer._held(Parameter):
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield _join(path, name), parameter

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters of this layer and those below it: what an optimizer takes."""
        return (parameter for _, parameter in self.named_parameters("", recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Tensor]]:
        """(path, buffer) of this layer and those below it."""
        for path, layer in self.named_modules(prefix) if recurse else [(prefix, self)]:
            for name in layer._buffers:
                if getattr(layer, name) is not None:
                    yield _join(path, name), getattr(layer, name)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers of this layer and those below it."""
        return (buffer for _, buffer in self.named_buffers("", recurse))

    def get_submodule(self, target: str) -> Layer:
        """The layer at a path such as "features.3"; "" is this layer itself."""
        return _pick(self, "layer", target, self.named_modules())

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as "features.3.weight"."""
        return _pick(self, "parameter", target, self.named_parameters())

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as "bn1.running_mean"."""
        return _pick(self, "buffer", target, self.named_buffers())

    def extra_repr(self) -> str:
        """The settings that `print(layer)` shows between the parentheses."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self._shown)

    def __repr__(self) -> str:
        settings = self.extra_repr()
        parts = self._part_lines()
        if not parts and "\n" not in settings:
            return f"{type(self).__name__}({settings})"
        lines = "\n".join([*settings.splitlines(), *parts])
        return f"{type(self).__name__}(\n  " + lines.replace("\n", "\n  ") + "\n)"

    def _part_lines(self) -> list[str]:
        return [f"({name}): {layer!r}" for name, layer in self._held(Tree)]


def _inside(name: str, box: list | tuple | dict, kind: type) -> Iterator[tuple[str, Any]]:
    for key, value in box.items() if isinstance(box, dict) else enumerate(box):
        if isinstance(value, kind):
            yield f"{name}.{key}", value
        elif isinstance(value, (list, tuple, dict)):
            yield from _inside(f"{name}.{key}", value, kind)


def _pick(tree: Tree, what: str, target: str, named: Iterator[tuple[str, Any]]) -> Any:
    found = dict(named)
    if target not in found:
        near = difflib.get_close_matches(target, found, 1)
        edit = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(found)}"
        raise ValueError(f"{type(tree).__name__} has no {what} {target!r}{edit}")
    return found[target]


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _init_forgotten(tree: Tree) -> str:
    name = type(tree).__name__
    return f"{name}.__init__ must begin with super().__init__(), before it assigns layers"
