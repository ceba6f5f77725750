"""Devices: there is one, the CPU, and every other is refused with the edit."""

from __future__ import annotations

from typing import Any

CHOOSE = 'device = torch.device("cuda" if torch.cuda.is_available() else "cpu")'


class device:
    """`device("cpu")`: where a tensor is. Equal to another device of the same type and index.

    ValueError, with the edit, for any other than the CPU.
    """

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, type: str | device, index: int | None = None) -> None:
        kind, colon, number = str(type).partition(":")
        if colon and number.isdecimal() and index is None:
            index, colon = int(number), ""
        if kind != "cpu" or colon or index not in (None, 0):
            came = repr(str(type)) if index is None or ":" in str(type) else f"{kind!r}, {index}"
            raise ValueError(
                f'device: minigrad runs on the CPU only, use device="cpu", got {came}. Write\n'
                '  device = "cpu"\nor, for scripts that also run with PyTorch,\n'
                f"  {CHOOSE}"
            )
        object.__setattr__(self, "type", kind)
        object.__setattr__(self, "index", index)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"device.{name} cannot be changed; write device(...) for another")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple:
        return device, (str(self),)

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{index})"


CPU = device("cpu")


def check_device(wanted: Any) -> None:
    """ValueError, with the edit, for any device but the CPU; None stands for it too."""
    if wanted is not None:
        device(wanted)


def refuse_cuda(where: str) -> None:
    """What `.cuda()` says."""
    raise RuntimeError(
        f"{where}: minigrad runs on the CPU only; leave .cuda() out, or write .to(device) after\n"
        f"  {CHOOSE}"
    )
