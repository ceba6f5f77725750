"""The sets made of the embedded digits, and the made-up sensor."""

from itertools import pairwise

import numpy as np
import pytest

from minigrad.datasets import DigitCanvas, Digits, MovingDigits, SensorSeries, WarpedDigits
from minigrad.datasets.canvas import INK, enlarge
from minigrad.datasets.series import CYCLES, DAY
from minigrad.nn import functional as F
from minigrad.tensor import Tensor
from minigrad.transforms import Compose, Normalize, ToTensor
from minigrad.utils.data import DataLoader, fetch

SETS = [DigitCanvas, WarpedDigits, MovingDigits]


@pytest.mark.parametrize("cls", SETS)
def test_same_arguments_same_scenes(cls):
    first = cls(n=20)
    assert np.array_equal(first.data, cls(n=20).data)
    for other in (cls(n=20, seed=1), cls(train=False, n=20)):
        assert not np.array_equal(first.data, other.data)
    assert (len(cls()), len(cls(train=False))) == (2000, 500)
    assert first.data.dtype == np.uint8


def test_what_the_sets_say_of_themselves():
    assert repr(DigitCanvas(n=3)) == "DigitCanvas(training set: 3 images 32 x 32)"
    assert repr(MovingDigits(False, n=3)) == "MovingDigits(test set: 3 clips 8 x 16 x 16)"
    assert repr(SensorSeries()) == "SensorSeries(training set: 62 windows of 256 steps)"


@pytest.mark.parametrize("cls", [DigitCanvas, WarpedDigits])
def test_mean_and_std_are_those_of_the_images(cls):
    x = cls().data / 255
    assert [x.mean(), x.std()] == pytest.approx([cls.mean[0], cls.std[0]], abs=2e-3)


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("cls", SETS)
def test_scenes_show_digits_of_their_own_part_only(cls, train):
    """Unscaled, unturned, without noise, each digit is found pixel by pixel in Digits."""
    options = {
        DigitCanvas: {"scale": 1, "digits": 1},
        WarpedDigits: {"scale": 1, "degrees": 0, "shift": 0},
        MovingDigits: {},
    }[cls]
    data = cls(train, n=40, noise=0, **options).data
    images = data[:, 0] if data.ndim == 4 else data
    source = Digits(train=train)
    allowed = {np.sort(digit[digit > 0]).tobytes() for digit in source.data}
    other = {np.sort(digit[digit > 0]).tobytes() for digit in Digits(train=not train).data}
    found = [np.sort(image[image > 0]).tobytes() for image in images]
    if cls is DigitCanvas:  # the faint rim of a digit may stick out
        found = [f for f, image in zip(found, images, strict=True) if not on_the_rim(image)]
    assert len(found) > 15
    assert set(found) <= allowed
    assert not set(found) & other


def on_the_rim(image):
    inner = image[1:-1, 1:-1]
    return (image > 0).sum() != (inner > 0).sum()


# ---- DigitCanvas


def test_a_box_is_the_rectangle_around_the_ink_of_its_mask():
    data = DigitCanvas(n=60, digits=(1, 4), noise=0)
    assert set((data.labels >= 0).sum(1)) == {1, 2, 3, 4}
    for image, mask, boxes, labels in zip(
        data.data, data.masks, data.boxes, data.labels, strict=True
    ):
        rest = mask.copy()
        for (x1, y1, x2, y2), label in zip(boxes.astype(int), labels, strict=True):
            if label < 0:
                continue
            part = mask[y1:y2, x1:x2] > 0
            assert all(edge.any() for edge in (part[0], part[-1], part[:, 0], part[:, -1]))
            assert set(np.unique(mask[y1:y2, x1:x2])) <= {0, label + 1}
            rest[y1:y2, x1:x2] = 0
        assert not rest.any()
        assert image[mask > 0].min() >= np.floor(255 * INK)


