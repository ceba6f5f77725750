import numpy as np
import pytest

from minigrad import random, transforms
from minigrad.datasets import SyntheticShapes
from minigrad.tensor import Tensor
from minigrad.transforms import (
    CenterCrop,
    Compose,
    Lambda,
    Normalize,
    Pad,
    RandomAffine,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomVerticalFlip,
    Resize,
    ToTensor,
    apply_to_batch,
)

SPATIAL = [
    CenterCrop(6),
    CenterCrop((12, 5)),
    Pad(2),
    Pad((1, 0, 2, 3), fill=9),
    Pad((1, 2), padding_mode="reflect"),
    RandomCrop(6),
    RandomCrop((7, 5), padding=1, fill=3),
    RandomCrop(12, pad_if_needed=True, padding_mode="edge"),
    RandomHorizontalFlip(),
    RandomVerticalFlip(0.3),
    RandomAffine(30, (0.2, 0.1), (0.7, 1.5)),
    RandomAffine((10, 20), interpolation="bilinear", fill=7),
    RandomRotation(45),
    RandomRotation((0, 90), "bilinear"),
    RandomErasing(0.8, value=4),
    RandomResizedCrop(5),
    RandomResizedCrop((6, 7), (0.3, 0.9), (0.5, 1.5), antialias=False),
    Resize(5),
    Resize((13, 4), antialias=False),
]


def images(n=8, shape=(9, 10), channels=None, kind=np.uint8):
    last = () if channels is None else (channels,)
    x = np.random.default_rng(0).integers(256, size=(n, *shape, *last))
    return x.astype(kind)


def values(x):
    return x.data if isinstance(x, Tensor) else x


# ---- one image, a batch, and the two layouts


@pytest.mark.parametrize("transform", SPATIAL, ids=repr)
@pytest.mark.parametrize("layout", ["HW", "HWC", "CHW"])
def test_a_batch_is_its_images_one_after_another(transform, layout):
    batch = images(channels=None if layout == "HW" else 3)
    if layout == "CHW":
        batch = ToTensor().batch(batch)
    before = values(batch).copy()
    random.manual_seed(1)
    together = transform.batch(batch)
    random.manual_seed(1)
    one_by_one = [transform(image) for image in batch]
    assert type(together) is type(one_by_one[0]) is type(batch)
    assert values(together).dtype == values(batch).dtype
    assert np.array_equal(values(together), np.stack([values(x) for x in one_by_one]))
    assert np.array_equal(values(batch), before)  # the input is left alone


@pytest.mark.parametrize("transform", SPATIAL, ids=repr)
def test_before_and_after_to_tensor_is_the_same(transform):
    batch = images(channels=3)
    random.manual_seed(1)
    before = ToTensor().batch(transform.batch(batch)).data
    random.manual_seed(1)
    x = ToTensor().batch(batch).data * 255  # the same scale, so that fill means the same
    after = transform.batch(Tensor(x)).data / 255
    assert np.allclose(before, after, atol=0.51 / 255)  # uint8 is rounded


def test_each_image_of_a_batch_gets_its_own_draw():
    batch = np.repeat(images(1, (9, 10)), 50, axis=0)
    for transform in SPATIAL:
        if type(transform).__name__.startswith("Random"):
            assert len({image.tobytes() for image in transform.batch(batch)}) > 1, transform


def test_augmentation_follows_the_seed_and_its_own_stream():
    crop = RandomCrop(6)
    random.manual_seed(5)
    first = crop.batch(images())
    random.manual_seed(5)
    random.generator("shuffle").random(10)
    assert np.array_equal(crop.batch(images()), first)
    assert not np.array_equal(crop.batch(images()), first)


# ---- ToTensor, Normalize, Compose, Lambda


def test_to_tensor():
    gray, color = images(), images(channels=3)
    x = ToTensor()(gray[0])
    assert (type(x), x.shape, x.dtype) == (Tensor, (1, 9, 10), np.float32)
    assert np.array_equal(x.data[0], gray[0].astype(np.float32) / np.float32(255))
    y = ToTensor()(color[0])
    assert y.shape == (3, 9, 10)
    assert y.data[2, 4, 7] == np.float32(color[0, 4, 7, 2]) / np.float32(255)
    assert ToTensor().batch(color).data.flags.c_contiguous
    kept = ToTensor()(np.full((2, 2), 3.5))
    assert (kept.dtype, kept.data.max()) == (np.float32, 3.5)


def test_normalize():
    x = ToTensor()(images(channels=3)[0])
    mean, std = (0.1, 0.2, 0.3), (0.5, 1, 2)
    y = Normalize(mean, std)(x)
    for c in range(3):
        assert np.allclose(y.data[c], (x.data[c] - mean[c]) / std[c], atol=1e-6)
    assert y.dtype == np.float32
    assert np.allclose(Normalize(0.1, 0.5)(x).data, (x.data - 0.1) / 0.5, atol=1e-6)
    many = Tensor(np.stack([x.data, x.data]))
    assert np.array_equal(Normalize(mean, std)(many).data[1], y.data)  # as torchvision does


