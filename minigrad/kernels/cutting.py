"""Where a convolution's output is cut into pieces.

Letters as in conv.py. An output row reads kh rows of x that lie `dilation` apart. So the rows of x
are taken as rasters of rows that far apart, and output rows whose windows fall on the same raster
are computed together: on it the kernel is dense. Padding is nowhere stored: output rows at the edge
of x see fewer taps than those inside, and are pieces of their own.
"""

import math
from functools import lru_cache
from itertools import pairwise, product
from typing import NamedTuple

PIECE = 1_600_000  # floats that a piece makes: smaller ones cost calls, and threads need long ones


class Piece(NamedTuple):
    """Output rows that lie equally far apart and see the same taps, and the rows of x they read."""

    groups: slice  # the groups of channels that it computes
    out: tuple  # index of these rows in the output (D, H, ...)
    source: tuple  # index of the rows of x (D, H, ...) under these taps
    zeros: tuple  # how many rows of padding lie before these and after
    depth: slice  # the taps along D that meet x
    height: slice  # the taps along H that meet x
    row_stride: int  # how many of the rows of x lie between one output row and the next

    def sees_taps(self):
        """Whether any tap meets x; elsewhere there is but padding."""
        return self.depth.start < self.depth.stop and self.height.start < self.height.stop


@lru_cache(maxsize=1024)
def cut(x_shape, w_shape, stride, dilation, before, out_size, across, share):
    """The pieces of the output, at least `share` of them where it can be.

    w_shape is (G, Og, Cg, *k). Groups are parted first, since two pieces of the same rows copy
    nothing twice.
    """
    (D, H, *_, N), (groups, _, _, kd, kh, _) = x_shape, w_shape
    if N == 0:
        return []
    spacing = dilation[1] if kh > 1 else stride[1]  # a flat kernel needs only the rows it touches
    common = math.gcd(stride[1], spacing)
    out_step, row_stride = spacing // common, stride[1] // common
    floats, fewest = across.floats(x_shape, w_shape, row_stride)
    padded, pieces = across.pads(x_shape, kh), []
    for d, a in product(range(out_size[0]), range(min(out_step, out_size[1]))):
        z, top = d * stride[0] - before[0], a * stride[1] - before[1]
        depth = inside(z, dilation[0], kd, D)
        low, high = inside(top, spacing, -(-(H - top) // spacing), H)  # rows of the raster
        count = len(range(a, out_size[1], out_step))
        parts = min(groups, _multiple(groups * count * floats / PIECE, share))
        longest = max(fewest, PIECE // max(1, floats * -(-groups // parts)))
        same = (0, count) if padded else (-(-low // row_stride), (high - kh) // row_stride + 1)
        for first, last in _runs(count, *same, longest, -(-share // parts)):
            start = first * row_stride
            height = (0, kh) if padded else (max(0, low - start), min(kh, high - start))
            start, end = start + height[0], (last - 1) * row_stride + height[1]
            rows, row = (max(start, low), min(end, high)), a + first * out_step
            number = parts if height == (0, kh) else 1  # rows at the edge are little work
            pieces += [
                Piece(
                    groups=slice(groups * g // number, groups * (g + 1) // number),
                    out=(d, slice(row, a + (last - 1) * out_step + 1, out_step)),
                    source=(
                        every(z, dilation[0], *depth),
                        every(top, spacing, *rows),
                    ),
                    zeros=(max(0, min(low, end) - start), max(0, end - max(high, start))),
                    depth=slice(*depth),
                    height=slice(*height),
                    row_stride=row_stride,
                )
                for g in range(number)
            ]
    return pieces


def _runs(count, begin, end, longest, share):
    """Cut the outputs 0..count-1 into runs (first, last), none above `longest`.

    Those from `begin` to `end` see the same taps and make a multiple of `share` runs, if they can;
    the others stand alone.
    """
    begin = min(begin, count)
    end = max(begin, min(end, count))
    inner = end - begin
    number = min(inner, _multiple(inner / longest, share))
    cuts = [begin + inner * i // number for i in range(number + 1)] if number else []
    return [*pairwise(cuts), *((i, i + 1) for i in (*range(begin), *range(end, count)))]


def _multiple(number, share):
    """The least multiple of `share` that is at least `number`, and not 0."""
    return max(1, math.ceil(number / share)) * share


def inside(first, step, count, size):
    """Which of the positions first, first + step, ... (`count` of them) lie in 0..size-1."""
    low = min(max(0, -(first // step)), count)
    high = min(max(low, (size - 1 - first) // step + 1), count)
    return low, high


def every(start, step, first, last):
    """A slice of the positions start + step * i for i from first to last - 1."""
    stop = start + step * (last - 1) + 1
    return slice(start + step * first, stop, step) if first < last else slice(0)
