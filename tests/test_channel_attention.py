"""SEBlock and SKBlock: values, gradients, counts, and what they refuse."""

import loops as plain
import loops_blocks as loops
import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.summary import summary


@pytest.fixture(autouse=True)
def _seed():
    mg.manual_seed(0)


# SEBlock


@pytest.mark.parametrize("size", [(5,), (3, 4), (2, 3, 2)])
@pytest.mark.parametrize("bias", [False, True])
def test_se_value_and_gradients(size, bias):
    block = loops.randomized(nn.SEBlock(4, reduction=2, bias=bias))
    x = np.random.default_rng(0).standard_normal((2, 4, *size))
    w = loops.arrays(block)
    biases = (w["fc1.bias"], w["fc2.bias"]) if bias else ()
    y, s = loops.squeeze_excite(x, w["fc1.weight"], w["fc2.weight"], *biases)
    np.testing.assert_allclose(block(mg.tensor(x)).detach(), y, rtol=1e-9)
    np.testing.assert_allclose(block.last_attention, s, rtol=1e-9)
    loops.check_gradients(block, x)


@pytest.mark.parametrize(("channels", "reduction"), [(64, 16), (512, 16), (12, 3), (8, 8), (5, 1)])
def test_se_counts(channels, reduction):
    """2 C^2 / r parameters, equation 5 of the paper for one block, each used once a sample."""
    counted = summary(nn.SEBlock(channels, reduction), (1, channels, 3, 3))
    assert counted.parameters == counted.multiply_adds == 2 * channels**2 // reduction
    with_bias = nn.SEBlock(channels, reduction, bias=True)
    parameters = sum(p.numel() for p in with_bias.parameters())
    assert parameters == 2 * channels**2 // reduction + channels // reduction + channels


def test_se_defaults_print_and_attention():
    block = nn.SEBlock(32)
    assert repr(block) == (
        "SEBlock(\n"
        "  channels=32, reduction=16\n"
        "  (fc1): Linear(in_features=32, out_features=2, bias=False)\n"
        "  (fc2): Linear(in_features=2, out_features=32, bias=False)\n"
        ")"
    )
    assert block.last_attention is None
    x = mg.randn(3, 32, 4, 4)
    y = block(x)
    s = block.last_attention
    assert s.shape == (3, 32)
    assert not s.requires_grad
    assert ((s.data > 0) & (s.data < 1)).all()
    np.testing.assert_allclose(y.detach(), x.data * s.data[:, :, None, None], rtol=1e-6)
    assert list(block.state_dict()) == ["fc1.weight", "fc2.weight"]


def test_se_of_zero_weights_halves_the_map():
    block = nn.SEBlock(4, 2)
    for parameter in block.parameters():
        parameter.data[...] = 0
    x = mg.randn(2, 4, 3, 3)
    assert np.array_equal(block(x).data, x.data / 2)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (
            lambda: nn.SEBlock(10),
            r"SEBlock: channels=10 is not divisible by reduction=16; the nearest channels is 16, "
            r"or choose reduction among 1, 2, 5, 10",
        ),
        (
            lambda: nn.SEBlock(24),
            r"SEBlock: channels=24 is not divisible.* 16 or 32, or .* among .*8, 12",
        ),
        (lambda: nn.SEBlock(0), "SEBlock: channels must be at least 1, got 0"),
        (lambda: nn.SEBlock(8, 0), "SEBlock: reduction must be at least 1, got 0"),
        (
            lambda: nn.SEBlock(16)(mg.zeros(2, 8, 3, 3)),
            r"SEBlock: input of shape \(2, 8, 3, 3\) has 8 channels, expected 16; write "
            r"SEBlock\(8, ...\), or let the layer before give 16$",
        ),
        (
            lambda: nn.SEBlock(16)(mg.zeros(16, 3, 3)),
            r"has 3 channels, expected 16; for one sample write x.unsqueeze\(0\); otherwise write "
            r"SEBlock\(3, ...\), or",
        ),
        (
            lambda: nn.SEBlock(16)(mg.zeros(2, 16)),
            r"SEBlock: expected a map \(N, 16, \*sizes\), got shape \(2, 16\)",
        ),
        (
            lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.SEBlock(8, 2))(mg.zeros(1, 1, 5, 5)),
            r"1 \(SEBlock\): input of shape .* has 4 channels, expected 8",
        ),
    ],
)
def test_what_se_refuses(make, match):
    with pytest.raises(ValueError, match=match):
        make()


# SKBlock


def batch_norm(training):
    """Batch norm for the loops: by the batch, or by the running statistics of the norm."""

    def normalize(x, norm):
        weight, bias, mean, var = norm
        if training:
            return plain.batch_norm(x, weight, bias)
        return plain.batch_norm_eval(x, mean, var, weight, bias)

    return normalize


