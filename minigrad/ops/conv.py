"""Convolution (cross-correlation, as everywhere in deep learning) and its transpose, in 1-D to 3-D.

A convolution and the transposed one with the same weight are each other's way back: the forward of
one is the input gradient of the other, so both use the same three kernels.

N images, C input channels, O output channels, k the kernel's size, *S the spatial sizes.
"""

from ..kernels import conv as kernel
from ..kernels.elementwise import total
from ..kernels.rows import from_rows, three, to_rows


def conv(x, w, b=None, *, stride, padding, dilation, groups, needs=(True, True, True)):
    """y[n,o,q] = b[o] + sum over c, t of w[o,c,t] x[n,c, q * stride + t * dilation - before].

    x (N, C, *S), w (O, C/groups, *k), b (O,) or None; `padding` is a pair (before, after) for each
    spatial axis. The output size is floor((S + before + after - dilation (k-1) - 1) / stride) + 1.
    Channels fall into groups in their order: the first O/groups outputs see the first C/groups
    inputs only, and so on.
    """
    # <solution: y, the output>
    spatial = x.ndim - 2
    name = f"conv{spatial}d"
    _check(name, x, w, b, groups)
    sizes = zip(x.shape[2:], w.shape[2:], stride, padding, dilation, strict=True)
    out_size = tuple(conv_size(name, *axis) for axis in sizes)

    before = three([pair[0] for pair in padding], 0)
    geometry = three(stride, 1), three(dilation, 1), before
    rows, taps = to_rows(x), w.reshape(*w.shape[:2], *three(w.shape[2:], 1))
    y = kernel.correlate(rows, taps, *geometry, three(out_size, 1), groups, b)
    y = from_rows(y, spatial)
    in_size, w_shape = three(x.shape[2:], 1), w.shape
    rows, taps = rows if needs[1] else None, taps if needs[0] else None  # keep what is needed
    # </solution>

    def conv_backward(dy):
        # <solution: dx, dw and db, the gradients of x, w and b; dy is that of y>
        dx = dw = db = None
        dy_rows = to_rows(dy)
        if needs[0]:
            dx = kernel.input_gradient(dy_rows, taps, in_size, *geometry, groups)
            dx = from_rows(dx, spatial)
        if needs[1]:
            dw = kernel.weight_gradient(rows, dy_rows, three(w_shape[2:], 1), *geometry, groups)
            dw = dw.reshape(w_shape)
        if needs[2]:
            db = total(dy_rows, (0, 1, 3, 4))
        # </solution>
        return dx, dw, db

    # <solution>
    conv_backward.__name__ = f"{name}_backward"
    # </solution>
    return y, conv_backward


def conv_transpose(
    x, w, b=None, *, stride, padding, output_padding, dilation, groups, needs=(True, True, True)
):
    """y[n,o, q * stride + t * dilation - before] = b[o] + sum over all c, q, t that meet there of
    w[c,o,t] x[n,c,q]: each input pixel lays down the kernel times its value, and overlaps add up.

    x (N, C, *S), w (C, O/groups, *k), b (O,) or None; `padding` is a pair (before, after) for each
    spatial axis, to be cut off the output. Its size is
    (S - 1) stride + dilation (k-1) + 1 - before - after + output_padding. Channels fall into groups
    as in `conv`: the first C/groups inputs are laid down on the first O/groups outputs only.
    """
    # <solution: y, the output>
    spatial = x.ndim - 2
    name = f"conv_transpose{spatial}d"
    _check_transposed(name, x, w, b, groups)
    sizes = zip(x.shape[2:], w.shape[2:], stride, padding, dilation, output_padding, strict=True)
    out_size = three([conv_transpose_size(name, *axis) for axis in sizes], 1)

    before = three([pair[0] for pair in padding], 0)
    geometry = three(stride, 1), three(dilation, 1), before
    rows, taps = to_rows(x), w.reshape(*w.shape[:2], *three(w.shape[2:], 1))
    y = kernel.input_gradient(rows, taps, out_size, *geometry, groups)
    if b is not None:
        y += b[:, None, None]
    y = from_rows(y, spatial)
    in_size, w_shape = three(x.shape[2:], 1), w.shape
    rows, taps = rows if needs[1] else None, taps if needs[0] else None  # keep what is needed
    # </solution>

    def conv_transpose_backward(dy):
        # <solution: dx, dw and db, the gradients of x, w and b; dy is that of y>
        dx = dw = db = None
        dy_rows = to_rows(dy)
        if needs[0]:
            dx = from_rows(kernel.correlate(dy_rows, taps, *geometry, in_size, groups), spatial)
        if needs[1]:
            dw = kernel.weight_gradient(dy_rows, rows, three(w_shape[2:], 1), *geometry, groups)
            dw = dw.reshape(w_shape)
        if needs[2]:
            db = total(dy_rows, (0, 1, 3, 4))
        # </solution>
        return dx, dw, db

    # <solution>
    conv_transpose_backward.__name__ = f"{name}_backward"
    # </solution>
    return y, conv_transpose_backward


