"""Assignment 6: what is marked. N images, H x W pixels, a kernel kh x kw of K taps.

C inputs and O outputs are made of `groups` times C1 and O1; D offset groups share the C inputs.
"""

from dataclasses import replace

import numpy as np

from minigrad.course.item import COUNTING, array_of
from minigrad.course.layer_item import layer_item
from minigrad.course.mutants import Mutant
from minigrad.course.op_item import op_item
from minigrad.nn import SEBlock, SKBlock
from minigrad.ops.deform import deform_conv2d

TITLE = "Deformable convolution, squeeze and excitation, selective kernels"
DEFORM = "ops.deform.deform_conv2d"
SE, SK = "nn.channel_attention.SEBlock", "nn.channel_attention.SKBlock"
SOLUTION = [DEFORM, SE, SK]
IMPORTS = """
import numpy as np

from minigrad import Tensor
from minigrad.nn import (
    BatchNorm1d, BatchNorm2d, Conv2d, Layer, Linear, ModuleList, ReLU, Sequential,
)
from minigrad.nn.arguments import divides, whole
"""
ALLOWED = ["numpy", "minigrad"]
KERNELS = [  # what else in minigrad samples, or finds gradients
    "kernels.deform.deform", "kernels.deform.gradients", "kernels.deform._sampled",
    "kernels.deform._add_by_cell", "tensor.apply", "backprop.walk_back",
]  # fmt: skip

SIZES = {
    "N": [1, 2], "C1": [1, 2], "O1": [1, 2], "H": [2, 3, 4], "W": [2, 3, 4],
    "kh": [1, 2, 3], "kw": [1, 2, 3], "bias": [0, 1],
}  # fmt: skip
PLAIN = {
    "sh": [1], "sw": [1], "ph": [0], "pw": [0], "dh": [1], "dw": [1], "groups": [1], "D": [1],
    "mask": [0], "beyond": [0],
}  # fmt: skip
ONE_TAP = {**PLAIN, "kh": [1], "kw": [1]}
WINDOW = {"sh": [1, 2], "sw": [1, 2], "ph": [0, 1], "pw": [0, 1], "dh": [1, 2], "dw": [1, 2]}
GROUPS = {"groups": [1, 2], "D": [1, 2, 4]}
BEYOND = {"beyond": [0, 1, 2, 3]}
MASK = {"mask": [0, 1]}
ALL = {**WINDOW, **GROUPS, **BEYOND, **MASK}
SIMPLE = [0.5, 0.25, 0.75]


def regular(case, axis):
    """Where a plain convolution reads along an axis, "h" or "w": (outputs, taps)."""
    size, k = case[axis.upper()], case[f"k{axis}"]
    stride, padding, dilation = case[f"s{axis}"], case[f"p{axis}"], case[f"d{axis}"]
    out = (size + 2 * padding - dilation * (k - 1) - 1) // stride + 1
    return np.arange(out)[:, None] * stride - padding + np.arange(k) * dilation


def offsets(case):
    """Offsets (N, 2 D K, H', W') to points between the pixels, never on a row or column of them.

    They lie up to `beyond` pixels outside of the image.
    """
    rows, columns = regular(case, "h"), regular(case, "w")
    places = np.broadcast_arrays(rows.T[:, None, :, None], columns.T[None, :, None, :])
    places = np.stack(places, axis=2)  # (kh, kw, 2, H', W')
    places = places.reshape(1, 1, -1, 2, *places.shape[3:])  # (1, 1, K, 2, H', W')
    shape = (case["N"], case["D"], *places.shape[2:])
    beyond = case["beyond"]
    last = np.array([case["H"] - 2, case["W"] - 2]).reshape(2, 1, 1) + beyond
    if case["fill"] == COUNTING:
        pixel, between = np.clip(places, -beyond, last), np.resize(SIMPLE, shape)
    else:
        rng = np.random.default_rng(case["seed"])
        pixel, between = rng.integers(-beyond, last + 1, shape), rng.uniform(0.1, 0.9, shape)
    return (pixel + between - places).reshape(case["N"], -1, *shape[4:])


def make(case):
    """x (N, C, H, W), offset, w (O, C1, kh, kw), b (O,), mask (N, D K, H', W'), and the options."""
    N, C1, O1, H, W, kh, kw = (case[name] for name in ("N", "C1", "O1", "H", "W", "kh", "kw"))
    C, O, offset = case["groups"] * C1, case["groups"] * O1, offsets(case)
    mask_shape = (N, case["D"] * kh * kw, *offset.shape[2:])
    inputs = {
        "x": array_of(case, "x", (N, C, H, W)),
        "offset": offset,
        "w": array_of(case, "w", (O, C1, kh, kw)),
        "b": array_of(case, "b", (O,)) if case["bias"] else None,
        "mask": array_of(case, "mask", mask_shape) if case["mask"] else None,
    }
    options = {
        "stride": (case["sh"], case["sw"]),
        "padding": (case["ph"], case["pw"]),
        "dilation": (case["dh"], case["dw"]),
    }
    return inputs, options


def fits(case):
    """The kernel fits into the padded image, and the offset groups divide the channels."""
    return (
        regular(case, "h").size
        and regular(case, "w").size
        and case["groups"] * case["C1"] % case["D"] == 0
    )


def has(name, least=1):
    """This number of the case is at least that large."""
    return lambda case: case[name] >= least


def parted(case):
    """More than one group or offset group."""
    return max(case["groups"], case["D"]) > 1


