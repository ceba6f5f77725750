import math
import pickle
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn, optim
from minigrad.serialization import load, save


def same(a, b):
    """Equal in type, shape and every bit."""
    assert type(a) is type(b)
    if isinstance(a, mg.Tensor):
        a, b = a.data, b.data
    if isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        assert a.tobytes() == b.tobytes()
    elif isinstance(a, dict):
        assert list(a) == list(b)
        assert [type(key) for key in a] == [type(key) for key in b]
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    else:
        assert a == b or (math.isnan(a) and math.isnan(b))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.pt"


def test_a_checkpoint_as_pytorch_scripts_write_it(path):
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 3))
    optimizer = optim.Adam(net.parameters(), lr=0.1)
    net(mg.randn(5, 1, 4, 4)).sum().backward()
    optimizer.step()
    checkpoint = {
        "net": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "acc": 97.5,
        "epoch": 3,
        "rng": mg.get_rng_state(),
    }
    save(checkpoint, path)
    loaded = load(path)
    same(loaded, checkpoint)
    assert list(loaded["optimizer"]["state"]) == [0, 1, 2, 3, 4, 5]
    net.load_state_dict(loaded["net"])
    optimizer.load_state_dict(loaded["optimizer"])
    assert sorted(p.name for p in path.parent.iterdir()) == ["net.pt"]


@pytest.mark.parametrize(
    "obj",
    [
        {},
        [],
        (),
        None,
        True,
        3,
        2**127 + 1,
        -0.5,
        math.inf,
        math.nan,
        "naïve\n",
        {"a": {}, "b": [(), ({},)]},
        {0: 1, "0": 2, 1.5: None, None: "x", True + 1: ()},
        [1, [2.0, ("three", None)]],
        mg.tensor(3),
        mg.tensor(2.5, dtype=np.float64),
        mg.tensor([True, False]),
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        mg.zeros(0, 3),
        {"a.b": mg.ones(2), "a": {"b": mg.zeros(3)}, "a.b#2": mg.ones(1)},
    ],
)
def test_what_is_saved_comes_back(obj, path):
    save(obj, path)
    same(load(path), obj)


@pytest.mark.parametrize(
    "dtype", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]
)
def test_every_dtype(dtype, path):
    save(mg.Tensor(np.array([[0, 1], [1, 0]], dtype)), path)
    assert load(path).dtype == np.dtype(dtype)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
)


@given(tree=TREES)
def test_any_tree_comes_back(tree, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "tree"
    save(tree, path)
    same(load(path), tree)


def test_arrays_in_any_memory_order(path):
    x = np.arange(24.0).reshape(2, 3, 4)
    views = {
        "transposed": x.transpose(2, 0, 1),
        "every other": x[:, :, ::2],
        "backwards": x[::-1],
        "spread": np.broadcast_to(x[0], (5, 3, 4)),
        "big-endian": x.astype(">f8"),
    }
    save(views, path)
    for name, array in load(path).items():
        assert np.array_equal(array, views[name])
        assert array.flags.writeable


def test_one_tensor_in_two_places(path):
    weight = mg.randn(3)
    save({"encoder": weight, "decoder": weight}, path)
    loaded = load(path)
    assert np.array_equal(loaded["encoder"], weight)
    assert np.array_equal(loaded["decoder"], weight)


def test_parameters_numpy_scalars_and_ordered_dicts_become_plain(path):
    save(OrderedDict(w=nn.Parameter(np.ones(2, np.float32)), n=np.int64(3)), path)
    loaded = load(path)
    assert type(loaded) is dict
    assert type(loaded["w"]) is mg.Tensor
    assert not loaded["w"].requires_grad
    assert type(loaded["n"]) is int


def test_safetensors_finds_a_state_dict_under_its_own_names(path):
    from safetensors.numpy import load_file

    state = nn.Linear(2, 3).state_dict()
    save(state, path)
    plain = load_file(path)
    assert set(plain) == {"weight", "bias"}
    assert np.array_equal(plain["weight"], state["weight"])


def test_a_safetensors_file_of_another_program_is_a_flat_dict(path):
    from safetensors.numpy import save_file

    save_file({"fc.weight": np.eye(2, dtype=np.float32)}, path, {"format": "pt"})
    same(load(path), {"fc.weight": mg.tensor(np.eye(2, dtype=np.float32))})


def write_header(path, dtype, data):
    header = f'{{"w":{{"dtype":"{dtype}","shape":[2],"data_offsets":[0,{len(data)}]}}}}'.encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)


def test_bfloat16_becomes_float32(path):
    write_header(path, "BF16", np.array([1.5, -2], np.float32).tobytes()[2:4] + b"\x00\xc0")
    same(load(path)["w"], mg.tensor([1.5, -2.0]))


def test_a_dtype_that_numpy_lacks_is_refused_by_name(path):
    write_header(path, "F8_E4M3", b"\x00\x01")
    with pytest.raises(RuntimeError, match=r"net.pt: 'w' holds F8_E4M3.*save it as float32"):
        load(path)


# ---- bad input


def test_a_model_is_refused_with_the_edit(path):
    with pytest.raises(TypeError, match=r"obj\['net'\] is a Linear.*obj\['net'\].state_dict\(\)"):
        save({"net": nn.Linear(1, 1)}, path)


def test_other_objects_are_refused_by_their_place(path):
    save("before", path)
    with pytest.raises(TypeError, match=r"obj\['a'\]\[1\] is a set; only tensors"):
        save({"a": [1, {2}]}, path)
    with pytest.raises(TypeError, match=r"obj\['a'\] has the key \(1, 2\)"):
        save({"a": {(1, 2): 3}}, path)
    with pytest.raises(TypeError, match=r"obj\['z'\] holds complex128"):
        save({"z": np.ones(2, complex)}, path)
    assert load(path) == "before"


def test_a_save_that_fails_leaves_the_old_file(path, monkeypatch):
    save("old", path)

    def full(descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        save("new", path)
    assert load(path) == "old"
    assert [p.name for p in path.parent.iterdir()] == ["net.pt"]


def test_a_missing_file(path):
    with pytest.raises(FileNotFoundError, match=r"net\.pt"):
        load(path)


def test_every_cut_is_refused(path):
    save({"w": mg.arange(5), "epoch": 3}, path)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(RuntimeError, match=r"net\.pt is"):
            load(path)


def test_every_flipped_bit_of_the_values_is_refused(path):
    save({"w": mg.arange(5.0), "epoch": 3}, path)
    content = path.read_bytes()
    for position in range(len(content) - 20, len(content)):
        changed = bytearray(content)
        changed[position] ^= 1
        path.write_bytes(changed)
        with pytest.raises(RuntimeError, match=r"net\.pt is damaged: its checksum is wrong"):
            load(path)


def test_a_changed_number_in_the_tree_is_refused(path):
    save({"epoch": 3}, path)
    path.write_bytes(path.read_bytes().replace(b"epoch", b"epocH"))
    with pytest.raises(RuntimeError, match="its checksum is wrong"):
        load(path)


def test_a_pickle_is_refused_and_not_run(path):
    path.write_bytes(pickle.dumps({"w": list(range(100))}))
    with pytest.raises(RuntimeError, match=r"net.pt is a pickle, and minigrad never unpickles"):
        load(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x93NUMPY\x01\x00" + bytes(100)])
def test_other_files_are_refused(content, path):
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match=r"net.pt is no file of minigrad, safeten"):
        load(path)