def conv_size(op, size, k, stride, padding, dilation):
    """Output size of a convolution along one axis: floor((S + 2P - D(K-1) - 1) / stride) + 1.

    `padding` is the pair (before, after).
    """
    padded, window = size + sum(padding), dilation * (k - 1) + 1
    if window > padded:
        raise ValueError(
            f"{op}: the kernel covers {window} positions, the padded input has only {padded} "
            f"(size {size}, padding {sum(padding)}); use a smaller kernel_size or more padding"
        )
    return (padded - window) // stride + 1


def conv_transpose_size(op, size, k, stride, padding, dilation, output_padding):
    """Output size of a transposed convolution along one axis, as in `conv_transpose`."""
    out = (size - 1) * stride + dilation * (k - 1) + 1 - sum(padding) + output_padding
    if size < 1:
        raise ValueError(f"{op}: the input has an axis of size 0, there is nothing to lay down")
    if out < 1:
        raise ValueError(
            f"{op}: nothing is left of an axis of {size}: padding cuts {sum(padding)} off the "
            f"{out + sum(padding)} that stride {stride} and the kernel give; use less padding"
        )
    return out


def _check(name, x, w, b, groups):
    if w.ndim != x.ndim:
        raise ValueError(
            f"{name}: the weight needs {x.ndim} axes (out_channels, in_channels / groups, "
            f"*kernel), got shape {w.shape}"
        )
    if w.shape[0] % groups:
        raise ValueError(
            f"{name}: groups={groups} must divide the {w.shape[0]} output channels of the weight"
        )
    if w.shape[1] * groups != x.shape[1]:
        raise ValueError(
            f"{name}: input of shape {x.shape} has {x.shape[1]} channels, the weight of shape "
            f"{w.shape} expects {w.shape[1] * groups}; write in_channels={x.shape[1]}, or let the "
            f"layer before give {w.shape[1] * groups}"
        )
    _check_dtype_and_bias(name, x, w, b, w.shape[0])


def _check_transposed(name, x, w, b, groups):
    if w.ndim != x.ndim:
        raise ValueError(
            f"{name}: the weight needs {x.ndim} axes (in_channels, out_channels / groups, "
            f"*kernel), got shape {w.shape}"
        )
    if w.shape[0] % groups:
        raise ValueError(
            f"{name}: groups={groups} must divide the {w.shape[0]} input channels of the weight"
        )
    if w.shape[0] != x.shape[1]:
        raise ValueError(
            f"{name}: input of shape {x.shape} has {x.shape[1]} channels, the weight of shape "
            f"{w.shape} expects {w.shape[0]}; it should be {(x.shape[1], *w.shape[1:])}: input "
            "channels come first in a transposed convolution's weight"
        )
    _check_dtype_and_bias(name, x, w, b, w.shape[1] * groups)


def _check_dtype_and_bias(name, x, w, b, out_channels):
    if x.dtype != w.dtype:
        raise TypeError(
            f"{name}: input is {x.dtype}, the weight {w.dtype}; write x.to(minigrad.{w.dtype})"
        )
    check_bias(name, b, out_channels)


def check_bias(op, b, out_channels):
    """Refuse a bias that has not one value for each output channel."""
    if b is not None and b.shape != (out_channels,):
        raise ValueError(
            f"{op}: bias must have one value for each of the {out_channels} output channels, "
            f"got shape {b.shape}"
        )
