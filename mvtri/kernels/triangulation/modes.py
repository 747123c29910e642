"""Which of several candidates each camera saw: consensus over pairs of cameras and modes.

Each mode of a camera is a view of its own in the workspace, view ``camera * modes + mode``; a point counts at
most one of a camera.  A mode costs its chi square and twice the log of how much better the camera's best mode
scored.
"""

import math

import numpy as np

from mvtri.kernels.jit import jit, jit_internal
from mvtri.kernels.triangulation.block.refine import VIEW_ROWS, WIDTH, undistort_block
from mvtri.kernels.triangulation.loading import DRAWS, gather, load_block
from mvtri.kernels.triangulation.point.forms import (
    CAMERA,
    COLUMNS,
    MEMBER,
    N,
    chi_square,
    outside_cost,
    set_depths,
    solve_members,
)
from mvtri.kernels.triangulation.point.pairs import draw, pair_at, seed_of, solve_pair


@jit_internal
def set_prices(work, count, modes, scores, k, prices):
    """Write what each candidate costs beside its chi square."""
    for i in range(count):
        prices[i] = 0.0
        if scores.shape[0]:
            view = int(work[i, CAMERA])
            best = 0.0
            for mode in range(modes):
                score = scores[k, view // modes * modes + mode]
                best = max(best, score) if score == score else best
            prices[i] = 2.0 * math.log(max(best, 1e-12) / max(scores[k, view], 1e-12))


@jit_internal
def assign(work, count, modes, prices, bound, x0, x1, x2):
    """Take for members the candidate of each camera that a point suits, if any; return the cost.

    It stops early, with infinity, where the cost exceeds `bound`.
    """
    cost = 0.0
    i = 0
    while i < count:
        camera = int(work[i, CAMERA]) // modes
        best, lowest, outside = -1, math.inf, math.inf
        while i < count and int(work[i, CAMERA]) // modes == camera:
            square = chi_square(work[i], x0, x1, x2)
            outside = min(outside, outside_cost(work[i], square) + prices[i])
            work[i, MEMBER] = 0.0
            if square + prices[i] < lowest:
                best, lowest = i, square + prices[i]
            i += 1
        if lowest < outside:
            work[best, MEMBER] = 1.0
        cost += min(lowest, outside)
        if cost > bound:
            return math.inf
    return cost


@jit_internal
def search_modes(work, count, modes, prices, order, state, most, cameras):
    """Leave in `work` the members that agree best, at most one of a camera; return the cost."""
    rotations, translations, typical = cameras[3], cameras[4], cameras[5]
    set_depths(work, count, rotations, translations, typical, math.nan, math.nan, math.nan)
    pairs = count * (count - 1) // 2
    for k in range(pairs):
        order[k] = k
    best = math.inf
    r0 = r1 = r2 = math.nan
    for k in range(min(pairs, most)):
        state = draw(state)
        swap = k + int(state % np.uint64(pairs - k))
        order[k], order[swap] = order[swap], order[k]
        i, j = pair_at(order[k])
        if int(work[i, CAMERA]) // modes == int(work[j, CAMERA]) // modes:
            continue
        x0, x1, x2 = solve_pair(work[i], work[j])
        if not math.isfinite(x0 + x1 + x2):
            continue
        cost = assign(work, count, modes, prices, best, x0, x1, x2)
        if cost < best:
            best, r0, r1, r2 = cost, x0, x1, x2
    for _ in range(4):
        if not math.isfinite(r0):
            return math.inf
        set_depths(work, count, rotations, translations, typical, r0, r1, r2)
        best = assign(work, count, modes, prices, math.inf, r0, r1, r2)
        r0, r1, r2, _ = solve_members(work, count)
    return best


@jit
def choose_modes(
    points2d, scores, covariances, information, inner, index, cameras, settings, seed, modes, chosen
):
    """Write which mode of each camera agrees with the others, the first where none does.

    Parameters
    ----------
    points2d, scores, covariances, information, inner, cameras
        As `load_block` and `all_views` take them, with a camera for each mode: (n, C * modes, ...).
    index, seed : int, uint64
        Of the chunk's first point, and of the generator.
    chosen : int64 (n, C)
        Written.
    """
    models, distortions, matrices, _, _, _, kinds, inverses = cameras
    count = points2d.shape[1]
    views = np.zeros((count, VIEW_ROWS * WIDTH))
    work = np.zeros((count + 1, COLUMNS))
    prices = np.zeros(count)
    order = np.zeros(max(1, count * (count - 1) // 2), dtype=np.int64)
    seen, usable = np.zeros(WIDTH, dtype=np.int64), np.zeros(WIDTH, dtype=np.int64)
    most = int(settings[DRAWS]) * modes
    chosen[:] = 0
    for start in range(0, points2d.shape[0], WIDTH):
        load_block(
            points2d, scores, covariances, information, inner, index, start, settings, views, seen, usable
        )
        for c in range(count):
            undistort_block(views[c], models[c], distortions[c], matrices[c], kinds[c], inverses[c])
        for i in range(min(WIDTH, points2d.shape[0] - start)):
            k = start + i
            n = gather(views, i, work, settings)
            if n < 2:
                continue
            set_prices(work, n, modes, scores, k, prices)
            search_modes(work, n, modes, prices, order, seed_of(seed, index + k), most, cameras)
            for m in range(n):
                if work[m, MEMBER] > 0.5:
                    view = int(work[m, CAMERA])
                    chosen[k, view // modes] = view % modes


@jit
def ray_forms(points2d, scores, covariances, information, cameras, settings, forms):
    """Write each observation's quadratic form, for typical depths, into `forms` (n, C, 10), else zeros."""
    models, distortions, matrices, rotations, translations, typical, kinds, inverses = cameras
    count = points2d.shape[1]
    views = np.zeros((count, VIEW_ROWS * WIDTH))
    work = np.zeros((count + 1, COLUMNS))
    seen, usable = np.zeros(WIDTH, dtype=np.int64), np.zeros(WIDTH, dtype=np.int64)
    forms[:] = 0.0
    for start in range(0, points2d.shape[0], WIDTH):
        load_block(points2d, scores, covariances, information, 1, 0, start, settings, views, seen, usable)
        for c in range(count):
            undistort_block(views[c], models[c], distortions[c], matrices[c], kinds[c], inverses[c])
        for i in range(min(WIDTH, points2d.shape[0] - start)):
            n = gather(views, i, work, settings)
            set_depths(work, n, rotations, translations, typical, math.nan, math.nan, math.nan)
            for m in range(n):
                for e in range(10):
                    forms[start + i, int(work[m, CAMERA]), e] = work[m, N + e]
