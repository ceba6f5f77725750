"""The file that `torch.save` writes: a zip archive, read without running anything that it says.

It holds `data.pkl`, a pickle of the dicts and lists, and the plain bytes of each storage, the
memory that tensors lie in. None is compressed, so that nothing grows when it is read.
"""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Any

from .pickles import PLAIN_FILE, Machine, Refused

DAMAGED = (
    zipfile.BadZipFile, EOFError, NotImplementedError, OSError, OverflowError, RuntimeError,
    ValueError, struct.error,
)  # fmt: skip


def read_pytorch(content: bytes) -> Any:
    """The object in a file of `torch.save`; OrderedDicts become dicts, Parameters Tensors.

    Raises Refused for whatever is no plain data, and for a damaged file.
    """
    try:
        archive = Archive(content)
        return Machine(archive.storage, archive.is_big_endian()).run(archive.read("data.pkl"))
    except DAMAGED as error:
        raise Refused(f"is damaged or cut short ({error}). Use another copy of the file") from None


class Archive:
    """The parts of the file, all in one folder of any name."""

    def __init__(self, content: bytes) -> None:
        self.zip = zipfile.ZipFile(io.BytesIO(content))
        self.left = len(content)  # parts that lie on top of each other would give more
        self.names = set(self.zip.namelist())
        found = [name for name in self.names if name.rpartition("/")[2] == "data.pkl"]
        if len(found) != 1:
            raise Refused("is a zip archive, but torch.save did not write it: it has no data.pkl")
        self.folder = found[0].removesuffix("data.pkl")
        if f"{self.folder}constants.pkl" in self.names:
            raise Refused(f"holds a program of torch.jit.save; {PLAIN_FILE}")

    def is_big_endian(self) -> bool:
        """Whether the file says that it comes from such a machine; older ones say nothing."""
        return f"{self.folder}byteorder" in self.names and self.read("byteorder") == b"big"

    def storage(self, key: str, size: int) -> bytes:
        """The bytes of a storage, which are `size`."""
        data = self.read(f"data/{key}")
        if len(data) != size:
            raise Refused(f"is damaged: data/{key} has {len(data)} bytes, not {size}")
        return data

    def read(self, part: str) -> bytes:
        """One part, whole."""
        name = self.folder + part
        if name not in self.names:
            raise Refused(f"lacks its part {name}. Use another copy of the file")
        info = self.zip.getinfo(name)
        if info.compress_type != zipfile.ZIP_STORED:
            raise Refused(f"has a compressed part, {name}, which torch.save never writes")
        self.left -= info.file_size
        if self.left < 0:
            raise Refused("is made up: its parts hold more bytes than the file")
        return self.zip.read(info)
