"""Bad input to torch.nn.functional's namesakes: the message names the function and the remedy."""

# ruff: noqa: E501 (a row of the tables is a line)

import numpy as np
import pytest

import minigrad as mg
from minigrad.nn import functional as F

X, W = mg.ones(2, 3, 8, 8), mg.ones(4, 3, 3, 3)
LOGITS, LABELS, P = mg.zeros(2, 3), mg.tensor([0, 2]), mg.full((2, 3), 0.5)


def conv(x=X, w=W, b=None, **options):
    return lambda: F.conv2d(x, w, b, **options)


CONVOLUTION = [
    (conv(mg.ones(2, 5, 8, 8)), r"conv2d: input of shape \(2, 5, 8, 8\) has 5 channels, .* expects 3; it should be \(4, 5, 3, 3\)$"),
    (conv(mg.ones(8, 8)), r"conv2d: expected an input of 4 axes \(N, C, H, W\), got shape \(8, 8\)"),
    (lambda: F.conv1d(mg.ones(2), mg.ones(1, 1, 1)), r"conv1d: expected an input of 3 axes .*\(2,\)"),
    (lambda: F.conv3d(X[:1, 0], W), r"conv3d: expected an input of 5 axes .* x.unsqueeze\(0\) if"),
    (conv(mg.ones(2, 6, 8, 8)), r"the weight .* expects 3; it should be \(4, 6, 3, 3\), or write groups=2$"),
    (conv(mg.ones(2, 4, 8, 8), padding=1, padding_mode="reflect"), r"\(2, 4, 8, 8\) has 4 channels, .*\(4, 4, 3, 3\)"),
    (conv(mg.ones(2, 5, 8, 8), groups=2), "expects 6; choose groups among the divisors of 5"),
    (conv(mg.ones(5, 8, 8), mg.ones(4, 1, 3, 3)), r"it should be \(4, 5, 3, 3\); for a batch .*x\.unsqueeze\(1\)"),
    (conv(dilation=5, padding=1, padding_mode="reflect"), r"the kernel covers 11 .*size 8, padding 2"),
    (conv(w=mg.ones(4, 3, 3)), r"conv2d: the weight needs 4 axes .* got shape \(4, 3, 3\)"),
    (conv(w=mg.ones(4, 3, 3), padding="same"), r"conv2d: the weight needs 4 axes"),
    (conv(w=mg.ones(4, 3, 9, 3)), "conv2d: the kernel covers 9 positions, the padded input has only 8"),
    (conv(dilation=5), r"conv2d: the kernel covers 11 positions.*size 8, padding 0"),
    (conv(groups=3), "conv2d: groups=3 must divide the 4 output channels of the weight"),
    (conv(groups=0), "conv2d: groups must be a whole number of at least 1, got 0"),
    (conv(groups=3), r"conv2d: groups=3 must divide"),
    (conv(b=mg.ones(3)), r"conv2d: bias must have one value for each of the 4 output .*\(3,\)"),
    (conv(stride=0), r"conv2d: stride must be a whole number of at least 1, or 2 of them \(H, W\), got 0"),
    (conv(stride=(1, 2, 3)), r"conv2d: stride must be .* got \(1, 2, 3\)"),
    (conv(stride=1.5), "conv2d: stride must be a whole number of at least 1.*got 1.5"),
    (conv(stride=True), "conv2d: stride must be a whole number"),
    (conv(padding=-1), "conv2d: padding must be a whole number of at least 0"),
    (conv(padding="full"), "conv2d: padding must be a number, .*\"same\" or \"valid\", got 'full'"),
    (conv(dilation=0), "conv2d: dilation must be a whole number of at least 1"),
    (conv(padding=1, padding_mode="mirror"), "pad: mode must be \"constant\" or one of .*got 'mirror'"),
    (conv(padding=9, padding_mode="reflect"), r"pad: mode 'reflect' cannot add a border of \(9, 9\).*most is 7"),
]  # fmt: skip

