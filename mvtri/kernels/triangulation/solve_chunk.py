"""Many points from their observations: what `mvtri.triangulate` runs in each thread.

All views together come first, a block at a time.  Where they agree no subset can be better, and most points
end there.  The others wait until a block of them is full, and all their subsets of views are tried together;
what is not plain then, or has too many views for that, goes on one by one: consensus, then refinement.
"""

import numpy as np

from mvtri.kernels import status as codes
from mvtri.kernels.jit import entry, jit_internal
from mvtri.kernels.triangulation import signatures
from mvtri.kernels.triangulation.block.agreement import agreed
from mvtri.kernels.triangulation.block.consensus import new_batch, put, solve_batch, start_of
from mvtri.kernels.triangulation.block.refine import (
    POINT_ROWS,
    REJECTED,
    SETTLED,
    VIEW_ROWS,
    WIDTH,
    all_views,
    first_of,
)
from mvtri.kernels.triangulation.block.subsets import MOST
from mvtri.kernels.triangulation.loading import (
    DLT,
    ENUMERATE,
    KEEP,
    LEAST,
    TAIL,
    TOLERANCE,
    gather,
    load_block,
)
from mvtri.kernels.triangulation.point.forms import CAMERA, COLUMNS, MEMBER
from mvtri.kernels.triangulation.point.hypotheses import best_guess
from mvtri.kernels.triangulation.point.pairs import seed_of
from mvtri.kernels.triangulation.point.solve import MARGIN, one_point
from mvtri.kernels.triangulation.point.subsets import new_sums
from mvtri.kernels.triangulation.results import write_block, write_lane, write_point
from mvtri.kernels.triangulation.student_t import reweigh, reweigh_block


@jit_internal
def new_space(cams, settings):
    """Return what `one_point` writes to: a workspace, sums over subsets, an order of pairs, weights."""
    return (
        np.zeros((cams + 1, COLUMNS)),
        new_sums(max(2, min(int(settings[ENUMERATE]), cams))),
        np.zeros(max(1, cams * (cams - 1) // 2), dtype=np.int64),
        np.ones(cams),
    )


@jit_internal
def solve_alone(views, i, k, x0, x1, x2, given, space, out, heavy):
    """Find and write point `k` of a chunk, which is point `i` of a block, from where all its views put it.

    Where views are too few its status stays as it is.
    """
    cameras, settings, seed, index, focal, world, scores = given
    work, sums, order, weights = space
    points, spreads, inliers, residuals, statuses = out
    n, status = gather(views, i, work, settings), statuses[k]
    if n >= int(settings[LEAST]):
        state = seed_of(seed, index + k)
        x0, x1, x2, status = one_point(
            work, n, cameras, settings, sums, order, state, weights, focal, world, scores, k, x0, x1, x2
        )
    if heavy and status == codes.OK:
        x0, x1, x2, settled = reweigh(work, n, cameras, settings, x0, x1, x2)
        if not settled:
            status = codes.NOT_CONVERGED
    statuses[k] = status
    good = status == codes.OK or (settings[KEEP] > 0.0 and status == codes.NO_CONSENSUS)
    write_point(work, n, k, good, x0, x1, x2, world, points, spreads, inliers, residuals)


@jit_internal
def stays(place, views, i, cameras, settings, space):
    """Return whether point `i` of a batch, resolved, is given even where guesses are asked for."""
    work, sums, _, _ = space
    n = gather(views, i, work, settings)
    for m in range(n):
        work[m, MEMBER] = 1.0 - views[int(work[m, CAMERA]), REJECTED * WIDTH + i]
    x0, x1, x2 = place[i], place[WIDTH + i], place[2 * WIDTH + i]
    doubt, _, _, _ = best_guess(work, n, cameras, sums, False, x0, x1, x2)
    return not doubt


@jit_internal
def solve_waiting(batch, count, given, space, out, resolved):
    """Find and write the points in the first `count` lanes of a batch; those not resolved one by one."""
    cameras, settings, _, _, _, world, _ = given
    points, spreads, inliers, residuals, statuses = out
    place, views, lanes, which = batch
    solve_batch(batch, cameras, settings, MARGIN, resolved)
    for i in range(count):
        k = which[i]
        if resolved[i] and settings[KEEP] > 0.0:
            resolved[i] = stays(place, views, i, cameras, settings, space)
        if resolved[i]:
            statuses[k] = codes.OK
            write_lane(place, views, i, k, world, points, spreads, inliers, residuals)
        else:
            x0, x1, x2 = start_of(lanes, i)
            solve_alone(views, i, k, x0, x1, x2, given, space, out, False)


@entry(signatures.SOLVE_CHUNK)
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
        As `homogeneous`, `mvtri.kernels.triangulation.loading` and `seed_of` want them.
    points, spreads, inliers, residuals, statuses : arrays to write
        (n, 3), (n, 3, 3), (n, C), (n, C), (n,).
    """
    cams, least = points2d.shape[1], int(settings[LEAST])
    given = (cameras, settings, seed, index, focal, world, scores)
    out = (points, spreads, inliers, residuals, statuses)
    space = new_space(cams, settings)
    point, views = np.zeros(POINT_ROWS * WIDTH), np.zeros((cams, VIEW_ROWS * WIDTH))
    seen, usable = np.zeros(WIDTH, dtype=np.int64), np.zeros(WIDTH, dtype=np.int64)
    agree, resolved = np.zeros(WIDTH, dtype=np.bool_), np.zeros(WIDTH, dtype=np.bool_)
    linear = settings[DLT] > 0.0
    heavy = settings[TAIL] > 0.0 and not linear
    solved, weighed = (point.copy(), views.copy()) if heavy else (point, views)
    together = cams <= min(settings[ENUMERATE], MOST) and not heavy and not linear
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
                continue
            few = seen[i] < least or not scores.shape[0]
            statuses[k] = codes.TOO_FEW_VIEWS if few else codes.LOW_SCORE  # unless more is found
            if together and usable[i] >= least:
                put(batch, waiting, point, views, i, k, settings)
                waiting += 1
                if waiting == WIDTH:
                    solve_waiting(batch, waiting, given, space, out, resolved)
                    waiting = 0
            else:
                x0, x1, x2 = first_of(point, i)
                solve_alone(views, i, k, x0, x1, x2, given, space, out, heavy)
    if waiting:
        solve_waiting(batch, waiting, given, space, out, resolved)
