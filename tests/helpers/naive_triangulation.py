"""Slow, obvious twins of the triangulation kernels."""

import itertools

import numpy as np
from scipy.optimize import least_squares

from mvtri.cameras import CameraGroup


def maximum_likelihood(pixels, cams, start, information=None, views=None):
    """Minimise the sum of squared, whitened distorted-pixel residuals of some views with SciPy."""
    views = np.arange(len(cams)) if views is None else np.flatnonzero(views)
    if information is None:
        information = np.broadcast_to(np.eye(2), (len(cams), 2, 2))
    roots = np.linalg.cholesky(information).transpose(0, 2, 1)

    def residuals(point):
        return np.concatenate([roots[c] @ (cams.project(point)[c] - pixels[c]) for c in views])

    return least_squares(residuals, start, method="lm", x_scale=0.1, xtol=1e-15, ftol=1e-15, gtol=1e-15).x


def best_subset(pixels, cams, start, sigma, penalty, broad, least=2):
    """Try all subsets: sums of squares over inliers, `penalty` and a share `broad` over the others."""
    best = (np.inf, None, None)
    for count in range(least, len(cams) + 1):
        for views in itertools.combinations(range(len(cams)), count):
            inside = np.isin(np.arange(len(cams)), views)
            point = maximum_likelihood(pixels, cams, start, views=inside)
            squares = ((cams.project(point) - pixels) ** 2).sum(axis=1) / sigma**2
            cost = squares[inside].sum() + (penalty + broad * squares[~inside]).sum()
            if cost < best[0]:
                best = (cost, inside, point)
    return best


def pixel_dlt(pixels, matrices, weights):
    """Return the weighted homogeneous linear transform on rows of pixel coordinates, no undistortion.

    The textbook's formula (Hartley & Zisserman, 2nd ed., section 12.2), `matrices` (C, 3, 4).
    """
    rows = []
    for (u, v), P, w in zip(pixels, matrices, weights):
        rows += [w * (u * P[2] - P[0]), w * (v * P[2] - P[1])]
    vector = np.linalg.svd(np.array(rows))[2][-1]
    return vector[:3] / vector[3]


def pinhole(cams: CameraGroup):
    """Return the projection matrices K [R | t]."""
    return cams.matrices @ np.concatenate([cams.rotations, cams.translations[:, :, None]], axis=2)
