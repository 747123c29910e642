"""Many points from their observations: what `mvtri.triangulate` runs in each thread.

All views together come first, a block at a time.  Where they agree no subset can be better, and most points
end there.  The others go on one by one: consensus, then refinement.
"""

import math

import numpy as np

from mvtri.kernels import block as rows
from mvtri.kernels import status as codes
from mvtri.kernels.block import POINT_ROWS, SUM, VIEW_ROWS, WIDTH, all_views
from mvtri.kernels.consensus import best_subsets, descend, doubtful, new_sums, set_bits
from mvtri.kernels.degenerate import in_front, parallel
from mvtri.kernels.dlt import homogeneous
from mvtri.kernels.jit import jit, jit_inline
from mvtri.kernels.linear import inverse3
from mvtri.kernels.observations import (
    DLT,
    DRAWS,
    ENUMERATE,
    KEEP,
    LEAST,
    MIN_SINE,
    MISS,
    STEPS,
    TOLERANCE,
    gather,
    load_block,
    penalty_of,
)
from mvtri.kernels.refinement import linearise, refine
from mvtri.kernels.sampling import search_many, seed_of
from mvtri.kernels.views import CAMERA, COLUMNS, MEMBER, RU, RV, full_cost, set_depths, solve_members, total

_MARGIN = 6.0  # subsets this much dearer than the best are not looked at a second time


@jit
def search_few(work, count, cameras, settings, sums, x0, x1, x2):
    """Leave the best subset of few views as members, residuals about its point; return that, cost and status."""
    rotations, translations, typical = cameras[3], cameras[4], cameras[5]
    least, steps, tolerance = int(settings[LEAST]), int(settings[STEPS]), settings[TOLERANCE]
    first = second = 0
    for _ in range(3):
        set_depths(work, count, rotations, translations, typical, x0, x1, x2)
        first, second, y0, y1, y2 = best_subsets(work, count, least, _MARGIN, sums, rotations, translations)
        if not first:
            return x0, x1, x2, math.inf, codes.BEHIND_CAMERA
        moved = (y0 - x0) ** 2 + (y1 - x1) ** 2 + (y2 - x2) ** 2
        x0, x1, x2 = y0, y1, y2
        if moved < (0.05 * typical[0]) ** 2:
            break
    z0, z1, z2, other = x0, x1, x2, math.inf
    if second:
        set_bits(work, count, second)
        z0, z1, z2, _ = solve_members(work, count)
        z0, z1, z2, _, _ = refine(work, count, cameras, z0, z1, z2, steps, tolerance)
        other = full_cost(work, count)
    set_bits(work, count, first)
    x0, x1, x2, _, converged = refine(work, count, cameras, x0, x1, x2, steps, tolerance)
    cost = full_cost(work, count)
    if other < cost or (not converged and second):
        set_bits(work, count, second)
        x0, x1, x2, _, converged = refine(work, count, cameras, z0, z1, z2, steps, tolerance)
        cost = full_cost(work, count)
    return x0, x1, x2, cost, codes.OK if converged else codes.NOT_CONVERGED


@jit
def settle(work, count, cameras, settings, x0, x1, x2):
    """Refine the members' point and change members one by one while that helps: (x0, x1, x2, cost, status)."""
    least, steps, tolerance = int(settings[LEAST]), int(settings[STEPS]), settings[TOLERANCE]
    converged = False
    for _ in range(4):
        x0, x1, x2, _, converged = refine(work, count, cameras, x0, x1, x2, steps, tolerance)
        if not converged or not descend(work, count, least, count):
            break
        s0, s1, s2, _ = solve_members(work, count)
        x0, x1, x2 = x0 + s0, x1 + s1, x2 + s2
    return x0, x1, x2, full_cost(work, count), codes.OK if converged else codes.NOT_CONVERGED


@jit
def consensus(work, count, cameras, settings, sums, order, state, x0, x1, x2):
    """Return the maximum-likelihood point of the views that agree best: (x0, x1, x2, status).

    It starts from the point of all views, which need not be any good.
    """
    rotations, translations, typical = cameras[3], cameras[4], cameras[5]
    least = int(settings[LEAST])
    if count == 2 or count <= settings[ENUMERATE]:
        x0, x1, x2, cost, status = search_few(work, count, cameras, settings, sums, x0, x1, x2)
    else:
        y0, y1, y2 = (
            math.nan,
            math.nan,
            math.nan,
        )  # outliers may have moved the point far: typical depths first
        for _ in range(2):
            set_depths(work, count, rotations, translations, typical, y0, y1, y2)
            if math.isfinite(y0):
                descend(work, count, least, count)
                y0, y1, y2, _ = solve_members(work, count)
            else:
                y0, y1, y2 = search_many(
                    work,
                    count,
                    least,
                    order,
                    state,
                    settings[MISS],
                    int(settings[DRAWS]),
                    rotations,
                    translations,
                )
                if not math.isfinite(y0):
                    return x0, x1, x2, codes.NO_CONSENSUS
        x0, x1, x2, cost, status = settle(work, count, cameras, settings, y0, y1, y2)
    if status == codes.OK:
        doubt, s0, s1, s2 = doubtful(work, count, cost)
        if doubt:
            for i in range(count):
                work[i, MEMBER] = 0.0
            return x0 + s0, x1 + s1, x2 + s2, codes.NO_CONSENSUS
    return x0, x1, x2, status


