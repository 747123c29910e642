"""Many points from their observations: what `mvtri.triangulate` runs in each thread.

All views together come first, a block at a time.  Where they agree no subset can be better, and most points
end there.  The others go on one by one: consensus, then refinement.
"""

import math

import numpy as np

from mvtri.kernels import status as codes
from mvtri.kernels.agreement import agreed
from mvtri.kernels.batch import new_batch, put, solve_batch, start_of
from mvtri.kernels.block import POINT_ROWS, SETTLED, VIEW_ROWS, WIDTH, all_views
from mvtri.kernels.consensus import best_subsets, descend, doubtful, new_sums, set_bits
from mvtri.kernels.degenerate import in_front, parallel
from mvtri.kernels.dlt import homogeneous
from mvtri.kernels.jit import jit
from mvtri.kernels.observations import (
    DLT,
    DRAWS,
    ENUMERATE,
    KEEP,
    LEAST,
    MIN_SINE,
    MISS,
    STEPS,
    TAIL,
    TOLERANCE,
    gather,
    load_block,
)
from mvtri.kernels.outcome import write_block, write_lane, write_point
from mvtri.kernels.refinement import linearise, refine
from mvtri.kernels.sampling import search_many, seed_of
from mvtri.kernels.tails import reweigh, reweigh_block
from mvtri.kernels.views import CAMERA, COLUMNS, MEMBER, full_cost, set_depths, solve_members

MARGIN = 4.0  # subsets this much dearer than the best are not looked at a second time


@jit
def search_few(work, count, cameras, settings, sums, x0, x1, x2):
    """Leave the best subset of few views as members; return their point, cost and a status."""
    rotations, translations, typical = cameras[3], cameras[4], cameras[5]
    least, steps, tolerance = int(settings[LEAST]), int(settings[STEPS]), settings[TOLERANCE]
    first = second = 0
    for _ in range(3):
        set_depths(work, count, rotations, translations, typical, x0, x1, x2)
        first, second, y0, y1, y2 = best_subsets(work, count, least, MARGIN, sums, rotations, translations)
        if not first:
            return x0, x1, x2, math.inf, codes.BEHIND_CAMERA
        moved = (y0 - x0) ** 2 + (y1 - x1) ** 2 + (y2 - x2) ** 2
        x0, x1, x2 = y0, y1, y2
        if moved < (0.01 * typical[0]) ** 2:
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
    """Refine the members' point, changing members while that helps: (x0, x1, x2, cost, status)."""
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
def reject_all(work, count, cameras, x0, x1, x2):
    """Take no view for a member, and leave exact residuals about a point."""
    linearise(work, count, cameras, x0, x1, x2)
    for i in range(count):
        work[i, MEMBER] = 0.0


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
                    reject_all(work, count, cameras, x0, x1, x2)
                    return x0, x1, x2, codes.NO_CONSENSUS
        x0, x1, x2, cost, status = settle(work, count, cameras, settings, y0, y1, y2)
    if status == codes.OK:
        status = parallel(work, count, cameras, settings[MIN_SINE], x0, x1, x2)
    if status == codes.OK:
        doubt, s0, s1, s2 = doubtful(work, count, cost)
        if doubt:
            x0, x1, x2 = x0 + s0, x1 + s1, x2 + s2
            reject_all(work, count, cameras, x0, x1, x2)
            return x0, x1, x2, codes.NO_CONSENSUS
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
    """Return one point and its status by `linear` or `consensus`, with residuals and members in `work`."""
    if settings[DLT] > 0.0:
        x0, x1, x2, status = linear(work, count, cameras, weights, focal, world, scores, i)
    else:
        x0, x1, x2, status = consensus(work, count, cameras, settings, sums, order, state, x0, x1, x2)
    if settings[DLT] > 0.0 or status == codes.BEHIND_CAMERA or not math.isfinite(x0 + x1 + x2):
        for k in range(count):
            work[k, MEMBER] = 1.0
        geometry = parallel(work, count, cameras, settings[MIN_SINE], x0, x1, x2)
        if geometry != codes.OK:
            status = geometry
    return x0, x1, x2, status


