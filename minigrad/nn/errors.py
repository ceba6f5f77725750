"""An error that leaves a layer says where in the model that layer sits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph import running
from ..methods.base import need_tensor
from ..origin import HERE, line_text, user_line
from ..tensor import Tensor

if TYPE_CHECKING:
    from .layer import Layer

MOST_ROWS = 15  # of the shapes that a message lists
SHAPE_WORDS = "shape", "channels", "features", "elements", "covers", "size"


def locate(error: Exception, layer: Layer, inputs: tuple[Any, ...]) -> None:
    """Let the message of `error` begin with the path of the layer it comes from.

    Each layer that the error passes on its way out calls this, the innermost first: that one
    notes itself, the user's line and its hint, the others put their part of the path in front, and
    the outermost adds what ran before, if shapes did not fit. The error then has the attributes
    `layer`, the innermost layer; `layer_path`, its path below the outermost; `line`, the user's
    that called it; `got`, the shape of its input; and `ran`, (path, layer, shape) of each layer
    that was through. An exception of another class (a user's own, say) is left as it is.
    """
    if type(error) not in (ValueError, TypeError, RuntimeError, IndexError):
        return
    notes = vars(error)
    if "layer" not in notes:
        got = inputs[0].shape if inputs and isinstance(inputs[0], Tensor) else None
        hint = layer._hint(inputs[0]) if type(error) is ValueError and got is not None else ""
        notes.update(layer=layer, layer_path="", text=f"{error}{hint}", outermost=layer)
        notes.update(got=got, line=line_text(user_line()), ran=[])
    else:
        name = next((name for name, m in layer.named_modules() if m is notes["outermost"]), "")
        notes["layer_path"] = ".".join(filter(None, [name, notes["layer_path"]]))
        notes["outermost"] = layer
    path, raiser = notes["layer_path"], _one_line(notes["layer"])
    error.args = (f"{path} ({raiser}): {notes['text']}" if path else f"{raiser}: {notes['text']}",)
    if running.layers == (layer, None) and _about_shapes(error):
        names = {m: name for name, m in layer.named_modules()}
        notes["ran"] = [(names[m], m, shape) for m, shape in running.ran if m in names]
        error.args = (error.args[0] + _what_ran(notes, inputs),)


def _about_shapes(error: Exception) -> bool:
    """Whether minigrad says so of a shape; a ValueError of the user's own stays as it is."""
    raised = error.__traceback__
    while raised is not None and raised.tb_next is not None:
        raised = raised.tb_next
    ours = raised is not None and raised.tb_frame.f_code.co_filename.startswith(HERE)
    return ours and type(error) is ValueError and any(word in str(error) for word in SHAPE_WORDS)


def _what_ran(notes: dict[str, Any], inputs: tuple[Any, ...]) -> str:
    """A table of the shapes on the way to the layer that failed; of composed layers their parts."""
    shape = inputs[0].shape if inputs and isinstance(inputs[0], Tensor) else None
    rows: list[tuple[str, str, Any]] = [("the input", "", shape)]
    rows += [(p, type(m).__name__, s) for p, m, s in notes["ran"] if not any(m.children())]
    if len(rows) < 2:
        return ""
    rows.append((notes["layer_path"] or "here", type(notes["layer"]).__name__, "does not fit"))
    left = max(0, len(rows) - MOST_ROWS)
    widths = [max(len(row[i]) for row in rows[left:]) for i in range(2)]
    lines = [f"  {p:{widths[0]}}  {kind:{widths[1]}}  {what}" for p, kind, what in rows[left:]]
    above = [f"  ({left} more)"] if left else []
    called = f"\nCalled at {notes['line']}. The shapes on the way, (N, C, H, W) for images:"
    return "\n".join([called, *above, *lines])


def refuse_no_tensor(error: AttributeError, layer: Layer, inputs: tuple[Any, ...]) -> None:
    """Say that a layer was given several Tensors or none, where that is why it lacks a method."""
    if not inputs or error.obj is not inputs[0]:
        return
    try:
        need_tensor("forward", inputs[0])
    except TypeError as reason:
        locate(reason, layer, inputs)
        raise reason from error


# in-place methods of torch's .data, and how nn.init does the same
INSTEAD = {
    "normal_": "nn.init.normal_(layer.weight, 0.0, 0.02)",
    "uniform_": "nn.init.uniform_(layer.weight, -0.1, 0.1)",
    "fill_": "nn.init.constant_(layer.bias, 0.1)",
    "zero_": "nn.init.zeros_(layer.bias)",
}


def refuse_array_method(error: AttributeError) -> None:
    """Raise TypeError where `array_method` has something to say of the error."""
    text = array_method(error)
    if text:
        raise TypeError(text) from error


def array_method(error: Exception) -> str:
    """What to write for `layer.weight.data.normal_(0.0, 0.02)`: here .data is a plain array.

    "" for any other error.
    """
    name = getattr(error, "name", None) or ""
    if not isinstance(getattr(error, "obj", None), np.ndarray) or not hasattr(Tensor, name):
        return ""
    edit = f"w.detach().{name}(...) in place of w.data.{name}(...)"
    if name.endswith("_"):
        inside = f"w.{name}(...), without .data, inside of `with minigrad.no_grad():`"
        edit = INSTEAD.get(name, inside)
    return f".data is a plain NumPy array, which has no method {name}; write {edit}"


def _one_line(layer: Layer) -> str:
    """A layer in one line: with its settings, or only its class if it holds other layers."""
    name = type(layer).__name__
    return name if any(layer.children()) else f"{name}({layer.extra_repr()})"
