"""torch.cuda.amp: the older names of torch.amp."""

from __future__ import annotations

import warnings
from typing import Any

from .. import amp
from ..amp import GradScaler as GradScaler


class autocast(amp.autocast):
    """A block in which nothing changes, and a warning that says so unless `enabled=False`."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        if enabled:
            warnings.warn(f"autocast: {amp.ALL_FLOAT32}", stacklevel=2)
