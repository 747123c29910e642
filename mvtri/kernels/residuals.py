"""Residuals whose spread is that of the noise: what the noise is estimated from."""

import math

import numpy as np

from mvtri.kernels import status as codes
from mvtri.kernels.consensus import seed_of
from mvtri.kernels.jit import jit
from mvtri.kernels.linear import inverse2
from mvtri.kernels.observations import LEAST, load_point
from mvtri.kernels.points import consensus, start
from mvtri.kernels.refinement import covariance_of
from mvtri.kernels.views import CAMERA, COLUMNS, MEMBER, RU, RV, J, W, solve_members, total


@jit
def pair_squares(points2d, scores, covariances, noise, cameras, settings, squares):
    """Write the chi square (one degree of freedom) of every pair of views into `squares` (n, C, C), else NaN.

    The noise of a keypoint is that of row ``i % K``.
    """
    views = points2d.shape[1]
    work = np.zeros((views, COLUMNS))
    squares[:] = math.nan
    for i in range(points2d.shape[0]):
        count, _ = load_point(work, points2d, scores, covariances, noise[0], i, cameras, settings)
        for j in range(count):
            for k in range(j):
                for m in range(count):
                    work[m, MEMBER] = 1.0 if m in (j, k) else 0.0
                start(work, count, cameras)
                _, _, _, cost, _ = solve_members(work, count)
                squares[i, int(work[j, CAMERA]), int(work[k, CAMERA])] = cost


@jit
def _whitened(view, c0, c1, c2, c3, c4, c5):
    """Return r' (S - J C J')^-1 r of an inlier, S its covariance: chi square with two degrees of freedom."""
    s0, s1, s2 = inverse2(view[W], view[W + 1], view[W + 2])
    a0, a1, a2, b0, b1, b2 = view[J], view[J + 1], view[J + 2], view[J + 3], view[J + 4], view[J + 5]
    p0, p1, p2 = c0 * a0 + c1 * a1 + c2 * a2, c1 * a0 + c3 * a1 + c4 * a2, c2 * a0 + c4 * a1 + c5 * a2
    q0, q1, q2 = c0 * b0 + c1 * b1 + c2 * b2, c1 * b0 + c3 * b1 + c4 * b2, c2 * b0 + c4 * b1 + c5 * b2
    v0 = s0 - (a0 * p0 + a1 * p1 + a2 * p2)
    v1 = s1 - (a0 * q0 + a1 * q1 + a2 * q2)
    v2 = s2 - (b0 * q0 + b1 * q1 + b2 * q2)
    if not (v0 * v2 - v1 * v1 > 1e-6 * s0 * s2):
        return math.nan
    i0, i1, i2 = inverse2(v0, v1, v2)
    return i0 * view[RU] ** 2 + 2.0 * i1 * view[RU] * view[RV] + i2 * view[RV] ** 2


@jit
def sample_squares(
    points2d, scores, covariances, noise, rows, cameras, settings, seed, squares, outside, whole
):  # fmt: skip
    """Triangulate a sample and write what its residuals say about the noise.

    Parameters
    ----------
    noise : float64 (K, C)
    rows : int64 (n,)
        The row of `noise` for each point.
    squares : float64 (n, C)
        Written: chi square of each inlier with two degrees of freedom; NaN elsewhere.
    outside : float64 (n, C)
        Written: squared residual of each rejected view, px^2; NaN elsewhere.
    whole : float64 (n,)
        Written: chi square of points of two views, one degree of freedom; NaN elsewhere.
    """
    views = points2d.shape[1]
    work = np.zeros((views, COLUMNS))
    order = np.zeros(max(1, views * (views - 1) // 2), dtype=np.int64)
    squares[:] = math.nan
    outside[:] = math.nan
    whole[:] = math.nan
    for i in range(points2d.shape[0]):
        sigma = noise[rows[i]]
        count, _ = load_point(work, points2d, scores, covariances, sigma, i, cameras, settings)
        if count < settings[LEAST]:
            continue
        _, _, _, status = consensus(work, count, cameras, settings, order, seed_of(seed, i))
        if status != codes.OK:
            continue
        n0, n1, n2, n3, n4, n5, _, _, _, cost = total(work, count)
        c0, c1, c2, c3, c4, c5 = covariance_of(n0, n1, n2, n3, n4, n5)
        if count == 2:
            whole[i] = cost
        for k in range(count):
            camera = int(work[k, CAMERA])
            if work[k, MEMBER] < 0.5:
                outside[i, camera] = work[k, RU] ** 2 + work[k, RV] ** 2
            elif count > 2:
                squares[i, camera] = _whitened(work[k], c0, c1, c2, c3, c4, c5)
