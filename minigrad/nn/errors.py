"""An error that leaves a layer says where in the model that layer sits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..methods.base import need_tensor
from ..tensor import Tensor

if TYPE_CHECKING:
    from .layer import Layer


def locate(error: Exception, layer: Layer, inputs: tuple[Any, ...]) -> None:
    """Let the message of `error` begin with the path of the layer it comes from.

    Each layer that the error passes on its way out calls this, the innermost first: that one
    notes itself and its hint, the others put their part of the path in front. Afterwards
    `error.layer` is the innermost layer and `error.layer_path` its path below the outermost.
    An exception of another class (a user's own, say) is left as it is.
    """
    if type(error) not in (ValueError, TypeError, RuntimeError, IndexError):
        return
    notes = vars(error)
    if "layer" not in notes:
        about_shape = type(error) is ValueError and inputs and isinstance(inputs[0], Tensor)
        hint = layer._hint(inputs[0]) if about_shape else ""
        notes.update(layer=layer, layer_path="", text=f"{error}{hint}", outermost=layer)
    else:
        name = next((name for name, m in layer.named_modules() if m is notes["outermost"]), "")
        notes["layer_path"] = ".".join(filter(None, [name, notes["layer_path"]]))
        notes["outermost"] = layer
    path, raiser = notes["layer_path"], _one_line(notes["layer"])
    error.args = (f"{path} ({raiser}): {notes['text']}" if path else f"{raiser}: {notes['text']}",)


def refuse_no_tensor(error: AttributeError, layer: Layer, inputs: tuple[Any, ...]) -> None:
    """Say that a layer was given several Tensors or none, where that is why it lacks a method."""
    if not inputs or error.obj is not inputs[0]:
        return
    try:
        need_tensor("forward", inputs[0])
    except TypeError as reason:
        locate(reason, layer, inputs)
        raise reason from error


def _one_line(layer: Layer) -> str:
    """A layer in one line: with its settings, or only its class if it holds other layers."""
    name = type(layer).__name__
    return name if any(layer.children()) else f"{name}({layer.extra_repr()})"
