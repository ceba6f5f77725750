"""ImageFolder and FakeData."""

import numpy as np
import pytest
from PIL import Image

from minigrad import datasets, transforms
from minigrad.datasets import FakeData, ImageFolder
from minigrad.utils.data import DataLoader


@pytest.fixture
def pets(tmp_path):
    """Two classes, five images; the gray value of each is 10 * its number."""
    places = ["cat/a.png", "cat/b.PNG", "cat/more/c.bmp", "dog/a.jpeg", "dog/b.png"]
    for i, place in enumerate(places):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 6), 10 * i).save(tmp_path / place)
    (tmp_path / "cat" / "notes.txt").write_text("not an image")
    (tmp_path / "list.png").write_text("in no class")
    return tmp_path


def test_classes_are_folders_and_images_are_rgb_arrays(pets):
    data = ImageFolder(pets)
    assert data.classes == ["cat", "dog"]
    assert data.class_to_idx == {"cat": 0, "dog": 1}
    assert data.targets == [0, 0, 0, 1, 1]
    assert data.samples is data.imgs
    assert data.samples[2] == (str(pets / "cat" / "more" / "c.bmp"), 0)
    image, label = data[4]
    assert (image.shape, image.dtype, label) == ((6, 8, 3), np.uint8, 1)
    assert [int(image.mean()) for image, _ in data] == [0, 10, 20, 30, 40]
    assert repr(data) == f"ImageFolder(5 images of 2 classes in {pets})"


def test_transforms_and_batches(pets):
    chain = transforms.Compose([transforms.Resize((3, 4)), transforms.ToTensor()])
    data = ImageFolder(str(pets), chain, target_transform=lambda label: label + 5)
    images, labels = next(iter(DataLoader(data, batch_size=5)))
    assert images.shape == (5, 3, 3, 4)
    np.testing.assert_allclose(images.data[3], 30 / 255, atol=1e-6)
    assert labels.tolist() == [5, 5, 5, 6, 6]


def test_a_loader_of_ones_own(pets):
    data = ImageFolder(pets, loader=lambda path: path[-5:])
    assert [image for image, _ in data] == ["a.png", "b.PNG", "c.bmp", ".jpeg", "b.png"]


def test_what_is_no_such_folder(pets, tmp_path):
    with pytest.raises(ValueError, match=r"no folder '.*nowhere'; put the images of each class"):
        ImageFolder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"has no folders, one for each class.*root/CLASS"):
        ImageFolder(pets / "dog")
    (pets / "emu").mkdir()
    with pytest.raises(ValueError, match=r"no image for emu .* ends in one of .jpg .jpeg .png"):
        ImageFolder(pets)
    (pets / "emu" / "a.png").write_text("not an image")
    with pytest.raises(ValueError, match=r"a.png' is no image that can be read; delete it"):
        ImageFolder(pets)[5]


def test_fake_data_is_always_the_same_noise():
    data = FakeData(20, (3, 4, 5), num_classes=3, transform=transforms.ToTensor())
    images, labels = next(iter(DataLoader(data, batch_size=20)))
    assert images.shape == (20, 3, 4, 5)
    assert set(labels.tolist()) == {0, 1, 2}
    assert 0 <= images.data.min() < 0.1
    assert 0.9 < images.data.max() <= 1
    again = FakeData(20, (3, 4, 5), num_classes=3)
    assert (again[7][0] == again[7][0]).all()
    assert (np.moveaxis(again[7][0], -1, 0) / np.float32(255) == images[7].data).all()
    assert (again[-1][0] == again[19][0]).all()
    shifted = FakeData(20, (3, 4, 5), random_offset=7, target_transform=str)
    assert (shifted[0][0] == again[7][0]).all()
    assert isinstance(shifted[0][1], str)
    assert len(datasets.FakeData()) == 1000
    assert repr(again) == "FakeData(20 images 3 x 4 x 5)"


def test_what_fake_data_refuses():
    with pytest.raises(ValueError, match=r"image_size must be \(C, H, W\), got \(4, 5\)"):
        FakeData(3, (4, 5))
    with pytest.raises(ValueError, match="FakeData: size must be at least 1, got 0"):
        FakeData(0)
    with pytest.raises(IndexError, match="FakeData has 3 images; there is no 3"):
        FakeData(3, (1, 2, 2))[3]
