"""One point from its observations, and many points: what `mvtri.triangulate` runs in each thread."""

import math

import numpy as np

from mvtri.kernels import status as codes
from mvtri.kernels.consensus import best_subsets, descend, members_from_bits, search_many, seed_of
from mvtri.kernels.degenerate import in_front, parallel
from mvtri.kernels.dlt import homogeneous
from mvtri.kernels.jit import jit
from mvtri.kernels.observations import (
    DLT,
    DRAWS,
    ENUMERATE,
    LEAST,
    MIN_SINE,
    MISS,
    STEPS,
    TOLERANCE,
    load_point,
)
from mvtri.kernels.refinement import covariance_of, linearise, refine
from mvtri.kernels.views import (
    BROAD,
    CAMERA,
    COLUMNS,
    MEMBER,
    PENALTY,
    RU,
    RV,
    C,
    set_depths,
    solve_members,
    total,
)


@jit
def start(work, count, cameras):
    """Return the members' point, linear residuals divided by its depths."""
    _, _, _, rotations, translations, typical = cameras
    set_depths(work, count, rotations, translations, typical, math.nan, math.nan, math.nan)
    x0, x1, x2, _, _ = solve_members(work, count)
    set_depths(work, count, rotations, translations, typical, x0, x1, x2)
    x0, x1, x2, _, _ = solve_members(work, count)
    return x0, x1, x2


@jit
def refined(work, count, cameras, settings, x0, x1, x2):
    """Return the members' maximum-likelihood point, its chi square and whether it converged."""
    models, distortions, matrices, rotations, translations, _ = cameras
    steps, tolerance = int(settings[STEPS]), settings[TOLERANCE]
    return refine(
        work,
        count,
        models,
        distortions,
        matrices,
        rotations,
        translations,
        x0,
        x1,
        x2,
        steps,
        tolerance,
    )


@jit
def try_members(work, count, cameras, settings):
    """Return the point of the members, exact to second order, its cost against other subsets, and convergence."""
    _, _, _, rotations, translations, typical = cameras
    x0, x1, x2, _, _ = solve_members(work, count)
    x0, x1, x2, cost, converged = refined(work, count, cameras, settings, x0, x1, x2)
    for i in range(count):
        if work[i, MEMBER] < 0.5:
            view = work[i]
            cost += view[PENALTY]
            if view[BROAD] > 0.0 and math.isfinite(view[C]):
                cost += view[BROAD] * view[C]
    return x0, x1, x2, cost, converged


@jit
def members_of(work, count):
    """Return the number of members, and the least and the sum of all penalties, and the largest."""
    members = 0
    least, most, every = math.inf, 0.0, 0.0
    for i in range(count):
        members += work[i, MEMBER] > 0.5
        every += work[i, PENALTY]
        least = min(least, work[i, PENALTY])
        most = max(most, work[i, PENALTY])
    return members, least, every, most


@jit
def search_few(work, count, cameras, settings):
    """Leave the best subset of few views as members; return its point, cost, and a status."""
    _, _, _, rotations, translations, typical = cameras
    least = int(settings[LEAST])
    x0 = x1 = x2 = math.nan
    first = second = 0
    for _ in range(2):
        set_depths(work, count, rotations, translations, typical, x0, x1, x2)
        first, second = best_subsets(work, count, least, rotations, translations)
        if not first:
            return x0, x1, x2, math.inf, codes.BEHIND_CAMERA
        members_from_bits(work, count, first)
        x0, x1, x2, _, _ = solve_members(work, count)
    other = math.inf
    if second:
        members_from_bits(work, count, second)
        s0, s1, s2, other, fine = try_members(work, count, cameras, settings)
        set_depths(work, count, rotations, translations, typical, x0, x1, x2)
        members_from_bits(work, count, first)
    x0, x1, x2, cost, converged = try_members(work, count, cameras, settings)
    if other < cost:
        members_from_bits(work, count, second)
        x0, x1, x2, cost, converged = refined(work, count, cameras, settings, s0, s1, s2)
        cost = other
    return x0, x1, x2, cost, codes.OK if converged else codes.NOT_CONVERGED


@jit
def consensus(work, count, cameras, settings, order, state):
    """Return the maximum-likelihood point of the views that agree best: (x0, x1, x2, status)."""
    _, _, _, rotations, translations, typical = cameras
    least = int(settings[LEAST])
    x0, x1, x2 = start(work, count, cameras)
    _, low, every, high = members_of(work, count)
    if in_front(work, count, cameras, x0, x1, x2):
        x0, x1, x2, cost, converged = refined(work, count, cameras, settings, x0, x1, x2)
        if cost < low and converged:
            return x0, x1, x2, codes.OK
    elif count == 2:
        return x0, x1, x2, codes.BEHIND_CAMERA
    if count == 2:
        return x0, x1, x2, codes.NO_CONSENSUS
    if count <= settings[ENUMERATE]:
        x0, x1, x2, cost, why = search_few(work, count, cameras, settings)
        if why != codes.OK:
            return x0, x1, x2, why
    else:
        set_depths(work, count, rotations, translations, typical, math.nan, math.nan, math.nan)
        draws = int(settings[DRAWS])
        x0, x1, x2, found = search_many(
            work, count, least, order, state, settings[MISS], draws, rotations, translations
        )
        if not found:
            return x0, x1, x2, codes.NO_CONSENSUS
        for _ in range(2):
            set_depths(work, count, rotations, translations, typical, x0, x1, x2)
            descend(work, count, least, count)
            x0, x1, x2, _, _ = solve_members(work, count)
        x0, x1, x2, cost, converged = try_members(work, count, cameras, settings)
        if not converged:
            return x0, x1, x2, codes.NOT_CONVERGED
    if not cost < every - high:
        return x0, x1, x2, codes.NO_CONSENSUS
    return x0, x1, x2, codes.OK


