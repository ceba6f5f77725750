"""The table of cases typed once, run in minigrad and in torch."""

from types import BuiltinFunctionType, CellType, FunctionType, MethodDescriptorType

import numpy as np
import pytest
import torch
from beside import assert_same
from cases import CASES, CASES_WITHOUT_GRADIENT

import minigrad as mg
from minigrad import Tensor
from minigrad.nn import functional as F


class TorchTensor:
    """torch.Tensor's methods; called on a class, Tensor(array) shares memory as ours does."""

    def __new__(cls, array):
        return torch.from_numpy(np.asarray(array))


def in_torch(value):
    """torch's function of the same name; a test's own function with torch in minigrad's place."""
    if value is mg:
        return torch
    if value is F:
        return torch.nn.functional
    if value is Tensor:
        return TorchTensor
    name = getattr(value, "__name__", None)
    if isinstance(value, (FunctionType, MethodDescriptorType, BuiltinFunctionType)):
        if getattr(F, name, None) is value:
            return getattr(torch.nn.functional, name)
        if getattr(Tensor, name, None) is value:
            return getattr(torch.Tensor, name)
        if getattr(mg, name, None) is value:
            return getattr(torch, name)
        if isinstance(value, FunctionType):
            return rewritten(value)
    return value


def rewritten(f):
    """The same code with torch in the place of minigrad, in globals, defaults and closure."""
    names = {
        name: in_torch(value)
        for name, value in f.__globals__.items()
        if name in ("mg", "F", "Tensor")
    }
    cells = tuple(CellType(in_torch(cell.cell_contents)) for cell in f.__closure__ or ())
    defaults = tuple(in_torch(d) for d in f.__defaults__ or ())
    copy = FunctionType(f.__code__, {**f.__globals__, **names}, f.__name__, defaults, cells)
    copy.__kwdefaults__ = f.__kwdefaults__
    return copy


NOT_THE_SAME = {
    "F.dropout": "random numbers of its own",
    "F.dropout1d": "random numbers of its own",
    "F.dropout2d": "random numbers of its own",
    "F.dropout3d": "random numbers of its own",
    "F.hardsigmoid": "torch rounds 1/6 to float32 in its gradient",
    "Tensor.scatter_add": "torch has no gradient for a src larger than the index",
}


def torch_arguments(case):
    """Options as torch takes them: no arrays, and its own names."""
    return {
        k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in case.options.items()
    }


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's own
@pytest.mark.parametrize(
    "case", [c for c in [*CASES, *CASES_WITHOUT_GRADIENT] if c.name not in NOT_THE_SAME], ids=str
)
def test_the_same_call_gives_the_same(case):
    call, options = in_torch(case.call), torch_arguments(case)
    try:
        call(*[torch.tensor(x) if isinstance(x, np.ndarray) else x for x in case.inputs], **options)
    except (TypeError, AttributeError, ValueError) as error:
        pytest.skip(f"torch itself refuses: {error}")
    assert_same(case.run, lambda *t: call(*t, **options), *case.inputs)
