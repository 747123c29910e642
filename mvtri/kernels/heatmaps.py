"""From network outputs to keypoints: peaks of heatmaps and of SimCC vectors, to a fraction of a cell.

All positions are indices into the heatmap (or SimCC vector), column before row; what an index means in
pixels is the caller's business.  The position within a cell comes from one of three published rules:

- ``QUADRATIC``: the Gaussian through the peak, by weighted least squares on the logarithm of 5 x 5 cells
  (weights h^2; Guo, IEEE Signal Processing Magazine 28(5), 2011).
- ``DARK``: one Newton step on the logarithm of the blurred map, derivatives over one and two cells
  (Zhang et al., CVPR 2020, eq. 4 to 9).
- ``UDP``: the same step with derivatives over one cell (Huang et al., CVPR 2020).
"""

import math

import numpy as np

from mvtri.kernels.jit import jit

ARGMAX = 0
QUADRATIC = 1
DARK = 2
UDP = 3

FIT_RADIUS = 2
_CANDIDATES = 32
_TINY = 1e-10


@jit
def find_peaks(values, floor, distance, out_x, out_y, out_value):
    """Write the highest local maxima of a map, best first; return how many there are.

    A cell is a local maximum if none of its eight neighbours is higher (of equal neighbours the first in
    reading order counts).  Of maxima closer to each other than `distance` cells the higher stays; maxima
    below `floor` times the highest are left out.

    Parameters
    ----------
    values : ndarray, shape (H, W)
    floor, distance : float
    out_x, out_y : ndarray of int, shape (M,)
    out_value : ndarray, shape (M,)
    """
    height, width = values.shape
    wanted = out_value.shape[0]
    best = -math.inf
    at_x = -1
    at_y = -1
    for y in range(height):
        for x in range(width):
            if values[y, x] > best:
                best = values[y, x]
                at_x = x
                at_y = y
    if at_x < 0:
        return 0
    out_x[0] = at_x
    out_y[0] = at_y
    out_value[0] = best
    if wanted == 1 or best <= 0.0:
        return 1
    xs = np.empty(_CANDIDATES, np.int64)
    ys = np.empty(_CANDIDATES, np.int64)
    heights = np.empty(_CANDIDATES)
    count = 0
    for y in range(height):
        for x in range(width):
            value = values[y, x]
            if value < floor * best or (x == at_x and y == at_y) or not _is_maximum(values, y, x):
                continue
            place = count
            while place > 0 and heights[place - 1] < value:
                place -= 1
            if place >= _CANDIDATES:
                continue
            for later in range(min(count, _CANDIDATES - 1), place, -1):
                xs[later] = xs[later - 1]
                ys[later] = ys[later - 1]
                heights[later] = heights[later - 1]
            xs[place] = x
            ys[place] = y
            heights[place] = value
            count = min(count + 1, _CANDIDATES)
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


@jit
def _is_maximum(values, y, x):
    height, width = values.shape
    value = values[y, x]
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            if (dx == 0 and dy == 0) or not (0 <= y + dy < height and 0 <= x + dx < width):
                continue
            other = values[y + dy, x + dx]
            earlier = dy < 0 or (dy == 0 and dx < 0)
            if other > value or (earlier and other == value):
                return False
    return True


@jit
def _solve(matrix, right):
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


@jit
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
            if not ratio > _TINY:
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
                for j in range(6):
                    matrix[i, j] += weight * terms[i] * terms[j]
    if not _solve(matrix, right):
        return 0.0, 0.0, 0.0, 0.0, 0.0, False
    dx, dy, ok = newton_step(right[1], right[2], right[3], right[4], right[5])
    if not ok:
        return 0.0, 0.0, 0.0, 0.0, 0.0, False
    determinant = right[3] * right[5] - right[4] * right[4]
    return dx, dy, -right[5] / determinant, right[4] / determinant, -right[3] / determinant, True


@jit
def newton_step(gx, gy, hxx, hxy, hyy):
    """Return the step -H^-1 g to the top of a paraboloid and whether there is one within 1.5 cells."""
    determinant = hxx * hyy - hxy * hxy
    if not (hxx < 0.0 and hyy < 0.0 and determinant > _TINY):
        return 0.0, 0.0, False
    dx = -(hyy * gx - hxy * gy) / determinant
    dy = -(hxx * gy - hxy * gx) / determinant
    return dx, dy, abs(dx) <= 1.5 and abs(dy) <= 1.5


@jit
def blurred_log(values, y, x, taps):
    """Return the logarithm of the 5 x 5 cells about (x, y) of the map blurred with `taps` along both axes.

    Cells off the map count as 0; the logarithm is that of at least 1e-10 times the peak.
    """
    height, width = values.shape
    reach = taps.shape[0] // 2
    across = np.zeros((5 + 2 * reach, 5))
    for i in range(5 + 2 * reach):
        row = y - 2 - reach + i
        if 0 <= row < height:
            for j in range(5):
                total = 0.0
                for k in range(taps.shape[0]):
                    column = x - 2 - reach + j + k
                    if 0 <= column < width:
                        total += taps[k] * values[row, column]
                across[i, j] = total
    patch = np.empty((5, 5))
    least = _TINY * max(values[y, x], _TINY)
    for i in range(5):
        for j in range(5):
            total = 0.0
            for k in range(taps.shape[0]):
                total += taps[k] * across[i + k, j]
            patch[i, j] = math.log(max(total, least))
    return patch


@jit
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


