"""Files that PyTorch writes are read to the last bit, and give PyTorch's outputs."""

from pathlib import Path

import copied
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import minigrad as mg

WRITTEN = Path(__file__).parents[1] / "files" / "pytorch.pt"


def checkpoint():
    """What tests/files/pytorch.pt holds."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Flatten(), torch.nn.Linear(8, 3)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    x = torch.linspace(-1, 1, 5 * 16).reshape(5, 1, 4, 4)
    for _ in range(2):
        optimizer.zero_grad()
        model(x).square().sum().backward()
        optimizer.step()
    model.eval()
    storage = torch.arange(12.0)
    kinds = ["float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8"]
    return {
        "net": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "acc": 97.5,
        "epoch": 3,
        "name": "naïve",
        "done": True,
        "none": None,
        "x": x,
        "y": model(x).detach(),
        "kinds": {
            kind: torch.tensor([1, -2]).to(getattr(torch, kind)) for kind in kinds
        },
        "bool": torch.tensor([True, False]),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "views": [
            storage, storage[3:7], storage.reshape(3, 4).T, storage[::5],
            storage[2:3].expand(2, 2),
        ],
        "size": model[0].weight.shape,
        "big": 2**80,
        "pair": (1, (2.5, "three")),
    }  # fmt: skip


def same(ours, theirs):
    if isinstance(theirs, torch.Tensor):
        theirs = theirs.float() if theirs.dtype == torch.bfloat16 else theirs
        assert isinstance(ours, mg.Tensor)
        assert (ours.shape, str(ours.dtype)) == (tuple(theirs.shape), str(theirs.dtype)[6:])
        np.testing.assert_array_equal(ours.numpy(), theirs.detach().numpy())
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key in theirs:
            same(ours[key], theirs[key])
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for x, y in zip(ours, theirs, strict=True):
            same(x, y)
    else:
        assert ours == theirs


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_what_torch_save_writes_is_read_to_the_last_bit(protocol, tmp_path):
    torch.save(checkpoint(), tmp_path / "x.pt", pickle_protocol=protocol)
    # weights_only=False: PyTorch's own careful reader knows protocol 2 only
    same(mg.load(tmp_path / "x.pt"), torch.load(tmp_path / "x.pt", weights_only=False))


def test_the_file_of_the_tests_is_such_a_file():
    same(mg.load(WRITTEN), torch.load(WRITTEN, weights_only=True))
    assert list(torch.load(WRITTEN, weights_only=True)) == list(checkpoint())


@pytest.mark.parametrize("seed", range(40))
def test_views_of_any_kind(seed, tmp_path):
    rng = np.random.default_rng(seed)
    x = torch.arange(float(rng.integers(1, 200)))
    for _ in range(4):
        which = rng.integers(5)
        if which == 0 and x.ndim:
            x = x[rng.integers(x.shape[0]) :: int(rng.integers(1, 4))]
        elif which == 1:
            x = x.unsqueeze(int(rng.integers(x.ndim + 1)))
        elif which == 2 and x.ndim > 1:
            x = x.transpose(0, -1)
        elif which == 3 and x.ndim and x.shape[-1] % 2 == 0:
            x = x.unflatten(-1, (-1, 2))
        elif which == 4 and x.ndim and x.shape[0] == 1:
            x = x.expand(3, *x.shape[1:])
    torch.save([x, x.to(torch.float16)], tmp_path / "x.pt")
    same(mg.load(tmp_path / "x.pt"), [x, x.to(torch.float16)])


@pytest.mark.parametrize("wrong", [
    torch.nn.Linear(1, 1), torch.float32, {"a": np.float64(3)}, {1, 2}, b"bytes", 3 + 2j,
    torch.ones(2, dtype=torch.complex64), torch.ones(3).untyped_storage(), torch.nn.LSTM,
    torch.tensor([1], dtype=torch.uint16), torch.device("cpu"),
], ids=lambda wrong: type(wrong).__name__)  # fmt: skip
def test_other_objects_are_refused_by_name(wrong, tmp_path):
    torch.save(wrong, tmp_path / "x.pt")
    with pytest.raises(RuntimeError, match=r"x.pt names '.*', which minigrad does not look"):
        mg.load(tmp_path / "x.pt")


def test_the_old_format_is_refused(tmp_path):
    torch.save({"w": torch.ones(2)}, tmp_path / "x.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(RuntimeError, match=r"x.pt is in PyTorch's old format; .*torch.save\("):
        mg.load(tmp_path / "x.pt")


@pytest.mark.filterwarnings("ignore:.*torch.jit.*is deprecated")
def test_a_compiled_program_is_refused(tmp_path):
    torch.jit.script(torch.nn.Linear(1, 1)).save(tmp_path / "x.pt")
    with pytest.raises(RuntimeError, match=r"x.pt holds a program of torch.jit.save"):
        mg.load(tmp_path / "x.pt")


@pytest.mark.parametrize("name", ["mnist_cnn", "lenet5", "resnet20"])
@pytest.mark.parametrize("kind", ["pt", "safetensors"])
def test_a_net_of_pytorch_gives_the_same_outputs_from_its_file(name, kind, tmp_path):
    ours, theirs = mg.models.build(name, 3, 10, 32), copied.build(name)
    x = np.random.default_rng(0).standard_normal((8, 3, 32, 32)).astype(np.float32)
    for _ in range(3):  # so that batch norm has statistics of its own
        theirs(torch.tensor(x))
    path = tmp_path / f"net.{kind}"
    (torch.save if kind == "pt" else save_file)(theirs.state_dict(), path)
    ours.load_state_dict(mg.load(path))
    with torch.no_grad():
        expected = theirs.eval()(torch.tensor(x)).numpy()
    made = ours.eval()(mg.tensor(x)).detach().numpy()
    np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
