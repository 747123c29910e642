"""The highest local maxima of a map, which are the candidates for a keypoint."""

import numpy as np

from mvtri.kernels.jit import jit_allocating, jit_internal

CANDIDATES = 32  # local maxima that are kept while their distances are looked at


@jit_allocating
def find_peaks(values, floor, distance, out_x, out_y, out_value):
    """Write the highest local maxima of a map, best first; return how many there are.

    A cell is a local maximum if none of its eight neighbours is higher (of equal neighbours the first in
    reading order counts).  Of maxima closer to each other than `distance` cells the higher stays; maxima
    below `floor` times the highest are left out.

    Parameters
    ----------
    values : ndarray, shape (H, W)
    floor, distance : float
    out_x, out_y : ndarray of int, shape (M,), output
    out_value : ndarray, shape (M,), output
    """
    columns = column_maxima(values)
    best, x, y = highest(values, columns)
    if x < 0:
        return 0
    out_x[0] = x
    out_y[0] = y
    out_value[0] = best
    wanted = out_value.shape[0]
    if wanted == 1 or not best > 0.0:
        return 1
    xs = np.empty(CANDIDATES, np.int64)
    ys = np.empty(CANDIDATES, np.int64)
    heights = np.empty(CANDIDATES)
    count = _local_maxima(values, columns, floor * best, xs, ys, heights)
    kept = 1
    for index in range(count):
        if kept == wanted:
            break
        apart = True
        for other in range(kept):
            dx = xs[index] - out_x[other]
            dy = ys[index] - out_y[other]
            if dx * dx + dy * dy < distance * distance:
                apart = False
                break
        if apart:
            out_x[kept] = xs[index]
            out_y[kept] = ys[index]
            out_value[kept] = heights[index]
            kept += 1
    return kept


@jit_allocating
def column_maxima(values):
    """Return the highest value of each column of a map (H, W); -inf where all is NaN."""
    height, width = values.shape
    columns = np.empty(width, values.dtype)
    columns[:] = -np.inf
    for y in range(height):
        row = values[y]
        for x in range(width):  # all columns side by side, which LLVM makes vectors of
            columns[x] = row[x] if row[x] > columns[x] else columns[x]
    return columns


@jit_internal
def highest(values, columns):
    """Return the highest value of a map (H, W), its column and row: of equal ones the first in reading order.

    `columns` are the map's `column_maxima`; column and row are -1 where all is NaN.
    """
    best = columns[0]
    for x in range(1, columns.shape[0]):
        best = columns[x] if columns[x] > best else best
    at_x = at_y = -1
    for x in range(columns.shape[0]):
        if columns[x] == best and best > -np.inf:
            y = 0
            while values[y, x] != best:
                y += 1
            if at_y < 0 or y < at_y:
                at_x, at_y = x, y
    return best, at_x, at_y


@jit_allocating
def _local_maxima(values, columns, least, xs, ys, heights):
    """Write the local maxima of at least `least`, the highest first, as many as fit; return their number."""
    limit = heights.shape[0]
    count = 0
    promising = np.empty(columns.shape[0], np.int64)  # columns that hold so high a value at all
    found = 0
    for x in range(columns.shape[0]):
        if columns[x] >= least:
            promising[found] = x
            found += 1
    for y in range(values.shape[0]):
        for index in range(found):  # a slice of `promising` in each row would cost as much as the rest
            x = promising[index]
            value = values[y, x]
            if not value >= least or not _is_maximum(values, y, x):
                continue
            place = count
            while place > 0 and heights[place - 1] < value:
                place -= 1
            if place >= limit:
                continue
            for later in range(min(count, limit - 1), place, -1):
                xs[later] = xs[later - 1]
                ys[later] = ys[later - 1]
                heights[later] = heights[later - 1]
            xs[place] = x
            ys[place] = y
            heights[place] = value
            count = min(count + 1, limit)
    return count


@jit_internal
def _is_maximum(values, y, x):
    height, width = values.shape
    value = values[y, x]
    if 0 < y < height - 1 and 0 < x < width - 1:  # nearly all: without a loop, nearest neighbours first
        return not (
            values[y, x + 1] > value
            or values[y, x - 1] >= value
            or values[y + 1, x] > value
            or values[y - 1, x] >= value
            or values[y - 1, x - 1] >= value
            or values[y - 1, x + 1] >= value
            or values[y + 1, x - 1] > value
            or values[y + 1, x + 1] > value
        )
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            if (dx == 0 and dy == 0) or not (0 <= y + dy < height and 0 <= x + dx < width):
                continue
            other = values[y + dy, x + dx]
            earlier = dy < 0 or (dy == 0 and dx < 0)
            if other > value or (earlier and other == value):
                return False
    return True
