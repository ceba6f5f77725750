"""Methods that change dtype or leave the world of Tensors."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import numpy as np

from ..device import CPU, check_device, refuse_cuda
from ..device import device as Device
from ..ops import elementwise
from ..origin import called_by_user
from ..writes import hand_out
from .base import RANK, Base, cast

if TYPE_CHECKING:
    from ..tensor import Tensor


OLD_NAMES = {
    "FloatTensor": "float32", "DoubleTensor": "float64", "LongTensor": "int64",
    "IntTensor": "int32", "ByteTensor": "uint8", "BoolTensor": "bool",
}  # fmt: skip


class Conversion(Base):
    """Dtypes, copies, and the way out to NumPy and Python."""

    __slots__ = ()

    @property
    def dtype(self) -> np.dtype:
        """The type of the elements, a NumPy dtype."""
        return self.data.dtype

    @property
    def device(self) -> Device:
        """Always device("cpu")."""
        return CPU

    @property
    def is_cuda(self) -> builtins.bool:
        """Always False."""
        return False

    def to(
        self,
        *targets: Any,
        dtype: Any = None,
        device: Any = None,
        non_blocking: builtins.bool = False,
        copy: builtins.bool = False,
    ) -> Tensor:
        """This tensor in another dtype: to(dtype), to(device), to(device, dtype), to(tensor).

        The device must be the CPU. It is the tensor itself if nothing changes, unless `copy=True`.
        """
        for target in targets:
            if isinstance(target, Base):
                dtype = target.data.dtype
            elif isinstance(target, Device):
                device = target
            elif target is not None:
                try:
                    dtype = np.dtype(target)
                except TypeError:
                    device = target
        check_device(device)
        dtype = self.data.dtype if dtype is None else np.dtype(dtype)
        if dtype.kind not in RANK:
            raise TypeError(f"to: a tensor holds real numbers or booleans, not {dtype}")
        result = cast(self, dtype)
        return result.clone() if copy and result is self else result

    def type(self, dtype: Any = None, non_blocking: builtins.bool = False) -> Any:
        """This tensor in another dtype, also by an old name such as torch.FloatTensor.

        Without a dtype, the old name of its own: "torch.FloatTensor".
        """
        if dtype is None:
            names = {kind: name for name, kind in OLD_NAMES.items()}
            return f"torch.{names.get(self.dtype.name, self.dtype.name)}"
        name = getattr(dtype, "__name__", str(dtype)).removeprefix("torch.")
        return self.to(OLD_NAMES.get(name, dtype))

    def type_as(self, other: Tensor) -> Tensor:
        """This tensor in the dtype of the other."""
        return self.to(other)

    def is_floating_point(self) -> builtins.bool:
        """Whether the elements are floats."""
        return self._data.dtype.kind == "f"

    def element_size(self) -> builtins.int:
        """How many bytes an element takes."""
        return self._data.itemsize

    def pin_memory(self) -> Tensor:
        """This tensor: there is no GPU that would read it faster."""
        return self  # type: ignore[return-value]

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

    def cuda(self, device: Any = None, non_blocking: builtins.bool = False) -> None:
        """RuntimeError: there is no GPU; write `.to(device)`."""
        refuse_cuda("Tensor.cuda()")

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
