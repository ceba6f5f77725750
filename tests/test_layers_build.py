"""What print shows of each layer, and the arguments that are refused at construction."""

import pytest

from minigrad import nn

# print


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Identity(3), "Identity()"),
        (nn.Linear(2, 3, bias=False), "Linear(in_features=2, out_features=3, bias=False)"),
        (nn.Flatten(), "Flatten(start_dim=1, end_dim=-1)"),
        (nn.Unflatten(1, [2, 3]), "Unflatten(dim=1, unflattened_size=(2, 3))"),
        (nn.Conv1d(4, 8, 3), "Conv1d(4, 8, kernel_size=(3,), stride=(1,))"),
        (
            nn.Conv2d(4, 8, (3, 5), 2, 1, 2, 2, False, "reflect"),
            "Conv2d(4, 8, kernel_size=(3, 5), stride=(2, 2), padding=(1, 1), dilation=(2, 2), "
            "groups=2, bias=False, padding_mode=reflect)",
        ),
        (
            nn.Conv2d(4, 8, 3, padding="same"),
            "Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), padding=same)",
        ),
        (
            nn.MaxPool2d((2, 3), stride=1),
            "MaxPool2d(kernel_size=(2, 3), stride=1, padding=0, dilation=1, ceil_mode=False)",
        ),
        (nn.AvgPool1d(3), "AvgPool1d(kernel_size=(3,), stride=(3,), padding=(0,))"),
        (nn.AvgPool2d(3, 2), "AvgPool2d(kernel_size=3, stride=2, padding=0)"),
        (nn.AdaptiveAvgPool2d((None, 3)), "AdaptiveAvgPool2d(output_size=(None, 3))"),
        (
            nn.BatchNorm2d(3),
            "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, "
            "track_running_stats=True)",
        ),
        (
            nn.InstanceNorm1d(3),
            "InstanceNorm1d(3, eps=1e-05, momentum=0.1, affine=False, bias=False, "
            "track_running_stats=False)",
        ),
        (nn.LayerNorm(3), "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=True)"),
        (nn.GroupNorm(2, 4), "GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)"),
        (nn.Dropout2d(0.2), "Dropout2d(p=0.2, inplace=False)"),
        (nn.ReLU(), "ReLU()"),
        (nn.ReLU(inplace=True), "ReLU(inplace=True)"),
        (nn.LeakyReLU(0.2, inplace=True), "LeakyReLU(negative_slope=0.2, inplace=True)"),
        (nn.Hardswish(inplace=True), "Hardswish()"),
        (nn.PReLU(), "PReLU(num_parameters=1)"),
        (nn.GELU(), "GELU(approximate='none')"),
        (nn.Softplus(), "Softplus(beta=1.0, threshold=20.0)"),
        (nn.Hardtanh(), "Hardtanh(min_val=-1.0, max_val=1.0)"),
        (nn.Softmax(dim=1), "Softmax(dim=1)"),
        (nn.Embedding(3, 4, padding_idx=-1), "Embedding(3, 4, padding_idx=2)"),
        (nn.CrossEntropyLoss(), "CrossEntropyLoss()"),
        (nn.Upsample(scale_factor=2), "Upsample(scale_factor=2.0, mode='nearest')"),
        (nn.Upsample([2, 3]), "Upsample(size=(2, 3), mode='nearest')"),
        (nn.Upsample(scale_factor=[2, 3]), "Upsample(scale_factor=(2.0, 3.0), mode='nearest')"),
        (nn.ZeroPad2d(1), "ZeroPad2d((1, 1, 1, 1))"),
        (nn.ConstantPad1d(2, 3.5), "ConstantPad1d(padding=(2, 2), value=3.5)"),
    ],
    ids=lambda case: "" if isinstance(case, str) else type(case).__name__,
)
def test_print(layer, text):
    assert repr(layer) == text