def test_missing_digits_come_last_and_are_minus_one():
    data = DigitCanvas(n=60, digits=(1, 4))
    assert (data.boxes.shape, data.labels.shape) == ((60, 4, 4), (60, 4))
    missing = data.labels < 0
    assert ((data.boxes == -1).all(2) == missing).all()
    assert (np.diff(missing.astype(int), axis=1) >= 0).all()
    assert not missing[:, 0].any()


def test_boxes_do_not_overlap_and_stay_on_the_canvas():
    data = DigitCanvas(n=200, digits=6, scale=(1, 2))
    left, top, right, bottom = np.moveaxis(data.boxes, 2, 0)
    there = data.labels >= 0
    assert 2 < there.sum(1).mean() < 6  # a full canvas leaves some out
    assert min(left[there].min(), top[there].min()) == 0
    assert max(right[there].max(), bottom[there].max()) == 32
    for a in range(6):
        for b in range(a):
            width = np.minimum(right[:, a], right[:, b]) - np.maximum(left[:, a], left[:, b])
            height = np.minimum(bottom[:, a], bottom[:, b]) - np.maximum(top[:, a], top[:, b])
            assert not ((width > 0) & (height > 0) & there[:, a] & there[:, b]).any()


def test_digits_are_as_large_as_scale_says():
    large = DigitCanvas(n=200, size=40, digits=1, scale=3).boxes
    height = large[:, 0, 3] - large[:, 0, 1]
    assert 19 < height.mean() <= 24
    digits = Digits().data[:3] / 255
    ours = enlarge(digits, np.full(3, 2.0), 18)
    theirs = F.interpolate(Tensor(digits[:, None]), scale_factor=2, mode="bilinear").data[:, 0]
    assert np.allclose(ours[:, 1:15, 1:15], theirs[:, 1:-1, 1:-1])
    assert not ours[:, 17:].any()
    assert np.array_equal(enlarge(digits, np.ones(3), 8), digits)


def test_what_a_canvas_gives():
    transform = Compose([ToTensor(), Normalize(DigitCanvas.mean, DigitCanvas.std)])
    masks = DigitCanvas(n=5, transform=transform)
    image, mask = masks[-1]
    assert (image.shape, image.dtype) == ((1, 32, 32), np.float32)
    assert (mask.shape, mask.dtype) == ((32, 32), np.int64)
    images, batch = next(iter(DataLoader(masks, 5)))
    assert (images.shape, batch.shape, batch.dtype) == ((5, 1, 32, 32), (5, 32, 32), np.int64)
    assert np.array_equal(batch.data[4], mask)

    boxes = DigitCanvas(n=5, transform=transform, target="boxes")
    _, found = boxes[3]
    images, batch = next(iter(DataLoader(boxes, 5)))
    assert (batch["boxes"].shape, batch["boxes"].dtype) == ((5, 3, 4), np.float32)
    assert (batch["labels"].shape, batch["labels"].dtype) == ((5, 3), np.int64)
    for name in ("boxes", "labels"):
        assert np.array_equal(batch[name].data[3], found[name])


def test_writing_into_a_sample_leaves_the_set_as_it_is():
    for target in ("mask", "boxes"):
        data = DigitCanvas(n=1, target=target)
        image, found = data[0]
        for array in [image, *(found.values() if target == "boxes" else [found])]:
            array[:] = 99
        assert data.data.max() != 99
        assert max(data.masks.max(), data.boxes.max(), data.labels.max()) < 99


# ---- WarpedDigits


def test_warped_digits_are_scaled_and_turned():
    plain = {"n": 300, "degrees": 0, "shift": 0, "noise": 0}
    small, large = (WarpedDigits(scale=s, **plain).data / 255 for s in (1, 2))
    assert large.sum() / small.sum() == pytest.approx(4, rel=0.1)
    upright = WarpedDigits(scale=1.5, **plain)
    turned = WarpedDigits(scale=1.5, **plain | {"degrees": 60})
    assert np.array_equal(upright.targets, turned.targets)
    assert not np.array_equal(upright.data, turned.data)
    assert turned.data.sum() == pytest.approx(upright.data.sum(), rel=0.02)
    moved = WarpedDigits(scale=1, **plain | {"shift": 4})
    assert spread(moved.data) > spread(small) + 1


