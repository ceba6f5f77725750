"""im2col and its mirror image: windows as columns, and columns added up to an image.

N images, C channels, k = (kh, kw) the kernel's size, L = the number of windows.
"""

from ..kernels import columns
from .conv import conv_size


def unfold(x, kernel_size, dilation, padding, stride):
    """The window at each place as a column: (N, C, H, W) -> (N, C * kh * kw, L)."""
    x_shape, size = x.shape, x.shape[2:]
    geometry = kernel_size, dilation, padding, stride
    places = windows("unfold", size, *geometry)

    def unfold_backward(dy):
        dy = dy.reshape(*x_shape[:2], *kernel_size, *places)
        return (columns.add_up(dy, size, *geometry[1:]),)

    y = columns.cut_out(x, places, *geometry)
    column = x_shape[1] * kernel_size[0] * kernel_size[1]
    return y.reshape(x_shape[0], column, places[0] * places[1]), unfold_backward


def fold(x, output_size, kernel_size, dilation, padding, stride):
    """Columns put back where `unfold` took them, overlaps added: (N, C * kh * kw, L) -> image.

    The image is (N, C, *output_size).
    """
    geometry = kernel_size, dilation, padding, stride
    places = windows("fold", output_size, *geometry)
    taps = kernel_size[0] * kernel_size[1]
    if x.shape[1] % taps or x.shape[2] != places[0] * places[1]:
        raise ValueError(
            f"fold: expected an input (N, C * {taps}, {places[0]} * {places[1]}), the "
            f"{places[0] * places[1]} windows of {kernel_size} in an image of "
            f"{tuple(output_size)}, got shape {x.shape}; are stride, padding and dilation those of "
            "the unfold?"
        )
    x_shape = x.shape

    def fold_backward(dy):
        dx = columns.cut_out(dy, places, *geometry)
        return (dx.reshape(x_shape),)

    y = x.reshape(x_shape[0], x_shape[1] // taps, *kernel_size, *places)
    return columns.add_up(y, tuple(output_size), *geometry[1:]), fold_backward


def windows(op, size, kernel_size, dilation, padding, stride):
    """How many windows there are along each axis."""
    axes = zip(size, kernel_size, stride, padding, dilation, strict=True)
    return tuple(conv_size(op, n, k, s, (p, p), d) for n, k, s, p, d in axes)
