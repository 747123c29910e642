"""From heatmaps to keypoints: peaks to a fraction of a cell, and how broad they are.

All positions are indices into the heatmap, column before row; what an index means in
pixels is the caller's business.  The position within a cell comes from one of three published rules:

- ``QUADRATIC``: the Gaussian through the peak, by weighted least squares on the logarithm of 5 x 5 cells
  (weights h^2; Guo, IEEE Signal Processing Magazine 28(5), 2011).
- ``DARK``: one Newton step on the logarithm of the blurred map, derivatives over one and two cells
  (Zhang et al., CVPR 2020, eq. 4 to 9).
- ``UDP``: the same step with derivatives over one cell (Huang et al., CVPR 2020).
"""

import math

import numpy as np

from mvtri.kernels.heatmaps.peaks import find_peaks
from mvtri.kernels.jit import entry, jit_allocating, jit_internal

ARGMAX = 0
QUADRATIC = 1
DARK = 2
UDP = 3

FIT_RADIUS = 2
TINY = 1e-10


@jit_internal
def solve(matrix, right):
    """Solve a small linear system in place by Gaussian elimination with pivoting; False where singular."""
    size = right.shape[0]
    for column in range(size):
        pivot = column
        for row in range(column + 1, size):
            if abs(matrix[row, column]) > abs(matrix[pivot, column]):
                pivot = row
        if abs(matrix[pivot, column]) < 1e-12:
            return False
        if pivot != column:
            for k in range(size):
                matrix[column, k], matrix[pivot, k] = matrix[pivot, k], matrix[column, k]
            right[column], right[pivot] = right[pivot], right[column]
        for row in range(column + 1, size):
            factor = matrix[row, column] / matrix[column, column]
            for k in range(column, size):
                matrix[row, k] -= factor * matrix[column, k]
            right[row] -= factor * right[column]
    for row in range(size - 1, -1, -1):
        for k in range(row + 1, size):
            right[row] -= matrix[row, k] * right[k]
        right[row] /= matrix[row, row]
    return True


@jit_allocating
def fit_gaussian(values, y, x, radius):
    """Fit a Gaussian to the cells about a peak.

    Least squares of ``log h = c + g.d + d'Hd / 2`` over the cells at most `radius` from the peak that lie
    on the map and are positive, weighted by h^2 (Guo 2011).

    Returns
    -------
    dx, dy : float
        From (x, y) to the Gaussian's centre, cells.
    cxx, cxy, cyy : float
        Its covariance, cells^2.
    ok : bool
        False where the cells do not bulge (then all others are 0).
    """
    height, width = values.shape
    peak = values[y, x]
    matrix = np.zeros((6, 6))
    right = np.zeros(6)
    terms = np.empty(6)
    if not peak > 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0, False
    for row in range(max(0, y - radius), min(height, y + radius + 1)):
        for column in range(max(0, x - radius), min(width, x + radius + 1)):
            ratio = float(values[row, column]) / peak
            if not ratio > TINY:
                continue
            dx = float(column - x)
            dy = float(row - y)
            terms[0] = 1.0
            terms[1] = dx
            terms[2] = dy
            terms[3] = 0.5 * dx * dx
            terms[4] = dx * dy
            terms[5] = 0.5 * dy * dy
            weight = ratio * ratio
            target = math.log(ratio)
            for i in range(6):
                right[i] += weight * terms[i] * target
                for j in range(i + 1):
                    matrix[i, j] += weight * terms[i] * terms[j]
    for i in range(6):
        for j in range(i):
            matrix[j, i] = matrix[i, j]
    if not solve(matrix, right):
        return 0.0, 0.0, 0.0, 0.0, 0.0, False
    dx, dy, ok = newton_step(right[1], right[2], right[3], right[4], right[5])
    if not ok:
        return 0.0, 0.0, 0.0, 0.0, 0.0, False
    determinant = right[3] * right[5] - right[4] * right[4]
    return dx, dy, -right[5] / determinant, right[4] / determinant, -right[3] / determinant, True


