"""Convolution and pooling, against loops over every output element."""

# ruff: noqa: E501 (a row of a table is a line)

import loops

from minigrad.nn import functional as F

from .table import case, distinct, normal


def conv(name, x, w, bias=True, **options):
    """A convolution with or without bias; x and w are shapes."""
    b = [normal(w[0])] if bias else []
    return case(f"F.{name}", getattr(F, name), loops.conv, normal(*x), normal(*w), *b, **options)


CONVOLUTIONS = [
    conv("conv1d", (2, 3, 8), (4, 3, 3)),
    conv("conv1d", (2, 4, 9), (6, 2, 3), stride=2, padding=2, dilation=2, groups=2),
    conv("conv1d", (2, 2, 7), (2, 2, 4), bias=False, padding="same"),
    conv("conv2d", (2, 3, 5, 6), (4, 3, 3, 3)),
    conv("conv2d", (2, 3, 5, 6), (4, 3, 3, 3), bias=False, padding=1),
    conv("conv2d", (2, 3, 7, 5), (2, 3, 3, 2), stride=(2, 1), padding=(0, 2)),
    conv("conv2d", (2, 2, 7, 8), (2, 2, 3, 3), stride=3, padding=1),
    conv("conv2d", (2, 2, 8, 7), (2, 2, 3, 2), padding=2, dilation=(2, 3)),
    conv("conv2d", (2, 4, 5, 5), (6, 2, 3, 3), padding=1, groups=2),
    conv("conv2d", (2, 3, 5, 4), (6, 1, 3, 3), padding=1, groups=3),  # depthwise, two a channel
    conv("conv2d", (2, 4, 7, 9), (4, 2, 2, 3), stride=2, padding=1, dilation=2, groups=2),
    conv("conv2d", (3, 3, 4, 4), (5, 3, 1, 1)),
    conv("conv2d", (2, 3, 5, 5), (2, 3, 1, 1), stride=2, bias=False),
    conv("conv2d", (2, 3, 5, 4), (3, 3, 1, 1), stride=(2, 1)),
    conv("conv2d", (2, 2, 4, 5), (3, 2, 4, 5)),  # one output pixel
    conv("conv2d", (2, 2, 5, 4), (2, 2, 2, 4), padding="same"),
    conv("conv2d", (2, 2, 6, 4), (2, 2, 3, 3), padding="same", dilation=2),
    conv("conv2d", (2, 2, 5, 4), (2, 2, 2, 3), padding="valid"),
    conv("conv2d", (2, 1, 5, 5), (2, 1, 2, 2), stride=4),  # pixels that no window reaches
    conv("conv3d", (2, 2, 3, 4, 5), (2, 2, 2, 3, 2), padding=(1, 0, 1)),
    conv(
        "conv3d", (1, 4, 5, 4, 4), (2, 2, 2, 2, 2), stride=(2, 1, 2), dilation=(1, 2, 1), groups=2
    ),
]


def transposed(name, x, w, bias=True, **options):
    """The same for a transposed one, whose weight is (C, O/groups, *k)."""
    b = [normal(w[1] * options.get("groups", 1))] if bias else []
    inputs = normal(*x), normal(*w), *b
    return case(f"F.{name}", getattr(F, name), loops.conv_transpose, *inputs, **options)


TRANSPOSED = [
    transposed("conv_transpose1d", (2, 3, 5), (3, 2, 3)),
    transposed(
        "conv_transpose1d", (2, 4, 4), (4, 3, 4), stride=3, padding=1, output_padding=2, groups=2
    ),
    transposed("conv_transpose1d", (2, 2, 4), (2, 2, 2), stride=3, padding="same"),  # gaps stay 0
    transposed("conv_transpose2d", (2, 3, 3, 4), (3, 2, 3, 3)),
    transposed("conv_transpose2d", (2, 3, 3, 4), (3, 2, 4, 4), bias=False, stride=2, padding=1),
    transposed(
        "conv_transpose2d",
        (2, 2, 4, 3),
        (2, 3, 3, 2),
        stride=(2, 1),
        padding=(1, 0),
        output_padding=(1, 0),
    ),
    transposed("conv_transpose2d", (2, 4, 3, 3), (4, 1, 3, 3), stride=2, dilation=2, groups=4),
    transposed(
        "conv_transpose2d",
        (2, 4, 3, 2),
        (4, 3, 2, 3),
        stride=2,
        dilation=(3, 2),
        groups=2,
        output_padding=(2, 1),
    ),
    transposed("conv_transpose2d", (2, 2, 3, 4), (2, 2, 3, 5), stride=2, padding="same"),
    transposed("conv_transpose2d", (2, 2, 3, 3), (2, 2, 1, 1), stride=2, padding="valid"),
    transposed(
        "conv_transpose3d", (2, 2, 2, 3, 2), (2, 2, 2, 3, 2), stride=(1, 2, 2), padding=(0, 1, 0)
    ),
    transposed(
        "conv_transpose3d", (1, 4, 2, 2, 3), (4, 1, 2, 2, 2), stride=2, groups=2, output_padding=1
    ),
]

