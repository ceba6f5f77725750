import numpy as np
import pytest

from minigrad.datasets import CIFAR10, CIFAR100
from minigrad.datasets.cifar import batches_present, read_batch


def write_cifar(path, labels, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = np.concatenate([labels, pixels.reshape(len(pixels), -1)], 1)
    path.write_bytes(rows.astype(np.uint8).tobytes())
    return path


def test_a_cifar_record_is_label_red_green_blue(tmp_path):
    pixels = np.random.default_rng(0).integers(256, size=(4, 3, 32, 32))
    path = write_cifar(tmp_path / "b.bin", [[6], [9], [9], [4]], pixels)
    images, labels = read_batch(path)
    assert labels.tolist() == [6, 9, 9, 4]
    assert (images.shape, images.dtype, labels.dtype) == ((4, 32, 32, 3), np.uint8, np.int64)
    assert images[2, 5, 7].tolist() == pixels[2, :, 5, 7].tolist()


def test_cifar100_takes_the_fine_label(tmp_path, monkeypatch):
    pixels = np.zeros((3, 3, 32, 32))
    folder = tmp_path / "cifar-100-binary"
    write_cifar(folder / "test.bin", [[11, 49], [7, 33], [11, 72]], pixels)
    monkeypatch.setattr(CIFAR100, "test_size", 3)
    data = CIFAR100(tmp_path, train=False)
    assert data.targets == [49, 33, 72]  # a list, as in torchvision
    assert data.get_batch(np.array([2, 0]))[1].tolist() == [72, 49]
    assert data.classes[49] == "mountain"
    assert len(set(data.classes)) == 100
    write_cifar(folder / "test.bin", [[1, 2], [3, 4], [5, 100]], pixels)
    with pytest.raises(RuntimeError, match=r"test.bin.*3 images with labels up to 100; expected 3"):
        CIFAR100(tmp_path, train=False)
    write_cifar(folder / "test.bin", [[1, 2]], pixels[:1])
    with pytest.raises(RuntimeError, match="it has 1 images"):
        CIFAR100(tmp_path, train=False)


def test_a_cut_cifar_file_is_refused(tmp_path):
    path = write_cifar(tmp_path / "b.bin", [[6], [9]], np.zeros((2, 3, 32, 32)))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RuntimeError, match=r"b.bin is damaged: its 6145 bytes are no whole number"):
        read_batch(path)
    path.write_bytes(b"")
    with pytest.raises(RuntimeError, match=r"b.bin is damaged: its 0 bytes"):
        read_batch(path)


def test_an_incomplete_cifar_training_set_is_refused_by_name(tmp_path):
    for number in (1, 3):
        write_cifar(
            tmp_path / CIFAR10.folder / f"data_batch_{number}.bin", [[1]], np.zeros((1, 3, 32, 32))
        )
    with pytest.raises(RuntimeError) as error:
        CIFAR10(tmp_path)
    named = [n for n in range(1, 6) if f"data_batch_{n}.bin" in str(error.value)]
    assert named == [2, 4, 5]
    assert batches_present(tmp_path) == [1, 3]


@pytest.mark.parametrize("batches", [(), (0,), (1, 6)])
def test_batches_must_exist(tmp_path, batches):
    with pytest.raises(ValueError, match="CIFAR10: batches must be a list of numbers from 1 to 5"):
        CIFAR10(tmp_path, batches=batches)


def test_the_real_cifar10(data_folder):
    test = CIFAR10(data_folder, train=False)
    assert test.data.shape == (10000, 32, 32, 3)
    assert [test.classes[label] for label in test.targets[:4]] == [
        "cat",
        "ship",
        "ship",
        "airplane",
    ]
    train = CIFAR10(data_folder, batches=(1,))
    assert np.bincount(train.targets).tolist() == [
        1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981,
    ]  # fmt: skip
    x = train.data / 255
    assert x.mean((0, 1, 2)) == pytest.approx(CIFAR10.mean, abs=4e-3)
    assert x.std((0, 1, 2)) == pytest.approx(CIFAR10.std, abs=4e-3)
    assert (train.data.transpose(0, 3, 1, 2)).flags.c_contiguous  # batches need not be turned


def test_a_changed_real_cifar_file_is_refused(data_folder, tmp_path):
    content = bytearray((data_folder / CIFAR10.folder / "test_batch.bin").read_bytes())
    content[1000] ^= 1
    (tmp_path / CIFAR10.folder).mkdir()
    (tmp_path / CIFAR10.folder / "test_batch.bin").write_bytes(content)
    with pytest.raises(RuntimeError, match=r"test_batch.bin is damaged: its checksum is wrong"):
        CIFAR10(tmp_path, train=False)