@jit
def solve_alone(
    views, i, k, cameras, settings, space, seed, index, focal, world, scores, x0, x1, x2, out, heavy
):  # fmt: skip
    """Find and write point `k` of a chunk, which is point `i` of a block, from where all its views put it.

    Its status is that of missing views where they are too few; `out` holds the arrays of `solve_chunk`.
    """
    work, sums, order, weights = space
    points, spreads, inliers, residuals, statuses = out
    n = gather(views, i, work, settings)
    status = statuses[k]
    if n >= int(settings[LEAST]):
        x0, x1, x2, status = one_point(
            work, n, cameras, settings, sums, order, seed_of(seed, index + k), weights, focal, world,
            scores, k, x0, x1, x2,
        )  # fmt: skip
    if heavy and status == codes.OK:
        x0, x1, x2, settled = reweigh(work, n, cameras, settings, x0, x1, x2)
        if not settled:
            status = codes.NOT_CONVERGED
    statuses[k] = status
    good = status == codes.OK or (settings[KEEP] > 0.0 and status == codes.NO_CONSENSUS)
    write_point(work, n, k, good, x0, x1, x2, world, points, spreads, inliers, residuals)


@jit
def solve_waiting(batch, count, cameras, settings, space, seed, index, focal, world, scores, out, resolved):
    """Find and write the points in the first `count` lanes of a batch; those not resolved one by one."""
    points, spreads, inliers, residuals, statuses = out
    place, views, lanes, which = batch
    solve_batch(batch, cameras, settings, MARGIN, resolved)
    for i in range(count):
        k = which[i]
        if resolved[i]:
            statuses[k] = codes.OK
            write_lane(place, views, i, k, world, points, spreads, inliers, residuals)
            continue
        x0, x1, x2 = start_of(lanes, i)
        solve_alone(
            views, i, k, cameras, settings, space, seed, index, focal, world, scores, x0, x1, x2, out, False
        )


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
    cams, least = points2d.shape[1], int(settings[LEAST])
    point, views = np.zeros(POINT_ROWS * WIDTH), np.zeros((cams, VIEW_ROWS * WIDTH))
    space = (
        np.zeros((cams + 1, COLUMNS)),
        new_sums(max(2, min(int(settings[ENUMERATE]), cams))),
        np.zeros(max(1, cams * (cams - 1) // 2), dtype=np.int64),
        np.ones(cams),
    )
    out = (points, spreads, inliers, residuals, statuses)
    seen, usable = np.zeros(WIDTH, dtype=np.int64), np.zeros(WIDTH, dtype=np.int64)
    agree, resolved = np.zeros(WIDTH, dtype=np.bool_), np.zeros(WIDTH, dtype=np.bool_)
    linear = settings[DLT] > 0.0
    heavy = settings[TAIL] > 0.0 and not linear
    solved, weighed = (point.copy(), views.copy()) if heavy else (point, views)
    together = cams <= settings[ENUMERATE] and not heavy and not linear
    batch, waiting = new_batch(cams if together else 0), 0
    for start in range(0, points2d.shape[0], WIDTH):
        count = min(WIDTH, points2d.shape[0] - start)
        load_block(
            points2d, scores, covariances, information, inner, index, start, settings, views, seen, usable
        )
        all_views(point, views, cameras, settings[TOLERANCE])
        if heavy:
            reweigh_block(point, views, cameras, settings, solved, weighed)
        write_block(solved, weighed, start, count, world, points, spreads, inliers, residuals)
        agreed(point, views, count, usable, least, settings, agree)
        for i in range(count):
            k = start + i
            if agree[i] and not linear and solved[SETTLED * WIDTH + i] > 0.0:
                statuses[k] = codes.OK
            elif together and usable[i] >= least:
                put(batch, waiting, point, views, i, k, settings)
                waiting += 1
                if waiting == WIDTH:
                    solve_waiting(
                        batch, waiting, cameras, settings, space, seed, index, focal, world, scores, out,
                        resolved,
                    )  # fmt: skip
                    waiting = 0
            else:
                few = seen[i] < least or not scores.shape[0]
                statuses[k] = codes.TOO_FEW_VIEWS if few else codes.LOW_SCORE
                x0, x1, x2 = point[i], point[WIDTH + i], point[2 * WIDTH + i]
                solve_alone(
                    views, i, k, cameras, settings, space, seed, index, focal, world, scores, x0, x1, x2, out,
                    heavy,
                )  # fmt: skip
    if waiting:
        solve_waiting(
            batch, waiting, cameras, settings, space, seed, index, focal, world, scores, out, resolved
        )
