"""Grayscale, ColorJitter, RandomResizedCrop, and the ways from and to Pillow and other dtypes."""

import colorsys

import numpy as np
import pytest
from PIL import Image

import minigrad as mg
from minigrad import transforms
from minigrad.transforms import functional as TF
from minigrad.transforms.crop import RandomResizedCrop


def photos(n=6, shape=(7, 8), dtype=np.uint8):
    x = np.random.default_rng(0).integers(256, size=(n, *shape, 3)).astype(np.uint8)
    return x if dtype == np.uint8 else (x / 255).astype(dtype)


JITTERS = [
    transforms.ColorJitter(0.4, 0.4, 0.4, 0.1),
    transforms.ColorJitter(brightness=(0.5, 0.6)),
    transforms.ColorJitter(hue=0.5),
    transforms.Grayscale(),
    transforms.Grayscale(3),
]


@pytest.mark.parametrize("transform", JITTERS, ids=repr)
def test_one_by_one_at_once_and_in_either_layout(transform):
    def seeded(images, at_once):
        mg.manual_seed(3)
        if at_once:
            return transform.batch(images)
        return np.stack([np.asarray(transform(image)) for image in images])

    arrays = photos(dtype=np.float32)
    tensors = mg.tensor(np.moveaxis(arrays, -1, 1))
    together = seeded(arrays, True)
    np.testing.assert_array_equal(together, seeded(arrays, False))
    np.testing.assert_allclose(np.moveaxis(together, -1, 1), seeded(tensors, True).data, atol=1e-6)
    assert abs(seeded(photos(), True) / 255 - together).max() < 0.501 / 255  # rounded once


def test_gray():
    image = photos(1)[0]
    weights = 0.299, 0.587, 0.114
    expected = sum(w * image[..., i] for i, w in enumerate(weights))
    y = transforms.Grayscale()(image)
    assert y.shape == (7, 8, 1)
    assert (y[..., 0] == np.rint(expected)).all()
    assert (TF.rgb_to_grayscale(image, 3)[..., 1] == y[..., 0]).all()
    assert (transforms.Grayscale()(image[..., 0]) == image[..., 0]).all()
    assert transforms.Grayscale(3)(image[..., 0]).shape == (7, 8, 3)


def test_adjusting_from_the_definition():
    x = photos(1, dtype=np.float64)[0]
    luma = (x @ [0.299, 0.587, 0.114])[..., None]
    for factor in (0.0, 0.7, 1.0, 1.6):
        for f, other in [
            (TF.adjust_brightness, 0),
            (TF.adjust_contrast, luma.mean()),
            (TF.adjust_saturation, luma),
        ]:
            expected = np.clip(other + factor * (x - other), 0, 1)
            np.testing.assert_allclose(f(x, factor), expected, atol=1e-12)


@pytest.mark.parametrize("turns", [-0.5, -0.21, 0, 0.1, 1 / 3, 0.5])
def test_hue_beside_colorsys(turns):
    x = np.concatenate([photos(1, dtype=np.float64)[0].reshape(-1, 3), np.eye(3), [[0.5] * 3]])
    y = TF.adjust_hue(x[None], turns)[0]
    for before, after in zip(x, y, strict=True):
        h, s, v = colorsys.rgb_to_hsv(*before)
        np.testing.assert_allclose(after, colorsys.hsv_to_rgb((h + turns) % 1, s, v), atol=1e-12)


def test_jitter_stays_within_its_limits_and_takes_every_order():
    half = np.full((400, 1, 1, 3), 0.5)
    mg.manual_seed(0)
    bright = transforms.ColorJitter(brightness=0.4).batch(half)[:, 0, 0, 0]
    assert 0.3 < bright.min() < 0.31
    assert 0.69 < bright.max() < 0.7
    fixed = transforms.ColorJitter((1.5, 1.5), (0.5, 0.5), (0.2, 0.2), (0.3, 0.3))
    outcomes = fixed.batch(np.broadcast_to([0.9, 0.5, 0.2], (400, 1, 2, 3)) * [[[1.0], [0.3]]])
    assert 10 < len({image.round(6).tobytes() for image in outcomes}) <= 24


def test_resized_crops_show_parts_of_the_allowed_size():
    rows, columns = np.mgrid[0:40, 0:60]
    image = np.stack([rows, columns, 0 * rows], -1).astype(np.float64)
    mg.manual_seed(0)
    crop = RandomResizedCrop(50, scale=(0.2, 0.6), ratio=(0.5, 2))
    areas, ratios = [], []
    for part in crop.batch(np.repeat(image[None], 300, 0)):
        height, width = np.ptp(part[..., 0]) + 1, np.ptp(part[..., 1]) + 1
        areas.append(height * width / 2400)
        ratios.append(width / height)
        assert -0.001 <= part[..., 1].min() <= part[..., 1].max() <= 59.001
    assert 0.18 < min(areas) < 0.25 < 0.5 < max(areas) < 0.65
    assert 0.45 < min(ratios) < 0.6 < 1.7 < max(ratios) < 2.2


