"""Assignment 6: mistakes that students make lose points, and what they read helps."""

import re

import pytest
from attempts import ASSIGNMENTS, edited, tried, what_is_said

ASSIGNMENT = ASSIGNMENTS["6"]
MISTAKES = {  # what is wrong: solution, edits, the item that fails, what is said
    "the nearest pixel": (
        "tents", [("return np.maximum(0, 1 - np.abs(distance))",
                   "return (np.abs(distance) < 0.5).astype(float)")],
        "deform_conv2d: y, one tap", "y is wrong at .*offset =",
    ),
    "x before y": (
        "loops", [("offset[n, 2 * t, i, j]", "offset[n, 2 * t + 1, i, j, None][0]")],
        "deform_conv2d: y, one tap", "y is wrong at .*offset =",
    ),
    "all y first, then all x": (
        "tents", [("offset.reshape(N, D, K, 2, *out)",
                   "offset.reshape(N, D, 2, K, *out).swapaxes(2, 3)")],
        "deform_conv2d: y, plain", "y is wrong at ",
    ),
    "pixels repeated beyond the image": (
        "gather", [("np.pad(x, ((0, 0), (0, 0), (FAR, FAR), (FAR, FAR)))",
                    'np.pad(x, ((0, 0), (0, 0), (FAR, FAR), (FAR, FAR)), "edge")')],
        "deform_conv2d: y, points beyond the image", "y is wrong at ",
    ),
    "a negative index": (
        "loops", [("if 0 <= i < image", "if -1 <= i < image")],
        "deform_conv2d: y, points beyond the image", "y is wrong at ",
    ),
    "the mask on the bias": (
        "tents", [("y += 0 if b is None", "y *= 1 if mask is None else mask.mean()\n    "
                   "y += 0 if b is None")],
        "deform_conv2d: y, with mask", "y is wrong at .*mask =",
    ),
    "offset groups that are not known": (
        "gather", [("D, G =", "offset = offset[:, : 2 * K]\n    D, G =")],
        "deform_conv2d: y, groups and offset groups", "y is wrong at ",
    ),
    "each pixel gets one contribution": (
        "gather", [("np.add.at(dparted, at(i, j), dv * wy * wx)",
                    "dparted[at(i, j)] += dv * wy * wx")],
        "deform_conv2d: dx, plain", "dx is wrong at .*gradcheck: the gradient of x",
    ),
    "doffset without the weights": (
        "loops", [("* by_y * x[n, c][at]", "* by_y * x[n, c][at] / w[by].sum()")],
        "deform_conv2d: doffset, plain", "doffset is wrong at ",
    ),
    "doffset with the other sign": (
        "tents", [("< 1, -np.sign(distance)", "< 1, np.sign(distance)")],
        "deform_conv2d: doffset, plain", "the sign is wrong: it is the negative of the true",
    ),
    "dmask of the first channel": (
        "tents", [("by_offset_group(e * v)", "(e * v).reshape(N, D, -1, K, *out)[:, :, 0]")],
        "deform_conv2d: dmask", "dmask is wrong at ",
    ),
    "gradients in another order": (
        "loops", [("return dx, doffset, dw, db, ", "return dx, dw, db, doffset, ")],
        "deform_conv2d: db", r"db has shape \(1, 2, 2, 2\), expected \(1,\)",
    ),
    "the largest, not the mean": (
        "loops", [("x.mean(axes)", "x.amax(axes)")],
        "SEBlock: y", r"for SEBlock\(channels=1, reduction=1, bias=False\), in evaluation mode",
    ),
    "attention without a way back": (
        "loops", [("return x * s", "return x * s.detach()")],
        "SEBlock: gradients", "the gradient of x is wrong .*y is right, so a Tensor was left",
    ),
    "softmax over the channels": (
        "loops", [(".softmax(1)", ".softmax(2)")],
        "SKBlock: y", "y is wrong at ",
    ),
    "branches in turn for each channel": (
        "loops", [("len(maps), -1).softmax(1)", "-1, len(maps)).transpose(1, 2).softmax(1)")],
        "SKBlock: y", r"for SKBlock\(channels=1, out_channels=2, branches=2",
    ),
    "each branch called twice": (
        "loops", [("enumerate(maps)", "enumerate(branch(x) for branch in self.branches)")],
        "SKBlock: running statistics",
        r"running_mean after the call is wrong .*y is right: is a layer called twice",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "edits", "item", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told(name, edits, item, said):
    function, _, _ = item.partition(":")
    failed, text = what_is_said(ASSIGNMENT, f"{function}:", edited(ASSIGNMENT, name, *edits))
    assert failed == item
    assert re.search(said, text, re.DOTALL), text


@pytest.mark.parametrize(
    "item", ["deform_conv2d: doffset, all options", "SEBlock: gradients", "SKBlock: y"]
)
def test_a_right_solution_in_its_process(tmp_path, item):
    outcome = tried(ASSIGNMENT, tmp_path, edited(ASSIGNMENT, "gather"), item)
    assert (outcome.problem, outcome.remarks, outcome.points > 0) == ("", (), True)


def test_what_is_written_into_is_named(tmp_path):
    text = edited(ASSIGNMENT, "tents", ("    i, j = np", "    offset += 1\n    i, j = np"))
    outcome = tried(ASSIGNMENT, tmp_path, text, "deform_conv2d: y, one tap")
    assert "deform_conv2d writes into its input" in outcome.problem


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ("deform_conv2d: y, one tap", "from minigrad.ops.deform import deform_conv2d"),
        (
            "deform_conv2d: y, one tap",
            "from minigrad import Tensor\n"
            "from minigrad.nn import functional as F\n"
            "def deform_conv2d(x, offset, w, *rest, **options):\n"
            "    return F.deform_conv2d(Tensor(x), Tensor(offset), Tensor(w))",
        ),
        (
            "deform_conv2d: dx, plain",
            "from minigrad.kernels import deform\n"
            "def deform_conv2d(x, offset, w, b, mask, **options):\n"
            "    return deform.deform(x, offset, mask, w, b, None)",
        ),
        ("SEBlock: y", "from minigrad.nn import SEBlock as Own\nclass SEBlock(Own): pass"),
    ],
)
def test_minigrads_own_are_empty(tmp_path, item, text):
    outcome = tried(ASSIGNMENT, tmp_path, text, item)
    assert outcome.points == 0
    assert "is the solution itself" in outcome.problem
