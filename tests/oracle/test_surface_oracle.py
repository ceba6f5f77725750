"""The rows of tests/test_surface.py, evaluated by PyTorch: it gives what the rows expect."""

import pytest
import test_surface as surface
import torch

OURS = {
    "type(x().data).__name__",  # .data is a plain array here
    "nn.parallel.data_parallel(net(), x(), range(2)).shape",  # PyTorch wants GPUs
}


class Translated(dict):
    """The names that the rows use, with PyTorch in minigrad's place."""

    def __init__(self):
        super().__init__(
            torch=torch, nn=torch.nn, F=torch.nn.functional, data=torch.utils.data, np=surface.np
        )
        helpers = "x", "image", "pair", "net"
        for name in helpers:
            f = getattr(surface, name)
            self[name] = type(f)(f.__code__, self)


ROWS = [*surface.TORCH, *surface.METHODS, *surface.LAYERS, *surface.DATA]


@pytest.mark.filterwarnings("ignore::UserWarning")  # about threads of its DataLoader
@pytest.mark.parametrize(
    ("expression", "expected"),
    [row for row in ROWS if "torchvision" not in row[0] and row[0] not in OURS],
)
def test_pytorch_gives_the_same(expression, expected):
    value = eval(expression, Translated())
    if isinstance(expected, surface.np.dtype):
        assert str(value) == f"torch.{expected}"
    else:
        assert value == expected
