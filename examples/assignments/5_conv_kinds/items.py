"""Assignment 5: what is marked. N images, H x W pixels, a kernel kh x kw, C inputs, O outputs.

C and O are made of `groups` times C1 and O1, the channels of a group.
"""

from dataclasses import replace

from minigrad.course.item import array_of
from minigrad.course.layer_item import layer_item
from minigrad.course.mutants import Mutant
from minigrad.course.op_item import op_item
from minigrad.nn import DepthwiseSeparable
from minigrad.ops.conv import conv, conv_transpose

TITLE = "Dilated, grouped, transposed and depthwise separable convolution"
CONV, TRANSPOSE = "ops.conv.conv", "ops.conv.conv_transpose"
SEPARABLE = "nn.separable.DepthwiseSeparable"
SOLUTION = [CONV, TRANSPOSE, SEPARABLE]
IMPORTS = """
from collections.abc import Callable
from typing import Literal

import numpy as np

from minigrad import Tensor
from minigrad.nn import Conv2d, Layer
"""
ALLOWED = ["numpy", "minigrad"]
KERNELS = [  # what else in minigrad convolves
    "kernels.conv.correlate", "kernels.conv.input_gradient", "kernels.conv.weight_gradient",
    "kernels.conv._correlation", "kernels.conv._phases", "kernels.deform.deform",
    "kernels.deform.gradients", "geometry.as_matrix", "tensor.apply",
]  # fmt: skip

SIZES = {
    "N": [1, 2], "C1": [1, 2], "O1": [1, 2], "H": [1, 2, 3, 4, 5, 6], "W": [1, 2, 3, 4, 5, 6],
    "kh": [1, 2, 3], "kw": [1, 2, 3], "bias": [0, 1],
}  # fmt: skip
PLAIN = {
    "sh": [1], "sw": [1], "top": [0], "bottom": [0], "left": [0], "right": [0], "dh": [1],
    "dw": [1], "groups": [1], "more_h": [0], "more_w": [0],
}  # fmt: skip
STRIDED = {"sh": [1, 2, 3], "sw": [1, 2, 3]}
PADDED = {"top": [0, 1, 2], "bottom": [0, 1, 2], "left": [0, 1, 2], "right": [0, 1, 2]}
DILATED = {"dh": [1, 2, 3], "dw": [1, 2, 3]}
GROUPED = {"groups": [1, 2, 3]}
CONV_ALL = {**STRIDED, **PADDED, **DILATED, **GROUPED}
ADDED = {"more_h": [0, 1, 2], "more_w": [0, 1, 2]}
RESIZED = {**STRIDED, **PADDED, **ADDED}
ALL = {**CONV_ALL, **ADDED}


def given(case, w_channels):
    """x (N, C, H, W), w (*w_channels, kh, kw), b (O,) or None, and the options of both."""
    inputs = {
        "x": array_of(case, "x", (case["N"], case["groups"] * case["C1"], case["H"], case["W"])),
        "w": array_of(case, "w", (*w_channels, case["kh"], case["kw"])),
        "b": array_of(case, "b", (case["groups"] * case["O1"],)) if case["bias"] else None,
    }
    options = {
        "stride": (case["sh"], case["sw"]),
        "padding": ((case["top"], case["bottom"]), (case["left"], case["right"])),
        "dilation": (case["dh"], case["dw"]),
        "groups": case["groups"],
    }
    return inputs, options


def make(case):
    """The inputs and options of conv: w is (O, C1, kh, kw)."""
    return given(case, (case["groups"] * case["O1"], case["C1"]))


def make_transposed(case):
    """The inputs and options of conv_transpose: w is (C, O1, kh, kw)."""
    inputs, options = given(case, (case["groups"] * case["C1"], case["O1"]))
    return inputs, {**options, "output_padding": (case["more_h"], case["more_w"])}


def covered(case):
    """The rows and columns that the kernel spans, gaps and all."""
    return case["dh"] * (case["kh"] - 1) + 1, case["dw"] * (case["kw"] - 1) + 1


def fits(case):
    """The kernel fits into the padded image."""
    height, width = covered(case)
    return (
        case["top"] + case["H"] + case["bottom"] >= height
        and case["left"] + case["W"] + case["right"] >= width
    )