@jit
def limit_covariance(cxx, cxy, cyy, smallest, largest):
    """Return a 2 x 2 covariance with its eigenvalues brought into smallest..largest."""
    mean = 0.5 * (cxx + cyy)
    half = 0.5 * (cxx - cyy)
    radius = math.sqrt(half * half + cxy * cxy)
    high = min(max(mean + radius, smallest), largest)
    low = min(max(mean - radius, smallest), largest)
    if radius <= 0.0:
        return high, 0.0, high
    new_mean = 0.5 * (high + low)
    scale = 0.5 * (high - low) / radius
    return new_mean + scale * half, scale * cxy, new_mean - scale * half


@jit
def decode_heatmaps(maps, rule, taps, floor, distance, position, value, covariance):
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
    position : ndarray, shape (B, K, M, 2), output
        Column and row, best mode first; NaN where there are fewer.
    value : ndarray, shape (B, K, M), output
        The map's value at each mode; 0 where there are fewer.
    covariance : ndarray, shape (B, K, 2, 2), output
        Of the Gaussian fitted to the first mode, cells^2.
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
                    cxx, cxy, cyy = largest, 0.0, largest
                cxx, cxy, cyy = limit_covariance(cxx, cxy, cyy, 1.0 / 12.0, largest)
                covariance[b, k, 0, 0] = cxx
                covariance[b, k, 0, 1] = cxy
                covariance[b, k, 1, 0] = cxy
                covariance[b, k, 1, 1] = cyy


@jit
def fit_gaussian_1d(values, at, radius):
    """Fit a Gaussian to the bins about a peak of one axis; return offset, variance (bins, bins^2) and ok.

    Least squares on the logarithm, weighted by the squared values, as in `fit_gaussian`.
    """
    matrix = np.zeros((3, 3))
    right = np.zeros(3)
    terms = np.empty(3)
    peak = values[at]
    if not peak > 0.0:
        return 0.0, 0.0, False
    for index in range(max(0, at - radius), min(values.shape[0], at + radius + 1)):
        ratio = float(values[index]) / peak
        if not ratio > _TINY:
            continue
        d = float(index - at)
        terms[0] = 1.0
        terms[1] = d
        terms[2] = 0.5 * d * d
        weight = ratio * ratio
        target = math.log(ratio)
        for i in range(3):
            right[i] += weight * terms[i] * target
            for j in range(3):
                matrix[i, j] += weight * terms[i] * terms[j]
    if not _solve(matrix, right) or not right[2] < -_TINY:
        return 0.0, 0.0, False
    offset = -right[1] / right[2]
    if abs(offset) > radius:
        return 0.0, 0.0, False
    return offset, -1.0 / right[2], True


@jit
def decode_simcc(along_x, along_y, radius, refined, floor, distance, position, value, covariance):
    """Decode SimCC vectors (Li et al., ECCV 2022): each axis on its own, modes are pairs of axis peaks.

    Parameters
    ----------
    along_x, along_y : ndarray, shapes (B, K, Wx) and (B, K, Wy)
    radius : int
        Bins on each side of a peak that its position within the bin is fitted to.
    refined : bool
        False leaves positions at whole bins.
    floor, distance, position, covariance
        As for `decode_heatmaps`, in bins.
    value : ndarray, shape (B, K, M), output
        The mean of the two maxima.
    """
    count, keypoints = along_x.shape[:2]
    modes = value.shape[2]
    row = np.zeros(modes, np.int64)
    xs = np.empty(modes, np.int64)
    ys = np.empty(modes, np.int64)
    x_values = np.empty(modes)
    y_values = np.empty(modes)
    pair = np.empty((modes * modes, 2), np.int64)
    score = np.empty(modes * modes)
    position[:] = np.nan
    value[:] = 0.0
    covariance[:] = np.nan
    largest_x = (0.25 * along_x.shape[2]) ** 2
    largest_y = (0.25 * along_y.shape[2]) ** 2
    for b in range(count):
        for k in range(keypoints):
            found_x = find_peaks(along_x[b, k : k + 1], floor, distance, xs, row, x_values)
            found_y = find_peaks(along_y[b, k : k + 1], floor, distance, ys, row, y_values)
            found = 0
            for i in range(found_x):
                for j in range(found_y):
                    total = 0.5 * (x_values[i] + y_values[j])
                    place = found
                    while place > 0 and score[place - 1] < total:
                        score[place] = score[place - 1]
                        pair[place, 0] = pair[place - 1, 0]
                        pair[place, 1] = pair[place - 1, 1]
                        place -= 1
                    score[place] = total
                    pair[place, 0] = i
                    pair[place, 1] = j
                    found += 1
            for m in range(min(found, modes)):
                x = xs[pair[m, 0]]
                y = ys[pair[m, 1]]
                dx, vx, ok_x = fit_gaussian_1d(along_x[b, k], x, radius)
                dy, vy, ok_y = fit_gaussian_1d(along_y[b, k], y, radius)
                position[b, k, m, 0] = x + dx if refined else float(x)
                position[b, k, m, 1] = y + dy if refined else float(y)
                value[b, k, m] = score[m]
                if m == 0:
                    covariance[b, k, 0, 0] = min(max(vx, 1.0 / 12.0), largest_x) if ok_x else largest_x
                    covariance[b, k, 1, 1] = min(max(vy, 1.0 / 12.0), largest_y) if ok_y else largest_y
                    covariance[b, k, 0, 1] = 0.0
                    covariance[b, k, 1, 0] = 0.0


@jit
def to_planes(image, reverse, scale, shift, out):
    """Write an 8-bit image (H, W, 3) as normalised planes (3, H, W): value * scale + shift per channel.

    `scale` and `shift` are in the order of the planes; `reverse` turns BGR into RGB.
    """
    height, width = image.shape[:2]
    for c in range(3):
        source = 2 - c if reverse else c
        a = scale[c]
        b = shift[c]
        for y in range(height):
            for x in range(width):
                out[c, y, x] = image[y, x, source] * a + b
