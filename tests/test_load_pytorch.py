"""minigrad.load of files that PyTorch wrote.

tests/files/pytorch.pt was written by torch.save, see tests/oracle/test_load_oracle.py.
"""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from torch_file import archive, storage, tensor

import minigrad as mg
from minigrad import nn, optim

WRITTEN_BY_TORCH = Path(__file__).parent / "files" / "pytorch.pt"


def net():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))


def test_a_checkpoint_of_pytorch_gives_its_outputs():
    checkpoint = mg.load(WRITTEN_BY_TORCH)
    model = net()
    optimizer = optim.Adam(model.parameters(), lr=0.5)
    model.load_state_dict(checkpoint["net"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    y = model.eval()(checkpoint["x"])
    np.testing.assert_allclose(y.detach().numpy(), checkpoint["y"].numpy(), rtol=1e-5, atol=1e-6)
    assert model[1].num_batches_tracked.item() == 2
    assert optimizer.param_groups[0]["lr"] == 0.01


def test_every_kind_of_value_comes_back_plain():
    checkpoint = mg.load(WRITTEN_BY_TORCH)
    plain = {key: checkpoint[key] for key in ("acc", "epoch", "name", "done", "none", "big")}
    assert plain == {
        "acc": 97.5, "epoch": 3, "name": "naïve", "done": True, "none": None, "big": 2**80,
    }  # fmt: skip
    assert checkpoint["size"] == (2, 1, 3, 3)
    assert checkpoint["pair"] == (1, (2.5, "three"))
    assert type(checkpoint["net"]) is dict
    for name, x in checkpoint["kinds"].items():
        assert x.dtype == ("float32" if name == "bfloat16" else name)
        assert x.tolist() == ([1, 254] if name == "uint8" else [1, -2])
    assert checkpoint["bool"].tolist() == [True, False]
    assert (checkpoint["scalar"].shape, checkpoint["scalar"].item()) == ((), 2.5)
    assert checkpoint["empty"].shape == (0, 3)
    assert type(checkpoint["parameter"]) is mg.Tensor
    assert not checkpoint["parameter"].requires_grad


def test_views_of_one_storage_are_tensors_of_their_own():
    whole, part, turned, steps, expanded = mg.load(WRITTEN_BY_TORCH)["views"]
    assert whole.tolist() == list(range(12))
    assert part.tolist() == [3, 4, 5, 6]
    assert turned.tolist() == np.arange(12).reshape(3, 4).T.tolist()
    assert steps.tolist() == [0, 5, 10]
    assert expanded.tolist() == [[2, 2], [2, 2]]
    part.fill_(0)
    assert whole.tolist() == list(range(12))


def test_the_content_tells_what_a_file_is(tmp_path):
    path = tmp_path / "net.safetensors"
    path.write_bytes(WRITTEN_BY_TORCH.read_bytes())
    assert mg.load(path)["epoch"] == 3


# ---- files made by hand


@pytest.fixture
def load(tmp_path):
    def load(content):
        path = tmp_path / "net.pt"
        path.write_bytes(content)
        return mg.load(path)

    return load


def test_a_file_made_by_hand_is_read(load):
    assert load(archive(tensor((2, 3), (3, 1)))).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert load(archive(tensor((3, 2), (1, 3)))).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert load(archive(tensor((2,), (2,), 1))).tolist() == [1, 3]
    assert load(archive(tensor((), (), 4))).item() == 4


def test_a_file_of_a_big_endian_machine(load):
    parts = {"data/0": np.arange(6, dtype=">f4").tobytes(), "byteorder": b"big"}
    assert load(archive(tensor((6,), (1,)), parts)).tolist() == [0, 1, 2, 3, 4, 5]
    halves = np.array([1.5, -2], ">f4").view(">u2")[::2].tobytes()
    kind = b"ctorch\nBFloat16Storage\n"
    brain = tensor((2,), (1,), memory=storage(kind=kind, elements=2))
    assert load(archive(brain, parts | {"data/0": halves})).tolist() == [1.5, -2]


@pytest.mark.parametrize("protocol", range(2, 6))
def test_every_protocol_of_pickle(load, protocol):
    plain = {"a": [1, -1, 300, 70000, 2**40, 1.5, None, True, "é", ()], "b": (1, 2, 3, {})}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("x/data.pkl", pickle.dumps(plain, protocol))
    assert load(content.getvalue()) == plain
