"""From SimCC vectors to keypoints: peaks of each axis to a fraction of a bin (Li et al., ECCV 2022)."""

import math

import numpy as np

from mvtri.kernels.heatmaps.decode import TINY, solve, uncertainty
from mvtri.kernels.heatmaps.peaks import find_peaks
from mvtri.kernels.jit import entry, jit_allocating, jit_internal


@jit_allocating
def fit_gaussian_1d(values, at, part):
    """Fit a Gaussian to the bins about a peak of one axis; return offset, variance (bins, bins^2) and ok.

    Least squares on the logarithm, weighted by the squared values, as in `fit_gaussian`, over the bins that
    lie about the peak without a gap and reach `part` of its height, and at least two on each side.
    """
    first = max(0, at - 2)
    while first > 0 and values[first - 1] >= part * values[at]:
        first -= 1
    last = min(values.shape[0] - 1, at + 2)
    while last < values.shape[0] - 1 and values[last + 1] >= part * values[at]:
        last += 1
    matrix = np.zeros((3, 3))
    right = np.zeros(3)
    terms = np.empty(3)
    peak = values[at]
    if not peak > 0.0:
        return 0.0, 0.0, False
    for index in range(first, last + 1):
        ratio = float(values[index]) / peak
        if not ratio > TINY:
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
    if not solve(matrix, right) or not right[2] < -TINY:
        return 0.0, 0.0, False
    offset = -right[1] / right[2]
    if not first - at <= offset <= last - at:
        return 0.0, 0.0, False
    return offset, -1.0 / right[2], True


@entry(
    "(float32[:, :, ::1], float32[:, :, ::1], float64, boolean, float64, float64, float64, float64, float64, "
    "float64[:, :, :, ::1], float64[:, :, ::1], float64[:, :, :, ::1])"
)
def decode_simcc(
    along_x, along_y, part, refined, floor, distance, beta, own, least, position, value, covariance
):
    """Decode SimCC vectors (Li et al., ECCV 2022): each axis on its own, modes are pairs of axis peaks.

    Parameters
    ----------
    along_x, along_y : ndarray, shapes (B, K, Wx) and (B, K, Wy)
    part : float
        The position within a bin is fitted to the bins about the peak down to this part of its height.
    refined : bool
        False leaves positions at whole bins.
    beta : float
        The network was trained so that the softmax of `beta` times its values is the likelihood: then a peak
        of height v and variance s has the likelihood's curvature beta v / s.  0: the values are a heatmap's.
    floor, distance, own, least, position, covariance
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
    pairs = np.empty((modes * modes, 2), np.int64)
    scores = np.empty(modes * modes)
    position[:] = np.nan
    value[:] = 0.0
    covariance[:] = np.nan
    for b in range(count):
        for k in range(keypoints):
            found_x = find_peaks(along_x[b, k : k + 1], floor, distance, xs, row, x_values)
            found_y = find_peaks(along_y[b, k : k + 1], floor, distance, ys, row, y_values)
            found = pair_up(x_values[:found_x], y_values[:found_y], pairs, scores)
            for m in range(min(found, modes)):
                x = xs[pairs[m, 0]]
                y = ys[pairs[m, 1]]
                dx, x_variance = fit_axis(along_x[b, k], x, part, beta, own, least)
                dy, y_variance = fit_axis(along_y[b, k], y, part, beta, own, least)
                position[b, k, m, 0] = x + dx if refined else float(x)
                position[b, k, m, 1] = y + dy if refined else float(y)
                value[b, k, m] = scores[m]
                if m == 0:
                    covariance[b, k] = 0.0
                    covariance[b, k, 0, 0] = x_variance
                    covariance[b, k, 1, 1] = y_variance


@jit_internal
def pair_up(x_values, y_values, pairs, scores):
    """Write all pairs (index of x, index of y) by their mean value, the highest first; return how many."""
    found = 0
    for i in range(x_values.shape[0]):
        for j in range(y_values.shape[0]):
            mean = 0.5 * (x_values[i] + y_values[j])
            place = found
            while place > 0 and scores[place - 1] < mean:
                scores[place] = scores[place - 1]
                pairs[place, 0] = pairs[place - 1, 0]
                pairs[place, 1] = pairs[place - 1, 1]
                place -= 1
            scores[place] = mean
            pairs[place, 0] = i
            pairs[place, 1] = j
            found += 1
    return found


@jit_internal
def fit_axis(values, at, part, beta, own, least):
    """Return the offset of a peak and its variance, bins and bins^2, at most (W/4)^2."""
    largest = (0.25 * values.shape[0]) ** 2
    offset, variance, ok = fit_gaussian_1d(values, at, part)
    if not ok:
        return 0.0, largest
    if beta > 0.0:
        variance /= beta * values[at]
    return offset, uncertainty(variance, own, least, largest)
