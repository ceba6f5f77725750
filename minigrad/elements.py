"""Arrays from the bytes of a file, little-endian unless it says otherwise."""

from __future__ import annotations

import numpy as np

# The names that safetensors gives to the types of elements, and NumPy's.
DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "BOOL": "?",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1",
}  # fmt: skip


def from_bytes(data: bytes, dtype: str, big_endian: bool = False) -> np.ndarray:
    """A new array (n,) of the elements in `data`; bfloat16 becomes float32."""
    stored = np.dtype(DTYPES[dtype])
    array = np.frombuffer(data, stored.newbyteorder(">") if big_endian else stored)
    if dtype == "BF16":  # the upper half of a float32
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(array.dtype.newbyteorder("="))  # a copy, so that it can be written to
