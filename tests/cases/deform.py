"""Deformable convolution, against loops over every output element.

The offsets keep away from whole numbers, where the slope jumps, and reach across the border.
"""

import loops_deform

from minigrad.nn import functional as F

from .table import case, normal, positive, rng


def between_pixels(*shape):
    """From -3 to 4, with a fractional part of 0.2 to 0.8."""
    return rng.integers(-3, 4, shape) + rng.uniform(0.2, 0.8, shape)


def call(x, offset, w, *rest, mask=True, **options):
    """F.deform_conv2d with its tensors in front: the mask, where there is one, comes last."""
    mask = rest[-1] if mask else None
    bias = rest[0] if len(rest) - (mask is not None) else None
    return F.deform_conv2d(x, offset, w, bias, mask=mask, **options)


def formula(x, offset, w, *rest, mask=True, **options):
    mask = rest[-1] if mask else None
    bias = rest[0] if len(rest) - (mask is not None) else None
    return loops_deform.deform_conv2d(x, offset, w, bias, mask, **options)


def deform(x, w, out, offset_groups=1, bias=True, mask=True, **options):
    """x, w and out (H', W') are shapes."""
    points = offset_groups * w[2] * w[3]
    arrays = [normal(*x), between_pixels(x[0], 2 * points, *out), normal(*w)]
    arrays += [normal(w[0])] * bias + [positive(x[0], points, *out)] * mask
    batch = (0, 1, len(arrays) - 1) if mask else (0, 1)
    return case("F.deform_conv2d", call, formula, *arrays, batch=batch, mask=mask, **options)


CASES = [
    deform((2, 2, 3, 3), (3, 2, 3, 3), (3, 3), padding=1),
    deform((2, 2, 4, 4), (2, 2, 2, 3), (3, 2), bias=False, mask=False),
    deform((2, 4, 5, 3), (4, 2, 3, 2), (2, 2), 2, stride=(2, 1)),
    deform(
        (2, 2, 5, 6), (2, 2, 2, 2), (4, 3), mask=False, padding=1, dilation=(3, 2), stride=(1, 2)
    ),
    deform((2, 6, 3, 3), (4, 3, 2, 2), (2, 2), 3, bias=False),  # neither of 2 and 3 groups divides
    deform((2, 4, 3, 4), (8, 1, 1, 2), (3, 3), 4),  # depthwise, two a channel
]
