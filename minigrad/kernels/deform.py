"""Deformable convolution: each tap of the kernel reads x at a place of its own, between pixels.

N images, C channels, O outputs, G groups, D offset groups, K taps; P output positions of a block
and P * K * D points, in the order (image, row, column, tap, offset group). Cg = C/G, Og = O/G and
Cd = C/D are channels a group.

A point falls into a cell: the square between four pixels, its corners. Images get a border of
zeros, so that the cells along the edge are like all others. The values at the corners of each cell
are laid side by side once; then a point is one look-up and a sum of four products,

    value = (1-fy)(1-fx) v00 + (1-fy) fx v01 + fy (1-fx) v10 + fy fx v11

with (fy, fx) its place within the cell. A point outside is moved to the upper left corner of the
border, where everything it meets is 0, gradients too.

On the way back the points are sorted by cell. What arrives at the corners of a cell is then a
matrix product over its points, and nothing is added up one by one.
"""

from typing import NamedTuple

import numpy as np

from .blocks import blocks, for_blocks
from .rows import from_rows
from .threads import one_blas_thread

CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))


class Geometry(NamedTuple):
    """The options of a deformable convolution; pairs are (h, w)."""

    kernel: tuple
    stride: tuple
    padding: tuple
    dilation: tuple
    groups: int
    offset_groups: int

    @property
    def taps(self):
        """K, how many taps the kernel has."""
        return self.kernel[0] * self.kernel[1]


class Points(NamedTuple):
    """Where the points lie: the number of the cell, the place in it, and the mask there."""

    cell: np.ndarray
    fy: np.ndarray
    fx: np.ndarray
    mask: np.ndarray | None

    def weights(self):
        """How much of each corner a point takes, mask included: (points, 4)."""
        fy, fx = self.fy, self.fx
        gy, gx = 1 - fy, 1 - fx
        if self.mask is not None:
            fy, gy = fy * self.mask, gy * self.mask
        return np.stack([gy * gx, gy * fx, fy * gx, fy * fx], axis=-1)

    def slopes(self, v):
        """The gradients by y, x and the mask; v (4, points) are those by the unmasked weights."""
        v00, v01, v10, v11 = v
        left, right = v10 - v00, v11 - v01
        dy = left + self.fx * (right - left)
        dx = (v01 - v00) + self.fy * (right - left)
        if self.mask is None:
            return dy, dx, None
        dmask = v00 + self.fx * (v01 - v00) + self.fy * dy
        return dy * self.mask, dx * self.mask, dmask


def places(offset, geometry, first_row=0):
    """The points' coordinates (y, x) in the image: (2, N, H', W', K, D).

    offset (N, 2 * D * K, H', W') moves each point away from where a plain convolution reads; its
    rows count from `first_row` of the output.
    """
    _, _, height, width = offset.shape
    moved = _by_point(offset, 2, slice(None), slice(None), geometry)
    (sh, sw), (ph, pw), (dh, dw) = geometry.stride, geometry.padding, geometry.dilation
    tap_row, tap_column = np.divmod(np.arange(geometry.taps), geometry.kernel[1])
    row = (first_row + np.arange(height)) * sh - ph
    column = np.arange(width) * sw - pw
    place = np.empty(moved.shape, offset.dtype)
    place[0] = moved[0] + (row[:, None] + tap_row * dh)[:, None, :, None].astype(offset.dtype)
    place[1] = moved[1] + (column[:, None] + tap_column * dw)[:, :, None].astype(offset.dtype)
    return place


def deform(x, offset, mask, w, b, geometry):
    """y = b + sum over taps of w times the values sampled from x: (N, O, H', W')."""
    (N, C), (rows, width) = x.shape[:2], offset.shape[2:]
    y, taps = _images(N, len(w), rows, width, x.dtype), _taps(w, geometry.groups)

    def compute(images):
        corners = _corners(x[images], geometry.offset_groups)
        for part in _parts(images, C, offset, geometry):
            points = _points(offset, mask, images, part, x.shape[2:], geometry)
            values = np.take(corners, points.cell, axis=0)
            z = np.matmul(_sampled(points, values, C, geometry), taps)  # -> (G, P, Og)
            if b is not None:
                z += b.reshape(geometry.groups, 1, -1)
            target = _by_position(y, images, part, geometry.groups)
            target[...] = z.reshape(target.shape)

    with one_blas_thread():
        for_blocks(compute, N, _floats(C, geometry) * rows * width)
    return y