POOLING = [
    (lambda: F.max_pool2d(mg.ones(8), 2), r"max_pool2d: expected an input of 4 axes .*got shape \(8,\)"),
    (lambda: F.max_pool2d(X, 9), "max_pool2d: a window of 9 does not fit into an axis of size 8"),
    (lambda: F.avg_pool2d(X, 9), "avg_pool2d: a window of 9 does not fit into an axis of size 8"),
    (lambda: F.max_pool2d(X, 2, padding=2), "max_pool2d: padding 2 is more than half of"),
    (lambda: F.avg_pool1d(X[0], 3, padding=2), "avg_pool1d: padding 2 is more than half"),
    (lambda: F.max_pool2d(X, 0), "max_pool2d: kernel_size must be a whole number of at least 1"),
    (lambda: F.max_pool2d(X, 2, stride=0), "max_pool2d: stride must be a whole number"),
    (lambda: F.max_pool3d(X, (2, 2)), r"max_pool3d: kernel_size must be .* 3 of them \(D, H, W\), got \(2, 2\)"),
    (lambda: F.adaptive_avg_pool2d(X, 0), "adaptive_avg_pool2d: output_size must be a whole number of at least 1"),
    (lambda: F.adaptive_max_pool2d(X, (2, 2, None)), "adaptive_max_pool2d: output_size must be"),
    (lambda: F.adaptive_max_pool2d(mg.ones(2, 4, 0, 4), 2), r"adaptive_max_pool2d: .* nothing to pool in shape \(2, 4, 0, 4\)"),
    (lambda: F.adaptive_avg_pool1d(mg.ones(4, 0), 1), r"adaptive_avg_pool1d: .* nothing to pool in shape \(4, 0\)"),
    (lambda: F.adaptive_max_pool1d(X, 2), "adaptive_max_pool1d: expected an input of 3 axes"),
]  # fmt: skip

NORMALISATION = [
    (lambda: F.batch_norm(mg.ones(3), None, None, training=True), r"batch_norm: input must be \(N, C\)"),
    (lambda: F.batch_norm(mg.ones(1, 3), None, None, training=True),
     r"batch_norm: training needs more than one value for each channel.*\(1, 3\).*model.eval\(\)"),
    (lambda: F.batch_norm(X, mg.ones(4), mg.ones(4)), "batch_norm: input of shape .* has 3 channels, running_mean has 4"),
    (lambda: F.batch_norm(X, None, None, mg.ones(2), training=True), "3 channels, weight has 2"),
    (lambda: F.layer_norm(X, (8, 7)), r"layer_norm: input of shape .* does not end in normalized_shape \(8, 7\)"),
    (lambda: F.layer_norm(X, (8,), mg.ones(7)), r"layer_norm: weight must have shape \(8,\), got \(7,\)"),
    (lambda: F.group_norm(X, 2), "group_norm: num_groups=2 must divide the channels"),
    (lambda: F.group_norm(X, 0), "group_norm: num_groups"),
    (lambda: F.instance_norm(mg.ones(2, 3, 1)), "instance_norm: needs more than one position in each channel"),
]  # fmt: skip

LOSSES = [
    *(
        (lambda f=f: f(mg.ones(4, 1), mg.ones(4)),
         rf"{f.__name__}: input has shape \(4, 1\), target \(4,\); write target.unsqueeze\(-1\)")
        for f in [F.mse_loss, F.l1_loss, F.huber_loss, F.smooth_l1_loss, F.kl_div,
                  F.binary_cross_entropy, F.binary_cross_entropy_with_logits]
    ),
    (lambda: F.mse_loss(mg.ones(2, 3), mg.ones(3, 2)), r"write target.reshape\(2, 3\)"),
    (lambda: F.mse_loss(mg.ones(2), mg.ones(3)), r"mse_loss: input has shape \(2,\), target \(3,\)$"),
    (lambda: F.mse_loss(P, P, reduction="average"), "mse_loss: reduction must be .*got 'average'"),
    (lambda: F.cross_entropy(LOGITS, LABELS, reduction="avg"), "cross_entropy: reduction must be"),
    (lambda: F.smooth_l1_loss(P, P, beta=-1), "smooth_l1_loss: beta must not be negative, got -1"),
    (lambda: F.huber_loss(P, P, delta=0), "huber_loss: delta must be positive, got 0"),
    (lambda: F.binary_cross_entropy(P * 3, P), r"input must be probabilities in 0..1, got 1.5 to 1.5; apply sigmoid"),
    (lambda: F.binary_cross_entropy(P, P, mg.ones(2)), r"binary_cross_entropy: weight of shape \(2,\) does not fit"),
    (lambda: F.binary_cross_entropy_with_logits(P[:, 0], P[:, 0], pos_weight=mg.ones(2, 1)),
     r"with_logits: pos_weight of shape \(2, 1\) does not fit an input of shape \(2,\)"),
    (lambda: F.cross_entropy(LOGITS, LABELS, label_smoothing=2), "cross_entropy: label_smoothing must be in 0..1"),
    (lambda: F.cross_entropy(LOGITS, LABELS, mg.ones(2)), "cross_entropy: weight must be one number for each of the 3"),
    (lambda: F.cross_entropy(LOGITS, mg.tensor([1, 2, 0])), r"needs class numbers of shape \(2,\) \(int64\) or probab"),
    (lambda: F.cross_entropy(LOGITS, LABELS.unsqueeze(1)), r"got shape \(2, 1\) of int64; write target.reshape\(2\)"),
    (lambda: F.cross_entropy(LOGITS, LABELS.float()), r"got shape \(2,\) of float32; write target.long\(\)"),
    (lambda: F.cross_entropy(LOGITS, LOGITS.long()), r"write target.argmax\(1\) for one-hot rows"),
    (lambda: F.cross_entropy(LOGITS, LABELS > 0), r"cross_entropy: .* got shape \(2,\) of bool"),
    (lambda: F.nll_loss(LOGITS, LABELS.unsqueeze(1)), r"nll_loss: .* class numbers of shape \(2,\) \(int64\), got"),
    (lambda: F.nll_loss(mg.tensor(1.0), mg.tensor(1)), r"nll_loss: input must be \(N, classes\).* got \(\)"),
]  # fmt: skip