def leaves_some(case):
    """Something is left of a transposed convolution, and output_padding is below the stride."""
    height, width = covered(case)
    return (
        case["more_h"] < case["sh"]
        and case["more_w"] < case["sw"]
        and (case["H"] - 1) * case["sh"] + height + case["more_h"] > case["top"] + case["bottom"]
        and (case["W"] - 1) * case["sw"] + width + case["more_w"] > case["left"] + case["right"]
    )


def dilated(case):
    """Taps lie apart."""
    return (case["dh"] > 1 and case["kh"] > 1) or (case["dw"] > 1 and case["kw"] > 1)


def grouped(case):
    """More than one group."""
    return case["groups"] > 1


def strided(case):
    """A stride above 1, with a second pixel that it moves."""
    return (case["sh"] > 1 and case["H"] > 1) or (case["sw"] > 1 and case["W"] > 1)


def padded(case):
    """Something to be cut off, or added."""
    return any(case[name] for name in (*PADDED, *ADDED))


def biased(case):
    """A bias, whose gradient is asked for."""
    return case["bias"] == 1


def of_conv(name, points, part, options, *conditions):
    """An item about `part` of conv, with these ranges of the options."""
    ranges = {**SIZES, **PLAIN, **options}
    item = op_item(name, points, conv, make, part, ranges, every(fits, *conditions))
    return replace(item, hollow=SOLUTION + KERNELS)


def of_transpose(name, points, part, options, *conditions):
    """An item about `part` of conv_transpose, with these ranges of the options."""
    ranges = {**SIZES, **PLAIN, **options}
    possible = every(leaves_some, *conditions)
    item = op_item(name, points, conv_transpose, make_transposed, part, ranges, possible)
    return replace(item, hollow=SOLUTION + KERNELS)


def every(*conditions):
    """All of them hold."""
    return lambda case: all(condition(case) for condition in conditions)


LAYER = {
    "N": [2, 3], "C": [1, 2, 3], "O": [1, 2, 3], "H": [1, 2, 3, 4, 5], "W": [1, 2, 3, 4, 5],
    "k": [1, 2, 3], "bias": [0, 1],
}  # fmt: skip
NO_OPTIONS = {
    "stride": [1], "padding": [0], "dilation": [1], "multiplier": [1], "norm": [0],
    "activation": [0],
}  # fmt: skip
NORMS, ACTIVATIONS = [None, "nn.BatchNorm2d"], [None, "nn.ReLU", "nn.Tanh"]
BETWEEN = {"norm": [0, 1], "activation": [0, 1, 2]}
WINDOW = {"stride": [1, 2], "padding": [0, 1], "dilation": [1, 2], "multiplier": [1, 2]}


def make_layer(case):
    """The options of DepthwiseSeparable, and the shape of x."""
    options = {
        "in_channels": case["C"], "out_channels": case["O"], "kernel_size": case["k"],
        "stride": case["stride"], "padding": case["padding"], "dilation": case["dilation"],
        "multiplier": case["multiplier"], "bias": bool(case["bias"]),
        "norm": NORMS[case["norm"]], "activation": ACTIVATIONS[case["activation"]],
    }  # fmt: skip
    return options, (case["N"], case["C"], case["H"], case["W"])


def window_fits(case):
    """The kernel fits into the padded image; a norm comes without a bias, which it takes out."""
    span = case["dilation"] * (case["k"] - 1) + 1
    room = min(case["H"], case["W"]) + 2 * case["padding"]
    return span <= room and not (case["norm"] and case["bias"])


def between(case):
    """There is a norm or an activation."""
    return case["norm"] + case["activation"] > 0


def of_layer(name, points, part, options, *conditions):
    """An item about the layer, which runs on minigrad's own convolutions."""
    ranges = {**LAYER, **NO_OPTIONS, **options}
    possible = every(window_fits, *conditions)
    item = layer_item(name, points, DepthwiseSeparable, make_layer, part, ranges, possible)
    return replace(item, hollow=[SEPARABLE])