def gradients(x, shape, offset, mask, w, dy, geometry, for_x, for_points, for_w):
    """(dx, doffset, dmask, dw) of `deform`; None where not asked for, or where there is no mask.

    The sampled values are computed again: to keep them would take K times the memory of x. `shape`
    is that of x, which is only read for_points and for_w.
    """
    (N, C, *size), (rows, width), groups = shape, offset.shape[2:], geometry.groups
    dx = _images(*shape, dy.dtype) if for_x else None
    doffset = np.empty_like(offset) if for_points else None
    dmask = np.empty_like(mask) if for_points and mask is not None else None
    taps = _taps(w, groups)

    def compute(images):
        dtaps = np.zeros_like(taps)
        if for_points or for_w:
            corners = _corners(x[images], geometry.offset_groups)
        if for_x:
            dcorners = np.zeros(_corners_shape(dx[images].shape, geometry.offset_groups), dx.dtype)
        for part in _parts(images, C, offset, geometry):
            points = _points(offset, mask, images, part, size, geometry)
            dz = _by_position(dy, images, part, groups)
            dz = dz.reshape(groups, -1, dz.shape[4])  # (G, P, Og)
            if for_x or for_points:
                dsampled = _from_lines(np.matmul(dz, taps.swapaxes(1, 2)), geometry)
            if for_points or for_w:
                values = np.take(corners, points.cell, axis=0)
            if for_w:
                dtaps += np.matmul(_sampled(points, values, C, geometry).swapaxes(1, 2), dz)
            if for_points:
                *dplace, dweight = points.slopes(np.einsum("pqc,pc->qp", values, dsampled))
                target = _by_point(doffset, 2, images, part, geometry)
                target[...] = np.reshape(dplace, target.shape)
                if dmask is not None:
                    target = _by_point(dmask, 1, images, part, geometry)
                    target[...] = dweight.reshape(target.shape)
            values = None  # freed before the next large array: else page faults double the time
            if for_x:
                _add_by_cell(dcorners, points, dsampled)
        if for_x:
            dx[images] = _folded(dcorners, dx[images].shape, geometry.offset_groups)
        return dtaps

    with one_blas_thread():
        done = for_blocks(compute, N, _floats(C, geometry) * rows * width)
    dtaps = sum(done, np.zeros_like(taps))
    return dx, doffset, dmask, _from_taps(dtaps, w.shape) if for_w else None


def _images(N, channels, height, width, dtype):
    """An uninitialised (N, channels, height, width) that lies in memory as rows.py says."""
    return from_rows(np.empty((1, height, channels, width, N), dtype), 2)


def _parts(images, channels, offset, geometry):
    """Slices of output rows, so that the sampled values of these images fit a block."""
    _, _, rows, width = offset.shape
    return blocks(rows, (images.stop - images.start) * width * _floats(channels, geometry))