OTHERS = [
    (lambda: F.linear(X, mg.ones(4, 3)), r"linear: input has 8 features .* the weight expects 3"),
    (lambda: F.linear(mg.tensor(1.0), mg.ones(4, 3)), "linear: input has 0 features"),
    (lambda: F.linear(X, mg.ones(8)), r"linear: weight must be \(out_features, in_features\), got shape \(8,\)"),
    (lambda: F.linear(X, mg.ones(4, 8), mg.ones(1)), r"linear: bias must have one value for each of the 4"),
    (lambda: F.prelu(X, mg.ones(2)), r"prelu: weight has shape \(2,\), expected \(1,\) or one slope for each"),
    (lambda: F.gelu(X, approximate="erf"), "gelu: approximate must be \"none\" or \"tanh\", got 'erf'"),
    (lambda: F.dropout(X, 1.5), "dropout: p is a probability in 0..1, got 1.5"),
    (lambda: F.dropout1d(X, 0.5), r"dropout1d: input must have 3 axes \(or 2\), got \(2, 3, 8, 8\)"),
    (lambda: F.dropout2d(X[0, 0], 0.5), r"dropout2d: input must have 4 axes \(or 3\)"),
    (lambda: F.dropout3d(X[0], 0.5), r"dropout3d: input must have 5 axes \(or 4\)"),
    (lambda: F.pad(X, (1, 2, 3)), r"pad: give two numbers for each axis.*at most 8 .*got \(1, 2, 3\)"),
    (lambda: F.pad(X, 1), "pad: give two numbers for each axis to pad.*got 1"),
    (lambda: F.pad(mg.ones(2), (1, 1, 1, 1)), "pad: give two numbers .* at most 2"),
    (lambda: F.pad(X, (-5, -4)), r"pad: \(-5, -4\) would crop more than there is of an axis of size 8"),
    (lambda: F.pad(X, (8, 0), mode="reflect"), r"pad: mode 'reflect' cannot add a border of \(8, 0\)"),
    (lambda: F.pad(X, (-1, 0), mode="replicate"), r"pad: mode 'replicate' cannot add a border of \(-1, 0\)"),
    (lambda: F.pad(X, (9, 0), mode="circular"), "pad: mode 'circular' .* the most is 8"),
    (lambda: F.pad(X, (1, 1), mode="wrap"), "pad: mode must be .* got 'wrap'"),
    (lambda: F.interpolate(X), "interpolate: give either size or scale_factor"),
    (lambda: F.interpolate(X, 4, 2), "interpolate: give either size or scale_factor"),
    (lambda: F.interpolate(X, 4, mode="linear"), r"mode 'linear' does not fit .*\(2, 3, 8, 8\).*'bilinear'"),
    (lambda: F.interpolate(X, 4, mode="bicubic"), r"interpolate: mode must be one of 'nearest', .*'trilinear', got 'bicubic'"),
    (lambda: F.interpolate(mg.ones(2, 3), 4), r"interpolate: mode 'nearest' does not fit .*\(N, C, H, W\)"),
    (lambda: F.interpolate(X, 4, align_corners=False), "interpolate: align_corners=False means nothing to mode='nearest'; leave"),
    (lambda: F.interpolate(X, (4, 4, 4)), r"size must be a whole number of at least 1, or one for each of 2 axes, got \(4, 4, 4\)"),
    (lambda: F.interpolate(X, (4, 0)), r"interpolate: size must be .* got \(4, 0\)"),
    (lambda: F.interpolate(X, "2"), "interpolate: size must be .* got '2'$"),
    (lambda: F.interpolate(X, 16.0), "interpolate: size must be .* got 16.0; write size=16$"),
    (lambda: F.interpolate(X, scale_factor=(2, 2, 2)), r"scale_factor must be a number above 0, .*2 axes, got \(2, 2, 2\)"),
    *(
        (lambda f=f: F.interpolate(X, scale_factor=f), f"interpolate: scale_factor must be a number above 0, .* got {f!r}$")
        for f in ["2", True, 0, -1, float("inf"), float("nan")]
    ),
    (lambda: F.interpolate(X, scale_factor=0.1), r"scale_factor=0.1 leaves nothing of shape .* would be \(0, 0\)"),
    (lambda: F.pixel_shuffle(X, 2), "pixel_shuffle: 3 channels are not divisible by upscale_factor.2 = 4"),
    (lambda: F.pixel_unshuffle(X, 3), "pixel_unshuffle: 8 x 8 is not divisible by 3"),
    (lambda: F.pixel_shuffle(X[0, 0], 2), r"pixel_shuffle: expected \(..., C, H, W\) .*\(8, 8\) and 2"),
    (lambda: F.pixel_unshuffle(X, 0), "pixel_unshuffle: expected .* downscale_factor of at least 1"),
]  # fmt: skip

