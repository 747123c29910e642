"""Residuals whose spread is that of the noise: what the noise is estimated from."""

import math

import numpy as np

from mvtri.kernels import status as codes
from mvtri.kernels.agreement import all_agree
from mvtri.kernels.block import POINT_ROWS, VIEW_ROWS, WIDTH, all_views
from mvtri.kernels.consensus import new_sums
from mvtri.kernels.jit import jit
from mvtri.kernels.linear import inverse2, inverse3
from mvtri.kernels.observations import ENUMERATE, LEAST, TOLERANCE, gather, load_block
from mvtri.kernels.points import consensus
from mvtri.kernels.refinement import linearise
from mvtri.kernels.sampling import seed_of
from mvtri.kernels.views import CAMERA, COLUMNS, MEMBER, RU, RV, J, W, set_depths, solve_members, total


@jit
def pair_squares(points2d, scores, covariances, cameras, settings, squares):
    """Write the chi square (one degree of freedom) of every pair of views into `squares` (n, C, C), else NaN.

    The noise is taken to be 1.
    """
    count = points2d.shape[1]
    point = np.zeros(POINT_ROWS * WIDTH)
    views = np.zeros((count, VIEW_ROWS * WIDTH))
    work = np.zeros((count, COLUMNS))
    seen, usable = np.zeros(WIDTH, dtype=np.int64), np.zeros(WIDTH, dtype=np.int64)
    unit = np.ones((1, count))
    squares[:] = math.nan
    for start in range(0, points2d.shape[0], WIDTH):
        load_block(points2d, scores, covariances, unit, 1, 0, start, settings, views, seen, usable)
        all_views(point, views, cameras, settings[TOLERANCE])
        for i in range(min(WIDTH, points2d.shape[0] - start)):
            n = gather(views, i, work, settings)
            for j in range(n):
                for k in range(j):
                    for m in range(n):
                        work[m, MEMBER] = 1.0 if m in (j, k) else 0.0
                    x0 = x1 = x2 = math.nan
                    for _ in range(2):
                        set_depths(work, n, cameras[3], cameras[4], cameras[5], x0, x1, x2)
                        x0, x1, x2, cost = solve_members(work, n)
                    squares[start + i, int(work[j, CAMERA]), int(work[k, CAMERA])] = cost


@jit
def huber_scale(values, median, top, mean):
    """Return the factor by which `values` are larger than chi square: Huber's second proposal.

    From the median on, which is to be `median`, until the mean of the values, each counted up to `top`, is
    what it should be, `mean`.
    """
    scale = np.median(values) / median
    for _ in range(8):
        if scale <= 0.0:
            break
        total, limit = 0.0, top * scale
        for value in values:
            total += min(value, limit)
        scale = total / (len(values) * mean)
    return scale


@jit
def whitened(view, c0, c1, c2, c3, c4, c5):
    """Return r' (S - J C J')^-1 r of an inlier, S its covariance, and the share of J C J' in S.

    The first is chi square with two degrees of freedom; NaN where the point follows this view so closely
    that nothing is left.
    """
    s0, s1, s2 = inverse2(view[W], view[W + 1], view[W + 2])
    a0, a1, a2, b0, b1, b2 = view[J], view[J + 1], view[J + 2], view[J + 3], view[J + 4], view[J + 5]
    p0, p1, p2 = c0 * a0 + c1 * a1 + c2 * a2, c1 * a0 + c3 * a1 + c4 * a2, c2 * a0 + c4 * a1 + c5 * a2
    q0, q1, q2 = c0 * b0 + c1 * b1 + c2 * b2, c1 * b0 + c3 * b1 + c4 * b2, c2 * b0 + c4 * b1 + c5 * b2
    v0 = s0 - (a0 * p0 + a1 * p1 + a2 * p2)
    v1 = s1 - (a0 * q0 + a1 * q1 + a2 * q2)
    v2 = s2 - (b0 * q0 + b1 * q1 + b2 * q2)
    if not v0 * v2 - v1 * v1 > 1e-6 * s0 * s2:
        return math.nan, math.nan
    i0, i1, i2 = inverse2(v0, v1, v2)
    pull = view[W] * (s0 - v0) + 2.0 * view[W + 1] * (s1 - v1) + view[W + 2] * (s2 - v2)
    return i0 * view[RU] ** 2 + 2.0 * i1 * view[RU] * view[RV] + i2 * view[RV] ** 2, 0.5 * pull


@jit
def sample_squares(
    points2d, scores, covariances, information, index, cameras, settings, seed, squares, outside, whole, pulls
):
    """Triangulate a sample and write what its residuals say about the noise.

    Parameters
    ----------
    information : float64 (K, C)
        Inverse variances.  The sample is ordered by keypoint: point i has row ``(index + i) % K``.
    index : int
        How many points of the sample come before these.
    squares : float64 (n, C)
        Written: chi square of each inlier with two degrees of freedom; NaN elsewhere.
    outside : float64 (n, C)
        Written: squared residual of each rejected view, px^2; NaN elsewhere.
    whole : float64 (n,)
        Written: chi square of points of two views, one degree of freedom; NaN elsewhere.
    pulls : float64 (C, 2)
        Written: how much of itself each camera sees in the points, summed over its inliers, and their number.
    """
    count = points2d.shape[1]
    point = np.zeros(POINT_ROWS * WIDTH)
    views = np.zeros((count, VIEW_ROWS * WIDTH))
    work = np.zeros((count, COLUMNS))
    sums = new_sums(max(2, min(int(settings[ENUMERATE]), count)))
    order = np.zeros(max(1, count * (count - 1) // 2), dtype=np.int64)
    seen, usable = np.zeros(WIDTH, dtype=np.int64), np.zeros(WIDTH, dtype=np.int64)
    squares[:] = math.nan
    outside[:] = math.nan
    whole[:] = math.nan
    pulls[:] = 0.0
    known, penalty = -1.0, 0.0
    for start in range(0, points2d.shape[0], WIDTH):
        load_block(points2d, scores, covariances, information, 1, index, start, settings, views, seen, usable)
        all_views(point, views, cameras, settings[TOLERANCE])
        for i in range(min(WIDTH, points2d.shape[0] - start)):
            k = start + i
            n = gather(views, i, work, settings)
            if n < settings[LEAST]:
                continue
            x0, x1, x2 = point[i], point[WIDTH + i], point[2 * WIDTH + i]
            agree, known, penalty = all_agree(point, views, i, n, settings, known, penalty)
            if agree:
                linearise(work, n, cameras, x0, x1, x2)
            else:
                _, _, _, status = consensus(
                    work, n, cameras, settings, sums, order, seed_of(seed, index + k), x0, x1, x2
                )
                if status != codes.OK:
                    continue
            _write_squares(work, n, k, squares, outside, whole, pulls)


@jit
def _write_squares(work, n, k, squares, outside, whole, pulls):
    n0, n1, n2, n3, n4, n5, _, _, _, cost = total(work, n)
    c0, c1, c2, c3, c4, c5, _ = inverse3(n0, n1, n2, n3, n4, n5)
    members = 0
    for m in range(n):
        members += work[m, MEMBER] > 0.5
    if members == 2:
        whole[k] = cost
    for m in range(n):
        camera = int(work[m, CAMERA])
        if work[m, MEMBER] < 0.5:
            outside[k, camera] = work[m, RU] ** 2 + work[m, RV] ** 2
        elif members > 2:
            squares[k, camera], pull = whitened(work[m], c0, c1, c2, c3, c4, c5)
            if math.isfinite(pull):
                pulls[camera, 0] += pull
                pulls[camera, 1] += 1.0
