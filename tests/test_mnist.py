import gzip
import hashlib
import struct

import numpy as np
import pytest

from minigrad.datasets import MNIST, FashionMNIST
from minigrad.datasets.mnist import read_idx


def write_idx(path, values):
    values = np.asarray(values, np.uint8)
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    content = header + values.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.fixture
def small_mnist(tmp_path, monkeypatch):
    """A root folder with a test set of 5 images, whose checksums are the published ones."""
    rng = np.random.default_rng(0)
    raw = tmp_path / "MNIST" / "raw"
    images = write_idx(raw / "t10k-images-idx3-ubyte.gz", rng.integers(256, size=(5, 28, 28)))
    labels = write_idx(raw / "t10k-labels-idx1-ubyte.gz", [3, 1, 4, 1, 5])
    sums = {p.name: hashlib.md5(p.read_bytes()).hexdigest() for p in (images, labels)}
    monkeypatch.setattr(MNIST, "checksums", MNIST.checksums | sums)
    return tmp_path


@pytest.mark.parametrize("unpacked", [False, True])
def test_mnist_reads_torchvisions_files(small_mnist, unpacked):
    raw = small_mnist / "MNIST" / "raw"
    expected = read_idx(raw / "t10k-images-idx3-ubyte.gz")
    if unpacked:
        for path in list(raw.iterdir()):
            path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
            path.unlink()
    data = MNIST(small_mnist, train=False)
    assert data.data.tolist() == expected.tolist()
    assert data.targets.tolist() == [3, 1, 4, 1, 5]
    assert data.targets.dtype == np.int64
    image, label = data[1]
    assert image.shape == (28, 28)
    assert (label, type(label)) == (1, int)
    assert data.class_to_idx["3 - three"] == 3
    assert data.test_data is data.train_data is data.data  # old names
    assert data.test_labels is data.train_labels is data.targets


def test_data_and_targets_are_tensors_as_in_torchvision(small_mnist):
    data = MNIST(small_mnist, train=False)
    pixels, labels = np.asarray(data.data), np.asarray(data.targets)
    x = data.data.float() / 255
    assert (data.data.dtype, x.dtype) == (np.uint8, np.float32)
    np.testing.assert_allclose(x.mean().item(), pixels.mean() / 255, rtol=1e-6)
    assert data.data[data.targets == 1].tolist() == pixels[[1, 3]].tolist()
    keep = (data.targets == 3) | (data.targets == 4)
    data.data[0] = 7
    data.data, data.targets = data.data[keep], data.targets[keep]
    (image, label), (images, numbers) = data[0], data.get_batch(np.array([1, 0]))
    assert (image == 7).all()
    assert (len(data), label, numbers.tolist()) == (2, 3, [4, 3])
    assert np.array_equal(images, [pixels[2], np.full((28, 28), 7)])
    data.data, data.targets = pixels, labels  # arrays may take their place
    assert np.array_equal(data[4][0], pixels[4])


def test_root_is_taken_from_the_environment(small_mnist, monkeypatch):
    monkeypatch.setenv("MINIGRAD_DATA", str(small_mnist))
    assert len(MNIST(train=False)) == 5


def test_missing_files_are_named_with_the_way_to_get_them(small_mnist):
    with pytest.raises(RuntimeError) as error:
        MNIST(small_mnist)
    message = str(error.value)
    assert str(small_mnist / "MNIST" / "raw" / "train-images-idx3-ubyte.gz") in message
    assert "train-labels-idx1-ubyte.gz" in message
    assert "download=True" in message
    assert "MINIGRAD_DATA" in message
    assert "Digits" in message
    with pytest.raises(RuntimeError, match=r"FashionMNIST: missing\n.*FashionMNIST.raw.t10k"):
        FashionMNIST(small_mnist, train=False)


def test_an_intact_set_is_not_downloaded_again(small_mnist, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", [])
    assert len(MNIST(small_mnist, train=False, download=True)) == 5
    with pytest.raises(RuntimeError, match="could not download train-images"):
        MNIST(small_mnist, download=True)


def test_a_changed_mnist_file_is_refused(small_mnist):
    path = small_mnist / "MNIST" / "raw" / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RuntimeError, match=r"labels.*damaged: its checksum.*Delete it.*download"):
        MNIST(small_mnist, train=False)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((5, 20, 20)), np.zeros(5), r"images.*shape \(5, 20, 20\), not \(N, 28, 28\)"),
        (np.zeros((5, 28, 28)), np.zeros(4), "labels.*does not hold 5 labels from 0 to 9"),
        (np.zeros((5, 28, 28)), [1, 2, 3, 4, 10], "labels.*does not hold 5 labels from 0 to 9"),
    ],
)
def test_images_and_labels_must_fit(tmp_path, images, labels, message):
    raw = tmp_path / "MNIST" / "raw"
    write_idx(raw / "t10k-images-idx3-ubyte", images)
    write_idx(raw / "t10k-labels-idx1-ubyte", labels)
    with pytest.raises(RuntimeError, match=message):
        MNIST(tmp_path, train=False)


GOOD_IDX = struct.pack(">HBB2I", 0, 8, 2, 2, 3) + bytes(range(6))


def test_read_idx(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(GOOD_IDX)
    assert read_idx(path).tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "does not begin as an idx file"),
        (b"<html>nothing here</html>", "does not begin as an idx file"),
        (b"\0\0\x0d" + GOOD_IDX[3:], "does not begin as an idx file"),
        (GOOD_IDX[:9], "does not begin as an idx file"),
        (GOOD_IDX[:-1], r"promises 6 values \(2, 3\), it has 5"),
        (GOOD_IDX + b"x", r"promises 6 values \(2, 3\), it has 7"),
    ],
)
def test_read_idx_refuses(tmp_path, content, message):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match=message):
        read_idx(path)


@pytest.mark.parametrize(
    "content", [b"<html>", gzip.compress(GOOD_IDX)[:-9], b""], ids=["html", "cut short", "empty"]
)
def test_read_idx_refuses_what_does_not_unpack(tmp_path, content):
    path = tmp_path / "file.gz"
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match=r"file.gz is damaged: it does not (unpack|begin)"):
        read_idx(path)


def test_the_real_mnist(data_folder):
    train, test = MNIST(data_folder), MNIST(data_folder, train=False)
    assert (train.data.shape, test.data.shape) == ((60000, 28, 28), (10000, 28, 28))
    assert train.targets[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(test.targets).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip
    x = np.asarray(train.data) / 255
    assert [x.mean(), x.std()] == pytest.approx([MNIST.mean[0], MNIST.std[0]], abs=1e-4)