POOLING = [
    case(f"F.{name}", getattr(F, name), getattr(loops, name[:-2]), distinct(*shape), **options)
    for name, shape, options in [
        ("max_pool1d", (2, 3, 8), {"kernel_size": 2}),
        ("max_pool1d", (2, 2, 9), {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2}),
        ("max_pool2d", (2, 3, 4, 6), {"kernel_size": 2}),
        ("max_pool2d", (2, 2, 7, 5), {"kernel_size": 3, "stride": 2, "padding": 1}),
        ("max_pool2d", (2, 2, 5, 6), {"kernel_size": (2, 3), "stride": (1, 2)}),
        ("max_pool2d", (2, 2, 7, 7), {"kernel_size": 2, "stride": 1, "dilation": (2, 3)}),
        ("max_pool2d", (2, 2, 6, 7), {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
        ("max_pool2d", (2, 1, 5, 5), {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}),
        ("max_pool2d", (2, 1, 2, 3), {"kernel_size": 5, "stride": 4, "ceil_mode": True}),
        ("max_pool3d", (2, 2, 3, 4, 4), {"kernel_size": 2}),
        ("max_pool3d", (1, 2, 4, 5, 3), {"kernel_size": (2, 3, 2), "stride": 2, "padding": (0, 1, 1)}),
        ("avg_pool1d", (2, 3, 8), {"kernel_size": 3, "stride": 2, "padding": 1}),
        ("avg_pool2d", (2, 3, 4, 6), {"kernel_size": 2}),
        ("avg_pool2d", (2, 2, 5, 7), {"kernel_size": 3, "stride": 2, "padding": 1}),
        ("avg_pool2d", (2, 2, 5, 7),
         {"kernel_size": (3, 2), "padding": (1, 0), "count_include_pad": False}),
        ("avg_pool2d", (2, 1, 2, 3), {"kernel_size": 5, "stride": 4, "ceil_mode": True}),
        ("avg_pool2d", (2, 2, 6, 7), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
        ("avg_pool2d", (2, 2, 6, 5),
         {"kernel_size": 4, "stride": 3, "padding": 2, "ceil_mode": True, "count_include_pad": False}),
        ("avg_pool2d", (2, 2, 4, 4), {"kernel_size": 2, "divisor_override": 3}),
        ("avg_pool3d", (2, 2, 3, 4, 5), {"kernel_size": 2, "stride": 1}),
        ("adaptive_avg_pool1d", (2, 3, 7), {"output_size": 3}),
        ("adaptive_avg_pool2d", (2, 3, 5, 7), {"output_size": (2, 3)}),
        ("adaptive_avg_pool2d", (2, 3, 5, 4), {"output_size": 1}),
        ("adaptive_avg_pool2d", (2, 3, 5, 4), {"output_size": (None, 2)}),
        ("adaptive_avg_pool2d", (2, 3, 2, 3), {"output_size": (4, 3)}),
        ("adaptive_avg_pool3d", (2, 2, 3, 4, 5), {"output_size": (2, 3, 1)}),
        ("adaptive_max_pool1d", (2, 3, 7), {"output_size": 3}),
        ("adaptive_max_pool2d", (2, 3, 5, 7), {"output_size": (2, 3)}),
        ("adaptive_max_pool2d", (2, 3, 5, 4), {"output_size": 1}),
        ("adaptive_max_pool2d", (2, 2, 3, 4), {"output_size": (5, None)}),
        ("adaptive_max_pool3d", (2, 2, 3, 4, 5), {"output_size": (2, 3, 1)}),
    ]
]  # fmt: skip

RESIZING = [
    case("F.interpolate", F.interpolate, loops.interpolate, normal(*shape), **options)
    for shape, options in [
        ((2, 3, 4), {"size": 7}),
        ((2, 2, 3, 4), {"scale_factor": 2}),
        ((2, 2, 5, 4), {"size": (2, 3)}),
        ((2, 2, 4, 6), {"scale_factor": (1.5, 0.5)}),
        ((2, 1, 2, 3, 2), {"scale_factor": 2}),
        ((2, 3, 4), {"size": 7, "mode": "linear"}),
        ((2, 2, 3, 4), {"scale_factor": 2, "mode": "bilinear"}),
        ((2, 2, 3, 4), {"size": (5, 3), "mode": "bilinear", "align_corners": True}),
        ((2, 2, 5, 4), {"scale_factor": (0.7, 1.3), "mode": "bilinear"}),
        ((2, 2, 5, 4), {"size": (1, 8), "mode": "bilinear", "align_corners": True}),
        ((1, 2, 2, 3, 3), {"size": (3, 2, 5), "mode": "trilinear"}),
    ]
]

CASES = CONVOLUTIONS + TRANSPOSED + POOLING + RESIZING
