import gzip

import numpy as np
import pytest

from minigrad import datasets, transforms
from minigrad.datasets import Digits, SyntheticShapes, digits
from minigrad.tensor import Tensor
from minigrad.utils.data import DataLoader, fetch

# ---- Digits


def test_digits_are_here_without_any_file_of_the_user():
    train, test = Digits(), Digits(train=False)
    assert (len(train), len(test)) == (1442, 355)
    assert train.data.shape == (1442, 8, 8)
    assert (train.data.dtype, train.targets.dtype) == (np.uint8, np.int64)
    assert (train.data.min(), train.data.max()) == (0, 255)
    counts = np.bincount(train.targets) + np.bincount(test.targets)
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert set(np.bincount(test.targets)) == {34, 35, 36}
    assert repr(test) == "Digits(test set: 355 images 8 x 8)"


def test_digits_pixels_and_split_are_those_of_the_file():
    with gzip.open(digits.PLACES[1], "rt") as file:
        rows = [[int(number) for number in line.split(",")] for line in file]
    seen = [0] * 10
    parts = {True: [], False: []}
    for row in rows:
        seen[row[64]] += 1
        parts[seen[row[64]] % 5 != 0].append(row)
    for train in (True, False):
        data = Digits(train=train)
        back = np.rint(data.data * (16 / 255)).astype(int).reshape(-1, 64)
        assert np.array_equal(np.c_[back, data.targets], parts[train])


def test_digits_mean_and_std():
    x = Digits().data / 255
    assert [x.mean(), x.std()] == pytest.approx([Digits.mean[0], Digits.std[0]], abs=1e-4)


def test_a_damaged_or_missing_digits_file_is_refused(tmp_path, monkeypatch):
    copy = tmp_path / "digits.csv.gz"
    copy.write_bytes(digits.PLACES[1].read_bytes()[:-100])
    monkeypatch.setattr(digits, "PLACES", [copy])
    with pytest.raises(RuntimeError, match=r"digits.csv.gz is damaged.*delete it and install"):
        Digits()
    copy.unlink()
    with pytest.raises(RuntimeError, match=r"digits.csv.gz is missing.*install minigrad again"):
        Digits()


# ---- SyntheticShapes


def test_shapes_need_no_file_and_repeat():
    a, b = SyntheticShapes(n=50), SyntheticShapes(n=50)
    assert np.array_equal(a.data, b.data)
    assert (a.data.shape, a.data.dtype, a.targets.dtype) == ((50, 28, 28), np.uint8, np.int64)
    assert np.bincount(a.targets).tolist() == [10] * 5
    for other in (SyntheticShapes(False, n=50), SyntheticShapes(n=50, seed=1)):
        assert not np.array_equal(a.data, other.data)
    color = SyntheticShapes(n=7, size=20, channels=3)
    assert color.data.shape == (7, 20, 20, 3)
    assert len(color.mean) == len(color.std) == 3
    assert (len(SyntheticShapes()), len(SyntheticShapes(train=False))) == (2000, 500)


def test_shapes_can_be_told_apart():
    """Each shape covers its own part of its bounding circle: area / (pi r^2)."""
    labels = np.repeat(np.arange(5), 40)
    inside = datasets.shapes.draw(labels, 64, np.random.default_rng(0))
    radii = 64 * np.random.default_rng(0).uniform(0.2, 0.4, 200)  # drawn first
    covered = (inside.sum((1, 2)) / (np.pi * radii**2)).reshape(5, 40).mean(1)
    x, y = np.meshgrid(*[np.linspace(-1.2, 1.2, 1001)] * 2)
    exact = [(shape(x, y) < 0).mean() * 2.4**2 / np.pi for shape in datasets.shapes.SHAPES.values()]
    assert covered == pytest.approx(exact, rel=0.02)
    assert exact[:2] == pytest.approx([1.5**2 / np.pi, 0.85**2], rel=0.01)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 2}, "channels must be 1 or 3, got 2"),
        ({"n": 0}, "n must be at least 1, got 0"),
        ({"size": -1}, "size must be at least 1, got -1"),
    ],
)
def test_shapes_refuse(options, message):
    with pytest.raises(ValueError, match=message):
        SyntheticShapes(**options)


# ---- what all image sets share


@pytest.mark.parametrize("channels", [1, 3])
def test_a_batch_is_what_its_samples_are(channels):
    data = SyntheticShapes(
        n=20,
        channels=channels,
        transform=transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.5, 0.25)]),
    )
    images, labels = fetch(data, [3, 0, -1])
    assert images.shape == (3, channels, 28, 28)
    assert (images.dtype, labels.dtype) == (np.float32, np.int64)
    for i, index in enumerate([3, 0, 19]):
        image, label = data[index]
        assert np.array_equal(image.data, images.data[i])
        assert label == labels.data[i]


def test_without_transform_a_batch_is_uint8():
    images, labels = next(iter(DataLoader(SyntheticShapes(n=6), 4)))
    assert (images.shape, images.dtype) == ((4, 28, 28), np.uint8)
    assert isinstance(labels, Tensor)


def test_a_function_as_transform_gets_one_image_and_a_plain_label():
    def transform(image):
        assert image.shape == (28, 28)
        image[:] = 7  # must not reach the data set
        return image

    def target_transform(label):
        return {0: "square"}.get(label, type(label).__name__)

    data = SyntheticShapes(True, transform, target_transform, n=6)
    images, labels = fetch(data, [0, 1])
    assert (images.data == 7).all()
    assert labels == ["square", "int"]
    assert data[5][1] == "square"
    assert not (data.data == 7).all()


def test_targets_may_be_changed_to_a_list():
    data = SyntheticShapes(n=6)
    data.targets = [5, 4, 3, 2, 1, 0]
    assert fetch(data, [0, 2])[1].data.tolist() == [5, 3]


def test_bad_indices_are_named():
    data = SyntheticShapes(n=6)
    with pytest.raises(IndexError, match="SyntheticShapes has 6 images; there is no 6"):
        data[6]
    with pytest.raises(IndexError, match="SyntheticShapes has 6 samples; there is no -7"):
        fetch(data, [0, -7])
    with pytest.raises(TypeError, match=r"index must be an int.*Subset"):
        data[0:3]
    assert len(list(data)) == 6