def spread(images):
    """The standard deviation of the ink's center, in pixels."""
    rows = images.sum(2) @ np.arange(images.shape[1]) / images.sum((1, 2))
    return rows.std()


def test_odd_sizes():
    assert WarpedDigits(n=2, size=21).data.shape == (2, 21, 21)
    assert MovingDigits(n=2, size=17).data.shape == (2, 8, 17, 17)
    assert DigitCanvas(n=2, size=33).data.shape == (2, 33, 33)


def test_warped_digits_fetch_as_other_images_do():
    images, labels = fetch(WarpedDigits(n=4, transform=ToTensor()), [0, 2])
    assert (images.shape, labels.dtype) == ((2, 1, 20, 20), np.int64)


# ---- MovingDigits


@pytest.mark.parametrize(("directions", "speed"), [(4, 1), (8, 3)])
def test_each_clip_moves_as_its_class_says(directions, speed):
    data = MovingDigits(n=24, directions=directions, speed=speed, noise=0)
    assert np.array_equal(data.targets, np.arange(24) % directions)
    assert len(data.classes) == directions
    for clip, label in zip(data.data, data.targets, strict=True):
        words = data.classes[label].split()
        down = words.count("down") - words.count("up")
        right = words.count("right") - words.count("left")
        for before, after in pairwise(clip):
            assert np.array_equal(after, np.roll(before, (speed * down, speed * right), (0, 1)))


def test_speeds_are_drawn_from_the_range():
    data = MovingDigits(n=400, speed=(1, 3), noise=0)
    rolled = {
        k: sum(
            np.array_equal(clip[1], np.roll(clip[0], k * step, (0, 1)))
            for clip, step in zip(data.data, data.steps[data.targets], strict=True)
        )
        for k in range(5)
    }
    assert sum(rolled.values()) == 400
    assert rolled[0] == rolled[4] == 0
    assert min(rolled[1], rolled[2], rolled[3]) > 90


def test_a_single_frame_does_not_give_the_direction_away():
    """The mean frame of a class is as flat as chance makes it, and the classes differ no more."""
    data = MovingDigits(n=8000, frames=4, noise=0)
    for frame in range(4):
        images = data.data[:, frame] / 255
        means = np.stack([images[data.targets == label].mean(0) for label in range(4)])
        error = images.std() / np.sqrt(2000)  # standard error of each pixel's mean
        assert abs(means - images.mean()).max() < 5 * error
        assert means.std() < 1.1 * error


def test_moving_digits_batch():
    clips, labels = next(iter(DataLoader(MovingDigits(n=6, frames=5, size=20), 6)))
    assert (clips.shape, clips.dtype) == ((6, 5, 20, 20), np.uint8)
    assert isinstance(labels, Tensor)
    assert labels.data.tolist() == [0, 1, 2, 3, 0, 1]


# ---- SensorSeries


def test_windows_of_the_sensor_are_one_step_apart():
    train, test = SensorSeries(window=64, stride=10), SensorSeries(train=False, window=64)
    x, y = next(iter(DataLoader(train, 8)))
    assert (x.shape, x.dtype, y.shape) == ((8, 1, 64), np.float32, (8, 1, 64))
    assert np.array_equal(x.data[..., 1:], y.data[..., :-1])
    assert np.array_equal(x.data[1, 0], train.series[10:74])
    assert np.array_equal(test[0][0].data[0], test.series[16_000:16_064])
    assert len(test) == (4000 - 65) // 64 + 1
    last = train[len(train) - 1][1].data[0, -1]
    assert last in train.series[15_990:16_000]


def test_the_sensor_is_standardized_on_its_training_part_and_repeats():
    train, test = SensorSeries(), SensorSeries(train=False)
    assert np.array_equal(train.series, test.series)
    part = train.series[:16_000].astype(float)
    assert [part.mean(), part.std()] == pytest.approx([0, 1], abs=1e-5)
    assert not np.array_equal(train.series, SensorSeries(seed=1).series)


