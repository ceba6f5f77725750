"""Sliding a kernel over an image: filtering, unsharp masking, the gradient."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..nn import functional as F
from ..nn.arguments import choice
from ..tensor import Tensor
from . import kernels
from .images import as_planes, check_array, check_image

Image = TypeVar("Image", np.ndarray, Tensor)

# What F.pad calls each kind of border.
BORDERS = {
    "zeros": "constant",
    "reflect": "reflect",
    "replicate": "replicate",
    "circular": "circular",
}


def apply(image: Image, kernel: Any, padding: str = "reflect", mode: str = "correlation") -> Image:
    """Slide `kernel`, any 2-D array (kh, kw), over each channel of the image by itself.

    An array (H, W) or (H, W, C) comes back as float32 in the same layout and scale: uint8 counts
    as 0..255, and what leaves 0..255 is not cut off. A Tensor (C, H, W) or (N, C, H, W) gives a
    Tensor, with gradients. nan and inf in an array are refused, in a Tensor not looked for.

    mode="correlation", what convolution layers compute:

        y[r, c] = sum over i, j of kernel[i, j] * image[r + i - a, c + j - b]

    mode="convolution", the true one, reads the image backwards (so the kernel lies flipped):

        y[r, c] = sum over i, j of kernel[i, j] * image[r - i + a, c - j + b]

    with (a, b) = ((kh - 1) // 2, (kw - 1) // 2), the kernel's middle or, for an even size, the
    place before it. So the convolution of [1, 2, 3, 4, 5] with [1, 0, -1] and zeros around is
    [2, 2, 2, 2, -4]; a result of [1, 0, -1, 0, 1], which circulates, is a mistake.

    padding, what lies outside: "zeros"; "reflect", the image mirrored, its edge not repeated (in
    SciPy "mirror"); "replicate", the edge's pixels again; "circular", the other side. "valid"
    keeps only the pixels whose window lies inside, (H - kh + 1, W - kw + 1) of them.

    >>> from minigrad import filters
    >>> filters.apply(mg.tensor([[[1.0, 2.0, 4.0]]]), [[-1, 0, 1]], padding="zeros").tolist()
    [[[2.0, 3.0, -2.0]]]
    """
    return slide("apply", image, kernel, padding, mode)


def slide(owner: str, image: Any, kernel: Any, padding: str, mode: str = "correlation") -> Any:
    """`apply`, on behalf of the function `owner` that the user called."""
    weight = check_kernel(owner, kernel)
    choice(owner, "padding", padding, [*BORDERS, "valid"])
    choice(owner, "mode", mode, ["correlation", "convolution"])
    planes, back = as_planes(check_image(owner, image))
    _check_fit(owner, planes.shape[2:], weight.shape, padding)
    before, after = [(k - 1) // 2 for k in weight.shape], [k // 2 for k in weight.shape]
    if mode == "convolution":
        weight, before, after = weight[::-1, ::-1], after, before
    if padding != "valid":
        (top, left), (bottom, right) = before, after
        planes = F.pad(planes, (left, right, top, bottom), BORDERS[padding])
    return back(F.conv2d(planes, Tensor(weight[None, None].astype(planes.dtype))))


class UnsharpMask(NamedTuple):
    """The three steps of unsharp masking; each is like the image in type and shape."""

    blurred: Any
    detail: Any
    sharpened: Any


def unsharp_mask(
    image: Image, sigma: float = 1.0, amount: float = 1.0, padding: str = "reflect"
) -> UnsharpMask:
    """Sharpen by adding what a blur takes away.

    blurred = the image under a Gaussian of `sigma` pixels, detail = image - blurred, and
    sharpened = image + amount * detail. Values may leave 0..255 (or 0..1): clip them to save or
    show them. Images and `padding` as in `apply`, but for "valid".
    """
    pixels = check_image("unsharp_mask", image)
    sigma = kernels.positive("unsharp_mask", "sigma", sigma)
    amount = kernels.positive("unsharp_mask", "amount", amount)
    choice("unsharp_mask", "padding", padding, BORDERS)
    blurred = slide("unsharp_mask", pixels, kernels.gaussian(sigma=sigma), padding)
    detail = pixels - blurred
    return UnsharpMask(blurred, detail, pixels + amount * detail)


class Gradient(NamedTuple):
    """The slopes to the right and downwards, and both as an arrow's length and direction.

    All are float32 in the image's layout. `direction`, in radians, points to where it grows
    brighter: 0 is right, pi/2 down. An edge runs at right angles to it.
    """

    x: np.ndarray
    y: np.ndarray
    magnitude: np.ndarray
    direction: np.ndarray


GRADIENTS = {
    "sobel": (kernels.sobel_x, kernels.sobel_y),
    "scharr": (kernels.scharr_x, kernels.scharr_y),
    "prewitt": (kernels.prewitt_x, kernels.prewitt_y),
}


def gradient(image: np.ndarray, kernel: str = "sobel", padding: str = "reflect") -> Gradient:
    """The gradient of an array (H, W) or (H, W, C), channel by channel.

    `kernel` is "sobel", "scharr" or "prewitt"; the slopes are in their units, 8, 32 and 6 times
    the change from pixel to pixel.
    """
    pixels = check_array("gradient", image)
    if not isinstance(kernel, str):
        raise TypeError(
            f"gradient: kernel must be the name of a pair, 'sobel', 'scharr' or 'prewitt', got "
            f"{type(kernel).__name__}; for one kernel write filters.apply(image, filters.sobel_x())"
        )
    across, down = GRADIENTS[choice("gradient", "kernel", kernel, GRADIENTS)]
    x = slide("gradient", pixels, across(), padding)
    y = slide("gradient", pixels, down(), padding)
    return Gradient(x, y, np.hypot(x, y), np.arctan2(y, x))


def check_kernel(owner: str, kernel: Any) -> np.ndarray:
    """A 2-D array of numbers, not empty; lists of lists are taken as well."""
    if callable(kernel):
        name = getattr(kernel, "__name__", "kernel")
        raise TypeError(f"{owner}: kernel is a function; call it to get the array: {name}()")
    if isinstance(kernel, Tensor):
        raise TypeError(
            f"{owner}: kernel must be an array, got a Tensor; write kernel.detach().numpy() (a "
            "kernel that learns is the weight of as_conv2d(..., trainable=True))"
        )
    try:
        weight = np.asarray(kernel)
    except ValueError as error:
        raise ValueError(f"{owner}: kernel's rows must all have the same length") from error
    if weight.dtype.kind not in "iuf" or weight.ndim != 2 or weight.size == 0:
        raise ValueError(
            f"{owner}: kernel must be a 2-D array (kh, kw) of real numbers, got {weight.dtype} of "
            f"shape {weight.shape}; for example sobel_x(), or [[1, 0, -1]] for one row"
        )
    if not np.isfinite(weight).all():
        raise ValueError(f"{owner}: kernel holds nan or inf, so no pixel would be a number")
    return weight


def _check_fit(owner: str, size: tuple[int, ...], kernel: tuple[int, ...], padding: str) -> None:
    """A mirror shows no more than there is of the image; "valid" needs a whole window."""
    for n, k in zip(size, kernel, strict=True):
        room = {"valid": n, "reflect": 2 * n - 1, "circular": 2 * n + 1}.get(padding, k)
        if k > room:
            raise ValueError(
                f"{owner}: a kernel of {kernel[0]}x{kernel[1]} is too large for an image of "
                f"{size[0]}x{size[1]} with padding={padding!r}, where the axis of {n} allows "
                f'{room}; write padding="replicate", or use a smaller kernel'
            )
