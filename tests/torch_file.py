"""Files like those of torch.save, put together by hand: a pickle's operations and the storages."""

import io
import struct
import zipfile

import numpy as np

SIX = np.arange(6, dtype="<f4").tobytes()  # the storage of the floats 0 to 5
FLOATS = b"ctorch\nFloatStorage\n"
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n"
ORDERED = b"ccollections\nOrderedDict\n)R"


def text(string):
    return b"X" + struct.pack("<I", len(string)) + string.encode()


def number(n):
    return (
        b"J" + struct.pack("<i", n)
        if -(2**31) <= n < 2**31
        else b"\x8a\x09" + n.to_bytes(9, "little")
    )


def storage(key="0", kind=FLOATS, elements=6):
    return b"(" + text("storage") + kind + text(key) + text("cpu") + number(elements) + b"tQ"


def tensor(size, stride, offset=0, memory=None):
    numbers = [b"(" + b"".join(map(number, values)) + b"t" for values in (size, stride)]
    memory = storage() if memory is None else memory
    return TENSOR + b"(" + memory + number(offset) + b"".join(numbers) + b"\x89" + ORDERED + b"tR"


def archive(program, parts=None, **options):
    parts = {"data/0": SIX} if parts is None else parts
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", **options) as file:
        file.writestr("net/data.pkl", b"\x80\x02" + program + b".")
        for name, data in parts.items():
            file.writestr(f"net/{name}", data)
    return content.getvalue()