def test_the_sensor_has_days_beats_and_regimes():
    data = SensorSeries(noise=0)
    power = abs(np.fft.rfft(data.series)) ** 2
    periods = len(data.series) / np.arange(1, len(power))
    for period, times in (DAY, 50), (CYCLES[0], 20), (CYCLES[1], 20):
        near, around = (abs(periods / period - 1) < share for share in (0.02, 0.3))
        assert power[1:][near].max() > times * np.median(power[1:][around])
    changes = np.diff(data.regimes)
    assert 200 < len(data.series) / (changes != 0).sum() < 800
    at = np.flatnonzero(changes)
    at = at[(at > DAY) & (at < len(data.series) - DAY)]
    jumps = [data.series[i : i + DAY].mean() - data.series[i - DAY : i].mean() for i in at]
    assert np.mean(jumps * changes[at]) > 0.25
    assert SensorSeries(noise=1).series[:50].std() != data.series[:50].std()


# ---- errors


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DigitCanvas(target="masks"), "DigitCanvas: target must be one of.*did you mean"),
        (lambda: DigitCanvas(n=0), "DigitCanvas: n must be at least 1, got 0"),
        (lambda: DigitCanvas(size=7), "DigitCanvas: size must be at least 8, got 7"),
        (lambda: DigitCanvas(size=12), "8 x 2 pixels do not fit into size 12; give size=16 or"),
        (lambda: DigitCanvas(digits=0), "DigitCanvas: digits must be at least 1, got 0"),
        (lambda: DigitCanvas(digits=(3, 1)), r"digits must be a whole number or \(from, to\)"),
        (lambda: DigitCanvas(digits=(1, 2, 3)), r"digits must be .*got \(1, 2, 3\)"),
        (lambda: DigitCanvas(scale=0), "DigitCanvas: scale must be a number or .*got 0"),
        (lambda: DigitCanvas(scale=(2, 1)), r"scale must be .*got \(2, 1\)"),
        (lambda: DigitCanvas(scale=(1, 1, 2)), r"scale must be .*got \(1, 1, 2\)"),
        (lambda: DigitCanvas(noise=-1), "DigitCanvas: noise must be at least 0, got -1"),
        (lambda: WarpedDigits(scale=3), "digits of 8 x 3 pixels do not fit.*scale up to 2.5"),
        (lambda: WarpedDigits(degrees=200), "degrees must be from 0 to 180, got 200"),
        (lambda: WarpedDigits(shift=11), "shift must be from 0 to 10, half the size, got 11"),
        (lambda: WarpedDigits(noise=float("nan")), "WarpedDigits: noise must be at least 0"),
        (lambda: MovingDigits(frames=1), "MovingDigits: frames must be at least 2, got 1"),
        (lambda: MovingDigits(directions=6), "directions must be 4 or 8, got 6"),
        (lambda: MovingDigits(speed=8), "speed must be below 8, half the size, got 8"),
        (lambda: MovingDigits(noise=-1), "MovingDigits: noise must be at least 0"),
        (lambda: SensorSeries(window=4000, train=False), "4000 does not fit into the 4000 steps"),
        (lambda: SensorSeries(window=4000, train=False), "of the test part; give window=3999"),
        (lambda: SensorSeries(steps=50), "SensorSeries: steps must be at least 100, got 50"),
        (lambda: SensorSeries(stride=0), "SensorSeries: stride must be at least 1, got 0"),
        (lambda: SensorSeries(noise=-1), "SensorSeries: noise must be at least 0, got -1"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_numbers_that_are_no_whole_ones_are_refused():
    with pytest.raises(TypeError, match=r"DigitCanvas: digits must be an int, got 1.5"):
        DigitCanvas(digits=(1.5, 2))
    with pytest.raises(TypeError, match=r"MovingDigits: n must be an int, got 10.0; write 10"):
        MovingDigits(n=10.0)
    with pytest.raises(IndexError, match="DigitCanvas has 3 images; there is no 3"):
        DigitCanvas(n=3, target="boxes")[3]
