"""Layers that hold layers: one after the other, in a list, in a dict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, TypeVar, overload

from ..tensor import Tensor
from .layer import Layer
from .parameter import Parameter

Self = TypeVar("Self", bound="Numbered")


class Numbered(Layer):
    """What Sequential, ModuleList and ParameterList share: a list kept in attributes 0, 1, 2 ..."""

    _kind: type = Layer

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__()
        self.extend(items)

    def _items(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self).items() if isinstance(v, self._kind)}

    def _replace(self, items: Mapping[str, Any]) -> None:
        for name in self._items():
            delattr(self, name)
        for name, item in items.items():
            self._put(name, item)

    def _put(self, name: str, item: Any) -> None:
        self.add_module(name, item)

    def __len__(self) -> int:
        return len(self._items())

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._items().values()))

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self: Self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self._part(index)
        return list(self)[self._position(index)]

    def _part(self, index: slice) -> Any:
        return type(self)(list(self)[index])

    def __setitem__(self, index: int, item: Any) -> None:
        self._put(list(self._items())[self._position(index)], item)

    def __delitem__(self, index: int | slice) -> None:
        items = list(self)
        del items[index if isinstance(index, slice) else self._position(index)]
        self._replace({str(i): item for i, item in enumerate(items)})

    def _position(self, index: int) -> int:
        n = len(self)
        if not -n <= index < n:
            raise IndexError(f"{type(self).__name__}: index {index} is out of range, it holds {n}")
        return index

    def append(self: Self, item: Any) -> Self:
        """Add one at the end; returns itself."""
        self._put(str(len(self)), item)
        return self

    def insert(self, index: int, item: Any) -> None:
        """Put one in front of `index`; those behind it are renumbered."""
        items = list(self)
        items.insert(index, item)
        self._replace({str(i): item for i, item in enumerate(items)})

    def extend(self: Self, items: Iterable[Any]) -> Self:
        """Add several at the end; returns itself."""
        for item in list(items):
            self.append(item)
        return self


class Sequential(Numbered):
    """Layers run one after the other: `Sequential(a, b)(x)` is `b(a(x))`.

    One dict in place of the layers names them: `Sequential({"conv": a, "relu": b})`.

    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    >>> model(mg.zeros(5, 4)).shape
    (5, 3)
    >>> model[0]
    Linear(in_features=4, out_features=8, bias=True)
    """

    def __init__(self, *layers: Layer | Mapping[str, Layer]) -> None:
        super().__init__()
        if len(layers) == 1 and isinstance(layers[0], Mapping):
            self._replace(layers[0])
        elif layers and isinstance(layers[0], (list, tuple)):
            raise TypeError("Sequential takes layers, got a list; write Sequential(*layers)")
        else:
            self.extend(layers)

    def forward(self, x: Any) -> Any:
        """Run all layers in order."""
        for layer in self:
            x = layer(x)
        return x

    def _part(self, index: slice) -> Any:
        return Sequential(dict(list(self._items().items())[index]))


class ModuleList(Numbered):
    """A list of layers. It computes nothing itself: `for layer in self.layers: x = layer(x)`.

    >>> layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
    >>> len(layers), len(list(layers.parameters()))
    (3, 6)
    """

    def __init__(self, modules: Iterable[Layer] = ()) -> None:
        super().__init__(modules)

    def forward(self, *inputs: Any) -> Any:
        """Refuse: a list has no forward of its own."""
        raise RuntimeError(
            "a ModuleList computes nothing; write `for layer in layers: x = layer(x)`, or make it "
            "a Sequential"
        )

    def _part_lines(self) -> list[str]:
        """As `(0-2): 3 x ReLU()` where neighbours read the same."""
        lines, start = [], 0
        for text, same in groupby(repr(layer) for layer in self):
            count = len(list(same))
            many = f"({start}-{start + count - 1}): {count} x {text}"
            lines.append(many if count > 1 else f"({start}): {text}")
            start += count
        return lines


class ParameterList(Numbered):
    """A list of parameters; Tensors become Parameters."""

    _kind = Parameter

    def __init__(self, values: Iterable[Tensor] = ()) -> None:
        super().__init__(values)

    def _put(self, name: str, item: Any) -> None:
        setattr(self, name, item if isinstance(item, Parameter) else Parameter(item))

    def _part_lines(self) -> list[str]:
        return [
            f"({name}): Parameter containing: [{p.dtype} of size {'x'.join(map(str, p.shape))}]"
            for name, p in self._items().items()
        ]


class ModuleDict(Layer):
    """A dict of layers. It computes nothing itself: `self.heads[name](x)`."""

    def __init__(self, modules: Mapping[str, Layer] | Iterable[tuple[str, Layer]] = ()) -> None:
        super().__init__()
        self.update(modules)

    def update(self, modules: Mapping[str, Layer] | Iterable[tuple[str, Layer]]) -> None:
        """Add or replace several."""
        for name, layer in dict(modules).items():
            self[name] = layer

    def __getitem__(self, name: str) -> Layer:
        layers = dict(self.items())
        if name not in layers:
            raise KeyError(f"ModuleDict has no layer {name!r}; it holds {', '.join(layers)}")
        return layers[name]

    def __setitem__(self, name: str, layer: Layer) -> None:
        self.add_module(name, layer)

    def __delitem__(self, name: str) -> None:
        self.pop(name)

    def pop(self, name: str) -> Layer:
        """Take a layer out and return it."""
        layer = self[name]
        delattr(self, name)
        return layer

    def __len__(self) -> int:
        return len(self.items())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, name: str) -> bool:
        return name in self.keys()

    def keys(self) -> list[str]:
        """The names."""
        return [name for name, _ in self.items()]

    def values(self) -> list[Layer]:
        """The layers."""
        return [layer for _, layer in self.items()]

    def items(self) -> list[tuple[str, Layer]]:
        """The pairs of name and layer."""
        return [(name, v) for name, v in vars(self).items() if isinstance(v, Layer)]
