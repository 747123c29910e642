"""Slow, obvious twins of the kernels that climb on heatmaps, with SciPy's splines and minimiser."""

import math

import numpy as np
from scipy import ndimage, optimize


def coefficients(values, floor):
    """The spline's coefficients: the logarithm of each cell, less a sixth of its second difference."""
    log = np.log(np.maximum(values.astype(float), 0.0) / values.max() + floor)
    once = ndimage.convolve1d(log, [-1 / 6, 8 / 6, -1 / 6], axis=0, mode="mirror")
    return ndimage.convolve1d(once, [-1 / 6, 8 / 6, -1 / 6], axis=1, mode="mirror")


def log_heatmap(values, floor, x, y):
    """The logarithm at column x and row y; the floor's beyond the outer cells."""
    height, width = values.shape
    if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
        return math.log(floor)
    weights = coefficients(values, floor)
    return ndimage.map_coordinates(weights, [[y], [x]], order=3, prefilter=False, mode="mirror")[0]


def objective(point, maps, cams, origins, scales, floor=1e-3, weights=None):
    """The weighted sum over cameras; a camera with the point behind it says what the floor says."""
    weights = np.ones(len(cams)) if weights is None else weights
    cells = (cams.project(point) - origins) / np.reshape(scales, (len(cams), -1))
    return sum(w * log_heatmap(h, floor, x, y) for w, h, (x, y) in zip(weights, maps, cells))


def maximum(start, *given, **more):
    """Where the objective is highest near `start`, by the simplex of Nelder and Mead, begun twice."""
    for _ in range(2):
        start = optimize.minimize(
            lambda point: -objective(point, *given, **more),
            start,
            method="Nelder-Mead",
            options={
                "initial_simplex": start + 0.01 * np.vstack([np.zeros(3), np.eye(3)]),
                "xatol": 1e-9,
                "fatol": 1e-14,
                "maxiter": 2000,
            },
        ).x
    return start