@jit
def linear(work, count, cameras, weights, focal, world, scores, i):
    """Return the homogeneous linear point of all views, and leave exact residuals about it."""
    for k in range(count):
        weights[k] = scores[i, int(work[k, CAMERA])] if scores.shape[0] else 1.0
    x0, x1, x2 = homogeneous(work, count, weights, focal, cameras[3], cameras[4], world)
    if in_front(work, count, cameras, x0, x1, x2):
        linearise(work, count, cameras, x0, x1, x2)
        return x0, x1, x2, codes.OK
    return x0, x1, x2, codes.BEHIND_CAMERA


@jit
def one_point(
    work, count, cameras, settings, sums, order, state, weights, focal, world, scores, i, x0, x1, x2
):
    """Return one point and its status, with residuals and members in `work`; `linear` and `consensus` do it."""
    if settings[DLT] > 0.0:
        x0, x1, x2, status = linear(work, count, cameras, weights, focal, world, scores, i)
    else:
        x0, x1, x2, status = consensus(work, count, cameras, settings, sums, order, state, x0, x1, x2)
    if status == codes.OK or (count == 2 and status != codes.NO_CONSENSUS) or not math.isfinite(x0 + x1 + x2):
        geometry = parallel(work, count, cameras, settings[MIN_SINE], x0, x1, x2)
        if geometry != codes.OK:
            status = geometry
    return x0, x1, x2, status


@jit_inline
def all_agree(point, views, i, count, settings, known, penalty):
    """Return whether no subset of views can cost less than all of them, and the least penalty of one.

    Either the whole chi square is less than calling any one view an outlier, or it is no more than noise
    makes it and no single view would win its penalty by leaving.  `penalty` is that for an information of
    determinant `known`, so that it need not be found again.
    """
    if not point[rows.SETTLED * WIDTH + i] > 0.0:
        return False, known, penalty
    least = point[rows.VAGUEST * WIDTH + i]
    if least != known:
        known = least
        penalty, _ = penalty_of(least, settings)
    cost = point[(SUM + 9) * WIDTH + i]
    if cost < penalty:
        return True, known, penalty
    freedom = 2.0 * count - 3.0
    if count < 5 or cost > freedom + 4.0 * math.sqrt(2.0 * freedom):
        return False, known, penalty
    return none_would_leave(point, views, i, penalty), known, penalty


@jit
def none_would_leave(point, views, i, penalty):
    """Return whether each view's leaving would win less than `penalty`.

    It wins no more than ``c / (1 - trace(N C))``, for the view's chi square c, its information N about the
    point and the point's covariance C.
    """
    c0, c1, c2, c3, c4, c5 = (
        point[rows.SPREAD * WIDTH + i],
        point[(rows.SPREAD + 1) * WIDTH + i],
        point[(rows.SPREAD + 2) * WIDTH + i],
        point[(rows.SPREAD + 3) * WIDTH + i],
        point[(rows.SPREAD + 4) * WIDTH + i],
        point[(rows.SPREAD + 5) * WIDTH + i],
    )
    for camera in range(views.shape[0]):
        view = views[camera]
        w00, w01, w11 = (
            view[rows.W * WIDTH + i],
            view[(rows.W + 1) * WIDTH + i],
            view[(rows.W + 2) * WIDTH + i],
        )
        if w00 > 0.0:
            ru, rv = view[rows.RU * WIDTH + i], view[rows.RV * WIDTH + i]
            a0, a1, a2 = (
                view[rows.J * WIDTH + i],
                view[(rows.J + 1) * WIDTH + i],
                view[(rows.J + 2) * WIDTH + i],
            )
            b0, b1, b2 = (
                view[(rows.J + 3) * WIDTH + i],
                view[(rows.J + 4) * WIDTH + i],
                view[(rows.J + 5) * WIDTH + i],
            )
            p0, p1, p2 = c0 * a0 + c1 * a1 + c2 * a2, c1 * a0 + c3 * a1 + c4 * a2, c2 * a0 + c4 * a1 + c5 * a2
            q0, q1, q2 = c0 * b0 + c1 * b1 + c2 * b2, c1 * b0 + c3 * b1 + c4 * b2, c2 * b0 + c4 * b1 + c5 * b2
            pull = w00 * (a0 * p0 + a1 * p1 + a2 * p2) + 2.0 * w01 * (b0 * p0 + b1 * p1 + b2 * p2)
            pull += w11 * (b0 * q0 + b1 * q1 + b2 * q2)
            square = w00 * ru * ru + 2.0 * w01 * ru * rv + w11 * rv * rv
            if not square < penalty * (1.0 - pull):
                return False
    return True


