"""`save` and `load`: dicts and lists of tensors, numbers and strings in one safetensors file.

The tensors lie in the file under the path that leads to them ("weight" in a state_dict,
"model.conv1.weight" in a checkpoint), so every reader of safetensors finds a state_dict under its
own names. Everything else, the tree that holds the tensors, is JSON in the file's metadata.
Nothing in a file is ever executed.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .device import check_device
from .elements import DTYPES, from_bytes
from .tensor import Tensor

OLD_PYTORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # the magic number of its old format


def save(obj: Any, path: str | os.PathLike) -> None:
    """Write `obj` to the file `path`, under any name (.safetensors, .pt ...).

    `obj`: dicts (keys: strings, numbers, bools, None), lists and tuples, as deep as you like, of
    Tensors, NumPy arrays, numbers, strings, bools and None. A path only, no open file. An existing
    file is replaced at once when the new one is complete: there is never half a file.
    TypeError, naming the place, for what cannot be saved.

    >>> mg.save({"weight": mg.ones(2), "epoch": 3}, "run.pt")
    >>> mg.load("run.pt")["epoch"]
    3
    """
    from safetensors.numpy import save as to_bytes

    arrays: dict[str, np.ndarray] = {}
    tree = json.dumps(_encode(obj, (), arrays))
    metadata = {"minigrad": tree, "crc32": str(_checksum(tree, arrays))}
    write_file(path, to_bytes(arrays, metadata))


def load(path: str | os.PathLike, map_location: Any = None, weights_only: bool = True) -> Any:
    """Read what `save` wrote, any other .safetensors file, and what PyTorch's `torch.save` wrote.

    Of another program's .safetensors file comes a dict of Tensors; of PyTorch's (.pt, .pth) the
    dicts, lists, numbers and strings in it, Tensors without `requires_grad`. The content tells
    which it is, not the name. bfloat16 becomes float32. `map_location`, if it names a device, must
    name the CPU; `weights_only` changes nothing, for nothing in a file is ever executed.
    RuntimeError, naming the file, if it is cut short, changed, of another kind, or holds objects.

    >>> model = nn.Linear(2, 1)
    >>> mg.save(model.state_dict(), "model.safetensors")
    >>> sorted(mg.load("model.safetensors"))
    ['bias', 'weight']
    """
    from safetensors import SafetensorError, deserialize

    if not callable(map_location) and not isinstance(map_location, Mapping):
        check_device(map_location)
    content = Path(path).read_bytes()
    if content.startswith(b"PK\x03\x04"):
        return _load_pytorch(path, content)
    try:
        stored = deserialize(content)
    except SafetensorError as error:
        raise RuntimeError(f"load: {path} {_what_is_it(content)} ({error})") from None
    arrays = {name: _array(path, name, **fields) for name, fields in stored}
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    metadata = header.get("__metadata__", {})
    if "minigrad" not in metadata:
        return {name: Tensor(array) for name, array in arrays.items()}
    if metadata.get("crc32") != str(_checksum(metadata["minigrad"], arrays)):
        raise RuntimeError(
            f"load: {path} is damaged: its checksum is wrong. Use another copy of the file"
        )
    return _decode(json.loads(metadata["minigrad"]), arrays)


def _load_pytorch(path: str | os.PathLike, content: bytes) -> Any:
    from .archive import read_pytorch
    from .pickles import Refused

    try:
        return read_pytorch(content)
    except Refused as error:
        raise RuntimeError(f"load: {path} {error}") from None


def write_file(path: str | os.PathLike, content: bytes) -> None:
    """Write a file whole or not at all: beside its place first, then moved there."""
    path = Path(path)
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _encode(value: Any, place: tuple, arrays: dict[str, np.ndarray]) -> Any:
    """`value` for JSON. Lists stand for themselves; what JSON lacks is a dict with one key."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (Tensor, np.ndarray)):
        kind = "tensor" if isinstance(value, Tensor) else "array"
        return {kind: _keep(np.asarray(value), place, arrays)}
    if isinstance(value, Mapping):
        items = []
        for key, item in value.items():
            if not (key is None or isinstance(key, (bool, int, float, str))):
                raise TypeError(
                    f"save: {_spell(place)} has the key {key!r}; a key must be a string or a number"
                )
            items.append([key, _encode(item, (*place, key), arrays)])
        return {"dict": items}
    if isinstance(value, (list, tuple)):
        items = [_encode(item, (*place, i), arrays) for i, item in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else items
    edit = f"; save {_spell(place)}.state_dict()" if hasattr(value, "state_dict") else ""
    raise TypeError(
        f"save: {_spell(place)} is a {type(value).__name__}; only tensors, arrays, numbers, "
        f"strings, bools, None, and dicts, lists and tuples of them can be saved{edit}"
    )


def _keep(array: np.ndarray, place: tuple, arrays: dict[str, np.ndarray]) -> str:
    """Put the array among those of the file, and tell under which name."""
    stored_as = array.dtype.newbyteorder("<").str.replace("|b1", "?").lstrip("|")
    if stored_as not in DTYPES.values():
        raise TypeError(f"save: {_spell(place)} holds {array.dtype}, which the format cannot store")
    name = unique = ".".join(map(str, place)) or "tensor"
    copies = 1
    while unique in arrays:  # {"a.b": x, "a": {"b": y}}
        copies += 1
        unique = f"{name}#{copies}"
    arrays[unique] = np.asarray(array, stored_as, order="C")
    return unique


def _decode(node: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(node, list):
        return [_decode(item, arrays) for item in node]
    if not isinstance(node, dict):
        return node
    [(kind, content)] = node.items()
    if kind == "tensor":
        return Tensor(arrays[content])
    if kind == "array":
        return arrays[content]
    if kind == "tuple":
        return tuple(_decode(item, arrays) for item in content)
    return {key: _decode(item, arrays) for key, item in content}


def _array(
    path: str | os.PathLike, name: str, dtype: str, shape: list[int], data: bytes
) -> np.ndarray:
    if dtype not in DTYPES:
        raise RuntimeError(
            f"load: {path}: {name!r} holds {dtype}, which NumPy lacks; "
            "save it as float32 where it comes from"
        )
    return from_bytes(data, dtype).reshape(shape)


def _checksum(tree: str, arrays: dict[str, np.ndarray]) -> int:
    """One number over all that was saved: any changed byte changes it."""
    crc = zlib.crc32(tree.encode())
    for name in sorted(arrays):
        array = arrays[name]
        crc = zlib.crc32(f"{name} {array.dtype.name} {array.shape}".encode(), crc)
        crc = zlib.crc32(array.reshape(-1).view(np.uint8).data, crc)
    return crc


def _what_is_it(content: bytes) -> str:
    """Why a file that is no valid safetensors is refused."""
    if content.startswith(OLD_PYTORCH):
        return (
            "is in PyTorch's old format; where PyTorch is, write torch.save(torch.load(old), new), "
            "and load that"
        )
    if content[:1] == b"\x80" and content[8:9] != b"{":
        return (
            "is a pickle, and minigrad never unpickles, because a pickle can run any code; where "
            "it comes from, write torch.save(...) or minigrad.save(...)"
        )
    if content[8:9] == b"{":
        return "is damaged or cut short. Use another copy of the file"
    return "is no file of minigrad, safetensors or PyTorch, or its beginning is damaged"


def _spell(place: tuple) -> str:
    """A place within the object as the user would write it: obj["model"][0]."""
    return "obj" + "".join(f"[{key!r}]" for key in place)