def _floats(channels, geometry):
    """What an output position counts for in a block: half its values (measured), and its points."""
    return geometry.taps * max(4 * geometry.offset_groups, channels // 2)


def _by_position(y, images, part, groups):
    """These images and rows of y (N, O, H', W') as a view (G, N, H', W', Og)."""
    N, _, height, width = y.shape
    return y.reshape(N, groups, -1, height, width)[images, :, :, part].transpose(1, 0, 3, 4, 2)


def _taps(w, groups):
    """(O, Cg, kh, kw) -> (G, K * Cg, Og)."""
    w = w.reshape(groups, len(w) // groups, w.shape[1], -1)
    return w.transpose(0, 3, 2, 1).reshape(groups, -1, w.shape[1])


def _from_taps(taps, shape):
    """(G, K * Cg, Og) -> (O, Cg, kh, kw)."""
    groups, _, og = taps.shape
    w = taps.reshape(groups, -1, shape[1], og).transpose(0, 3, 2, 1)
    return w.reshape(shape)


def _corners_shape(shape, offset_groups):
    N, C, H, W = shape
    return N * offset_groups * (H + 1) * (W + 1), 4, C // offset_groups


def _corners(x, offset_groups):
    """The values around each cell: (N * D * (H+1) * (W+1), 4, Cd)."""
    N, C, H, W = x.shape
    bordered = np.zeros((N, offset_groups, H + 2, W + 2, C // offset_groups), x.dtype)
    inside = x.reshape(N, offset_groups, C // offset_groups, H, W)
    bordered[:, :, 1:-1, 1:-1] = inside.transpose(0, 1, 3, 4, 2)
    corners = [bordered[:, :, i : i + H + 1, j : j + W + 1] for i, j in CORNERS]
    return np.stack(corners, axis=4).reshape(_corners_shape(x.shape, offset_groups))


def _folded(dcorners, shape, offset_groups):
    """Back from `_corners` to (N, C, H, W): a pixel is a corner of four cells."""
    N, C, H, W = shape
    dcorners = dcorners.reshape(N, offset_groups, H + 1, W + 1, 4, C // offset_groups)
    bordered = np.zeros((N, offset_groups, H + 2, W + 2, C // offset_groups), dcorners.dtype)
    for q, (i, j) in enumerate(CORNERS):
        bordered[:, :, i : i + H + 1, j : j + W + 1] += dcorners[..., q, :]
    return bordered[:, :, 1:-1, 1:-1].transpose(0, 1, 4, 2, 3).reshape(shape)


def _points(offset, mask, images, part, size, geometry):
    """The points of these images and output rows. `size` is (H, W)."""
    (H, W), groups = size, geometry.offset_groups
    y, x = place = places(offset[images, :, part], geometry, part.start)
    outside = (y <= -1) | (y >= H) | (x <= -1) | (x >= W)  # not nan, that is passed on
    np.copyto(place, -1, where=outside)
    edge = np.floor(place)
    row, column = np.fmax(edge, -1).astype(np.intp)
    image = np.arange(len(y) * groups).reshape(-1, 1, 1, 1, groups)
    cell = row * (W + 1) + (column + ((image * (H + 1) + 1) * (W + 1) + 1))
    if mask is not None:
        mask = _by_point(mask, 1, images, part, geometry)[0].ravel()
    fy, fx = place - edge
    return Points(cell.ravel(), fy.ravel(), fx.ravel(), mask)


def _by_point(array, numbers, images, part, geometry):
    """These images and rows of (N, D * K * numbers, H', W') as (numbers, n, H', W', K, D)."""
    N, _, height, width = array.shape
    array = array.reshape(N, geometry.offset_groups, geometry.taps, numbers, height, width)
    return array[images, ..., part, :].transpose(3, 0, 4, 5, 2, 1)


def _sampled(points, values, channels, geometry):
    """The interpolated values, as lines for the product with the weight: (G, P, K * Cg)."""
    sampled = np.einsum("pq,pqc->pc", points.weights(), values)
    groups = geometry.groups
    sampled = sampled.reshape(-1, geometry.taps, groups, channels // groups)
    return sampled.transpose(2, 0, 1, 3).reshape(groups, len(sampled), -1)


def _from_lines(lines, geometry):
    """(G, P, K * Cg) -> (points, Cd)."""
    groups, positions, _ = lines.shape
    values = lines.reshape(groups, positions, geometry.taps, -1).transpose(1, 2, 0, 3)
    return values.reshape(positions * geometry.taps * geometry.offset_groups, -1)


def _add_by_cell(dcorners, points, dsampled):
    """dcorners[cell] += weights * dsampled of every point in that cell.

    Points of the same cell lie side by side after sorting, and are cut into lines of one length.
    The rest of a line holds its cell's first point again, with a weight of 0.
    """
    order, cell = _sorted(points.cell, len(dcorners))
    first = np.flatnonzero(np.concatenate([[True], cell[1:] != cell[:-1]]))  # point of each cell
    count = np.diff(first, append=len(cell))
    length = 2 * -(-len(cell) // len(first))  # few cells need more lines than one
    lines = -(-count // length)
    start = np.cumsum(lines) - lines  # line of each cell

    place = np.arange(len(cell)) + np.repeat(start * length - first, count)
    value = np.repeat(order[first], lines * length)  # which point stands where
    weight = np.full(len(value), len(cell))
    value[place] = weight[place] = order
    values = np.take(dsampled, value, axis=0).reshape(-1, length, dsampled.shape[1])
    weights = np.concatenate([points.weights(), np.zeros((1, 4), dsampled.dtype)])
    weights = np.take(weights, weight, axis=0).reshape(-1, length, 4)
    sums = np.matmul(weights.swapaxes(1, 2), values)  # (lines, 4, Cd)

    # Lines of the same cell are added up in pairs, then pairs of pairs, into its first line.
    number = np.arange(len(sums)) - np.repeat(start, lines)
    apart = 1
    while apart < lines.max():
        later = np.flatnonzero(number % (2 * apart) == apart)
        sums[later - apart] += sums[later]
        apart *= 2
    dcorners[cell[first]] += np.take(sums, start, axis=0)


def _sorted(cell, cells):
    """The order that sorts the points by cell, and the cells in that order."""
    small = cell.astype(np.min_scalar_type(cells))  # 16-bit numbers sort eight times as fast
    order = np.argsort(small, kind="stable")
    return order, cell[order]