def sk_by_loops(block, x, stride, groups, training):
    w = loops.arrays(block)

    def norm(path):
        names = ("weight", "bias", "running_mean", "running_var")
        return tuple(w[f"{path}.{name}"].copy() for name in names)

    count = len(block.branches)
    return loops.selective_kernels(
        x,
        [w[f"branches.{m}.0.weight"] for m in range(count)],
        [norm(f"branches.{m}.1") for m in range(count)],
        w["fuse.0.weight"],
        norm("fuse.1"),
        w["select.weight"],
        stride,
        groups,
        batch_norm(training),
    )


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {"groups": 4, "minimum_width": 3},
        {"groups": 2, "out_channels": 2, "stride": 2, "reduction": 2, "minimum_width": 1},
        {"groups": 4, "branches": 3, "minimum_width": 1},
    ],
    ids=str,
)
def test_sk_value_and_gradients(options, training):
    block = loops.randomized(nn.SKBlock(4, **options)).train(training)
    for name, buffer in block.named_buffers():
        if "num_batches" not in name:
            buffer.data = np.random.default_rng(len(name)).uniform(0.5, 1.5, buffer.shape)
    x = np.random.default_rng(0).standard_normal((2, 4, 4, 3))
    y, weights = sk_by_loops(block, x, options.get("stride", 1), options["groups"], training)
    np.testing.assert_allclose(block(mg.tensor(x)).detach(), y, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(block.last_attention, weights, rtol=1e-9)
    loops.check_gradients(block, x)


@pytest.mark.parametrize(
    ("C", "G", "r", "L", "M"), [(64, 32, 16, 32, 2), (256, 32, 4, 32, 2), (48, 16, 8, 4, 3)]
)
def test_sk_counts(C, G, r, L, M):
    """M grouped 3x3 kernels, C to d = max(C / r, L), and M matrices of C x d; norms of 2 each."""
    d = max(C // r, L)
    weights = M * C * (C // G) * 9 + C * d + M * C * d
    counted = summary(
        nn.SKBlock(C, groups=G, reduction=r, minimum_width=L, branches=M), (1, C, 6, 5)
    )
    assert counted.parameters == weights + 2 * C * M + 2 * d
    assert counted.multiply_adds == M * 30 * C * (C // G) * 9 + C * d + M * C * d


def test_sk_defaults_are_the_papers():
    block = nn.SKBlock(64)
    first, second = (branch[0] for branch in block.branches)
    assert (first.groups, first.dilation, second.dilation) == (32, (1, 1), (2, 2))
    assert block.select.in_features == 32
    assert nn.SKBlock(1024).select.in_features == 64
    x = mg.randn(2, 64, 7, 6)
    assert block(x).shape == (2, 64, 7, 6)
    assert nn.SKBlock(64, 128, stride=2)(x).shape == (2, 128, 4, 3)


def test_sk_attention_sums_to_1_over_the_branches():
    block = nn.SKBlock(32, branches=3)
    assert block.last_attention is None
    block(mg.randn(2, 32, 4, 4))
    attention = block.last_attention
    assert attention.shape == (2, 3, 32)
    assert not attention.requires_grad
    np.testing.assert_allclose(attention.data.sum(axis=1), 1, rtol=1e-6)
    single = nn.SKBlock(32, branches=1)
    single(mg.randn(2, 32, 4, 4))
    assert (single.last_attention.data == 1).all()


def test_sk_second_branch_sees_five_by_five():
    block = nn.SKBlock(32).eval()
    x = mg.zeros(1, 32, 9, 9, requires_grad=True)
    block.branches[1][0](x)[0, :, 4, 4].sum().backward()
    rows = np.flatnonzero(np.abs(x.grad.data).sum(axis=(0, 1, 3)))
    assert rows.tolist() == [2, 4, 6]


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (
            lambda: nn.SKBlock(16),
            r"SKBlock: channels=16 is not divisible by groups=32; the nearest channels is 32, or "
            r"choose groups among 2, 4, 8, 16",
        ),
        (
            lambda: nn.SKBlock(32, 40),
            r"SKBlock: out_channels=40 is not divisible by groups=32; .* is 32 or 64, or choose",
        ),
        (lambda: nn.SKBlock(0), "SKBlock: channels must be at least 1, got 0"),
        (lambda: nn.SKBlock(32, 0), "SKBlock: out_channels must be at least 1, got 0"),
        (lambda: nn.SKBlock(32, branches=0), "SKBlock: branches must be at least 1, got 0"),
        (lambda: nn.SKBlock(32, reduction=0), "SKBlock: reduction must be at least 1, got 0"),
        (lambda: nn.SKBlock(32, minimum_width=0), "SKBlock: minimum_width must be at least 1"),
        (lambda: nn.SKBlock(32, groups=0), "SKBlock: groups must be at least 1, got 0"),
        (lambda: nn.SKBlock(32, stride=0), "stride must be .* got 0"),
        (
            lambda: nn.SKBlock(32)(mg.zeros(2, 8, 3, 3)),
            r"SKBlock: input of shape \(2, 8, 3, 3\) has 8 channels, expected 32; write SKBlock.8,",
        ),
        (
            lambda: nn.SKBlock(32)(mg.zeros(1, 32, 3, 3)),
            r"fuse.1 \(BatchNorm1d.*training needs more than one value for each channel",
        ),
    ],
)
def test_what_sk_refuses(make, match):
    with pytest.raises(ValueError, match=match):
        make()


@pytest.mark.parametrize("make", [lambda: nn.SEBlock(4, 2), lambda: nn.SKBlock(4, groups=2)])
def test_they_learn(make):
    before, after = loops.losses_of(nn.Sequential(make(), nn.Conv2d(4, 2, 1)), (8, 4, 6, 6))
    assert after < before / 2


def test_no_name_says_conv_where_there_is_no_kernel():
    # Scripts look for "Conv" in a class's name and then touch its weight.
    for name in ("SEBlock", "SKBlock", "GatedResidualBlock", "DepthwiseSeparable"):
        assert "Conv" not in getattr(nn, name).__name__