def of_deform(name, points, part, options, condition=fits):
    """An item about `part` of deform_conv2d, with these ranges of the options."""
    ranges = {**SIZES, **PLAIN, **options}
    item = op_item(
        f"deform_conv2d: {name}", points, deform_conv2d, make, part, ranges,
        lambda case: fits(case) and condition(case),
    )  # fmt: skip
    return replace(item, hollow=SOLUTION + KERNELS)


def make_se(case):
    """The options of SEBlock, and the shape of x: one, two or three spatial axes."""
    options = {
        "channels": case["reduction"] * case["hidden"], "reduction": case["reduction"],
        "bias": bool(case["bias"]),
    }  # fmt: skip
    return options, (case["N"], options["channels"], *[case["size"]] * case["axes"])


SE_SIZES = {
    "N": [1, 2, 3], "hidden": [1, 2, 3], "reduction": [1, 2], "axes": [1, 2, 3], "size": [2, 3],
    "bias": [0, 1],
}  # fmt: skip


def make_sk(case):
    """The options of SKBlock, and the shape of x."""
    options = {
        "channels": case["groups"] * case["C1"], "out_channels": case["groups"] * case["O1"],
        "branches": case["branches"], "groups": case["groups"], "reduction": 2,
        "minimum_width": case["width"], "stride": case["stride"],
    }  # fmt: skip
    return options, (case["N"], options["channels"], case["H"], case["W"])


SK_SIZES = {
    "N": [2, 3, 4], "C1": [1, 2], "O1": [1, 2, 3], "groups": [1, 2], "branches": [2, 3],
    "width": [1, 2, 3], "H": [2, 3, 4], "W": [2, 3, 4], "stride": [1, 2],
}  # fmt: skip


def trains(case):
    """Training mode, in which batch norm updates its running statistics."""
    return case["training"] == 1


ITEMS = [
    of_deform("y, one tap", 2, "y", ONE_TAP),
    of_deform("y, plain", 3, "y", {}),
    of_deform("y, stride, padding, dilation", 1, "y", WINDOW),
    of_deform("y, points beyond the image", 1, "y", {**WINDOW, **BEYOND}, has("beyond")),
    of_deform("y, with mask", 1, "y", MASK, has("mask")),
    of_deform("y, groups and offset groups", 2, "y", GROUPS, parted),
    of_deform("db", 1, "db", ALL, has("bias")),
    of_deform("dw, plain", 2, "dw", {}),
    of_deform("dx, plain", 2, "dx", {}),
    of_deform("doffset, plain", 3, "doffset", {}),
    of_deform("dmask", 2, "dmask", MASK, has("mask")),
    of_deform("dw, all options", 1, "dw", ALL),
    of_deform("dx, all options", 1, "dx", ALL),
    of_deform("doffset, all options", 1, "doffset", ALL),
    layer_item("SEBlock: y", 2, SEBlock, make_se, "y", SE_SIZES),
    layer_item("SEBlock: gradients", 1, SEBlock, make_se, "gradients", SE_SIZES),
    layer_item("SKBlock: y", 2, SKBlock, make_sk, "y", SK_SIZES),
    layer_item("SKBlock: gradients", 1, SKBlock, make_sk, "gradients", SK_SIZES),
    layer_item("SKBlock: running statistics", 1, SKBlock, make_sk, "buffers", SK_SIZES, trains),
]

WITHOUT_MASK = "kernel.gradients(x, shape, offset, None, w, dy, geometry, *wanted)"
BACK = "        db = np.sum(dy, axis=(0, 2, 3))"
MUTANTS = [
    Mutant(DEFORM, BACK, f"        dx = {WITHOUT_MASK}[0]\n{BACK}", "dx leaves the mask out"),
    Mutant(DEFORM, BACK, f"        doffset = {WITHOUT_MASK}[1]\n{BACK}",
           "doffset leaves the mask out"),
    Mutant(DEFORM, "dx, doffset, dw, db, dmask", "dx, -doffset, dw, db, dmask",
           "doffset has the wrong sign"),
    Mutant(DEFORM, "dx, doffset, dw, db, dmask",
           "dx, doffset.reshape(len(doffset), -1, 2, *doffset.shape[2:])[:, :, ::-1]"
           ".reshape(doffset.shape), dw, db, dmask", "doffset has x before y"),
    Mutant(DEFORM, "dx, doffset, dw, db, dmask",
           "dx, doffset, dw, db, None if mask is None else dmask * mask",
           "dmask is multiplied by the mask"),
    Mutant(DEFORM, "db = np.sum(dy, axis=(0, 2, 3))", "db = np.mean(dy, axis=(0, 2, 3))",
           "db is a mean"),
    Mutant(SE, "F.relu(self.fc1(squeeze(x)))", "self.fc1(squeeze(x))", "SEBlock has no relu"),
    Mutant(SE, ".sigmoid()", ".softmax(1)", "SEBlock has softmax in place of sigmoid"),
    Mutant(SE, "y = scale(x, s)", "y = scale(x.detach(), s)",
           "in SEBlock only the attention passes a gradient on"),
    Mutant(SK, "squeeze(sum(maps[1:], maps[0]))", "squeeze(maps[0])",
           "SKBlock squeezes the first branch only"),
    Mutant(SK, "logits.softmax(1)", "logits.softmax(2)", "SKBlock weighs channels, not branches"),
    Mutant(SK, "scale(u, weights[:, m])", "scale(u, weights[:, m].detach())",
           "no gradient reaches the attention of SKBlock"),
]  # fmt: skip
