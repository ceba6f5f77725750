"""Assignment 2: what is marked. N images, C and O channels, H x W pixels, a kernel kh x kw."""

from minigrad.course.item import array_of
from minigrad.course.mutants import Mutant
from minigrad.course.op_item import op_item
from minigrad.ops.conv import conv

TITLE = "Convolution, forward and backward"
SOLUTION = ["ops.conv.conv"]

SIZES = {
    "N": [1, 2, 3], "C": [1, 2, 3], "O": [1, 2, 3], "H": [1, 2, 3, 4, 5, 6, 7],
    "W": [1, 2, 3, 4, 5, 6, 7], "kh": [1, 2, 3], "kw": [1, 2, 3], "bias": [0, 1],
}  # fmt: skip
PLAIN = {"sh": [1], "sw": [1], "top": [0], "bottom": [0], "left": [0], "right": [0]}
STRIDED = {**PLAIN, "sh": [1, 2, 3], "sw": [1, 2, 3]}
PADDED = {"top": [0, 1, 2], "bottom": [0, 1, 2], "left": [0, 1, 2], "right": [0, 1, 2]}
ALL = {**STRIDED, **PADDED}


def make(case):
    """x (N, C, H, W), w (O, C, kh, kw), b (O,) or None, and the options."""
    N, C, O, H, W, kh, kw = (case[name] for name in ("N", "C", "O", "H", "W", "kh", "kw"))
    inputs = {
        "x": array_of(case, "x", (N, C, H, W)),
        "w": array_of(case, "w", (O, C, kh, kw)),
        "b": array_of(case, "b", (O,)) if case["bias"] else None,
    }
    options = {
        "stride": (case["sh"], case["sw"]),
        "padding": ((case["top"], case["bottom"]), (case["left"], case["right"])),
        "dilation": (1, 1),
        "groups": 1,
    }
    return inputs, options


def fits(case):
    """The kernel fits into the padded image."""
    return (
        case["top"] + case["H"] + case["bottom"] >= case["kh"]
        and case["left"] + case["W"] + case["right"] >= case["kw"]
    )


def has_stride(case):
    """A stride above 1 that is seen: there is room for a second step."""
    return fits(case) and max(case["sh"], case["sw"]) > 1


def has_padding(case):
    """Some padding."""
    return fits(case) and any(case[side] for side in ("top", "bottom", "left", "right"))


def has_bias(case):
    """A bias, whose gradient is asked for."""
    return fits(case) and case["bias"] == 1


def item(name, points, part, options, possible=fits):
    """One item about `part` ("y", "dx" ...) with these ranges of the options."""
    return op_item(name, points, conv, make, part, {**SIZES, **options}, possible)


ITEMS = [
    item("y, plain", 4, "y", PLAIN),
    item("y, with stride", 2, "y", STRIDED, has_stride),
    item("y, with padding", 2, "y", {**PLAIN, **PADDED}, has_padding),
    item("db", 2, "db", ALL, has_bias),
    item("dw, plain", 3, "dw", PLAIN),
    item("dw, with stride and padding", 2, "dw", ALL),
    item("dx, plain", 3, "dx", PLAIN),
    item("dx, with stride and padding", 2, "dx", ALL),
]

CONV = "ops.conv.conv"
MUTANTS = [
    Mutant(CONV, "db = total(dy_rows, (0, 1, 3, 4))", "db = -total(dy_rows, (0, 1, 3, 4))",
           "db has the wrong sign"),
    Mutant(CONV, "db = total(dy_rows, (0, 1, 3, 4))",
           "db = total(dy_rows, (0, 1, 3, 4)) / dy.shape[0]", "db is divided by the batch"),
    Mutant(CONV, "dw = dw.reshape(w_shape)", "dw = dw.reshape(w_shape)[..., ::-1, ::-1]",
           "dw is that of a flipped kernel"),
    Mutant(CONV, "dw = dw.reshape(w_shape)", "dw = dw.reshape(w_shape) / dy.shape[0]",
           "dw is divided by the batch"),
    Mutant(CONV, "dw = dw.reshape(w_shape)", "dw = dw.reshape(w_shape) * 0", "dw is zero"),
    Mutant(CONV, "dx = from_rows(dx, spatial)", "dx = from_rows(dx, spatial)[..., ::-1]",
           "dx is flipped left to right"),
    Mutant(CONV, "dx = from_rows(dx, spatial)", "dx = 2 * from_rows(dx, spatial)",
           "dx is twice as large"),
    Mutant(CONV, "dx = from_rows(dx, spatial)", "dx = from_rows(dx, spatial) * (dy.mean() > -99)"
           " if max(stride) == 1 else 0 * from_rows(dx, spatial)", "dx is zero with a stride"),
]  # fmt: skip