@jit_internal
def newton_step(gx, gy, hxx, hxy, hyy):
    """Return the step -H^-1 g to the top of a paraboloid and whether there is one within 1.5 cells."""
    determinant = hxx * hyy - hxy * hxy
    if not (hxx < 0.0 and hyy < 0.0 and determinant > TINY):
        return 0.0, 0.0, False
    dx = -(hyy * gx - hxy * gy) / determinant
    dy = -(hxx * gy - hxy * gx) / determinant
    return dx, dy, abs(dx) <= 1.5 and abs(dy) <= 1.5


@jit_allocating
def blurred_log(values, y, x, taps):
    """Return the logarithm of the 5 x 5 cells about (x, y) of the map blurred with `taps` along both axes.

    All cells that it takes lie on the map; the logarithm is that of at least 1e-10 times the peak.
    """
    reach = taps.shape[0] // 2
    across = np.zeros((5 + 2 * reach, 5))
    for i in range(5 + 2 * reach):
        row = values[y - 2 - reach + i, x - 2 - reach : x + 3 + reach]
        for k in range(taps.shape[0]):
            for j in range(5):  # five sums side by side, so that none waits for another
                across[i, j] += taps[k] * row[j + k]
    patch = np.zeros((5, 5))
    for i in range(5):
        for k in range(taps.shape[0]):
            for j in range(5):
                patch[i, j] += taps[k] * across[i + k, j]
    least = TINY * max(values[y, x], TINY)
    for i in range(5):
        for j in range(5):
            patch[i, j] = math.log(max(patch[i, j], least))
    return patch


@jit_allocating
def refine(values, y, x, rule, taps):
    """Return the offset of the peak from the cell (x, y) by one of the rules, cells; 0 where none is."""
    height, width = values.shape
    if rule == ARGMAX:
        return 0.0, 0.0
    reach = taps.shape[0] // 2 + 2
    inside = reach <= x < width - reach and reach <= y < height - reach
    if rule == QUADRATIC or not inside:
        dx, dy, _, _, _, ok = fit_gaussian(values, y, x, FIT_RADIUS)
        return dx, dy
    log = blurred_log(values, y, x, taps)
    gx = 0.5 * (log[2, 3] - log[2, 1])
    gy = 0.5 * (log[3, 2] - log[1, 2])
    hxy = 0.25 * (log[3, 3] - log[3, 1] - log[1, 3] + log[1, 1])
    if rule == DARK:
        hxx = 0.25 * (log[2, 4] - 2.0 * log[2, 2] + log[2, 0])
        hyy = 0.25 * (log[4, 2] - 2.0 * log[2, 2] + log[0, 2])
    else:
        hxx = log[2, 3] - 2.0 * log[2, 2] + log[2, 1]
        hyy = log[3, 2] - 2.0 * log[2, 2] + log[1, 2]
    dx, dy, ok = newton_step(gx, gy, hxx, hxy, hyy)
    if not ok:
        return 0.0, 0.0
    return dx, dy


@jit_internal
def uncertainty(variance, own, least, largest):
    """Return what is left of a peak's variance without the part that says nothing, plus what always is there.

    A network trained to draw Gaussians of variance `own` about keypoints draws, where it is not sure, their
    average over the places that the keypoint may have: variances add up.
    """
    return min(max(variance - own, 0.0) + least, largest)


@jit_internal
def uncertainty_2d(cxx, cxy, cyy, own, least, largest):
    """Return a 2 x 2 covariance with `uncertainty` applied to its eigenvalues."""
    mean = 0.5 * (cxx + cyy)
    half = 0.5 * (cxx - cyy)
    radius = math.sqrt(half * half + cxy * cxy)
    high = uncertainty(mean + radius, own, least, largest)
    low = uncertainty(mean - radius, own, least, largest)
    if radius <= 0.0:
        return high, 0.0, high
    new_mean = 0.5 * (high + low)
    scale = 0.5 * (high - low) / radius
    return new_mean + scale * half, scale * cxy, new_mean - scale * half


