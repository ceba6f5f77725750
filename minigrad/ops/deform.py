"""Deformable convolution (Dai et al. 2017, "Deformable Convolutional Networks", section 2.1),
modulated (Zhu et al. 2019, "Deformable ConvNets v2", section 3.2).

N images, C input channels, O output channels, K = kh * kw taps, D offset groups.
"""

import numpy as np

from ..kernels import deform as kernel
from .conv import check_bias, conv_size

NAME = "deform_conv2d"


def deform_conv2d(x, offset, w, b=None, mask=None, *, stride, padding, dilation, needs=(True,) * 5):
    """y[n,o,q] = b[o] + sum over c, t of w[o,c,t] m[n,t,q] x[n,c] at the place
    q * stride + t * dilation - padding + p[n,t,q], bilinear between pixels, 0 outside.

    x (N, C, H, W), w (O, C/groups, kh, kw), b (O,) or None. The offsets p are (N, 2 D K, H', W'),
    y and x of the first tap, of the second, ...; the mask m is (N, D K, H', W') or None. Channels
    of the same C/D share their offsets. `stride`, `padding` and `dilation` are pairs (h, w).
    The value bends where a point crosses a row or column of pixels; the slope by the offset is
    there that towards larger offsets. An offset of nan gives nan.
    """
    # <solution: y, the output>
    geometry = _checked(x, offset, w, b, mask, stride, padding, dilation)
    y = kernel.deform(x, offset, mask, w, b, geometry)
    for_points = needs[1] or needs[4]
    shape, x = x.shape, x if for_points or needs[2] else None  # keep what is needed
    # </solution>

    def deform_conv2d_backward(dy):
        # <solution: dx, doffset, dw, db and dmask, the gradients; dmask is None without a mask>
        wanted = needs[0], for_points, needs[2]
        dx, doffset, dmask, dw = kernel.gradients(x, shape, offset, mask, w, dy, geometry, *wanted)
        db = np.sum(dy, axis=(0, 2, 3)) if needs[3] else None
        # </solution>
        return dx, doffset, dw, db, dmask

    return y, deform_conv2d_backward


def _checked(x, offset, w, b, mask, stride, padding, dilation):
    """The geometry, if all shapes and dtypes fit together."""
    if x.ndim != 4 or w.ndim != 4:
        raise ValueError(
            f"{NAME}: expected an input (N, C, H, W) and a weight (out_channels, in_channels / "
            f"groups, kh, kw), got shapes {x.shape} and {w.shape}; write x.unsqueeze(0) for a "
            "single image"
        )
    (N, C, *size), (O, per_group, *k) = x.shape, w.shape
    groups = C // max(1, per_group)
    if groups == 0 or groups * per_group != C:
        raise ValueError(
            f"{NAME}: input of shape {x.shape} has {C} channels, the weight of shape {w.shape} "
            f"expects {per_group}, or with groups a multiple of it; write in_channels={C}, or let "
            f"the layer before give {per_group}"
        )
    if O % groups:
        raise ValueError(
            f"{NAME}: {C} input channels in groups of {per_group} are {groups} groups, which must "
            f"divide the {O} output channels of the weight of shape {w.shape}"
        )
    axes = zip(size, k, stride, [(p, p) for p in padding], dilation, strict=True)
    out = tuple(conv_size(NAME, *axis) for axis in axes)
    taps = k[0] * k[1]
    offset_groups = _offset_groups(offset, N, C, taps, out)
    if mask is not None and mask.shape != (N, offset_groups * taps, *out):
        raise ValueError(
            f"{NAME}: mask must have shape {(N, offset_groups * taps, *out)}, one number for each "
            f"of {offset_groups} (offset groups) * {taps} (taps) points of each output position, "
            f"got {mask.shape}"
        )
    check_bias(NAME, b, O)
    for name, array in (("offset", offset), ("weight", w), ("bias", b), ("mask", mask)):
        if array is not None and array.dtype != x.dtype:
            raise TypeError(
                f"{NAME}: input is {x.dtype}, {name} is {array.dtype}; write {name}.to(minigrad."
                f"{x.dtype})"
            )
    return kernel.Geometry(tuple(k), stride, padding, dilation, groups, offset_groups)


def _offset_groups(offset, N, C, taps, out):
    """D, which follows from the offset's channels."""
    groups = offset.shape[1] // (2 * taps) if offset.ndim == 4 else 0
    fits = max(1, groups)
    if offset.shape != (N, 2 * fits * taps, *out):
        both = offset.shape[1:2] == (3 * taps,)
        edit = f"; o[:, :{2 * taps}] are the offsets and o[:, {2 * taps}:] the mask" if both else ""
        many = f" (or a multiple of {2 * taps} channels, for offset groups)" if fits == 1 else ""
        raise ValueError(
            f"{NAME}: offset must have shape {(N, 2 * fits * taps, *out)}{many}, y and x for each "
            f"of {fits} (offset groups) * {taps} (taps) points of each output position, got "
            f"{offset.shape}{edit}"
        )
    if C % groups:
        raise ValueError(
            f"{NAME}: offset of shape {offset.shape} holds {groups} offset groups of 2 * {taps} "
            f"channels, which must divide the {C} input channels"
        )
    return groups
