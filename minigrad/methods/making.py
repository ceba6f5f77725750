"""Methods that make another tensor of this one's dtype: x.new_zeros(2, 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..device import check_device
from ..ops import elementwise
from .base import Base
from .shaping import flat

if TYPE_CHECKING:
    from ..tensor import Tensor


class Making(Base):
    """New tensors; `dtype=`, by default this tensor's, and `requires_grad=` as in `zeros`."""

    __slots__ = ()

    def new_full(
        self,
        size: Sequence[int],
        fill_value: float,
        dtype: Any = None,
        requires_grad: bool = False,
        device: Any = None,
    ) -> Tensor:
        """A tensor of shape `size`, every element `fill_value`."""
        check_device(device)
        dtype = self.data.dtype if dtype is None else dtype
        made = self._apply(elementwise.filled, fill_value, shape=flat((size,)), dtype=dtype)
        return made.requires_grad_(requires_grad)

    def new_zeros(self, *size: Any, **options: Any) -> Tensor:
        """A tensor of zeros: new_zeros(2, 3) or new_zeros((2, 3))."""
        return self.new_full(flat(size), 0, **options)

    def new_ones(self, *size: Any, **options: Any) -> Tensor:
        """A tensor of ones: new_ones(2, 3) or new_ones((2, 3))."""
        return self.new_full(flat(size), 1, **options)

    new_empty = new_zeros

    def new_tensor(
        self, data: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None
    ) -> Tensor:
        """A copy of `data`, numbers or nested lists of them."""
        check_device(device)
        dtype = self.data.dtype if dtype is None else dtype
        array = np.asarray(data.data if isinstance(data, Base) else data)
        return self._apply(elementwise.astype, array, dtype=dtype).requires_grad_(requires_grad)