ITEMS = [
    of_conv("conv: y, dilated", 2, "y", DILATED, dilated),
    of_conv("conv: y, grouped", 2, "y", GROUPED, grouped),
    of_conv("conv: y, all together", 1, "y", CONV_ALL),
    of_conv("conv: db", 1, "db", CONV_ALL, biased),
    of_conv("conv: dw, dilated", 1, "dw", DILATED, dilated),
    of_conv("conv: dw, all together", 2, "dw", CONV_ALL),
    of_conv("conv: dx, dilated", 1, "dx", DILATED, dilated),
    of_conv("conv: dx, all together", 2, "dx", CONV_ALL),
    of_transpose("conv_transpose: y, plain", 2, "y", {}),
    of_transpose("conv_transpose: y, with stride", 2, "y", STRIDED, strided),
    of_transpose("conv_transpose: y, cut and added", 1, "y", RESIZED, padded),
    of_transpose("conv_transpose: y, all together", 1, "y", ALL),
    of_transpose("conv_transpose: db", 1, "db", ALL, biased),
    of_transpose("conv_transpose: dw, with stride", 2, "dw", STRIDED),
    of_transpose("conv_transpose: dw, all together", 1, "dw", ALL),
    of_transpose("conv_transpose: dx, with stride", 2, "dx", STRIDED),
    of_transpose("conv_transpose: dx, all together", 1, "dx", ALL),
    of_layer("DepthwiseSeparable: y", 2, "y", {}),
    of_layer("DepthwiseSeparable: y, with norm and activation", 1, "y", BETWEEN, between),
    of_layer("DepthwiseSeparable: y, all options", 1, "y", {**WINDOW, **BETWEEN}),
    of_layer("DepthwiseSeparable: gradients", 1, "gradients", {**WINDOW, **BETWEEN}),
]

MUTANTS = [
    Mutant(CONV, "dx = kernel.input_gradient(dy_rows, taps, in_size, *geometry, groups)",
           "dx = kernel.input_gradient(dy_rows, taps, in_size, geometry[0], (1, 1, 1), "
           "geometry[2], groups)", "dx of conv leaves the dilation out"),
    Mutant(CONV, "three(w_shape[2:], 1), *geometry, groups)",
           "three(w_shape[2:], 1), geometry[0], (1, 1, 1), geometry[2], groups)",
           "dw of conv leaves the dilation out"),
    Mutant(CONV, "dx = from_rows(dx, spatial)", "dx = from_rows(dx, spatial)[:, ::-1]",
           "dx of conv has its channels in reverse order"),
    Mutant(CONV, "dw = dw.reshape(w_shape)", "dw = dw.reshape(w_shape)[::-1]",
           "dw of conv has its output channels in reverse order"),
    Mutant(CONV, "db = total(dy_rows, (0, 1, 3, 4))",
           "db = total(dy_rows, (0, 1, 3, 4)) / dy.shape[0]",
           "db of conv is divided by the batch"),
    Mutant(TRANSPOSE, "y = kernel.input_gradient(rows, taps, out_size, *geometry, groups)",
           "y = kernel.input_gradient(rows, taps, out_size, *geometry[:2], (0, 0, 0), groups)",
           "y of conv_transpose is cut off at the wrong end"),
    Mutant(TRANSPOSE, "kernel.correlate(dy_rows, taps, *geometry",
           "kernel.correlate(dy_rows, taps[..., ::-1, ::-1], *geometry",
           "dx of conv_transpose is made with the kernel flipped"),
    Mutant(TRANSPOSE, "dw = dw.reshape(w_shape)", "dw = dw.reshape(w_shape)[..., ::-1, ::-1]",
           "dw of conv_transpose is that of a flipped kernel", nth=1),
    Mutant(TRANSPOSE, "db = total(dy_rows, (0, 1, 3, 4))",
           "db = total(rows, (0, 1, 3, 4)).sum() + 0 * total(dy_rows, (0, 1, 3, 4))",
           "db of conv_transpose is the sum of x", nth=1),
    Mutant(SEPARABLE, "y = self.activation(y)", "pass", "the activation is left out"),
    Mutant(SEPARABLE, "y = self.norm(y)", "y = self.norm(y.relu())", "relu stands before the norm"),
    Mutant(SEPARABLE, "y = self.pointwise(y)", "y = self.pointwise(y.detach())",
           "no gradient gets past the pointwise convolution"),
]  # fmt: skip
