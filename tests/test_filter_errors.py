"""What the filters refuse, and the way out."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.filters import (
    apply,
    as_conv2d,
    box,
    emboss,
    gaussian,
    gradient,
    identity,
    laplacian,
    prewitt_x,
    prewitt_y,
    scharr_x,
    scharr_y,
    sharpen,
    sobel_x,
    sobel_y,
    unsharp_mask,
)

BATCH = np.zeros((9, 28, 28), np.uint8)
GRAY = np.zeros((8, 8), np.float32)
ANY = sobel_x()
KERNELS = [
    sobel_x, sobel_y, prewitt_x, prewitt_y, scharr_x, scharr_y, laplacian, gaussian, box, sharpen,
    emboss, identity,
]  # fmt: skip


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ([[1, 2]], "image must be an array, got list; for a list .* write np.asarray"),
        (np.zeros((4, 4), np.int64),
         r"uint8 \(0..255\) or float, got int64; write image.astype\(np.uint8\) if the values are "
         r"0..255, else image.astype\(np.float32\)"),
        (np.zeros((4, 4), bool), r"got bool; write image.astype\(np.float32\) for 0 and 1, or 255"),
        (np.zeros((4, 4), complex), r"got complex128; write abs\(image\), or filter image.real"),
        (np.array([None]), r"got object; write np.stack\(images\) if"),
        (mg.zeros(1, 4, 4, dtype=mg.int64), r"got int64; write image.to\(minigrad.uint8\)"),
        (np.zeros(5), r"got shape \(5,\); write image\[None\] for a signal"),
        (np.zeros((3, 28, 28)), r"got shape \(3, 28, 28\); if .* np.moveaxis\(image, 0, -1\)"),
        (BATCH, r"\(9, 28, 28\); filter one .* minigrad.tensor\(images\).float\(\).unsqueeze\(1\)"),
        (BATCH[:, :8, :8], r"got shape \(9, 8, 8\); filter one image at a time"),
        (BATCH[:, :, :, None], r"\(9, 28, 28, 1\); filter one .*\.permute\(0, 3, 1, 2\)"),
        (np.zeros((1, 2, 3, 4, 5)), r"1 to 4 channels, got shape \(1, 2, 3, 4, 5\)$"),
        (np.zeros((4, 4, 0)), r"1 to 4 channels, got shape \(4, 4, 0\)"),
        (np.array([[1, np.nan]]), r"holds nan or inf; write np.nan_to_num\(image\), or find"),
        (np.array([[[np.inf]]]), r"holds nan or inf; .* np.argwhere\(~np.isfinite\(image\)\)"),
        (np.zeros((0, 4)), r"image has no pixels, its shape is \(0, 4\)"),
        (mg.zeros(0, 1, 4, 4), r"image has no pixels, its shape is \(0, 1, 4, 4\)"),
        (mg.zeros(28, 28), r"Tensor \(C, H, W\) or \(N, .* \(28, 28\); write image.unsqueeze\(0\)"),
        (mg.zeros(1, 1, 1, 4, 4), r"\(N, C, H, W\), got shape \(1, 1, 1, 4, 4\)$"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "call", [lambda x: apply(x, ANY), unsharp_mask, gradient], ids=["apply", "unsharp", "gradient"]
)
def test_images_that_are_none(call, image, message):
    if isinstance(image, Tensor) and call is gradient:
        message = "must be an array"
    with pytest.raises((TypeError, ValueError), match=message):
        call(image)


def test_the_edits_work():
    images = BATCH.copy()
    assert apply(mg.tensor(images).float().unsqueeze(1), ANY).shape == (9, 1, 28, 28)
    color = np.zeros((9, 28, 28, 3), np.uint8)
    assert apply(mg.tensor(color).float().permute(0, 3, 1, 2), ANY).shape == (9, 3, 28, 28)
    image = mg.zeros(3, 9, 8)
    assert gradient(image.permute(1, 2, 0).numpy()).x.shape == (9, 8, 3)


def test_gradient_wants_arrays():
    with pytest.raises(TypeError, match=r"gradient: .* Tensor of shape \(1, 8, 8\); write .*perm"):
        gradient(mg.zeros(1, 8, 8))
    with pytest.raises(TypeError, match=r"gradient: .* Tensor of shape \(8, 8\); write image.num"):
        gradient(mg.zeros(8, 8))


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (sobel_x, r"kernel is a function; call it to get the array: sobel_x\(\)"),
        (mg.ones(3, 3), r"kernel must be an array, got a Tensor; write kernel.detach\(\).numpy"),
        (
            "sobel",
            r"2-D array \(kh, kw\) of real numbers, got <U5 of shape \(\); for example sobel",
        ),
        ([1, 0, -1], r"got int64 of shape \(3,\); for example sobel_x\(\), or \[\[1, 0, -1\]\]"),
        ([[1, 2], [3]], "kernel's rows must all have the same length"),
        ([[1, float("nan")]], "kernel holds nan or inf"),
        ([[]], r"got float64 of shape \(1, 0\)"),
        (np.ones((3, 3, 3, 3)), r"of shape \(3, 3, 3, 3\)"),
        (np.ones((3, 3), complex), "got complex128"),
        (np.ones((3, 3), bool), "got bool"),
    ],
)
@pytest.mark.parametrize("call", [lambda k: apply(GRAY, k), as_conv2d], ids=["apply", "as_conv2d"])
def test_kernels_that_are_none(call, kernel, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call(kernel)


@pytest.mark.parametrize(
    ("padding", "message"),
    [
        (
            "reflect",
            'apply: a kernel of 17x3 .* 8x8 .*reflect.* axis of 8 allows 15; .*"replicate"',
        ),
        ("circular", "apply: a kernel of 18x3 .*circular.* the axis of 8 allows 17"),
        ("valid", "apply: a kernel of 9x3 .*valid.* the axis of 8 allows 8"),
    ],
)
def test_kernels_too_large_for_their_border(padding, message):
    rows = {"reflect": 15, "circular": 17, "valid": 8}[padding]
    for mode in "correlation", "convolution":
        apply(GRAY, np.ones((rows, 3)), padding, mode)
        with pytest.raises(ValueError, match=message):
            apply(GRAY, np.ones((rows + 1 + (padding == "reflect"), 3)), padding, mode)
    assert apply(GRAY, np.ones((30, 31)), "replicate").shape == (8, 8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: apply(GRAY, ANY, "same"), "apply: padding must be one of 'zeros', .*got 'same'"),
        (lambda: apply(GRAY, ANY, "mirror"), "apply: padding must be one of .*'valid', got"),
        (lambda: apply(GRAY, ANY, mode="convolve"), "mode must be .* did you mean 'convolution'"),
        (lambda: unsharp_mask(GRAY, padding="valid"), "unsharp_mask: padding must be one of"),
        (lambda: unsharp_mask(GRAY, 0), "unsharp_mask: sigma must be a number above 0, got 0"),
        (lambda: unsharp_mask(GRAY, amount="1"), "unsharp_mask: amount must be a number above 0"),
        (lambda: unsharp_mask(GRAY, 3.0), 'unsharp_mask: a kernel of 25x25 .*padding="replicate"'),
        (lambda: gradient(GRAY, "sobl"), "gradient: kernel must be .* did you mean 'sobel'"),
        (
            lambda: gradient(GRAY, ANY),
            r"gradient: .* name of a pair, .* got ndarray; .* write filters",
        ),
        (lambda: gradient(GRAY, sobel_x), r"gradient: kernel must be the name .* got function;"),
        (lambda: gradient(GRAY, padding="same"), "gradient: padding must be one of"),
        (lambda: gradient(GRAY[:1]), "gradient: a kernel of 3x3 is too large .* axis of 1"),
        (lambda: laplacian(6), r"laplacian: neighbors must be 4 .* or 8 .*got 6"),
        (lambda: gaussian(sigma=-1), "gaussian: sigma must be a number above 0, got -1"),
        (lambda: gaussian(3, float("nan")), "gaussian: sigma must be a number above 0, got nan"),
        (lambda: gaussian(3, "1"), "gaussian: sigma must be a number above 0, got '1'"),
        (lambda: gaussian(3, True), "gaussian: sigma must be a number above 0, got True"),
        (lambda: gaussian(1.5), r"gaussian: size .* whole number .* gaussian\(sigma=1.5\)"),
        (lambda: gaussian(0), "gaussian: size must be a whole number of at least 1"),
        (lambda: gaussian((3, 3, 3)), r"gaussian: size .*or 2 of them \(H, W\)"),
        (lambda: box(0), "box: size must be a whole number of at least 1"),
        (lambda: as_conv2d(ANY, 0), "as_conv2d: channels must be a whole number .*got 0"),
        (lambda: as_conv2d(ANY, 2.0), "as_conv2d: channels must be a whole number .*got 2.0"),
        (lambda: as_conv2d([ANY, box(5)]), r"one size, got \[\(3, 3\), \(5, 5\)\]; np.pad the"),
        (lambda: as_conv2d([sobel_x, sobel_y]), r"as_conv2d: kernel is a function; .*sobel_x\(\)"),
        (lambda: as_conv2d([]), r"as_conv2d: kernel must be a 2-D array"),
        (lambda: as_conv2d(ANY, padding_mode="mirror"), "Conv2d: padding_mode must be one of"),
    ],
)
def test_options_that_are_none(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


@pytest.mark.parametrize("make", KERNELS, ids=lambda make: make.__name__)
def test_a_kernel_is_no_function_of_an_image(make):
    for image in GRAY, np.zeros((8, 8, 3)), mg.zeros(1, 8, 8):
        edit = rf"^{make.__name__}: .* write filters.apply\(image, filters.{make.__name__}\(\)\)$"
        with pytest.raises(TypeError, match=edit):
            make(image)
    assert apply(GRAY, make()).shape == GRAY.shape


def test_the_way_out_of_a_border_too_narrow_works():
    assert unsharp_mask(GRAY, 3.0, padding="replicate").sharpened.shape == (8, 8)