TYPES = [
    (conv(X.double()), r"conv2d: input is float64, the weight float32; write x.to\(minigrad.float32\)"),
    (lambda: F.linear(X.double(), mg.ones(2, 8)), r"linear: input is float64, the weight float32"),
    (lambda: F.mse_loss(P, P.double()), "mse_loss: input is float32, target float64; both must be"),
    (lambda: F.mse_loss(LABELS, LABELS), "mse_loss: input is int64, target int64"),
    (lambda: F.binary_cross_entropy_with_logits(P, P.long()), r"target int64; .*target.float\(\)"),
    (lambda: F.cross_entropy(LOGITS, np.array([0, 1])), "cross_entropy: target must be a Tensor, got ndarray"),
    (lambda: F.nll_loss(LOGITS, [0, 1]), "nll_loss: target must be a Tensor, got list"),
    (lambda: F.nll_loss(LOGITS, LOGITS), "nll_loss: target must hold class numbers, got float32"),
    (lambda: F.cross_entropy(LOGITS.long(), LABELS), "cross_entropy: input must hold floating point scores"),
    (lambda: F.softmax(LOGITS), r"softmax: say along which axis, for example softmax\(x, dim=1\)"),
    (lambda: F.log_softmax(LOGITS), "log_softmax: say along which axis"),
    (lambda: F.embedding(LOGITS, P), r"embedding: expected integer indices, got float32; write x.long\(\)"),
    (lambda: F.interpolate(X.long(), 4, mode="bilinear"), "interpolate, mode 'bilinear': needs floating point"),
    *(
        (lambda f=f: f(LABELS), rf"{f.__name__}: needs floating point numbers, the tensor is int64; write x.float")
        for f in [F.leaky_relu, F.elu, F.gelu, F.silu, F.softplus, F.mish, F.hardsigmoid, F.hardswish, F.dropout]
    ),
    (lambda: F.softmax(LABELS, 0), "softmax: needs floating point numbers"),
    (lambda: F.log_softmax(LABELS, 0), "log_softmax: needs floating point numbers"),
    (lambda: F.prelu(LABELS, mg.ones(1)), "prelu: needs floating point numbers"),
]  # fmt: skip

OUT_OF_RANGE = [
    (lambda: F.cross_entropy(LOGITS, LABELS + 1), "cross_entropy: target 3 is out of range: the input has 3 classes.*0..2"),
    (lambda: F.cross_entropy(LOGITS, LABELS - 1), "cross_entropy: target -1 is out of range"),
    (lambda: F.nll_loss(LOGITS, LABELS + 1), "nll_loss: target 3 is out of range.*out_features"),
    (lambda: F.embedding(LABELS, mg.ones(2, 4)), "embedding: index 2 is out of range, it must be 0..1"),
    (lambda: F.embedding(LABELS - 1, mg.ones(2, 4)), "embedding: index -1 is out of range"),
]  # fmt: skip


def raises(error, rows):
    return [pytest.param(f, error, message, id=message[:40]) for f, message in rows]


@pytest.mark.parametrize(
    ("f", "error", "message"),
    raises(ValueError, CONVOLUTION + POOLING + NORMALISATION + LOSSES + OTHERS)
    + raises(TypeError, TYPES)
    + raises(IndexError, OUT_OF_RANGE),
)
def test_the_message_says_what_does_not_fit(f, error, message):
    with pytest.raises(error, match=message):
        f()
