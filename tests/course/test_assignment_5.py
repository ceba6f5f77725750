"""Assignment 5: mistakes that students make lose points, and what they read helps."""

import re

import pytest
from attempts import ASSIGNMENTS, edited, tried, what_is_said

ASSIGNMENT = ASSIGNMENTS["5"]
TRANSPOSE_DW = "dw = weights(dfull, small, kernel, stride, dilation)"
MISTAKES = {  # what is wrong: solution, edits, the item that fails, what is said
    "conv without dilation": (
        "loops", [("r = i * stride[0] + p * dilation[0]", "r = i * stride[0] + p")],
        "conv: y, dilated", r"y is wrong at .*dilation=\(2, 1\)",
    ),
    "groups dealt out in turn": (
        "loops", [("(o // each * w_shape[1] + c, r, s)", "(o % groups * w_shape[1] + c, r, s)")],
        "conv: y, grouped", r"y is wrong at .*groups=[23]",
    ),
    "db as a mean over the batch": (
        "loops", [("b is None else dy.sum((0, 2, 3))", "b is None else dy.sum((2, 3)).mean(0)")],
        "conv: db", r"db is wrong .*Likely causes:\n  1. a factor",
    ),
    "dw of all channels, not of the group's": (
        "taps", [("[dx, dw, merged(dy)", "[dx, np.repeat(dw, groups, 1), merged(dy)")],
        "conv: dw, all together", r"dw has shape \(2, 2, 1, 1\), expected \(2, 1, 1, 1\)",
    ),
    "dx without dilation": (
        "taps", [("(dy, by_group, stride, dilation", "(dy, by_group, stride, (1, 1)")],
        "conv: dx, dilated", r"dx is wrong .*dilation=\((2, 1|1, 2)\).*dy =",
    ),
    "dx with the padding on it": (
        "taps", [("dx = dpadded[:, :, top : top + x.shape[2], left : left + x.shape[3]]",
                  "dx = dpadded")],
        "conv: dx, all together", r"dx has shape \(1, 1, .*\), expected \(1, 1, 1, 1\)",
    ),
    "two gradients": (
        "loops", [("return dx, dw, None if b is None else dy.sum((0, 2, 3))", "return dx, dw")],
        "conv: db", r"conv_backward returned tuple of 2, expected .* the gradients of x, w, b",
    ),
    "kernels that overwrite each other": (
        "taps", [("into += np.einsum(", "into[...] = np.einsum(")],
        "conv: dx, dilated", "write \\+= in place of =",
    ),
    "padding added to the transposed map": (
        "loops", [("+ 1 - sum(cut) + more", "+ 1 + sum(cut) + more")],
        "conv_transpose: y, cut and added", r"y has shape \(1, 1, .*, expected \(1, 1, ",
    ),
    "added rows without the bias": (
        "taps", [("(0 if b is None else b[:, None, None])",
                  "(0 if b is None else b[:, None, None] * (np.arange(full.shape[3]) < 1))")],
        "conv_transpose: y, plain", "y is wrong",
    ),
    "dw of a flipped kernel": (
        "taps", [(TRANSPOSE_DW, TRANSPOSE_DW + "[..., ::-1, ::-1]")],
        "conv_transpose: dw, with stride", "dw is wrong",
    ),
    "dw for all images alike": (
        "taps", [(TRANSPOSE_DW, TRANSPOSE_DW + " / len(x)")],
        "conv_transpose: dw, with stride", "Likely causes:\n  1. a factor",
    ),
    "activation before norm": (
        "loops", [("self.depthwise, self.norm, self.activation, self",
                   "self.depthwise, self.activation, self.norm, self")],
        "DepthwiseSeparable: y, with norm and activation", "norm=nn.BatchNorm2d, activation=nn.",
    ),
    "numbers taken out of the Tensor": (
        "loops", [("x = layer(x)", "x = type(x)(layer(x).data)")],
        "DepthwiseSeparable: gradients",
        "the gradient of x is None.*y is right, so a Tensor was left on the way",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "edits", "item", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told(name, edits, item, said):
    function, _, _ = item.partition(":")
    failed, text = what_is_said(ASSIGNMENT, f"{function}:", edited(ASSIGNMENT, name, *edits))
    assert failed == item
    assert re.search(said, text, re.DOTALL), text


RAISED = {
    "no maps for the multiplier": (
        [("maps = in_channels * multiplier", "maps = in_channels")],
        r"(?s)DepthwiseSeparable\.load_state_dict: .*depthwise.weight is \(4, .*in the model \(2,",
    ),
    "another name": (
        [("self.pointwise = Conv2d", "self.mix = Conv2d"), ("self.pointwise:", "self.mix:")],
        r"(?s)load_state_dict: .*if these were renamed, write.*'mix.weight'",
    ),
    "no return": (
        [("        return x\n", "")],
        "DepthwiseSeparable.forward returned NoneType, expected a Tensor",
    ),
}


@pytest.mark.parametrize(("edits", "message"), RAISED.values(), ids=RAISED)
def test_a_layer_that_cannot_run_says_why(edits, message):
    with pytest.raises((RuntimeError, TypeError, AttributeError), match=message):
        what_is_said(ASSIGNMENT, "DepthwiseSeparable:", edited(ASSIGNMENT, "loops", *edits))


@pytest.mark.parametrize("name", ["conv_transpose: y, plain", "DepthwiseSeparable: gradients"])
def test_a_right_solution_in_its_process(tmp_path, name):
    outcome = tried(ASSIGNMENT, tmp_path, edited(ASSIGNMENT, "taps"), name)
    assert (outcome.problem, outcome.points > 0) == ("", True)


def test_what_is_written_into_is_named(tmp_path):
    text = edited(ASSIGNMENT, "taps", ("    small, kernel =", "    x *= 2\n    small, kernel ="))
    outcome = tried(ASSIGNMENT, tmp_path, text, "conv_transpose: y, plain")
    assert "conv_transpose writes into its input" in outcome.problem
    doubled = "        x.data *= 2\n        for layer in"
    text = edited(ASSIGNMENT, "loops", ("        for layer in", doubled))
    outcome = tried(ASSIGNMENT, tmp_path, text, "DepthwiseSeparable: y")
    assert "DepthwiseSeparable writes into its input x; let it make a new Tensor" in outcome.problem


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ("conv: y, grouped", "from minigrad.ops.conv import conv"),
        (
            "conv: y, grouped",
            "from minigrad import Tensor\n"
            "from minigrad.nn import functional as F\n"
            "def conv(x, w, b, *, groups, **options):\n"
            "    return F.conv2d(Tensor(x), Tensor(w), groups=groups)",
        ),
        (
            "conv: y, grouped",
            "from minigrad import Tensor\n"
            "from minigrad.nn import functional as F\n"
            "def conv(x, w, b, **options):\n"
            "    return F.unfold(Tensor(x), w.shape[2:])",
        ),
        (
            "conv_transpose: dx, with stride",
            "from minigrad.kernels import conv\n"
            "def conv_transpose(x, w, b, **options):\n"
            "    return conv.input_gradient(x, w, 1, 1, 1, (1, 1, 1))",
        ),
        (
            "DepthwiseSeparable: y",
            "from minigrad.nn import DepthwiseSeparable as Own\n"
            "class DepthwiseSeparable(Own): pass",
        ),
    ],
)
def test_minigrads_own_are_empty(tmp_path, item, text):
    outcome = tried(ASSIGNMENT, tmp_path, text, item)
    assert outcome.points == 0
    assert "is the solution itself" in outcome.problem
