"""minigrad.load of files that are no plain data of PyTorch's: refused, and nothing has run."""

import io
import pickle
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_file import FLOATS, ORDERED, TENSOR, archive, storage, tensor, text

import minigrad as mg


@pytest.fixture
def load(tmp_path):
    def load(content):
        path = tmp_path / "net.pt"
        path.write_bytes(content)
        return mg.load(path)

    return load


RAN = []


def run():
    RAN.append(1)


class Runs:
    """A pickle of it calls `run` when it is read by Python's own machine."""

    def __reduce__(self):
        return run, ()


HOSTILE = {
    "reduce": (b"cos\nsystem\n(" + text("touch ran") + b"tR", r"names 'os.system'.*byte 2 "),
    "builtins": (b"cbuiltins\neval\n(" + text("1") + b"tR", r"names 'builtins.eval'"),
    "dotted": (b"ctorch\n_utils.os.system\n", r"names 'torch._utils.os.system'"),
    "hidden in a dict": (b"}" + text("a") + b"cos\nsystem\ns", r"names 'os.system'.*byte 9 "),
    "stack global": (text("os") + text("system") + b"\x93", r"names 'os.system'"),
    "stack global of no strings": (b"]]\x93", r"names '\[\].\[\]'"),
    "inst": (b"(" + text("ls") + b"ios\nsystem\n", r"that can run code, INST"),
    "obj": (b"(cos\nsystem\n" + text("ls") + b"o", r"names 'os.system'"),
    "obj alone": (b"(]o", r"that can run code, OBJ"),
    "newobj": (b"ccollections\nOrderedDict\n)\x81", r"that can run code, NEWOBJ"),
    "newobj_ex": (b"]]]\x92", r"that can run code, NEWOBJ_EX"),
    "extension": (b"\x82\x01", r"that can run code, EXT1"),
    "persistent by text": (b"Pos.system\n", r"that can run code, PERSID"),
    "call of a string": (text("eval") + b")R", r"calls something that is no function"),
    "call of a result": (ORDERED + b")R", r"calls something that is no function"),
    "build": (ORDERED + b"}" + text("x") + b"K\x01sb", r"sets attributes of an object"),
    "build with slots": (ORDERED + b"N}\x86b", r"sets attributes of an object"),
    "build of a tensor": (tensor((1,), (1,)) + b"}b", r"sets attributes of an object"),
    "memo": (b"cos\nsystem\nq\x00h\x00)R", r"names 'os.system'"),
    "memo of nothing": (b"h\x05", r"makes no sense at byte 2"),
    "set": (b"\x8f", r"that can run code, EMPTY_SET"),
    "name as a value": (b"ccollections\nOrderedDict\n", r"holds a name as a value"),
    "storage as a value": (b"}" + text("a") + storage() + b"s", r"holds a storage as a value"),
    "append to a dict": (b"}K\x01a", r"appends to a dict"),
    "item of a list": (b"]K\x01K\x02s", r"sets an item of a list"),
    "key": (b"}]K\x01s", r"has a key of type list"),
    "tensor as key": (b"}" + tensor((1,), (1,)) + b"K\x01s", r"has a key of type Tensor"),
    "underflow": (b"R", r"makes no sense at byte 2 \(the stack is empty\)"),
    "below the mark": (b"K\x01(\x85", r"makes no sense"),
    "no mark": (b"t", r"makes no sense"),
    "odd items": (b"}(K\x01u", r"makes no sense"),
    "two results": (b"K\x01K\x02", r"makes no sense"),
    "no result": (b"", r"makes no sense"),
    "unknown operation": (b"\xff", r"makes no sense"),
    "long text": (b"X\xff\xff\xff\x7f", r"makes no sense"),
    "number of 10,000 digits": (b"I" + b"9" * 10000 + b"\n", r"makes no sense"),
    "deep": (b"]" + b"\x85" * 100_000, r"deeper than 100 levels"),
    "in itself": (b"]q\x00h\x00a", r"deeper than 100 levels"),
    "a million laughs": (b"](Nq\x00" + b"h\x00h\x00\x86q\x00" * 200 + b"e", r"deeper than 100"),
    "tensor of too few": (TENSOR + b")R", r"makes no sense"),
    "tensor of no storage": (tensor((1,), (1,), memory=b"N"), r"without storage, size and str"),
    "tensor too large": (tensor((3, 3), (3, 1)), r"shape \(3, 3\) goes beyond its storage of 6"),
    "tensor far off": (tensor((1,), (1,), 2**66), r"goes beyond its storage of 6"),
    "negative offset": (tensor((1,), (1,), -1), r"without storage, size and strides"),
    "negative stride": (tensor((2,), (-1,), 3), r"without storage, size and strides"),
    "size without stride": (tensor((2, 2), (1,)), r"makes no sense"),
    "expanded": (tensor((2**40, 2**40), (0, 0)), r"expands a storage of 6.*save x.clone\(\)"),
    "expanded often": (
        b"](" + tensor((2**22, 2), (0, 0)) * 3 + b"e", r"expands a storage of 6 elements"
    ),
    "storage of another size": (tensor((1,), (1,), memory=storage(elements=7)), r"24 bytes, not"),
    "storage that is not there": (tensor((1,), (1,), memory=storage("1")), r"lacks its part"),
    "storage elsewhere": (tensor((1,), (1,), memory=storage("../../x")), r"lacks its part"),
    "storage of no type": (b"(" + text("storage") + b"K\x01NNNtQ", r"a storage of no known type"),
    "complex": (b"ctorch\nComplexFloatStorage\n", r"names 'torch.ComplexFloatStorage'"),
    "parameter of nothing": (
        b"ctorch._utils\n_rebuild_parameter\n(K\x01\x89" + ORDERED + b"tR", "without tensor"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_is_no_data_is_refused(name, load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program, message = HOSTILE[name]
    with pytest.raises(RuntimeError, match=rf"^load: .*net.pt .*{message}"):
        load(archive(program))
    assert [path.name for path in tmp_path.iterdir()] == ["net.pt"]


def test_a_pickle_that_runs_something_in_python_does_not_here(load):
    program = pickle.dumps({"w": Runs()}, 2)
    pickle.loads(program)
    assert RAN == [1]
    with pytest.raises(RuntimeError, match=r"names '.*'.*write torch.save\(model.state_dict\(\)"):
        load(archive(program[2:-1]))
    assert RAN == [1]


def test_a_whole_model_is_refused_with_the_edit(load):
    program = b"c__main__\nNet\n)\x81}b"
    with pytest.raises(RuntimeError, match=r"names '__main__.Net'.*torch.save\(model.state_dict"):
        load(archive(program))


def test_the_old_format_is_refused_with_what_to_do(load):
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
    with pytest.raises(RuntimeError, match=r"old format; .*torch.save\(torch.load\(old\), new\)"):
        load(magic + pickle.dumps(1001, 2) + bytes(100))


def test_archives_that_torch_save_did_not_write(load):
    for parts, message in [
        ({"other.txt": b"x"}, "torch.save did not write it: it has no data.pkl"),
        ({"a/data.pkl": b"N.", "b/data.pkl": b"N."}, "it has no data.pkl"),
        ({"a/data.pkl": b"N.", "a/constants.pkl": b"N."}, "a program of torch.jit.save"),
    ]:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as file:
            for name, data in parts.items():
                file.writestr(name, data)
        with pytest.raises(RuntimeError, match=message):
            load(content.getvalue())


def test_nothing_grows_when_it_is_read(load):
    bomb = {"data/0": bytes(10_000_000)}
    with pytest.raises(RuntimeError, match=r"has a compressed part, net/data.pkl"):
        load(archive(tensor((1,), (1,)), bomb, compression=zipfile.ZIP_DEFLATED))


def test_parts_on_top_of_each_other_are_refused(load):
    """One part lies within another: the directory at the end may say so, and bytes count twice."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("net/data/1", bytes(4000))
        info = file.infolist()[0]
    outer = inner.getvalue()[:4040]  # the part with the header before it
    several = [
        tensor((1,), (1,), memory=storage(key, elements=n)) for key, n in (("0", 1010), ("1", 1000))
    ]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("net/data.pkl", b"\x80\x02](" + b"".join(several) + b"e.")
        file.writestr("net/data/0", outer)
        info.header_offset = content.tell() - len(outer)
        file.filelist.append(info)
        file.NameToInfo[info.filename] = info
    with pytest.raises(RuntimeError, match=r"made up: its parts hold more bytes than the file"):
        load(content.getvalue())


def test_every_cut_is_refused(load):
    content = archive(tensor((2, 3), (3, 1)))
    for length in range(4, len(content)):
        with pytest.raises(RuntimeError, match=r"net.pt is damaged"):
            load(content[:length])


def test_a_changed_byte_is_refused_or_changes_nothing(load):
    content = archive(tensor((2, 3), (3, 1)))
    expected = load(content).tolist()
    refused = 0
    for position in range(4, len(content)):
        changed = bytearray(content)
        changed[position] ^= 0x21
        try:
            assert load(bytes(changed)).tolist() == expected
        except RuntimeError as error:
            refused += 1
            assert str(error).startswith("load: ")  # noqa: PT017
    assert refused > len(content) / 2


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_any_program_gives_data_or_a_refusal(tmp_path_factory, program):
    path = tmp_path_factory.getbasetemp() / "random.pt"
    path.write_bytes(archive(program))
    try:
        mg.load(path)
    except RuntimeError as error:
        assert str(error).startswith("load: ")  # noqa: PT017


@settings(max_examples=300)
@given(st.lists(st.sampled_from([
    b"(", b"]", b"}", b")", b"a", b"e", b"s", b"u", b"t", b"\x85", b"\x86", b"\x87", b"N", b"K\x01",
    b"q\x00", b"h\x00", b"R", b"b", b"Q", FLOATS, TENSOR, text("storage"), storage(), ORDERED,
    tensor((2,), (1,)), b"\x93", text("a"),
]), max_size=25))  # fmt: skip
def test_any_order_of_its_operations_gives_data_or_a_refusal(tmp_path_factory, pieces):
    path = tmp_path_factory.getbasetemp() / "random.pt"
    path.write_bytes(archive(b"".join(pieces)))
    try:
        mg.load(path)
    except RuntimeError as error:
        assert str(error).startswith("load: ")  # noqa: PT017