def test_print_of_a_model():
    class LeNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2))
            self.classifier = nn.Linear(864, 10)

    assert repr(LeNet()) == (
        "LeNet(\n"
        "  (features): Sequential(\n"
        "    (0): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1))\n"
        "    (1): Tanh()\n"
        "    (2): AvgPool2d(kernel_size=2, stride=2, padding=0)\n"
        "  )\n"
        "  (classifier): Linear(in_features=864, out_features=10, bias=True)\n"
        ")"
    )


# Wrong arguments


@pytest.mark.parametrize(
    ("make", "kind", "match"),
    [
        (lambda: nn.Linear(0, 3), ValueError, r"Linear: in_features must be at least 1, got 0"),
        (
            lambda: nn.Linear(400 / 2, 3),
            TypeError,
            r"Linear: in_features must be an int, got 200.0; write 200 \(a / b is a float",
        ),
        (lambda: nn.Linear("3", 3), TypeError, r"Linear: in_features must be an int, got '3'$"),
        (lambda: nn.Linear(3, True), TypeError, r"Linear: out_features must be an int, got True"),
        (
            lambda: nn.Conv2d(3, -4, 3),
            ValueError,
            r"Conv2d: out_channels must be at least 1, got -4",
        ),
        (lambda: nn.Conv2d(3, 4, 0), ValueError, r"Conv2d: kernel_size must be .* got 0"),
        (lambda: nn.Conv2d(3, 4, 2.5), ValueError, r"Conv2d: kernel_size must be .* got 2.5"),
        (
            lambda: nn.Conv2d(3, 4, (3, 3, 3)),
            ValueError,
            r"Conv2d: kernel_size must be .* got \(3, 3, 3\)",
        ),
        (lambda: nn.Conv2d(3, 4, 3, stride=0), ValueError, r"Conv2d: stride must be .* got 0"),
        (lambda: nn.Conv2d(3, 4, 3, padding=-1), ValueError, r"Conv2d: padding must be .* got -1"),
        (
            lambda: nn.Conv2d(3, 4, 3, padding="sane"),
            ValueError,
            r"Conv2d: padding must be one of 'same', 'valid', got 'sane'; did you mean 'same'",
        ),
        (
            lambda: nn.Conv2d(3, 4, 3, padding_mode="mirror"),
            ValueError,
            r"padding_mode must be one of 'zeros', 'reflect', 'replicate', 'circular', got",
        ),
        (
            lambda: nn.Conv2d(10, 8, 3, groups=4),
            ValueError,
            r"Conv2d: in_channels=10 is not divisible by groups=4; the nearest in_channels is 8 or "
            r"12, or choose groups among 1, 2$",
        ),
        (
            lambda: nn.Conv1d(4, 3, 3, groups=4),
            ValueError,
            r"Conv1d: out_channels=3 is not divisible by groups=4; the nearest out_channels is 4",
        ),
        (
            lambda: nn.GroupNorm(4, 6),
            ValueError,
            r"num_channels=6 is not divisible by num_groups=4; the nearest .* 4 or 8, or "
            r"choose num_groups among 1, 2, 3, 6$",
        ),
        (
            lambda: nn.MaxPool2d(2, padding=2),
            ValueError,
            r"MaxPool2d: padding must be at most half of the window of 2, got 2",
        ),
        (lambda: nn.AvgPool1d(0), ValueError, r"AvgPool1d: kernel_size must be .* got 0"),
        (lambda: nn.MaxPool2d(3, dilation=0), ValueError, r"MaxPool2d: dilation must be .* got 0"),
        (
            lambda: nn.AdaptiveAvgPool2d((1, 2, 3)),
            ValueError,
            r"AdaptiveAvgPool2d: output_size must be .* got \(1, 2, 3\)",
        ),
        (lambda: nn.BatchNorm2d(0), ValueError, r"BatchNorm2d: num_features must be at least 1"),
        *(
            (make, TypeError, "Norm.*: eps must be a number of at least 0, got '1e-5'$")
            for make in (
                lambda: nn.BatchNorm2d(4, eps="1e-5"),
                lambda: nn.LayerNorm(4, eps="1e-5"),
                lambda: nn.GroupNorm(2, 4, eps="1e-5"),
            )
        ),
        (lambda: nn.BatchNorm1d(4, momentum="0.1"), TypeError, "momentum must be between 0 and 1"),
        (lambda: nn.Dropout("0.1"), TypeError, "Dropout: p must be between 0 and 1, got '0.1'$"),
        (
            lambda: nn.LayerNorm((3, 0)),
            ValueError,
            r"LayerNorm: normalized_shape must be at least 1",
        ),
        (lambda: nn.Dropout(1.5), ValueError, r"Dropout: p must be between 0 and 1, got 1.5"),
        (lambda: nn.PReLU(0), ValueError, r"PReLU: num_parameters must be at least 1"),
        (lambda: nn.Hardtanh(1, -1), ValueError, r"Hardtanh: min_val=1 must be below max_val=-1"),
        (lambda: nn.GELU("tan"), ValueError, r"GELU: approximate must be .*; did you mean 'tanh'"),
        (
            lambda: nn.Embedding(3, 2, 3),
            ValueError,
            r"Embedding: padding_idx must be below num_embeddings=3, got 3",
        ),
        (
            lambda: nn.MSELoss(reduction="avg"),
            ValueError,
            r"MSELoss: reduction must be one of 'mean', 'sum', 'none', got 'avg'",
        ),
        (
            lambda: nn.CrossEntropyLoss(label_smoothing=2),
            ValueError,
            r"CrossEntropyLoss: label_smoothing must be between 0 and 1, got 2",
        ),
        (
            lambda: nn.CrossEntropyLoss(weight=[1, 2]),
            TypeError,
            r"CrossEntropyLoss.register_buffer: weight must be a Tensor or None, got list",
        ),
        (lambda: nn.Upsample(), ValueError, r"Upsample: give either size or scale_factor"),
        (
            lambda: nn.Upsample(2, mode="nearst"),
            ValueError,
            r"mode must be one of .* mean 'nearest'",
        ),
        (lambda: nn.Upsample("2"), ValueError, "Upsample: size must be a whole number .* got '2'"),
        (lambda: nn.Upsample(()), ValueError, r"Upsample: size must be a whole .* got \(\)"),
        (
            lambda: nn.Upsample((2, 2, 2), mode="bilinear"),
            ValueError,
            r"Upsample: size must be .* for each of 2 axes, got \(2, 2, 2\)",
        ),
        (lambda: nn.Upsample(scale_factor="2"), ValueError, "scale_factor must be a number above"),
        (
            lambda: nn.Upsample(scale_factor=2, align_corners=True),
            ValueError,
            "Upsample: align_corners=True means nothing to mode='nearest'; leave it out",
        ),
        (
            lambda: nn.PixelShuffle(0),
            ValueError,
            r"PixelShuffle: upscale_factor must be at least 1",
        ),
        (lambda: nn.ZeroPad2d((1, 2)), ValueError, r"ZeroPad2d: padding must be one int or 4 ints"),
    ],
)
def test_wrong_arguments_are_refused_at_construction(make, kind, match):
    with pytest.raises(kind, match=match):
        make()


def test_only_convolutions_have_conv_in_their_name():
    # Scripts look for "Conv" in a class's name and then touch its weight.
    more = {"AttentionAugmentedConv2d": {"key_channels": 1, "value_channels": 1, "num_heads": 1}}
    more["AttentionAugmentedConv2d"]["relative"] = False
    for name in nn.__all__:
        if "Conv" in name:
            assert getattr(nn, name)(2, 2, 1, **more.get(name, {})).weight.ndim >= 3


def test_a_dilated_window_may_be_padded_by_half_of_what_it_spans():
    assert nn.MaxPool2d(3, padding=2, dilation=2).padding == 2