@jit_inline
def write_spread(k, a, b, c, d, e, f, spreads):
    """Write a symmetric matrix."""
    spreads[k, 0, 0], spreads[k, 0, 1], spreads[k, 0, 2] = a, b, c
    spreads[k, 1, 0], spreads[k, 1, 1], spreads[k, 1, 2] = b, d, e
    spreads[k, 2, 0], spreads[k, 2, 1], spreads[k, 2, 2] = c, e, f


@jit_inline
def write_agreed(point, views, i, k, world, points, spreads, inliers, residuals):
    """Write point `i` of a block as result `k`."""
    points[k, 0] = point[i] - world[0]
    points[k, 1] = point[WIDTH + i] - world[1]
    points[k, 2] = point[2 * WIDTH + i] - world[2]
    write_spread(
        k,
        point[rows.SPREAD * WIDTH + i],
        point[(rows.SPREAD + 1) * WIDTH + i],
        point[(rows.SPREAD + 2) * WIDTH + i],
        point[(rows.SPREAD + 3) * WIDTH + i],
        point[(rows.SPREAD + 4) * WIDTH + i],
        point[(rows.SPREAD + 5) * WIDTH + i],
        spreads,
    )
    for camera in range(views.shape[0]):
        inliers[k, camera] = views[camera, rows.W * WIDTH + i] > 0.0
        residuals[k, camera] = views[camera, rows.SIZE * WIDTH + i]


@jit_inline
def write_point(work, count, k, good, x0, x1, x2, world, points, spreads, inliers, residuals):
    """Write one point's results; NaN and no inliers unless it is `good`."""
    inliers[k, :] = False
    residuals[k, :] = math.nan
    if not good:
        points[k, :] = math.nan
        spreads[k, :, :] = math.nan
        return
    n0, n1, n2, n3, n4, n5, _, _, _, _ = total(work, count)
    points[k, 0], points[k, 1], points[k, 2] = x0 - world[0], x1 - world[1], x2 - world[2]
    a, b, c, d, e, f, _ = inverse3(n0, n1, n2, n3, n4, n5)
    write_spread(k, a, b, c, d, e, f, spreads)
    for m in range(count):
        camera = int(work[m, CAMERA])
        inliers[k, camera] = work[m, MEMBER] > 0.5
        residuals[k, camera] = math.sqrt(work[m, RU] ** 2 + work[m, RV] ** 2)


@jit
def solve_chunk(
    points2d, scores, covariances, information, inner, index, cameras, focal, world, settings, seed,
    points, spreads, inliers, residuals, statuses,
):  # fmt: skip
    """Triangulate the points of a chunk.

    Parameters
    ----------
    points2d, scores, covariances, information, inner
        As `load_block` takes them.
    index : int
        Of the chunk's first point among all.
    cameras : tuple
        As `all_views` takes them.
    focal, world, settings, seed : arrays and an unsigned integer
        As `homogeneous`, `mvtri.kernels.observations` and `seed_of` want them.
    points, spreads, inliers, residuals, statuses : arrays to write
        (n, 3), (n, 3, 3), (n, C), (n, C), (n,).
    """
    count = points2d.shape[1]
    least = int(settings[LEAST])
    point = np.zeros(POINT_ROWS * WIDTH)
    views = np.zeros((count, VIEW_ROWS * WIDTH))
    work = np.zeros((count + 1, COLUMNS))
    sums = new_sums(max(2, min(int(settings[ENUMERATE]), count)))
    order = np.zeros(max(1, count * (count - 1) // 2), dtype=np.int64)
    weights = np.ones(count)
    seen, usable = np.zeros(WIDTH, dtype=np.int64), np.zeros(WIDTH, dtype=np.int64)
    known, penalty = -1.0, 0.0
    for start in range(0, points2d.shape[0], WIDTH):
        load_block(
            points2d, scores, covariances, information, inner, index, start, settings, views, seen, usable
        )
        all_views(point, views, cameras, settings[TOLERANCE])
        for i in range(min(WIDTH, points2d.shape[0] - start)):
            k, n = start + i, usable[i]
            if n >= least and settings[DLT] == 0.0:
                agree, known, penalty = all_agree(point, views, i, n, settings, known, penalty)
                if agree:
                    statuses[k] = codes.OK
                    write_agreed(point, views, i, k, world, points, spreads, inliers, residuals)
                    continue
            x0, x1, x2 = point[i], point[WIDTH + i], point[2 * WIDTH + i]
            status = codes.TOO_FEW_VIEWS if seen[i] < least or not scores.shape[0] else codes.LOW_SCORE
            n = gather(views, i, work, settings)
            if n >= least:
                state = seed_of(seed, index + k)
                x0, x1, x2, status = one_point(
                    work, n, cameras, settings, sums, order, state, weights, focal, world, scores, k, x0, x1, x2
                )  # fmt: skip
            statuses[k] = status
            good = status == codes.OK or (settings[KEEP] > 0.0 and status == codes.NO_CONSENSUS)
            write_point(work, n, k, good, x0, x1, x2, world, points, spreads, inliers, residuals)
