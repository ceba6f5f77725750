"""Methods that change dtype or leave the world of Tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops import elementwise
from ..origin import called_by_user
from ..writes import hand_out
from .base import RANK, Base, cast

if TYPE_CHECKING:
    from ..tensor import Tensor


def check_device(device: Any) -> None:
    """minigrad computes on the CPU; any other device is refused."""
    if str(device) != "cpu":
        raise ValueError(f'minigrad runs on the CPU only: use device="cpu", got {str(device)!r}')


class Conversion(Base):
    """Dtypes, copies, and the way out to NumPy and Python."""

    __slots__ = ()

    @property
    def dtype(self) -> np.dtype:
        """The type of the elements, a NumPy dtype."""
        return self.data.dtype

    @property
    def device(self) -> str:
        """Always "cpu"."""
        return "cpu"

    def to(self, target: Any = None, *, dtype: Any = None, device: Any = None) -> Tensor:
        """This tensor in another dtype. A device is accepted if it is the CPU."""
        if isinstance(target, Base):
            dtype = target.data.dtype
        elif target is not None:
            try:
                dtype = np.dtype(target)
            except TypeError:
                device = target
        if device is not None:
            check_device(device)
        dtype = self.data.dtype if dtype is None else np.dtype(dtype)
        if dtype.kind not in RANK:
            raise TypeError(f"to: a tensor holds real numbers or booleans, not {dtype}")
        return cast(self, dtype)

    type = to

    def float(self) -> Tensor:
        """As float32."""
        return cast(self, np.dtype(np.float32))

    def double(self) -> Tensor:
        """As float64."""
        return cast(self, np.dtype(np.float64))

    def long(self) -> Tensor:
        """As int64."""
        return cast(self, np.dtype(np.int64))

    def int(self) -> Tensor:
        """As int32."""
        return cast(self, np.dtype(np.int32))

    def bool(self) -> Tensor:
        """True where an element is not zero."""
        return cast(self, np.dtype(np.bool_))

    def cpu(self) -> Tensor:
        """This tensor: it is on the CPU already."""
        return self  # type: ignore[return-value]

    def contiguous(self) -> Tensor:
        """This tensor: how its elements lie in memory is no concern of the user."""
        return self  # type: ignore[return-value]

    def clone(self) -> Tensor:
        """A copy; gradients flow through it."""
        return self._apply(elementwise.astype, self, dtype=self.data.dtype)

    def item(self) -> Any:
        """The value of a tensor of one element, as a Python number."""
        if self.data.size != 1:
            raise RuntimeError(
                f"item: a tensor of shape {self.data.shape} has {self.data.size} elements, only "
                "one can become a Python number; use .tolist(), or reduce it, e.g. .mean().item()"
            )
        return self.data.item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return self.data.tolist()

    def numpy(self) -> np.ndarray:
        """The array itself, memory shared. A tensor that requires grad must be detached first."""
        if self._requires_grad:
            raise RuntimeError(
                "numpy: this tensor requires grad, and NumPy would not record what you compute "
                "with it; write x.detach().numpy()"
            )
        if called_by_user():
            hand_out(self._data, "numpy()")
        return self._data

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        # Detaches, so that plt.plot(losses) works.
        if called_by_user():
            hand_out(self._data, "np.asarray")
        return np.array(self._data, dtype=dtype, copy=copy)