def test_compose_of_vectorized_parts_is_vectorized():
    steps = [RandomHorizontalFlip(), ToTensor(), Normalize((0.5,), (0.5,))]
    inner = Compose(steps[1:])
    random.manual_seed(0)
    batch = Compose([steps[0], inner]).batch(images())
    random.manual_seed(0)
    samples = [Compose(steps)(image).data for image in images()]
    assert np.array_equal(batch.data, samples)


def test_compose_with_a_function_goes_image_by_image():
    shapes = []

    def brighter(x):
        shapes.append(x.shape)
        return x + 1

    transform = Compose([ToTensor(), Lambda(brighter)])
    batch = apply_to_batch(transform, images(3))
    assert shapes == [(1, 9, 10)] * 3
    assert np.array_equal(batch.data, ToTensor().batch(images(3)).data + 1)


def test_a_subclass_that_changes_only_call_is_heeded():
    class Twice(ToTensor):
        def __call__(self, image):
            return super().__call__(image) * 2

    for transform in (Twice(), Compose([Twice()])):
        batch = apply_to_batch(transform, images(3))
        assert np.allclose(batch.data, ToTensor().batch(images(3)).data * 2)


def test_reprs_read_as_written():
    compose = Compose([ToTensor(), Normalize((0.5,), (0.5,)), Lambda(abs)])
    assert repr(compose) == (
        "Compose(\n    ToTensor()\n    Normalize(mean=(0.5,), std=(0.5,))\n    Lambda()\n)"
    )
    assert repr(RandomErasing()).startswith("RandomErasing(p=0.5, scale=(0.02, 0.33), ratio=")


# ---- in use, and refused


def test_a_loader_batch_of_augmented_images():
    data = SyntheticShapes(
        n=10,
        channels=3,
        transform=Compose([RandomCrop(28, padding=4), RandomHorizontalFlip(), ToTensor()]),
    )
    x, _ = data.get_batch(np.arange(10))
    assert x.shape == (10, 3, 28, 28)
    assert 0 <= x.data.min() <= x.data.max() <= 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: Normalize((0.1, 0.2), (1, 1)),
            None,
            "mean has 2 values, the image has 3 channels",
        ),
        (lambda: Normalize(0.1, (1, 1)), None, "std has 2 values, the image has 3 channels"),
        (lambda: ToTensor(), TypeError, r"is a Tensor already; use ToTensor\(\) only once"),
        (lambda: RandomCrop(11), None, r"size \(11, 11\) is larger than the image \(9, 10\)"),
        (lambda: transforms.Transform(), TypeError, r"Transform needs a method pixels\(self, x"),
        (lambda: Normalize(0.1, 0), None, "std must not be 0"),
        (lambda: Lambda(3), TypeError, "expected a function, got int"),
        (lambda: RandomHorizontalFlip(1.5), None, "RandomHorizontalFlip: p must be from 0 to 1"),
        (lambda: Pad((1, 2, 3)), None, r"Pad: padding must be .* got \(1, 2, 3\)"),
        (lambda: Pad(-1), None, "Pad: padding must be"),
        (lambda: Pad(1, 0, "wrap"), None, "padding_mode must be one of constant, .* got 'wrap'"),
        (lambda: CenterCrop((1, 2, 3)), None, r"CenterCrop: size must be .* got \(1, 2, 3\)"),
        (lambda: Resize(0), None, "Resize: size must be an int or"),
        (lambda: RandomRotation(-1), None, "degrees must not be negative, got -1"),
        (lambda: RandomRotation((5, 1)), None, r"degrees must be a number or \(from, to\)"),
        (lambda: RandomRotation(5, "cubic"), None, 'interpolation must be "nearest" or "bilinear"'),
        (lambda: RandomAffine(0, (0.1, 2)), None, r"translate must be \(a, b\), parts of"),
        (lambda: RandomAffine(0, None, (0, 1)), None, "scale must be .from, to. with 0 < from"),
        (lambda: RandomErasing(scale=(0.5, 0.1)), None, "RandomErasing: scale must be"),
        (lambda: RandomErasing(ratio=(0, 1)), None, "RandomErasing: ratio must be"),
    ],
)
def test_refused_options_and_shapes(call, error, message):
    x = ToTensor()(images(channels=3)[0])
    with pytest.raises(error or ValueError, match=message):
        call()(x)


def test_refused_images():
    with pytest.raises(TypeError, match=r"put ToTensor\(\) before Normalize\(\)"):
        Normalize(0.1, 1)(images()[0])
    with pytest.raises(TypeError, match=r"float Tensor, got Tensor of type uint8"):
        Normalize(0.1, 1)(Tensor(images(channels=3)[0]))
    with pytest.raises(TypeError, match=r"got list; write np.asarray\(image\)"):
        ToTensor()([[1, 2]])
    with pytest.raises(ValueError, match=r"\(H, W\) or \(H, W, C\) .*got ndarray of shape \(3,\)"):
        RandomHorizontalFlip()(np.zeros(3))
    with pytest.raises(ValueError, match=r"\(N, H, W\).*got ndarray of shape \(2, 2\)"):
        ToTensor().batch(np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"Tensor \(C, H, W\), got Tensor of shape \(5,\)"):
        CenterCrop(2)(Tensor(np.zeros(5)))