@jit
def linear(work, count, cameras, weights, focal, world, scores, i):
    """Return the homogeneous linear point of all views, and leave exact residuals about it."""
    models, distortions, matrices, rotations, translations, _ = cameras
    for k in range(count):
        weights[k] = scores[i, int(work[k, CAMERA])] if scores.shape[0] else 1.0
    x0, x1, x2 = homogeneous(work, count, weights, focal, rotations, translations, world)
    if in_front(work, count, cameras, x0, x1, x2):
        linearise(work, count, models, distortions, matrices, rotations, translations, x0, x1, x2)
        return x0, x1, x2, codes.OK
    return x0, x1, x2, codes.BEHIND_CAMERA


@jit
def solve_chunk(
    points2d, scores, covariances, noise, inner, index, cameras, focal, world, settings, seed,
    points, spreads, inliers, residuals, statuses,
):  # fmt: skip
    """Triangulate the points of a chunk.

    Parameters
    ----------
    points2d : float64 (n, C, 2)
    scores, covariances : float64 (n, C) and (n, C, 2, 2), either of them empty where there is none
    noise : float64 (K, C)
        Standard deviations, px (or factors of `covariances`), row ``(index // inner) % K`` for a point.
    inner, index : int
        `index` is that of the chunk's first point among all.
    cameras : tuple
        models, distortions, matrices, rotations, translations, typical depths.
    focal, world, settings, seed : arrays and an integer
        As `homogeneous`, `mvtri.kernels.observations` and `seed_of` want them.
    points, spreads, inliers, residuals, statuses : arrays to write
        (n, 3), (n, 3, 3), (n, C), (n, C), (n,).
    """
    views = points2d.shape[1]
    work = np.zeros((views, COLUMNS))
    weights = np.ones(views)
    order = np.zeros(max(1, views * (views - 1) // 2), dtype=np.int64)
    least = int(settings[LEAST])
    for i in range(points2d.shape[0]):
        sigma = noise[((index + i) // inner) % noise.shape[0]]
        count, seen = load_point(work, points2d, scores, covariances, sigma, i, cameras, settings)
        x0 = x1 = x2 = math.nan
        if seen < least:
            status = codes.TOO_FEW_VIEWS
        elif count < least:
            status = codes.LOW_SCORE if scores.shape[0] else codes.TOO_FEW_VIEWS
        elif settings[DLT] > 0.0:
            x0, x1, x2, status = linear(work, count, cameras, weights, focal, world, scores, i)
        else:
            state = seed_of(seed, index + i)
            x0, x1, x2, status = consensus(work, count, cameras, settings, order, state)
        if count >= least and (status == codes.OK or count == 2 or not math.isfinite(x0 + x1 + x2)):
            geometry = parallel(work, count, cameras, settings[MIN_SINE], x0, x1, x2)
            if geometry != codes.OK:
                status = geometry
        statuses[i] = status
        write_point(work, count, i, status, settings, x0, x1, x2, points, spreads, inliers, residuals)


@jit
def write_point(work, count, i, status, settings, x0, x1, x2, points, spreads, inliers, residuals):
    """Write one point's results; NaN and no inliers unless its status is OK."""
    inliers[i, :] = False
    residuals[i, :] = math.nan
    if status != codes.OK:
        points[i, :] = math.nan
        spreads[i, :, :] = math.nan
        return
    n0, n1, n2, n3, n4, n5, _, _, _, _ = total(work, count)
    a, b, c, d, e, f = covariance_of(n0, n1, n2, n3, n4, n5)
    points[i, 0], points[i, 1], points[i, 2] = x0, x1, x2
    spreads[i, 0, 0], spreads[i, 0, 1], spreads[i, 0, 2] = a, b, c
    spreads[i, 1, 0], spreads[i, 1, 1], spreads[i, 1, 2] = b, d, e
    spreads[i, 2, 0], spreads[i, 2, 1], spreads[i, 2, 2] = c, e, f
    for k in range(count):
        camera = int(work[k, CAMERA])
        inliers[i, camera] = work[k, MEMBER] > 0.5
        residuals[i, camera] = math.sqrt(work[k, RU] ** 2 + work[k, RV] ** 2)
