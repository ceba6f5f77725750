"""What a tensor's shape is."""

from __future__ import annotations

import math
from typing import Any


class Size(tuple[int, ...]):
    """A tuple of the sizes of the axes, which also knows how many elements that makes."""

    __slots__ = ()

    def numel(self) -> int:
        """How many elements a tensor of this size has."""
        return math.prod(self)

    def __getitem__(self, key: Any) -> Any:
        part = tuple.__getitem__(self, key)
        return Size(part) if type(key) is slice else part
