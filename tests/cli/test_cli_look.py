import re

import numpy as np
import pytest
from command import QUICK
from matplotlib.image import imsave

from minigrad.cli.predict import fit_to, read_png
from minigrad.datasets import Digits


def test_evaluate_says_what_train_said(minigrad):
    _, trained, _ = minigrad(*QUICK)
    code, out, _ = minigrad("evaluate")
    lines = out.splitlines()
    assert code == 0
    assert lines[-1] == trained.splitlines()[-1]
    assert lines[1].split() == ["class", "images", "accuracy"]
    images = [int(line.split()[1]) for line in lines[2:12]]
    rates = [float(line.split()[2].rstrip("%")) for line in lines[2:12]]
    assert sum(images) == 355
    total = float(lines[-1].split()[-1].rstrip("%"))
    assert np.dot(images, rates) / 355 == pytest.approx(total, abs=0.02)


def test_predict(run_folder, minigrad):
    digits = Digits(train=False)
    names = []
    for i in range(10):
        names.append(f"digit-{i}.png")
        imsave(names[-1], np.kron(digits.data[i], np.ones((5, 5), np.uint8)), cmap="gray")
    code, out, err = minigrad("predict", *names, "--run", str(run_folder))
    assert (code, err) == (0, "")
    assert "digit-0.png: 40x40 color -> 8x8 gray\n" in out
    guesses = re.findall(r"^digit-\d.png: (\d) \(\d+\.\d%\), \d \(", out, re.MULTILINE)
    assert len(guesses) == 10
    right = sum(int(guess) == label for guess, label in zip(guesses, digits.targets, strict=False))
    assert right >= 7


def test_dark_ink_on_paper(run_folder, minigrad):
    digit = Digits(train=False).data[0]
    imsave("paper.png", 255 - digit, cmap="gray", vmin=0, vmax=255)
    imsave("screen.png", digit, cmap="gray", vmin=0, vmax=255)
    run = ["--run", str(run_folder)]
    _, out, _ = minigrad("predict", "paper.png", *run)
    assert "note: paper.png has a light border, digits a dark one; try --invert" in out
    _, inverted, _ = minigrad("predict", "paper.png", "--invert", *run)
    _, plain, _ = minigrad("predict", "screen.png", *run)
    assert "note:" not in inverted + plain
    assert inverted.splitlines()[-1].split(": ")[1] == plain.splitlines()[-1].split(": ")[1]


def test_reading_png_of_every_kind(tmp_path):
    color = np.zeros((4, 6, 4), np.uint8)
    color[..., 0] = 200
    color[:2, :, 3] = 255  # the lower half is transparent
    imsave("color.png", color)
    image = read_png("color.png")
    assert image.shape == (4, 6, 3)
    assert image[0, 0].tolist() == [200, 0, 0]
    assert image[3, 5].tolist() == [255, 255, 255]
    assert fit_to(image[:2, :2], 1, 2).tolist() == [[60, 60], [60, 60]]  # 0.299 * 200
    gray = np.arange(12, dtype=np.uint8).reshape(3, 4)
    square = fit_to(gray, 3, 4)
    assert square.shape == (4, 4, 3)
    assert square[..., 1].tolist() == [*gray.tolist(), gray[-1].tolist()]


def test_summary(minigrad):
    code, out, _ = minigrad("summary", "--model", "resnet20", "--data", "cifar10")
    assert code == 0
    assert out.startswith("resnet20 for cifar10: 3 x 32 x 32\n")
    assert "parameters: 269,722\nmultiply-adds: 40,551,040\n" in out


@pytest.mark.parametrize("command", ["", "train", "evaluate", "predict", "summary"])
def test_help(command, minigrad):
    code, out, _ = minigrad(*command.split(), "--help")
    assert code == 0
    assert f"usage: minigrad {command}".rstrip() in out