def test_where_no_window_fits_the_middle_is_taken():
    image = np.arange(12.0).reshape(1, 12)  # 12 wide and 1 high: no ratio up to 2 has this area
    y = RandomResizedCrop((1, 2), scale=(0.9, 1), ratio=(0.5, 2))(image)
    assert y.tolist() == [[5, 6]]


def test_there_and_back_through_pillow():
    image = photos(1)[0]
    for form in (image, TF.pil_to_tensor(image), TF.to_tensor(image)):
        picture = transforms.ToPILImage()(form)
        assert (picture.mode, picture.size) == ("RGB", (8, 7))
        assert (np.asarray(picture) == image).all()
    assert transforms.ToPILImage()(image[..., :1]).mode == "L"
    assert transforms.ToPILImage("L")(image).mode == "L"
    x = transforms.PILToTensor()(transforms.ToPILImage()(image))
    assert (x.dtype, x.shape) == (np.uint8, (3, 7, 8))
    assert repr(transforms.ToPILImage("L")) == "ToPILImage(mode='L')"


def test_transforms_take_pillow_images():
    image = photos(1)[0]
    picture = Image.fromarray(image)
    chain = transforms.Compose([transforms.Resize((4, 5)), transforms.ToTensor()])
    assert (chain(picture).data == chain(image).data).all()
    assert (TF.hflip(picture) == image[:, ::-1]).all()


def test_convert_image_dtype():
    x = mg.tensor(np.arange(256, dtype=np.uint8).reshape(1, 16, 16))
    y = TF.convert_image_dtype(x)
    assert y.dtype == np.float32
    assert y.data.max() == 1
    assert (transforms.ConvertImageDtype(mg.uint8)(y).data == x.data).all()
    part = transforms.ConvertImageDtype(mg.uint8)(np.array([[0.0, 0.0039, 0.5, 0.997, 1, 2, -1]]))
    assert part.tolist() == [[0, 0, 127, 255, 255, 255, 0]]
    double = transforms.ConvertImageDtype(mg.float64)(y)
    assert double.dtype == np.float64


def test_the_functions_do_what_the_transforms_do():
    x = photos(1)[0]
    assert (TF.resize(x, 4) == transforms.Resize(4)(x)).all()
    assert (TF.center_crop(x, 4) == transforms.CenterCrop(4)(x)).all()
    assert (TF.crop(x, 1, 2, 3, 4) == x[1:4, 2:6]).all()
    assert (TF.pad(x, 1, 7) == transforms.Pad(1, 7)(x)).all()
    assert (TF.vflip(x) == x[::-1]).all()
    y = TF.normalize(TF.to_tensor(x), (0.5,), (0.5,))
    np.testing.assert_allclose(y.data, np.moveaxis(x, -1, 0) / 127.5 - 1, atol=1e-6)


ERRORS = [
    (lambda: transforms.Grayscale(2), ValueError, "num_output_channels must be 1 or 3, got 2"),
    (lambda: transforms.Grayscale()(np.zeros((3, 4, 5), np.uint8)), ValueError,
     r"1 or 3 channels, got shape \(5, 3, 4\); arrays are \(H, W, C\)"),
    (lambda: transforms.Grayscale()(np.zeros((3, 4))[..., None].astype(int)), TypeError,
     "uint8 0..255 or floats 0..1, not int64"),
    (lambda: transforms.ColorJitter(brightness=-1), ValueError, "brightness must be a number"),
    (lambda: transforms.ColorJitter(contrast=(2, 1)), ValueError, r"within 0 to inf, got \(2, 1\)"),
    (lambda: transforms.ColorJitter(hue=0.6), ValueError, "within -0.5 to 0.5, got 0.6"),
    (lambda: TF.adjust_hue(np.zeros((2, 2, 3)), 0.7), ValueError, "hue_factor must be from -0.5"),
    (lambda: RandomResizedCrop(3, scale=(0, 2)), ValueError, r"scale must be .*got \(0, 2\)"),
    (lambda: RandomResizedCrop(3, ratio=(0, 2)), ValueError, r"ratio must be .*got \(0, 2\)"),
    (lambda: transforms.ToPILImage()(mg.ones(2, 3, 4, 5)), ValueError, r"one image .*\[0\]"),
    (lambda: transforms.ToPILImage()([1]), ValueError, "got list of shape"),
    (lambda: transforms.ToPILImage()(mg.ones(3, 4, 5).long()), ValueError, r"\(3, 4, 5\) of int64"),
    (lambda: transforms.ToPILImage()(mg.ones(5, 4, 3)), ValueError, "1 to 4 channels"),
    (lambda: transforms.PILToTensor()(mg.ones(3, 4, 5)), TypeError, "is a Tensor already"),
    (lambda: transforms.ConvertImageDtype(mg.int64), TypeError, "not int64; .* write x.to"),
    (lambda: TF.convert_image_dtype(mg.ones(3, 4, 5).long()), TypeError, "uint8 or floats"),
    (lambda: TF.crop(np.zeros((4, 4)), 2, 0, 3, 3), ValueError, "rows 2..5 .* image of 4 x 4"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), ERRORS)
def test_what_is_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()
