"""From a list of samples to one batch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...tensor import Tensor


def default_collate(samples: Sequence, indices: Sequence | np.ndarray | None = None) -> Any:
    """Stack samples along a new first axis.

    Tensors and arrays are stacked into a Tensor; ints become int64; Python floats become float32
    (PyTorch: float64); strings stay a list; tuples, lists and dicts are collated field by field.
    Unequal shapes raise ValueError; `indices` are the samples' numbers in their data set, for
    that message.
    """
    first = samples[0]
    if isinstance(first, (Tensor, np.ndarray)):
        return _stack(samples, range(len(samples)) if indices is None else indices)
    if isinstance(first, (str, bytes)):
        return list(samples)
    if isinstance(first, np.generic):
        return Tensor(np.array(samples))
    if isinstance(first, bool):
        return Tensor(np.array(samples, bool))
    if isinstance(first, int):
        return Tensor(np.array(samples, np.int64))
    if isinstance(first, float):
        return Tensor(np.array(samples, np.float32))
    if isinstance(first, Mapping):
        return {key: default_collate([s[key] for s in samples], indices) for key in first}
    if isinstance(first, (tuple, list)):
        return _collate_fields(samples, indices)
    raise TypeError(
        f"default_collate: cannot batch samples of type {type(first).__name__}; let the data set "
        "return tensors, arrays, numbers, strings, or tuples and dicts of them "
        "(for an image: add transforms.ToTensor()), or pass collate_fn="
    )


def _stack(samples: Sequence, indices: Sequence | np.ndarray) -> Tensor:
    arrays = [s.data if isinstance(s, Tensor) else np.asarray(s) for s in samples]
    for array, index in zip(arrays, indices, strict=True):
        if array.shape != arrays[0].shape:
            raise ValueError(
                f"default_collate: sample {indices[0]} has shape {arrays[0].shape} and sample "
                f"{index} has shape {array.shape}; a batch needs equal shapes: resize or crop in "
                "the transform, or pass collate_fn="
            )
    return Tensor(np.stack(arrays))


def _collate_fields(samples: Sequence, indices: Sequence | np.ndarray | None) -> Any:
    lengths = sorted({len(s) for s in samples})
    if len(lengths) > 1:
        raise ValueError(
            f"default_collate: the samples have {lengths} fields; each sample of a batch needs "
            "the same number, or pass collate_fn="
        )
    fields = [default_collate(field, indices) for field in zip(*samples, strict=True)]
    first = samples[0]
    return type(first)(*fields) if hasattr(first, "_fields") else fields