@entry(
    "(float32[:, :, :, ::1], int64, float64[::1], float64, float64, float64, float64, "
    "float64[:, :, :, ::1], float64[:, :, ::1], float64[:, :, :, ::1])"
)
def decode_heatmaps(maps, rule, taps, floor, distance, own, least, position, value, covariance):
    """Decode a stack of heatmaps.

    Parameters
    ----------
    maps : ndarray, shape (B, K, H, W)
    rule : int
        ``ARGMAX``, ``QUADRATIC``, ``DARK`` or ``UDP``.
    taps : ndarray, shape (odd,)
        The blur of ``DARK`` and ``UDP`` along one axis; ``[1.0]`` for none.
    floor, distance : float
        Further modes: at least `floor` times the highest, at least `distance` cells apart.
    own, least : float
        Variance of the Gaussians that the network was trained to draw, and of the best positions it finds,
        cells^2; see `uncertainty`.
    position : ndarray, shape (B, K, M, 2), output
        Column and row, best mode first; NaN where there are fewer.
    value : ndarray, shape (B, K, M), output
        The map's value at each mode; 0 where there are fewer.
    covariance : ndarray, shape (B, K, 2, 2), output
        Of the first mode, cells^2: that of the Gaussian fitted to it, less `own`, plus `least`.
    """
    count, keypoints, height, width = maps.shape
    modes = value.shape[2]
    xs = np.empty(modes, np.int64)
    ys = np.empty(modes, np.int64)
    heights = np.empty(modes)
    largest = (0.25 * max(height, width)) ** 2
    position[:] = np.nan
    value[:] = 0.0
    covariance[:] = np.nan
    for b in range(count):
        for k in range(keypoints):
            found = find_peaks(maps[b, k], floor, distance, xs, ys, heights)
            for m in range(found):
                dx, dy = refine(maps[b, k], ys[m], xs[m], rule, taps)
                position[b, k, m, 0] = xs[m] + dx
                position[b, k, m, 1] = ys[m] + dy
                value[b, k, m] = heights[m]
            if found > 0:
                _, _, cxx, cxy, cyy, ok = fit_gaussian(maps[b, k], ys[0], xs[0], FIT_RADIUS)
                if not ok:
                    cxx, cxy, cyy = own + largest, 0.0, own + largest
                cxx, cxy, cyy = uncertainty_2d(cxx, cxy, cyy, own, least, largest)
                covariance[b, k, 0, 0] = cxx
                covariance[b, k, 0, 1] = cxy
                covariance[b, k, 1, 0] = cxy
                covariance[b, k, 1, 1] = cyy


@entry(
    "(float64[:, :, :, ::1], float64[:, :, ::1], float64[:, :, :, ::1], float64[::1], float64[::1], "
    "float64[:, ::1], float64[::1])"
)
def to_image(position, value, covariance, step, offset, origin, scale):
    """Turn what a decoder wrote for B crops from indices into image pixels, in place.

    Values are cut to 1; what has no value above 0 becomes NaN with the value 0.

    Parameters
    ----------
    position, value, covariance : ndarray, shapes (B, K, M, 2), (B, K, M) and (B, K, 2, 2)
    step, offset : ndarray, shape (2,)
        An index stands for the input pixel ``step * index + offset``.
    origin, scale : ndarray, shapes (B, 2) and (B,)
        An input pixel lies at ``origin + scale * pixel`` in the image.
    """
    count, keypoints, modes = value.shape
    for b in range(count):
        for k in range(keypoints):
            for m in range(modes):
                good = value[b, k, m] > 0.0
                value[b, k, m] = min(value[b, k, m], 1.0) if good else 0.0
                for i in range(2):
                    pixel = step[i] * position[b, k, m, i] + offset[i]
                    position[b, k, m, i] = origin[b, i] + scale[b] * pixel if good else np.nan
            for i in range(2):
                for j in range(2):
                    spread = covariance[b, k, i, j] * (step[i] * step[j]) * (scale[b] * scale[b])
                    covariance[b, k, i, j] = spread if value[b, k, 0] > 0.0 else np.nan
