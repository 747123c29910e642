"""One point from its observations, by consensus and refinement, or by the linear transform of all views."""

import math

from mvtri.kernels import status as codes
from mvtri.kernels.jit import jit_internal
from mvtri.kernels.triangulation.degeneracy import in_front, parallel
from mvtri.kernels.triangulation.loading import (
    DLT,
    DRAWS,
    ENUMERATE,
    KEEP,
    LEAST,
    MIN_SINE,
    MISS,
    STEPS,
    TOLERANCE,
)
from mvtri.kernels.triangulation.point.dlt import homogeneous
from mvtri.kernels.triangulation.point.forms import CAMERA, MEMBER, full_cost, set_depths, solve_members
from mvtri.kernels.triangulation.point.hypotheses import best_guess
from mvtri.kernels.triangulation.point.pairs import search_many
from mvtri.kernels.triangulation.point.refine import linearise, refine
from mvtri.kernels.triangulation.point.subsets import best_subsets, descend, doubtful, set_bits

MARGIN = 4.0  # subsets this much dearer than the best are not looked at a second time


@jit_internal
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


@jit_internal
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


@jit_internal
def reject_all(work, count, cameras, x0, x1, x2):
    """Take no view for a member, and leave exact residuals about a point."""
    linearise(work, count, cameras, x0, x1, x2)
    for i in range(count):
        work[i, MEMBER] = 0.0


@jit_internal
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
    keep = settings[KEEP] > 0.0
    lost = keep and status == codes.NOT_CONVERGED  # then a guess is all that can be given
    if status == codes.OK or lost:
        doubt, s0, s1, s2 = doubtful(work, count, cost)
        doubt = doubt or lost
        if doubt:
            x0, x1, x2 = x0 + s0, x1 + s1, x2 + s2
        if keep:
            doubt, x0, x1, x2 = best_guess(work, count, cameras, sums, doubt, x0, x1, x2)
        if doubt:
            reject_all(work, count, cameras, x0, x1, x2)
            return x0, x1, x2, codes.NO_CONSENSUS
    return x0, x1, x2, status


@jit_internal
def linear(work, count, cameras, weights, focal, world, scores, i):
    """Return the homogeneous linear point of all views, and leave exact residuals about it."""
    for k in range(count):
        weights[k] = scores[i, int(work[k, CAMERA])] if scores.shape[0] else 1.0
    x0, x1, x2 = homogeneous(work, count, weights, focal, cameras[3], cameras[4], world)
    if in_front(work, count, cameras, x0, x1, x2):
        linearise(work, count, cameras, x0, x1, x2)
        return x0, x1, x2, codes.OK
    return x0, x1, x2, codes.BEHIND_CAMERA


@jit_internal
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
