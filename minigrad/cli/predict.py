"""minigrad predict: what does a trained model see in these images?"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ..grad_mode import no_grad
from ..nn import functional as F
from ..nn.utils import evaluating
from ..train.checkpoint import CHECKPOINT
from ..transforms import Pad, Resize
from .data import SOURCES
from .runs import find_run, trained_model

HELP = "let a trained model guess what is on PNG images"
DESCRIPTION = """\
Let the model of a run guess what is on PNG images: its three best guesses for each.

An image is made what the model was trained on: gray or color, and its size; one that is not
square gets its border repeated until it is. Handwriting is light on dark in the digits and in
MNIST: use --invert for dark ink on light paper, and let the character fill the image.
"""
RED_GREEN_BLUE = np.array([0.299, 0.587, 0.114])  # how bright each looks (ITU-R BT.601)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `minigrad predict`."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="PNG files")
    parser.add_argument(
        "--run",
        dest="folder",
        metavar="FOLDER",
        help="the run folder (default: the newest in runs/)",
    )
    parser.add_argument("--invert", action="store_true", help="swap light and dark")


def run(args: argparse.Namespace) -> None:
    """Print the guesses for each image. Nothing is guessed unless all images can be read."""
    folder = find_run(args.folder, CHECKPOINT)
    config, model = trained_model(folder)
    source = SOURCES[config.data]
    pictures = []
    for path in args.images:
        image = read_png(path)
        note = f"{path}: {image.shape[1]}x{image.shape[0]} {_kind(image)}"
        image = fit_to(image, source.channels, source.size)
        print(f"{note} -> {source.size}x{source.size} {_kind(image)}")
        if args.invert:
            image = 255 - image
        if source.channels == 1 and _border(image) > 127:
            print(f"note: {path} has a light border, {config.data} a dark one; try --invert")
        pictures.append(image)
    inputs = source.transform().batch(np.stack(pictures))
    with evaluating(model), no_grad():
        probabilities = F.softmax(model(inputs), 1).numpy()
    print(f"{config.model} of {folder} guesses:")
    for path, p in zip(args.images, probabilities, strict=True):
        best = np.argsort(-p, kind="stable")[:3]
        print(f"{path}: " + ", ".join(f"{source.classes[i]} ({p[i]:.1%})" for i in best))


def read_png(path: str) -> np.ndarray:
    """A PNG file as uint8 (H, W) or (H, W, 3); what is transparent becomes white.

    ValueError, naming the file, if it is no PNG or cut short or damaged.
    """
    from matplotlib.image import imread

    if not Path(path).is_file():
        raise ValueError(f"there is no image {path}")
    if Path(path).read_bytes()[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError(f"{path} is no PNG image; convert it to PNG first")
    try:
        image = imread(path, format="png")  # 0..1, the last axis may be color or transparency
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ValueError(f"{path} is damaged or cut short: {error}") from None
    if image.ndim == 3 and image.shape[2] in (2, 4):
        opacity = image[..., -1:]
        image = image[..., :-1] * opacity + 1 - opacity
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    return np.rint(255 * image).astype(np.uint8)


def fit_to(image: np.ndarray, channels: int, size: int) -> np.ndarray:
    """An image (H, W) or (H, W, 3) as (size, size), or for 3 channels (size, size, 3)."""
    if channels == 1 and image.ndim == 3:
        image = np.rint(image @ RED_GREEN_BLUE).astype(np.uint8)
    elif channels == 3 and image.ndim == 2:
        image = np.stack([image] * 3, -1)
    height, width = image.shape[:2]
    more_x, more_y = max(height - width, 0), max(width - height, 0)
    sides = (more_x // 2, more_y // 2, more_x - more_x // 2, more_y - more_y // 2)
    return Resize((size, size))(Pad(sides, padding_mode="edge")(image))


def _border(image: np.ndarray) -> float:
    """How light the image's border is in the mean, 0 to 255."""
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]).mean()


def _kind(image: np.ndarray) -> str:
    return "gray" if image.ndim == 2 else "color"
